"""What was used, against a plain model: distinct features, first and last use, and who began with a new one."""

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from detector.domain import features, hot, layout
from detector.domain.features import (
    feature_first_used,
    feature_hash,
    feature_last_used,
    features_complete_from,
    features_used,
    newcomers,
)

DAY_MS = 86_400_000
FIRST_SEEN = 19_800  # the day on which the account was first seen; a feature first used after 19,860 is a newcomer


class Use(NamedTuple):
    day: int
    ms: int
    feature: str
    person: str | None = None

    @property
    def at(self) -> int:
        return self.day * DAY_MS + self.ms


def fold(uses: Sequence[Use]) -> bytearray:
    block = hot.new()
    hot.set_first_record(block, FIRST_SEEN * DAY_MS + 7)
    for use in uses:
        member = None if use.person is None else hot.member_hash(use.person)
        hot.add_usage(block, use.day, 1, member, use.at, hot.RECORDED, feature_hash(use.feature))
    return block


def facts(block: bytearray, names: Sequence[str]) -> object:
    newest = hot.newest_day(block) or 0
    return (
        features_complete_from(block),
        [feature_last_used(block, feature_hash(name)) for name in names],
        [feature_first_used(block, feature_hash(name)) for name in names],
        [features_used(block, newest - back, days) for back in range(8) for days in (1, 7, 28)],
        sorted(newcomers(block)),
    )


def facts_of(uses: Sequence[Use], names: Sequence[str]) -> object:
    """The same, by definition, for at most 64 features."""
    newest = max(use.day for use in uses)
    by = {name: [use for use in uses if use.feature == name] for name in names}
    first = {name: min(use.day for use in of) for name, of in by.items() if of}
    new = []
    for name, day in first.items():
        if day > FIRST_SEEN + 60 and day >= newest - 120:
            people = {use.person for use in by[name]} - {None}
            began = sorted(min(use.day for use in by[name] if use.person == who) for who in people)
            new.append((feature_hash(name), day, tuple(began[:3])))

    def used(last: int, days: int) -> int:
        return sum(any(last - days < use.day <= last for use in of) for of in by.values())

    windows = [(newest - back, days) for back in range(8) for days in (1, 7, 28)]
    return (
        0,
        [max((use.at for use in by[name]), default=None) for name in names],
        [first.get(name) for name in names],
        [(used(last, days), used(last - days, days)) for last, days in windows],
        sorted(new),
    )


NAMES = [f"feature-{i}" for i in range(6)]
PEOPLE = st.one_of(st.none(), st.sampled_from([f"person-{i}" for i in range(6)]))
USES = st.builds(Use, st.integers(19_840, 20_010), st.integers(0, 3), st.sampled_from(NAMES), PEOPLE)
STREAM = st.lists(USES, min_size=1, max_size=40)


@given(STREAM)
def test_the_block_says_what_was_used(uses: list[Use]) -> None:
    assert facts(fold(uses), NAMES) == facts_of(uses, NAMES)


@given(STREAM.flatmap(lambda uses: st.tuples(st.just(uses), st.permutations(uses))))
def test_the_order_of_arrival_changes_nothing(orders: tuple[list[Use], list[Use]]) -> None:
    assert facts(fold(orders[0]), NAMES) == facts(fold(orders[1]), NAMES)


@given(STREAM, st.integers(0, 40))
def test_a_persisted_block_goes_on_as_if_it_had_stayed(uses: list[Use], cut: int) -> None:
    stayed, reopened = fold(uses), hot.opened(bytes(fold(uses[:cut])))
    for use in uses[cut:]:
        member = None if use.person is None else hot.member_hash(use.person)
        hot.add_usage(reopened, use.day, 1, member, use.at, hot.RECORDED, feature_hash(use.feature))
    assert reopened == stayed


MANY = [f"one-{i}" for i in range(90)]
MANY_USES = st.builds(Use, st.integers(19_900, 20_010), st.integers(0, 3), st.sampled_from(MANY), PEOPLE)


