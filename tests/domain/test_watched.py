"""Daily counts of watched people, against a plain model; nobody else costs anything."""

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from detector.domain import hot, watched
from detector.domain.events import StakeholderLeft, StakeholderUpdated, UsageRecorded
from detector.domain.watched import counted_from, person_counts, watch
from tests.domain.world import DAY, HOUR, MINUTE, T0, Story

DAY_MS = 86_400_000
FROM = 19_930
WATCHED = ("ada", "bob")


class Use(NamedTuple):
    day: int
    actions: int
    person: str | None


def hashes(*people: str) -> set[bytes]:
    return {hot.member_hash(who) for who in people}


def add(block: bytearray, use: Use) -> None:
    who = None if use.person is None else hot.member_hash(use.person)
    hot.add_usage(block, use.day, use.actions, who, use.day * DAY_MS)


def fold(uses: Sequence[Use]) -> bytearray:
    block = hot.new()
    watch(block, hashes(*WATCHED), FROM)
    for use in uses:
        add(block, use)
    return block


def facts(block: bytearray) -> object:
    newest = hot.newest_day(block)
    assert newest is not None
    return [person_counts(block, hot.member_hash(who), newest - 90, newest + 2) for who in ("ada", "bob", "eve")]


def facts_of(uses: Sequence[Use]) -> object:
    newest = max(use.day for use in uses)

    def on(day: int, who: str) -> int:
        if who not in WATCHED or day < FROM or not newest - 77 < day <= newest:
            return 0
        return min(2**32 - 1, sum(use.actions for use in uses if (use.day, use.person) == (day, who)))

    return [[on(day, who) for day in range(newest - 90, newest + 3)] for who in ("ada", "bob", "eve")]


COUNTS = st.one_of(st.integers(0, 5), st.integers(0, 70_000), st.sampled_from([255, 256, 65_535, 2**32 - 1, 2**40]))
WHO = st.sampled_from(["ada", "bob", "eve", None])
STREAM = st.lists(st.builds(Use, st.integers(19_900, 20_200), COUNTS, WHO), min_size=1, max_size=30)
LATE = st.lists(st.builds(Use, st.integers(19_910, 19_979), COUNTS, WHO), min_size=1, max_size=30)


@given(STREAM.map(lambda uses: sorted(uses, key=lambda use: use.day)))
def test_what_watched_people_do_is_counted_by_day(uses: list[Use]) -> None:
    assert facts(fold(uses)) == facts_of(uses)


@given(LATE.flatmap(lambda uses: st.tuples(st.just(uses), st.permutations(uses))))
def test_the_order_of_arrival_changes_nothing(orders: tuple[list[Use], list[Use]]) -> None:
    assert facts(fold(orders[0])) == facts(fold(orders[1]))


def test_who_is_watched_later_is_counted_from_then_on_and_who_is_no_more_is_forgotten() -> None:
    block = fold([Use(20_000, 5, "ada"), Use(20_000, 300, "eve")])
    watch(block, hashes("ada", "eve"), 20_001)
    assert set(watched.watched(block)) == hashes("ada", "eve")
    add(block, Use(20_000, 7, "eve"))
    add(block, Use(20_001, 9, "eve"))
    assert person_counts(block, hot.member_hash("eve"), 20_000, 20_001) == [0, 9]
    assert person_counts(block, hot.member_hash("ada"), 20_000, 20_001) == [5, 0]
    assert [counted_from(block, hot.member_hash(who)) for who in ("ada", "bob", "eve")] == [FROM, None, 20_001]
    assert hot.window_sum(block, 20_001, 7) == 321
    watch(block, hashes("ada", "eve"), 20_005)  # nothing new
    assert counted_from(block, hot.member_hash("ada")) == FROM
    hot.forget_member(block, hot.member_hash("ada"))
    hot.forget_member(block, hot.member_hash("nobody"))
    assert set(watched.watched(block)) == hashes("eve")
    watch(block, (), 20_009)
    assert list(watched.watched(block)) == []


def test_a_day_that_the_account_has_left_behind_is_not_counted() -> None:
    """70 days late is a dead letter; what was counted in time stays for 77 days."""
    block = fold([Use(19_950, 5, "ada"), Use(20_023, 1, "ada"), Use(19_952, 2**40, "ada")])
    assert person_counts(block, hot.member_hash("ada"), 19_950, 19_952) == [5, 0, 0]


def test_a_new_block_has_counted_nobody() -> None:
    block = hot.new()
    watch(block, hashes("ada"), 20_000)
    assert person_counts(block, hot.member_hash("ada"), 5, 7) == [0, 0, 0]


def test_bytes_that_look_like_a_person_inside_the_counts_are_nobody() -> None:
    block = hot.new()
    watch(block, [b"aaaaaaaa", bytes(8)], 0)
    add(block, Use(20_000, 1, None))
    hot.add_usage(block, 20_000, 3, b"aaaa\x00\x00\x00\x00", 0)
    assert person_counts(block, b"aaaaaaaa", 20_000, 20_000) == [0]
    assert person_counts(block, bytes(8), 20_000, 20_000) == [0]


def test_an_account_without_named_roles_pays_nothing_and_one_with_four_of_them_348_bytes() -> None:
    block = hot.new()
    before = len(block)
    watch(block, (), 20_000)
    assert len(block) == before
    watch(block, hashes("a", "b", "c", "d"), 20_000)
    assert len(block) == before + 4 * 87


def test_people_in_a_named_role_are_counted_from_the_day_after_their_role_is_known() -> None:
    """Not from their first use: before it is known who they are, nobody pays for them."""
    story = Story()
    for day in range(4):
        for who in ("ada", "bob", "eve"):
            story(day * DAY + HOUR, UsageRecorded, count=day + 1, stakeholder_id=who)
    story(DAY + 2 * HOUR, StakeholderUpdated, stakeholder_id="ada", role="champion")
    story(
        2 * DAY - MINUTE, StakeholderUpdated, stakeholder_id="bob", role="sponsor"
    )  # less than the grace before day 2
    story(DAY + 2 * HOUR, StakeholderUpdated, stakeholder_id="eve", role="end_user")
    block = story.world().block()
    assert set(watched.watched(block)) == hashes("ada", "bob")
    assert person_counts(block, hot.member_hash("ada"), T0 // DAY, T0 // DAY + 3) == [0, 0, 3, 4]
    assert person_counts(block, hot.member_hash("bob"), T0 // DAY, T0 // DAY + 3) == [0, 0, 0, 4]


def test_who_leaves_or_gets_another_role_is_watched_no_more() -> None:
    story = Story()
    for who in ("ada", "bob", "eve"):
        story(HOUR, StakeholderUpdated, stakeholder_id=who, role="admin")
    story(2 * HOUR, StakeholderLeft, stakeholder_id="ada")
    story(3 * HOUR, StakeholderUpdated, stakeholder_id="bob", role="end_user")
    assert set(watched.watched(story.world().block())) == hashes("eve")


def test_at_most_32_people_are_watched_leaders_first_and_the_others_are_counted() -> None:
    story = Story()
    for number in range(40):
        story(number * MINUTE, StakeholderUpdated, stakeholder_id=f"p{number:02}", role="admin")
    story(HOUR, StakeholderUpdated, stakeholder_id="zoe", role="sponsor")
    world = story.world()
    assert set(watched.watched(world.block())) == hashes("zoe", *(f"p{number:02}" for number in range(31)))
    assert world.record().evicted == {"watched": 9}
