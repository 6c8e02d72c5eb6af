"""The index over time: what is kept, how far back it reaches, where it is going."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain.calendar import DAY_MS, HOUR_MS
from detector.domain.history import KEPT_DAYS, NONE, days_until, moved_on, note, trend_of, value_on, values
from detector.domain.state import Standing


def standing(*moves: tuple[int, int]) -> Standing:
    """What is left of a course of (day, value), each at noon."""
    found = Standing()
    for day, value in moves:
        note(found, day * DAY_MS + 12 * HOUR_MS, value)
    return found


def test_one_value_is_kept_of_a_day_the_last() -> None:
    found = standing((10, 900), (10, 700), (10, 800), (12, 650))
    assert found.days == [(10, 800), (12, 650)]
    assert values(found, 9, 13) == [NONE, 800, 800, 650, 650]
    assert [value_on(found, day) for day in (9, 10, 11, 12, 500)] == [NONE, 800, 800, 650, 650]
    assert (found.value, moved_on(found), moved_on(Standing())) == (650, 12, None)


def test_a_day_that_ends_as_it_began_leaves_nothing() -> None:
    found = standing((10, 900), (12, 700), (12, 900))
    assert found.days == [(10, 900)]
    assert not note(found, 13 * DAY_MS, 900)


def test_a_value_that_comes_out_of_order_is_of_the_latest_day() -> None:
    found = standing((12, 900), (11, 800))
    assert found.days == [(12, 800)]


def test_the_index_can_be_lost_and_come_back() -> None:
    found = standing((10, 900), (12, NONE), (14, 900))
    assert values(found, 11, 14) == [900, NONE, NONE, 900]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 1000)), max_size=400))
def test_it_stays_small_and_knows_every_day_that_it_reaches_back_to(moves: list[tuple[int, int]]) -> None:
    day, whole, ends = 0, Standing(), dict[int, int]()
    for gap, value in moves:
        day += gap
        note(whole, day * DAY_MS, value)
        ends[day] = value
    assert len(whole.days) <= KEPT_DAYS + 1
    present = NONE
    expected = []
    for each in range(day + 1):
        present = ends.get(each, present)
        expected.append(present)
    reach = max(0, day - KEPT_DAYS)
    assert values(whole, reach, day) == expected[reach:]


@pytest.mark.parametrize(
    ("moves", "trend"),
    [
        ([(0, 900)], "steady"),
        ([(80, 900)], None),  # there was none 28 days ago
        ([(0, 900), (80, 850)], "decaying"), ([(0, 900), (80, 851)], "steady"),
        ([(0, 700), (80, 750)], "growing"), ([(0, 700), (80, 749)], "steady"),
        ([(0, 800), (50, 700), (80, 750)], "recovering"),
        ([(0, 800), (50, 700), (80, 801)], "growing"),
        ([(0, 700), (72, 750), (90, 770)], "plateau"),
        ([(0, 700), (60, 750)], "steady"),  # it rose too long ago
        ([(50, 700), (72, 750), (90, 770)], "steady"),  # from what is not known
    ],
)  # fmt: skip
def test_where_it_is_going_is_seen_beside_its_value_of_28_days_ago(
    moves: list[tuple[int, int]], trend: str | None
) -> None:
    assert trend_of(standing(*moves), 100) == trend


def test_without_an_index_it_goes_nowhere() -> None:
    found = standing((0, 900), (99, NONE))
    assert (trend_of(found, 100), days_until(found, 100, 400)) == (None, None)


@pytest.mark.parametrize(
    ("then", "now", "days"),
    [
        (900, 900, None), (800, 900, None), (300, 350, None),
        (680, 540, 28),  # 5 points a week
        (680, 541, 29),  # 28.4
        (500, 400, 0), (500, 390, 0),
        (NONE, 400, None),
    ],
)  # fmt: skip
def test_days_until_a_value_at_the_slope_of_28_days(then: int, now: int, days: int | None) -> None:
    assert days_until(standing((0, then), (100, now)), 100, 400) == days
    assert days_until(standing((0, then), (100, now), (101, 0)), 100, 400, now) == days