@given(
    st.integers(0, 9).flatmap(
        lambda more: st.permutations([Use(19_900 + i, i % 3, MANY[i], "p") for i in range(60 + more)])
    ),
    st.lists(MANY_USES, max_size=30).flatmap(lambda uses: st.tuples(st.just(uses), st.permutations(uses))),
    st.randoms(use_true_random=False),
)
def test_more_than_64_features_are_dropped_alike_in_every_order(
    base: list[Use], orders: tuple[list[Use], list[Use]], random: "object"
) -> None:
    """What is told does not depend on the order, also where features were dropped and came back."""
    one, two = [*base, *orders[0]], [*orders[1], *base]
    getattr(random, "shuffle")(two)  # noqa: B009 - the type of hypothesis' randoms is private
    assert facts(fold(one), MANY) == facts(fold(two), MANY)


def test_the_feature_used_longest_ago_goes_first_and_what_may_be_incomplete_is_not_told() -> None:
    uses = [Use(19_900 + i, 0, f"one-{i}") for i in range(65)]
    block = fold([*uses, Use(19_950, 0, "one-64")])
    begin, end = layout.section(block, layout.FEATURES)
    assert (end - begin) // 26 == features.MOST
    assert feature_last_used(block, feature_hash("one-0")) is None
    assert feature_last_used(block, feature_hash("one-1")) == 19_901 * DAY_MS
    assert feature_first_used(block, feature_hash("one-64")) is None
    assert features_complete_from(block) == 19_901
    assert list(newcomers(block)) == []


def test_days_before_1970_and_after_2149_are_taken() -> None:
    for day in (-3, 0, 70_000):
        block = fold([Use(day, 0, "export", "ada"), Use(day, 1, "export", "bob")])
        assert feature_last_used(block, feature_hash("export")) == day * DAY_MS + 1
        assert features_used(block, day, 28) == (1, 0) or day < 0


def test_bytes_that_look_like_a_feature_between_two_entries_are_none() -> None:
    block = hot.new()
    hot.set_first_record(block, 0)
    for feature in (b"aaaaaaaa", b"bbbbbbbb"):
        hot.add_usage(block, 100, 1, b"12345678", 100 * DAY_MS, hot.RECORDED, feature)
    begin, _ = layout.section(block, layout.FEATURES)
    between = bytes(block[begin + 20 : begin + 28])
    hot.add_usage(block, 100, 1, b"12345678", 100 * DAY_MS, hot.RECORDED, between)
    assert features_used(block, 100, 28) == (3, 0)
    begin, _ = layout.section(block, layout.NEWCOMERS)
    between = bytes(block[begin + 34 : begin + 42])
    hot.add_usage(block, 161, 1, b"12345678", 161 * DAY_MS, hot.RECORDED, between)
    assert len(list(newcomers(block))) == 4


def test_a_person_erased_has_still_begun() -> None:
    block = fold([Use(20_000, 0, "export", who) for who in ("ada", "bob", "eve")])
    hot.forget_member(block, hot.member_hash("ada"))
    assert hot.member_hash("ada") not in block
    assert hot.member_hash("bob") in block
    assert list(newcomers(block)) == [(feature_hash("export"), 20_000, (20_000, 20_000, 20_000))]
    hot.forget_member(block, hot.member_hash("bob"))
    hot.add_usage(block, 20_000, 1, hot.member_hash("joe"), 20_000 * DAY_MS, hot.RECORDED, feature_hash("export"))
    assert list(newcomers(block)) == [(feature_hash("export"), 20_000, (20_000, 20_000, 20_000))]


def test_an_entry_costs_26_bytes_and_a_newcomer_38_more() -> None:
    empty = len(hot.new())
    assert len(fold([Use(19_800, 0, "export")])) == empty + 26
    assert len(fold([Use(20_000, 0, "export")])) == empty + 26 + 38
