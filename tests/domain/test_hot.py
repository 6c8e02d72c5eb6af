"""The hot block against a plain model of it: same facts in every order, small, and readable as it was persisted."""

import random
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from zlib import decompress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain import hot, layout, members, watched
from detector.domain.features import feature_hash, features_complete_from, features_used, newcomers

DAY_MS = 86_400_000
U32 = 2**32 - 1


class Use(NamedTuple):
    day: int
    actions: int
    person: str | None
    kind: int = hot.RECORDED


def fold(uses: Iterable[Use]) -> bytearray:
    block = hot.new()
    for use in uses:
        member = None if use.person is None else hot.member_hash(use.person)
        hot.add_usage(block, use.day, use.actions, member, use.day * DAY_MS + use.actions % 1000, use.kind)
    return block


def facts(block: bytearray) -> object:
    """Everything but the recent ids, as readers see it."""
    newest = hot.newest_day(block)
    assert newest is not None
    period = newest // hot.DAYS
    return (
        newest,
        hot.day_counts(block, newest - 100, newest + 3),
        hot.week_counts(block),
        [hot.distinct_members(block, since) for since in range((period - 1) * hot.DAYS, newest + 2)],
        hot.sampling_level(block),
        hot.first_usage(block),
        [hot.last_usage(block, kind) for kind in range(4)],
    )


