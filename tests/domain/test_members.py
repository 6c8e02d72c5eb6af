"""People in months of 30 days, against a plain model, in every order of arrival and when there are many of them."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain import hot, layout, members
from detector.domain.members import distinct_in_months

DAY_MS = 86_400_000
Seen = tuple[int, str]  # a day and who was seen on it

SEEN = st.tuples(st.integers(19_700, 20_000), st.sampled_from([f"person-{i}" for i in range(9)]))
STREAM = st.lists(SEEN, min_size=1, max_size=40)


def fold(stream: Sequence[Seen]) -> bytearray:
    block = hot.new()
    for day, who in stream:
        hot.add_usage(block, day, 1, hot.member_hash(who), day * DAY_MS)
    return block


def months(block: bytearray) -> list[int]:
    newest = (hot.newest_day(block) or 0) // 30
    spans = [(first, last) for last in range(newest - 8, newest + 2) for first in range(last - 3, last + 1)]
    return [distinct_in_months(block, first, last) for first, last in spans]


def months_of(stream: Sequence[Seen]) -> list[int]:
    """The same, by definition: the running month and the six before it are kept."""
    newest = max(day for day, _ in stream) // 30
    kept = [(day // 30, who) for day, who in stream if newest - day // 30 < 7]
    spans = [(first, last) for last in range(newest - 8, newest + 2) for first in range(last - 3, last + 1)]
    return [len({who for month, who in kept if first <= month <= last}) for first, last in spans]


@given(STREAM)
def test_people_are_counted_once_in_the_months_in_which_they_came(stream: list[Seen]) -> None:
    assert months(fold(stream)) == months_of(stream)


@given(STREAM.flatmap(lambda stream: st.tuples(st.just(stream), st.permutations(stream))))
def test_the_order_of_arrival_changes_nothing(orders: tuple[list[Seen], list[Seen]]) -> None:
    assert months(fold(orders[0])) == months(fold(orders[1]))


def test_many_people_are_sampled_alike_in_every_order() -> None:
    rng = random.Random(11)
    stream = [(rng.randrange(19_890, 20_010), f"someone-{rng.randrange(3_000)}") for _ in range(9_000)]
    blocks = []
    for _ in range(3):
        blocks.append(fold(stream))
        rng.shuffle(stream)
    for block in blocks:
        assert months(block) == months(blocks[0])
        assert len(block) < 40_000
        for first, last in ((663, 663), (663, 665), (664, 666)):
            true = len({who for day, who in stream if first <= day // 30 <= last})
            assert distinct_in_months(block, first, last) == pytest.approx(true, rel=0.2)


def test_up_to_256_people_a_month_are_exact_and_a_month_that_is_small_again_is_exact_again() -> None:
    block = fold([(19_980, f"one-{i}") for i in range(256)])
    assert distinct_in_months(block, 666, 666) == 256
    hot.add_usage(block, 19_980, 1, hot.member_hash("one more"), 0)
    assert block[layout.MONTH_LEVELS + 666 % 7] == 1
    assert distinct_in_months(block, 666, 666) != 257
    assert hot.distinct_members(block, 19_980) == 257  # the period has room for more
    assert (hot.sampling_level(block)) == 0
    hot.add_usage(block, 19_980 + 7 * 30, 1, hot.member_hash("one-1"), 0)
    assert distinct_in_months(block, 666, 673) == 1
    assert not any(block[layout.MONTH_LEVELS : layout.MONTH_LEVELS + 7])


def test_who_comes_late_and_is_in_no_sample_leaves_no_entry() -> None:
    """A crowd in a month that is older than both periods: its hashes are sampled by the month alone."""
    block = fold([(20_019, "today"), *((19_860, f"late-{i}") for i in range(600))])
    begin, end = layout.section(block, layout.MEMBERS)
    assert (end - begin) // layout.ENTRY <= 257
    assert distinct_in_months(block, 662, 662) == pytest.approx(600, rel=0.2)


def test_a_person_erased_stays_counted_in_the_months() -> None:
    block = fold([(20_000, "ada"), (20_000, "bob")])
    members.forget(block, hot.member_hash("ada"))
    assert distinct_in_months(block, 666, 666) == 2
