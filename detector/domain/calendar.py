"""An account's own calendar: its zone, working days and holidays, and the arithmetic of time that rules need.

Instants are epoch milliseconds (UTC); a day is a number of days since 1970-01-01. No function here raises for data:
an unknown zone is UTC, and a stretch of more than `FAR_DAYS` days without a business day falls back to elapsed time.
"""

from bisect import bisect_left
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, Literal, NamedTuple, TypeAlias, cast, final
from zoneinfo import ZoneInfo

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
FAR_DAYS: Final = 400
MIDNIGHTS: Final = 1_024  # so many are remembered by each calendar: rules ask for the same few again and again

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = _EPOCH.toordinal()
_MILLISECOND: Final = timedelta(milliseconds=1)
_MONDAY_TO_FRIDAY: Final = (0, 1, 2, 3, 4)
# Two days inside what `datetime` can hold, so that no zone's offset leads out of it.
_FIRST_MS: Final = (2 - _EPOCH_ORDINAL) * DAY_MS
_LAST_MS: Final = (date.max.toordinal() - 2 - _EPOCH_ORDINAL) * DAY_MS


Week: TypeAlias = tuple[bool, ...]
"""Whether each weekday is a working day, Monday first."""

MONDAY_TO_FRIDAY: Final[Week] = (True,) * 5 + (False,) * 2


def weekday_of(day: int) -> int:
    """Weekday of a day number, 0 Monday to 6 Sunday (1970-01-01 was a Thursday)."""
    return (day + 3) % 7


def days_of(first: int, last: int) -> int:
    """How many UTC days there are from one instant to another, the days of both included; 0 or less: the other way."""
    return last // DAY_MS - first // DAY_MS + 1


