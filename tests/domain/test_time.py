"""Time as accounts have it: clocks that change, leap days, holidays, weekends and moves, seen through real rules."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from detector.domain.events import (
    AccountUpdated,
    AssessmentRecorded,
    OnboardingProgressed,
    OnboardingStarted,
    PaymentFailed,
)
from tests.domain.world import DAY, HOUR, T0, Story


def at(text: str, zone: str = "UTC") -> int:
    """Milliseconds after T0 of a local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000) - T0


def instant(text: str, zone: str = "UTC") -> str:
    """A local time as an alert tells it."""
    return datetime.fromtimestamp((at(text, zone) + T0) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


@pytest.mark.parametrize(
    ("progress", "holidays", "warned", "high"),
    [
        # over one weekend: the same hour a week later
        ("2026-03-05T10:00", (), "2026-03-12T10:00", "2026-03-19T10:00"),
        # clocks go forward on 29 March: ten in the morning stays ten in the morning
        ("2026-03-26T10:00", (), "2026-04-02T10:00", "2026-04-09T10:00"),
        # clocks go back on 25 October
        ("2026-10-21T10:00", (), "2026-10-28T10:00", "2026-11-04T10:00"),
        # a Friday and a Monday off
        ("2026-03-30T10:00", ("2026-04-03", "2026-04-06"), "2026-04-08T10:00", "2026-04-15T10:00"),
        # a holiday on a Saturday takes nothing away
        ("2026-03-05T10:00", ("2026-03-07",), "2026-03-12T10:00", "2026-03-19T10:00"),
        # on a Saturday: counted from Monday 00:00
        ("2026-03-07T15:00", (), "2026-03-16T00:00", "2026-03-23T00:00"),
        # on a Sunday before a Monday off: counted from Tuesday 00:00
        ("2026-04-05T15:00", ("2026-04-06",), "2026-04-14T00:00", "2026-04-21T00:00"),
    ],
)
def test_business_days_are_those_of_the_account(
    progress: str, holidays: tuple[str, ...], warned: str, high: str
) -> None:
    """Rules.md 1 (bd) in `onboarding.stalled`: 5 bd warn, 10 bd high."""
    begun = at(progress, BERLIN)
    days_off = tuple(date.fromisoformat(day) for day in holidays)
    story = Story()(begun - HOUR, AccountUpdated, time_zone=BERLIN, holidays=days_off)
    story(begun - HOUR, OnboardingStarted)(begun, OnboardingProgressed, task_id="t")
    assert story.world(at(high, BERLIN)).said("onboarding.stalled") == [
        (instant(warned, BERLIN), "opened", "warn", None),
        (instant(high, BERLIN), "escalated", "high", None),
    ]


def test_an_account_that_moves_to_another_zone_keeps_its_limits_there() -> None:
    """The facts stay; their local times, and so what is due when, are those of the zone that is known now."""
    begun = at("2026-03-02T10:00", BERLIN)  # 4:00 in New York, where clocks go forward on 8 March
    story = Story()(begun, AccountUpdated, time_zone=BERLIN)(begun, OnboardingStarted)
    stays = story.world(begun + 8 * DAY).said("onboarding.stalled")
    moves = story(begun + DAY, AccountUpdated, time_zone=NEW_YORK).world(begun + 8 * DAY).said("onboarding.stalled")
    assert stays == [(instant("2026-03-09T10:00", BERLIN), "opened", "warn", None)]
    assert moves == [(instant("2026-03-09T04:00", NEW_YORK), "opened", "warn", None)]
    assert moves[0][0] < stays[0][0]


def test_a_move_that_makes_a_limit_pass_is_noticed_at_once() -> None:
    """R2.11: a deadline that is past when its cause becomes known fires at once, `since` the due time."""
    begun = at("2026-03-02T10:00", NEW_YORK)
    story = Story()(begun, AccountUpdated, time_zone=NEW_YORK)(begun, OnboardingStarted)
    moved = at("2026-03-09T13:30")  # due at 14:00 UTC there: clocks have changed; in Honolulu it is due at 15:00
    story(moved, AccountUpdated, time_zone="Pacific/Honolulu")
    later = at("2026-03-09T15:30")
    story(later, AccountUpdated, time_zone=BERLIN)  # where it was due at 15:00 UTC too: clocks change later
    alerts = story.world(later + HOUR).of("onboarding.stalled")
    assert [(alert.detected_at, alert.since) for alert in alerts] == [("2026-03-09T15:00:00.000Z",) * 2]


def test_lines_before_a_renewal_are_midnights_of_the_account_whatever_its_clocks_do() -> None:
    """R2.8: 90 d and 30 d before 15 April in New York, winter time and summer time."""
    story = Story()(0, AccountUpdated, time_zone=NEW_YORK, renewal_date=date(2026, 4, 15))
    story(DAY, AssessmentRecorded, verdict="at_risk")
    assert story.world(80 * DAY).said("assessment.at_risk") == [
        ("2026-01-06T00:00:00.000Z", "opened", "warn", None),
        ("2026-01-15T05:00:00.000Z", "escalated", "high", None),
        ("2026-03-16T04:00:00.000Z", "escalated", "critical", None),
    ]


def test_a_renewal_on_a_leap_day_has_its_lines_and_is_over_the_day_after() -> None:
    """R2.8: 29 February 2028 in Berlin."""
    begun = at("2028-01-10T09:00")
    story = Story()(begun, AccountUpdated, time_zone=BERLIN, renewal_date=date(2028, 2, 29))
    story(begun + HOUR, AssessmentRecorded, verdict="at_risk")
    assert story.world(begun + 60 * DAY).said("assessment.at_risk") == [
        ("2028-01-10T10:00:00.000Z", "opened", "high", None),
        ("2028-01-29T23:00:00.000Z", "escalated", "critical", None),
        ("2028-02-29T23:00:00.000Z", "eased", "warn", None),
    ]


def test_days_across_a_leap_day_are_days() -> None:
    """R2.2: what ends by the calendar 30 d after is over on 11 March of a leap year."""
    begun = at("2028-02-10T12:00")
    said = Story()(begun, PaymentFailed).world(begun + 31 * DAY).said("payment.failed")
    assert [(when, what) for when, what, _, _ in said] == [
        ("2028-02-10T12:00:00.000Z", "opened"),
        ("2028-03-11T12:00:00.000Z", "resolved"),
    ]


def test_an_event_from_before_all_others_moves_what_counts_from_the_start() -> None:
    """Rules.md 1: without anything else the start is the first event, also when that becomes known later."""
    story = Story()(5 * DAY, PaymentFailed)(5 * DAY + HOUR, PaymentFailed, late=HOUR)(0, PaymentFailed, late=6 * DAY)
    said = story.world(46 * DAY).said("usage.dark")
    assert said == [("2026-02-19T00:00:00.000Z", "opened", "warn", None)]  # 15 d after 30 d of onboarding