def facts_of(uses: Sequence[Use]) -> object:
    """The same, by definition."""
    newest = max(use.day for use in uses)
    daily: Counter[int] = Counter()
    weekly: Counter[int] = Counter()
    for use in uses:
        monday = (use.day + 3) // 7 * 7 - 3
        if use.day > newest - 70:
            daily[use.day] += use.actions
        elif monday > (newest - 70) - 26 * 7:
            weekly[monday] += use.actions
    oldest_monday = ((newest - 70 + 3) // 7 - 25) * 7 - 3
    last_seen: dict[str, int] = {}
    for use in uses:
        if use.person is not None:
            last_seen[use.person] = max(use.day, last_seen.get(use.person, use.day))
    period = newest // 70
    instants = [[use.day * DAY_MS + use.actions % 1000 for use in uses if use.kind == kind] for kind in range(4)]
    return (
        newest,
        [min(U32, daily[day]) for day in range(newest - 100, newest + 4)],
        sorted((monday, min(U32, n)) for monday, n in weekly.items() if n and monday >= oldest_monday),
        [sum(1 for last in last_seen.values() if last >= since) for since in range((period - 1) * 70, newest + 2)],
        0,
        min(min(of_kind) for of_kind in instants if of_kind),
        [max(of_kind, default=None) for of_kind in instants],
    )


COUNTS = st.one_of(st.integers(0, 5), st.integers(0, 70_000), st.sampled_from([255, 256, 65_535, U32, 2**40]))
PEOPLE = st.one_of(st.none(), st.sampled_from([f"person-{i}" for i in range(12)]))
USES = st.builds(Use, st.integers(19_600, 20_000), COUNTS, PEOPLE, st.integers(0, 3))


@given(st.lists(USES, min_size=1, max_size=30))
def test_the_block_says_what_happened(uses: list[Use]) -> None:
    assert facts(fold(uses)) == facts_of(uses)


@given(st.lists(USES, min_size=1, max_size=30).flatmap(lambda uses: st.tuples(st.just(uses), st.permutations(uses))))
def test_facts_do_not_depend_on_the_order_of_arrival(orders: tuple[list[Use], list[Use]]) -> None:
    assert facts(fold(orders[0])) == facts(fold(orders[1]))


@given(st.lists(USES, min_size=1, max_size=30), st.integers(0, 30))
def test_a_persisted_block_goes_on_as_if_it_had_stayed(uses: list[Use], cut: int) -> None:
    stayed = fold(uses)
    reopened = hot.opened(bytes(fold(uses[:cut])))
    for use in uses[cut:]:
        member = None if use.person is None else hot.member_hash(use.person)
        hot.add_usage(reopened, use.day, use.actions, member, use.day * DAY_MS + use.actions % 1000, use.kind)
    assert reopened == stayed


def test_many_members_are_sampled_alike_in_every_order() -> None:
    """More than 512 people in each of two periods: the estimate is close, and shuffling changes nothing."""
    rng = random.Random(7)
    uses = [Use(rng.randrange(19_950, 20_040), 1, f"someone-{rng.randrange(4_000)}") for _ in range(6_000)]
    blocks = []
    for _ in range(4):
        blocks.append(fold(uses))
        rng.shuffle(uses)
    for block in blocks:
        assert facts(block) == facts(blocks[0])
        assert len(block) < 192 + 600 + 1_024 * 10
        assert hot.sampling_level(block) == 3
        for since in (19_955, 19_975, 20_030):
            true = len({use.person for use in uses if use.day >= since})
            assert hot.distinct_members(block, since) == pytest.approx(true, rel=0.15)


def test_up_to_512_members_are_exact_and_a_period_that_is_small_again_is_exact_again() -> None:
    block = fold(Use(19_999, 1, f"one-{i}") for i in range(512))
    assert (hot.distinct_members(block, 19_999), hot.sampling_level(block)) == (512, 0)
    hot.add_usage(block, 19_999, 1, hot.member_hash("one more"), 0)
    assert hot.sampling_level(block) == 1
    for day in (20_030, 20_100):  # the next two periods
        hot.add_usage(block, day, 1, hot.member_hash("one-1"), 0)
    assert (hot.distinct_members(block, 20_030), hot.sampling_level(block)) == (1, 0)


def test_a_late_person_does_not_push_out_those_of_today() -> None:
    """The period before is thinned out by itself: who came today too stays, exactly counted."""
    today = [Use(20_030, 1, f"old-{i}") for i in range(100)]
    block = fold([*today, *(Use(20_000, 1, f"old-{i}") for i in range(700))])
    assert hot.distinct_members(block, 20_030) == 100
    assert hot.sampling_level(block) == 1
    # And the other way round: today is thinned out, the period before stays.
    block = fold([*(Use(20_000, 1, f"old-{i}") for i in range(100)), *(Use(20_030, 1, f"old-{i}") for i in range(700))])
    assert facts(block) == facts(
        fold([*(Use(20_030, 1, f"old-{i}") for i in range(700)), *(Use(20_000, 1, f"old-{i}") for i in range(100))])
    )


def test_who_is_older_than_both_periods_is_not_kept() -> None:
    block = fold([Use(20_100, 1, "ada"), Use(19_800, 1, "bob")])
    assert hot.distinct_members(block, 0) == 1


def test_a_person_erased_stays_counted_and_is_no_longer_found() -> None:
    block = fold([Use(20_000, 1, "ada"), Use(20_000, 1, "bob")])
    hot.forget_member(block, hot.member_hash("ada"))
    assert hot.member_hash("ada") not in block
    assert hot.member_hash("bob") in block
    assert hot.distinct_members(block, 20_000) == 2


def test_bytes_that_look_like_a_hash_between_two_entries_are_none() -> None:
    block = hot.new()
    assert not hot.seen(block, b"aaaabbbb")
    assert not hot.seen(block, b"ccccdddd")
    assert not hot.seen(block, b"bbbbcccc")
    assert hot.seen(block, b"bbbbcccc")
    block = hot.new()
    for member in (b"aaaaaaab", b"ccdddddd", b"b\x02\x00\x04ccdd"):  # day 71 is the second of its period, in month 2
        hot.add_usage(block, 71, 1, member, 0)
    assert hot.distinct_members(block, 0) == 3


def test_an_id_is_seen_until_64_others_came() -> None:
    block = hot.new()
    for i in range(150):
        assert not hot.seen(block, hot.hash8(f"event-{i}"))
        for j in (i, max(0, i - 63)):
            assert hot.seen(block, hot.hash8(f"event-{j}"))
    assert not hot.seen(block, hot.hash8("event-85"))  # the 65th from the end
    assert not hot.seen(block, hot.hash8("event-86"))  # which 85, coming again, has pushed out
    assert hot.seen(block, hot.hash8("event-88"))


def test_windows_end_with_their_last_day() -> None:
    block = fold([Use(20_000, 5, None), Use(19_994, 7, None), Use(19_993, 11, None)])
    assert hot.window_sum(block, 20_000, 7) == 12
    assert hot.window_sum(block, 19_999, 7) == 18
    assert hot.window_sum(block, 20_003, 7) == 5  # the days since are empty
    assert hot.window_sum(block, 20_100, 7) == 0
    assert hot.window_sum(block, 19_000, 7) == 0
    assert hot.day_counts(block, 19_993, 19_995) == [11, 7, 0]
    assert hot.day_counts(block, 21_000, 20_999) == []
    for first in range(19_920, 20_005):
        counts = hot.day_counts(block, first, first + 9)
        assert len(counts) == 10
        assert sum(counts) == hot.window_sum(block, first + 9, 10)


def test_a_new_block_knows_nothing() -> None:
    block = hot.new()
    assert hot.newest_day(block) is None
    assert hot.first_seen(block) is None
    assert hot.first_usage(block) is None
    assert hot.last_usage(block) is None
    assert hot.active_users(block) is None
    assert hot.next_wake(block) == hot.NEVER
    assert hot.wake_mask(block) == 0
    assert hot.window_sum(block, 20_000, 70) == 0
    assert hot.day_counts(block, 20_000, 20_002) == [0, 0, 0]
    assert hot.week_counts(block) == []
    assert hot.distinct_members(block, 0) == 0


def test_marks_are_the_first_and_the_last() -> None:
    block = hot.new()
    for at in (0, 5, -3):  # zero is an instant
        hot.mark_seen(block, at)
        hot.mark_usage(block, hot.DOCS_VIEWED, at)
    assert hot.first_seen(block) == -3
    assert hot.first_usage(block) == -3
    assert hot.last_usage(block) == 5
    assert hot.last_usage(block, hot.DOCS_VIEWED) == 5
    assert hot.last_usage(block, hot.RECORDED) is None


def test_active_users_are_the_latest_and_of_two_at_once_the_larger() -> None:
    block = hot.new()
    for at, people in ((7, 10), (5, 99), (7, 12), (7, 11)):
        hot.set_active_users(block, at, people, 28)
    assert hot.active_users(block) == hot.ActiveUsers(7, 12, 28)
    hot.set_active_users(block, 8, 2**50, 35)
    for period in (1, 20, 36, 2**20):  # no month
        hot.set_active_users(block, 9, 4, period)
    assert hot.active_users(block) == hot.ActiveUsers(8, U32, 35)


def test_deadline_and_mask_are_read_from_persisted_bytes() -> None:
    block = hot.new()
    hot.set_next_wake(block, 1_772_000_000_000)
    hot.set_wake_mask(block, 2**64 - 1)
    for form in (block, bytes(block), memoryview(block)):
        assert hot.next_wake(form) == 1_772_000_000_000
        assert hot.wake_mask(form) == 2**64 - 1


def test_a_longer_header_of_a_later_minor_version_is_kept() -> None:
    block = fold([Use(20_000, 5, "ada")])
    end = layout.HEADER.size
    later = hot.opened(bytes(block[:7]) + bytes([end + 8]) + bytes(block[8:end]) + b"newfield" + bytes(block[end:]))
    layout.moved_by(later, -1, 8)
    hot.add_usage(later, 20_001, 300, hot.member_hash("bob"), 0)
    assert hot.window_sum(later, 20_001, 7) == 305
    assert hot.distinct_members(later, 20_000) == 2
    assert later[end : end + 8] == b"newfield"


# Three ids; ada on days 19,900 (300 actions) and 20,005 (4), bob on 19,960 (2).
VERSION_1 = decompress(
    b64decode(
        "eNpjZGJiZmBgKGBiYGRQ9WNgYJ1wPXACIwMDp8/kvElAGgoaMOiMp+e7gfL/IaCeARXA1DF8yURR958BC2BioBVgIVG9DiMhFYJbH161eqEtIh0b"
        "F/jVn5/l30VTDn2+/xWiG245K4qxqluIlnzW1t6ZtmQSNwMAu7Mt2A=="
    )
)


def test_a_block_of_version_1_opens_and_goes_on() -> None:
    block = hot.opened(VERSION_1)
    assert block[0] == hot.VERSION
    assert all(hot.seen(block, hot.hash8(f"e{i}")) for i in range(3))
    assert (hot.first_seen(block), hot.first_record(block)) == (1_700_000_000_000, 1_700_000_000_500)
    assert hot.window_sum(block, 20_005, 70) == 6
    assert hot.week_counts(block) == [(19_898, 300)]
    assert [hot.distinct_members(block, since) for since in (19_900, 19_961, 20_006)] == [2, 1, 0]
    assert members.distinct_in_months(block, 666, 666) == 1  # bob
    assert members.distinct_in_months(block, 665, 665) == 1  # bob
    same = hot.opened(bytes(block))
    hot.add_usage(same, 20_006, 3, hot.member_hash("eve"), 20_006 * DAY_MS, hot.RECORDED, feature_hash("export"))
    assert hot.distinct_members(same, 19_961) == 2
    assert features_used(same, 20_006, 28) == (1, 0)


def test_a_block_of_version_1_that_is_not_opened_yet_has_none_of_what_came_later() -> None:
    assert hot.day_counts(VERSION_1, 20_005, 20_005) == [4]
    assert features_used(VERSION_1, 20_005, 28) == (0, 0)
    assert features_complete_from(VERSION_1) == 0
    assert list(newcomers(VERSION_1)) == []
    assert list(watched.watched(VERSION_1)) == []


def test_a_newer_version_is_refused() -> None:
    block = hot.new()
    block[0] = hot.VERSION + 1
    with pytest.raises(ValueError, match="version 3: this build reads up to version 2"):
        hot.opened(bytes(block))


def test_hashes_are_the_same_on_every_machine_and_take_any_text() -> None:
    assert hot.hash8("acme").hex() == "302657b33c4da281"
    assert len(hot.hash8("\ud800")) == 8
    assert hot.member_hash("ada") == hot.hash8("ada")


def test_a_thin_account_is_small_and_a_typical_one_not_large() -> None:
    def size(events: int, people: int, per_event: int) -> int:
        block = hot.new()
        for i in range(events):
            hot.seen(block, hot.hash8(f"e{i}"))
            hot.add_usage(block, 20_000 + i % 60, per_event, hot.hash8(f"p{i % people}"), 0)
        return len(block)

    assert size(6, 2, 1) <= 300
    assert size(3_000, 30, 20) <= 1_300