@final
class Calendar:
    """Zone, working days and holidays of one account; immutable, so one object serves all accounts that agree.

    `zone` None is UTC; `working_days` are weekdays, 0 Monday to 6 Sunday; `holidays` are dates in that zone.
    Get one from `calendar_of`, which is cached.
    """

    __slots__ = ("_business", "_days_per_week", "_holiday_set", "_holidays", "_later", "_midnights", "_zone")

    def __init__(self, zone: ZoneInfo | None, working_days: Collection[int], holidays: Collection[date]) -> None:
        self._zone = zone
        self._business = tuple(weekday in working_days for weekday in range(7))
        self._days_per_week = sum(self._business)
        self._holidays = sorted({holiday.toordinal() - _EPOCH_ORDINAL for holiday in holidays})
        self._holiday_set = frozenset(self._holidays)
        self._midnights: dict[int, int] = {}
        self._later: dict[tuple[int, int], int | None] = {}

    # -- days ---------------------------------------------------------------------------------------------------

    def works_on(self, day: int) -> bool:
        """Whether the calendar date of this day number is a working day and no holiday."""
        return self._business[(day + 3) % 7] and day not in self._holiday_set

    @property
    def week(self) -> Week:
        """Which weekdays are working days."""
        return self._business

    @property
    def has_holidays(self) -> bool:
        """Whether the account named any holiday."""
        return bool(self._holidays)

    @property
    def is_special(self) -> bool:
        """Whether the days of a week differ from Monday to Friday without holidays."""
        return bool(self._holidays) or self._business != MONDAY_TO_FRIDAY

    def is_holiday_day(self, day: int) -> bool:
        """Whether the calendar date of this day number is a holiday of the account."""
        return day in self._holiday_set

    def usable_business_days(self, first_day: int, last_day: int, excluded: Collection[int] = ()) -> int:
        """Count the business days among the UTC days from `first_day` to `last_day`, both included, less `excluded`."""
        if not excluded and not self._holidays:
            return self.working_days(first_day, last_day)
        return sum(1 for day in range(first_day, last_day + 1) if self.works_on(day) and day not in excluded)

    def working_days(self, first_day: int, last_day: int) -> int:
        """Count the working days among the UTC days from `first_day` to `last_day`, both included, holidays or not."""
        weeks, rest = divmod(max(0, last_day - first_day + 1), 7)
        business = self._business
        return weeks * self._days_per_week + sum(business[(first_day + 3 + i) % 7] for i in range(rest))

    # -- between instants and local dates -----------------------------------------------------------------------

    def local_date(self, t_ms: int) -> date:
        """Return the date in the account's zone at this instant (the nearest one that `date` can hold)."""
        ordinal = self._wall(t_ms) // DAY_MS + _EPOCH_ORDINAL
        return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))

    def local_midnight(self, local: date) -> int:
        """Return the first instant of a local date: the first midnight of two, or the end of a gap that has none."""
        return self._midnight(local.toordinal() - _EPOCH_ORDINAL)

    def _wall(self, t_ms: int) -> int:
        """Return what the account's clock on the wall shows, as milliseconds since 1970-01-01 00:00 on that clock."""
        if self._zone is None:
            return t_ms
        local = datetime.fromtimestamp(min(max(t_ms, _FIRST_MS), _LAST_MS) // 1000, self._zone)
        return t_ms + cast("timedelta", local.utcoffset()) // _MILLISECOND

    def _instant(self, wall_ms: int) -> int:
        """Return when the clock on the wall shows this: the first of two times, or a gap's length after a missing one.

        Both are what `fold=0` means (PEP 495).
        """
        if self._zone is None:
            return wall_ms
        naive = _EPOCH + timedelta(milliseconds=min(max(wall_ms, _FIRST_MS), _LAST_MS))
        return wall_ms - cast("timedelta", naive.replace(tzinfo=self._zone).utcoffset()) // _MILLISECOND

    def _midnight(self, day: int) -> int:
        found = self._midnights.get(day)
        if found is None:
            if len(self._midnights) >= MIDNIGHTS:
                self._midnights.clear()
            found = self._midnights[day] = self._instant(day * DAY_MS)
        return found

    # -- business time ------------------------------------------------------------------------------------------

    def _next_business_day(self, day: int) -> int | None:
        """Return the first business day from `day` on; None when there is none within `FAR_DAYS`."""
        for candidate in range(day, day + FAR_DAYS + 1):
            if self.works_on(candidate):
                return candidate
        return None

    def add_business_days(self, t_ms: int, n: int) -> int:
        """Return the same local time `n` (0 or more) business days after `t_ms`.

        An instant outside business days first moves to 00:00 of the next one. A local time that a change of the
        clocks leaves out moves forward, one that comes twice is its first. Far from any business day: n x 24 h.
        """
        today, time_of_day = divmod(self._wall(t_ms), DAY_MS)
        day = self._next_business_day(today)
        if day is not None and day != today:
            time_of_day = 0
        elif n <= 0:
            return t_ms
        if day is not None:
            day = self._business_days_later(day, n)
        return t_ms + n * DAY_MS if day is None else self._instant(day * DAY_MS + time_of_day)

    def _business_days_later(self, day: int, n: int) -> int | None:
        """Return the `n`th business day after a business day; None where there is none. Remembered, bounded."""
        if (day, n) not in self._later:
            if len(self._later) >= MIDNIGHTS:
                self._later.clear()
            later: int | None = day
            for _ in range(n):
                later = None if later is None else self._next_business_day(later + 1)
            self._later[day, n] = later
        return self._later[day, n]

    def add_business_span(self, t_ms: int, span_ms: int) -> int:
        """Return the earliest instant on a business day by which `span_ms` of business days' time has passed."""
        left = span_ms
        day = self._next_business_day(self._wall(t_ms) // DAY_MS)
        while day is not None:
            begin, end = max(t_ms, self._midnight(day)), self._midnight(day + 1)
            if begin + left < end:
                return begin + left
            left -= max(0, end - begin)
            day = self._next_business_day(day + 1)
        return t_ms + span_ms

    # -- time that holidays do not count in ---------------------------------------------------------------------

    def add_excluding_holidays(self, t_ms: int, span_ms: int) -> int:
        """Return the earliest instant by which `span_ms` that is no local holiday has passed (weekends do count)."""
        due = t_ms + span_ms
        if not self._holidays:
            return due
        for index in range(bisect_left(self._holidays, self._wall(t_ms) // DAY_MS), len(self._holidays)):
            day = self._holidays[index]
            begin = max(t_ms, self._midnight(day))
            if begin >= due:
                break
            due += max(0, self._midnight(day + 1) - begin)
        return due

    def holiday_ms(self, start_ms: int, end_ms: int) -> int:
        """Return how much of [start, end) is holiday in the account's zone, in milliseconds."""
        if not self._holidays:
            return 0
        total = 0
        for index in range(bisect_left(self._holidays, self._wall(start_ms) // DAY_MS), len(self._holidays)):
            day = self._holidays[index]
            begin = max(start_ms, self._midnight(day))
            if begin >= end_ms:
                break
            total += max(0, min(end_ms, self._midnight(day + 1)) - begin)
        return total


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text("ascii").split())


@lru_cache(maxsize=1024)
def _zone_of(name: str) -> ZoneInfo | None:
    # Of the pinned package, never of the machine: a replay elsewhere must see the same clock changes.
    if name == "UTC" or name not in _known_zones():
        return None
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as stream:
        return ZoneInfo.from_file(stream, key=name)


@lru_cache(maxsize=4096)
def calendar_of(
    time_zone: str | None,
    working_days: tuple[int, ...] | None = None,
    holidays: tuple[int, ...] | frozenset[int] = (),
) -> Calendar:
    """Return the calendar of an IANA zone name, weekdays (0 Monday to 6 Sunday) and holidays (`date.toordinal()`).

    No or an unknown zone is UTC; no working days, or none that exist, are Monday to Friday. Cached, bounded.
    """
    days = tuple(day for day in working_days or () if 0 <= day <= 6) or _MONDAY_TO_FRIDAY
    dates = [date.fromordinal(day) for day in holidays]
    return Calendar(None if time_zone is None else _zone_of(time_zone), days, dates)


Unit = Literal["m", "h", "d", "w", "bd"]
_UNIT_MS: Final[dict[str, int]] = {"m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS}


class Duration(NamedTuple):
    """A length of time as a pack writes it: `30m 4h 1bd 14d 8w`; only `bd` depends on a calendar."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"

    @property
    def elapsed_ms(self) -> int | None:
        """Length in milliseconds; None for business days, which have none of their own."""
        return None if self.unit == "bd" else self.amount * _UNIT_MS[self.unit]

    def after(self, calendar: Calendar, t_ms: int) -> int:
        """Return the instant this long after `t_ms`, on the account's calendar."""
        if self.unit == "bd":
            return calendar.add_business_days(t_ms, self.amount)
        return t_ms + self.amount * _UNIT_MS[self.unit]


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> Duration:
    """Read `30m`, `4h`, `1bd`, `14d` or `8w`; at most five digits. Raises ValueError that says what is expected."""
    amount = text.rstrip("mhdwb")
    unit = text[len(amount) :]
    if not (amount.isascii() and amount.isdigit() and len(amount) <= 5 and (unit == "bd" or unit in _UNIT_MS)):
        raise ValueError(f"{text!r} is no duration: write a number and m, h, d, w or bd, such as 30m or 1bd")
    return Duration(int(amount), cast("Unit", unit))
