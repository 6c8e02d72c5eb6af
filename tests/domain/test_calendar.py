"""The account's own calendar: business days, holidays and clock changes, in examples and in laws."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain.calendar import (
    DAY_MS,
    FAR_DAYS,
    HOUR_MS,
    MIDNIGHTS,
    MINUTE_MS,
    Calendar,
    Duration,
    calendar_of,
    parse_duration,
    weekday_of,
)

EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def at(text: str, zone: str = "UTC") -> int:
    """Epoch milliseconds of a local time, the first one where it comes twice."""
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return (local - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def off(*dates: str) -> tuple[int, ...]:
    return tuple(date.fromisoformat(text).toordinal() for text in dates)


ZONES = st.sampled_from([None, "Europe/Berlin", "America/New_York", "Pacific/Apia", "Africa/Cairo", "America/Havana"])
INSTANTS = st.integers(min_value=at("2005-01-01"), max_value=at("2035-01-01"))
HOLIDAYS = st.frozensets(st.dates(date(2005, 1, 1), date(2035, 1, 1)).map(date.toordinal), max_size=40)
WORKING = st.one_of(st.none(), st.lists(st.integers(0, 6), max_size=7).map(tuple))
CALENDARS = st.builds(calendar_of, ZONES, WORKING, HOLIDAYS)


@pytest.mark.parametrize(
    ("zone", "working", "holidays", "start", "days", "due"),
    [
        # the same local time, the next day
        ("UTC", None, (), "2026-03-02T15:30", 1, "2026-03-03T15:30"),
        # over a weekend
        ("UTC", None, (), "2026-03-06T15:30", 1, "2026-03-09T15:30"),
        # from Saturday noon: first to Monday 00:00
        ("UTC", None, (), "2026-03-07T12:00", 1, "2026-03-10T00:00"),
        ("UTC", None, (), "2026-03-07T12:00", 0, "2026-03-09T00:00"),
        # no days after a business instant is that instant
        ("UTC", None, (), "2026-03-06T15:30", 0, "2026-03-06T15:30"),
        # a holiday is no business day
        ("UTC", None, ("2026-03-03",), "2026-03-02T15:30", 1, "2026-03-04T15:30"),
        ("UTC", None, ("2026-03-02",), "2026-03-02T15:30", 1, "2026-03-04T00:00"),
        # Sunday to Thursday week
        ("Africa/Cairo", (6, 0, 1, 2, 3), (), "2026-03-05T10:00", 1, "2026-03-08T10:00"),
        # clocks go forward on the weekend between: local time stays
        ("Europe/Berlin", None, (), "2026-03-27T10:00", 1, "2026-03-30T10:00"),
        # 02:30 does not exist on that Sunday and becomes 03:30
        ("Europe/Berlin", (5, 6), (), "2026-03-28T02:30", 1, "2026-03-29T03:30"),
        # 02:30 comes twice on that Sunday: the first
        ("Europe/Berlin", (5, 6), (), "2026-10-24T02:30", 1, "2026-10-25T02:30"),
        # no midnight in Cairo on 2026-04-24: the day begins at 01:00
        ("Africa/Cairo", (4,), (), "2026-04-23T12:00", 0, "2026-04-24T01:00"),
        # an empty week is the default week
        ("UTC", (), (), "2026-03-06T15:30", 1, "2026-03-09T15:30"),
        ("UTC", (9,), (), "2026-03-06T15:30", 1, "2026-03-09T15:30"),
    ],
)
def test_business_days_keep_the_local_time(
    zone: str, working: tuple[int, ...] | None, holidays: tuple[str, ...], start: str, days: int, due: str
) -> None:
    calendar = calendar_of(zone, working, off(*holidays))
    assert calendar.add_business_days(at(start, zone), days) == at(due, zone)


def test_a_calendar_without_business_days_falls_back_to_elapsed_time() -> None:
    ordinal = date(2026, 1, 1).toordinal()
    calendar = calendar_of(None, None, tuple(range(ordinal, ordinal + FAR_DAYS + 10)))
    for start in (at("2026-01-01T12:00"), at("2025-12-31T12:00")):  # in the holidays, and running into them
        assert calendar.add_business_days(start, 3) == start + 3 * DAY_MS
        assert calendar.add_business_span(start, 30 * HOUR_MS) == start + 30 * HOUR_MS
    assert calendar.add_business_days(at("2026-01-01T12:00"), 0) == at("2026-01-01T12:00")


@pytest.mark.parametrize("zone", [None, "UTC", "Mars/Olympus", "Europe", "../etc/passwd", "zone.tab", "europe/berlin"])
def test_no_zone_and_a_zone_that_does_not_exist_are_utc(zone: str | None) -> None:
    assert calendar_of(zone).local_midnight(date(2026, 7, 1)) == at("2026-07-01T00:00")


def test_a_calendar_is_made_once() -> None:
    assert calendar_of("Europe/Berlin", (0, 1), off("2026-01-01")) is calendar_of(
        "Europe/Berlin", (0, 1), off("2026-01-01")
    )


def test_midnights_are_right_however_many_were_asked_for() -> None:
    calendar = calendar_of("Europe/Berlin")
    days = [date.fromordinal(EPOCH_ORDINAL + number) for number in range(18_000, 18_000 + 2 * MIDNIGHTS)]
    assert all(calendar.local_date(calendar.local_midnight(day)) == day for day in (*days, *days[:3]))


def test_business_days_are_right_however_many_were_asked_for() -> None:
    calendar = calendar_of(None, None, (EPOCH_ORDINAL + 18_001,))
    for number in (*range(18_000, 18_000 + 2 * MIDNIGHTS), 18_000, 18_001):
        due = calendar.add_business_days(number * DAY_MS, 3) // DAY_MS
        assert calendar.usable_business_days(number + 1, due) == 3 + (not calendar.works_on(number))


def test_dates_are_those_of_the_zone() -> None:
    tokyo = calendar_of("Asia/Tokyo")
    assert tokyo.local_date(at("2026-03-01T15:00")) == date(2026, 3, 2)
    assert tokyo.local_midnight(date(2026, 3, 2)) == at("2026-03-01T15:00")


@pytest.mark.parametrize("zone", [None, "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("t_ms", [-(10**18), 0, 10**18])
def test_no_instant_is_too_far_away(zone: str | None, t_ms: int) -> None:
    calendar = calendar_of(zone)
    assert isinstance(calendar.local_date(t_ms), date)
    assert calendar.add_business_days(t_ms, 2) > t_ms
    for edge in (date.min, date.max):
        assert abs(calendar.local_midnight(edge) - (edge.toordinal() - EPOCH_ORDINAL) * DAY_MS) <= 14 * HOUR_MS


def test_a_day_of_a_clock_change_is_as_long_as_it_is() -> None:
    berlin = calendar_of("Europe/Berlin", (6,))
    start, end = at("2026-03-28T00:00", "Europe/Berlin"), at("2026-03-30T00:00", "Europe/Berlin")
    assert berlin.add_business_span(start, 23 * HOUR_MS - 1) == end - 1


def test_half_a_business_day_over_a_weekend() -> None:
    calendar = calendar_of(None)
    assert calendar.add_business_span(at("2026-03-06T18:00"), 12 * HOUR_MS) == at("2026-03-09T06:00")
    assert calendar.add_business_span(at("2026-03-07T18:00"), 12 * HOUR_MS) == at("2026-03-09T12:00")


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-12-20T12:00", "2026-12-23T12:00"),  # ends before the holidays
        ("2026-12-23T12:00", "2026-12-28T12:00"),  # two holidays in between
        ("2026-12-25T12:00", "2026-12-30T00:00"),  # starts in one
        ("2026-12-22T00:00", "2026-12-25T00:00"),  # over at the instant at which one begins
        ("2026-12-27T12:00", "2026-12-30T12:00"),  # after the last one
    ],
)
def test_holidays_do_not_count_and_weekends_do(start: str, due: str) -> None:
    calendar = calendar_of("America/New_York", None, off("2026-12-25", "2026-12-26"))
    zone = "America/New_York"
    assert calendar.add_excluding_holidays(at(start, zone), 3 * DAY_MS) == at(due, zone)


def test_without_holidays_silence_is_elapsed_time() -> None:
    calendar = calendar_of("Europe/Berlin")
    assert calendar.add_excluding_holidays(1_000, 5 * DAY_MS) == 1_000 + 5 * DAY_MS
    assert calendar.holiday_ms(0, 10 * DAY_MS) == 0


def test_days_of_the_week_and_holidays_by_day_number() -> None:
    day = date(2026, 5, 1).toordinal() - EPOCH_ORDINAL
    calendar = calendar_of(None, None, off("2026-05-01"))
    assert weekday_of(day) == 4  # a Friday
    assert calendar.is_holiday_day(day)
    assert not calendar.is_holiday_day(day + 1)
    assert [calendar.works_on(day + ahead) for ahead in range(4)] == [False, False, False, True]


@given(CALENDARS, st.integers(0, 30_000), st.integers(-2, 40), st.sets(st.integers(0, 30_040), max_size=10))
def test_usable_days_are_those_that_work_and_are_not_excluded(
    calendar: Calendar, first: int, length: int, excluded: set[int]
) -> None:
    days = [day for day in range(first, first + length) if calendar.works_on(day)]
    assert calendar.usable_business_days(first, first + length - 1) == len(days)
    counted = calendar.usable_business_days(first, first + length - 1, excluded)
    assert counted == len([day for day in days if day not in excluded])


@given(CALENDARS, INSTANTS, st.integers(1, 30))
def test_business_days_end_later_and_on_a_business_day(calendar: Calendar, t_ms: int, n: int) -> None:
    due = calendar.add_business_days(t_ms, n)
    assert due > t_ms
    # A local time that a gap leaves out can move over the end of its day (Apia left out a whole one).
    landed = calendar.local_date(due).toordinal() - EPOCH_ORDINAL
    assert calendar.works_on(landed) or calendar.works_on(landed - 1)


@given(CALENDARS, INSTANTS, st.integers(0, 40 * DAY_MS))
def test_adding_business_time_is_undone_by_measuring_it(calendar: Calendar, t_ms: int, span: int) -> None:
    end = calendar.add_business_span(t_ms, span)
    first, last = (calendar.local_date(edge).toordinal() for edge in (t_ms, end))
    # One more day than the dates say: where clocks go back over midnight, the date goes back with them.
    days = [day for day in range(first, last + 2) if calendar.works_on(day - EPOCH_ORDINAL)]
    edges = [
        (calendar.local_midnight(date.fromordinal(n)), calendar.local_midnight(date.fromordinal(n + 1))) for n in days
    ]
    assert sum(max(0, min(end, after) - max(t_ms, begin)) for begin, after in edges) == span


@given(CALENDARS, INSTANTS, st.integers(0, 400 * DAY_MS))
def test_time_outside_holidays_is_what_is_left_without_them(calendar: Calendar, t_ms: int, span: int) -> None:
    due = calendar.add_excluding_holidays(t_ms, span)
    assert due - t_ms - calendar.holiday_ms(t_ms, due) == span


@given(CALENDARS, INSTANTS, st.lists(st.integers(0, 400 * DAY_MS), min_size=2, max_size=2))
def test_time_adds_up(calendar: Calendar, start: int, steps: list[int]) -> None:
    """Holiday time of two intervals that touch is that of both together."""
    middle, end = start + steps[0], start + steps[0] + steps[1]
    measure = calendar.holiday_ms
    assert measure(start, middle) + measure(middle, end) == measure(start, end)


@pytest.mark.parametrize(
    ("text", "duration", "elapsed"),
    [
        ("30m", Duration(30, "m"), 30 * MINUTE_MS),
        ("4h", Duration(4, "h"), 4 * HOUR_MS),
        ("14d", Duration(14, "d"), 14 * DAY_MS),
        ("8w", Duration(8, "w"), 56 * DAY_MS),
        ("0d", Duration(0, "d"), 0),
        ("1bd", Duration(1, "bd"), None),
    ],
)
def test_durations_are_read_as_written(text: str, duration: Duration, elapsed: int | None) -> None:
    assert parse_duration(text) == duration
    assert str(duration) == text
    assert duration.elapsed_ms == elapsed


@pytest.mark.parametrize("text", ["", "d", "1", "1.5h", "-1d", "1D", "1mh", "1dd", "1 d", "٣d", "123456d"])
def test_what_is_no_duration_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match="write a number and m, h, d, w or bd"):
        parse_duration(text)


def test_a_duration_is_counted_on_the_calendar() -> None:
    berlin = calendar_of("Europe/Berlin")
    start = at("2026-03-27T10:00", "Europe/Berlin")
    assert parse_duration("1bd").after(berlin, start) == at("2026-03-30T10:00", "Europe/Berlin")
    assert parse_duration("3d").after(berlin, start) == start + 3 * DAY_MS
