"""The value index over time: one value for each UTC day at whose end it was another than the day before.

Values are tenths of a point, -1 where there was none; days are numbers of UTC days since 1970-01-01.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from detector.domain.calendar import DAY_MS
from detector.domain.state import Standing

NONE: Final = -1
SPAN: Final = 28
MOVE: Final = 50
KEPT_DAYS: Final = 150
"""How far back it reaches: 70 days after an episode ended its low is asked for, which may have lain long before."""


def note(standing: Standing, now: int, value: int) -> bool:
    """Make `value` the present one at an instant; whether it is another than before."""
    if value == standing.value:
        return False
    standing.value = value
    days, day = standing.days, now // DAY_MS
    if days and days[-1][0] >= day:
        day = days.pop()[0]
    if (days[-1][1] if days else NONE) != value:
        days.append((day, value))
    del days[: max(0, _at(days, day - KEPT_DAYS))]
    return True


def value_on(standing: Standing, day: int) -> int:
    """The value at the end of a day; `NONE` where there was none, or it is not known any more."""
    at = _at(standing.days, day)
    return NONE if at < 0 else standing.days[at][1]


def values(standing: Standing, first_day: int, last_day: int) -> list[int]:
    """The values at the end of each day, from the first to the last, both included."""
    days = standing.days
    at, found, day = _at(days, first_day), list[int](), first_day
    while day <= last_day:
        until = min(days[at + 1][0], last_day + 1) if at + 1 < len(days) else last_day + 1
        found += [NONE if at < 0 else days[at][1]] * (until - day)
        at, day = at + 1, until
    return found


def moved_on(standing: Standing) -> int | None:
    """The day on which the value last changed; None where it never did."""
    return standing.days[-1][0] if standing.days else None


def trend_of(standing: Standing, day: int) -> str | None:
    """Where the index is going, on a day: its present value beside that of 28 days ago; None while there was none.

    5 points or more under it: decaying. 5 or more over it: recovering if it stood as high at some time from 90 to 28
    days ago, else growing. In between: plateau if the value of 28 days ago was itself 5 points over the mean of the 28
    days before, else steady.
    """
    now, then = standing.value, value_on(standing, day - SPAN)
    if NONE in (now, then):
        return None
    if now - then <= -MOVE:
        return "decaying"
    if now - then >= MOVE:
        return "recovering" if max(values(standing, day - 90, day - SPAN)) >= now else "growing"
    before = values(standing, day - 2 * SPAN, day - SPAN - 1)
    rose = NONE not in before and SPAN * then - sum(before) >= SPAN * MOVE
    return "plateau" if rose else "steady"


def days_until(standing: Standing, day: int, value: int, now: int | None = None) -> int | None:
    """How many days until the index is down at `value`, at the slope of the 28 days before `day`.

    `now` is the value on that day, by default the present one. 0 where it is there already; None where it is not
    falling.
    """
    now, then = standing.value if now is None else now, value_on(standing, day - SPAN)
    if NONE in (now, then) or now >= then:
        return None
    return max(0, -(SPAN * (value - now) // (then - now)))


def _at(days: Sequence[tuple[int, int]], day: int) -> int:
    """The place of the entry that holds on a day; -1 where there is none."""
    return bisect_right(days, day, key=_day) - 1


def _day(entry: tuple[int, int]) -> int:
    return entry[0]
