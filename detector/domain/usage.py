"""What rules ask of an account's usage: whole days that are settled, and their windows."""

from typing import Final

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.baseline import MIN_ACTIONS, MIN_DAYS
from detector.domain.calendar import DAY_MS, HOUR_MS

SETTLES_MS: Final = 6 * HOUR_MS  # so long after its end a usage day still takes late events in before it is judged


def settled_day(now: int) -> int:
    """The last UTC day that is judged at `now`: over, and late events had their time."""
    return (now - SETTLES_MS) // DAY_MS - 1


def reaches(block: bytes | bytearray, last_day: int, days: int) -> bool:
    """Whether the first usage is `days` days back, the last one of them being `last_day`."""
    first = hot.first_usage(block)
    return first is not None and last_day - first // DAY_MS + 1 >= days


def window_of(account: Account, last_day: int, days: int, *, holidays: bool = False) -> tuple[int, int]:
    """Actions and usable business days of the `days` days that end with `last_day`: see `window_of_counts`."""
    counts = hot.day_counts(account.hot, last_day - days + 1, last_day)
    return window_of_counts(account, counts, last_day, holidays=holidays)


def window_of_counts(account: Account, counts: list[int], last_day: int, *, holidays: bool = False) -> tuple[int, int]:
    """Of counts of the days that end with `last_day`: their sum and the usable business days.

    Holidays are left out of both, or with `holidays` count as any other day.
    """
    first_day = last_day - len(counts) + 1
    calendar = account.calendar
    total = sum(counts)
    if holidays:
        return total, calendar.working_days(first_day, last_day)
    if calendar.has_holidays:
        total -= sum(count for i, count in enumerate(counts) if calendar.is_holiday_day(first_day + i))
    return total, calendar.usable_business_days(first_day, last_day)


def usual_share(account: Account, now: int, days: int = 28) -> float | None:
    """Usage of the last `days` settled days as a share of that of as many days before, by the business day.

    1 is as much as usual. None where it cannot be told: usage that does not go back that far, less than 20 actions
    before, or less than 3 business days in either window (R2.4).
    """
    day = settled_day(now)
    if not reaches(account.hot, day, 2 * days):
        return None
    seen, before = window_of(account, day, days), window_of(account, day - days, days)
    if min(seen[1], before[1]) < MIN_DAYS or before[0] < MIN_ACTIONS:
        return None
    return round(seen[0] * before[1] / (before[0] * seen[1]), 9)
