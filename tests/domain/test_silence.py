"""Silence: who has not been heard of for too long, and who only seems so."""

from datetime import date
from typing import Any

import msgspec
import pytest

from detector.domain.events import (
    AccountUpdated,
    DataExported,
    DocsViewed,
    Event,
    OnboardingCompleted,
    OnboardingStarted,
    TicketCreated,
    TouchLogged,
    UsageActiveUsers,
    UsageRecorded,
)
from detector.domain.operators.silence import Silence
from tests.domain.world import DAY, HOUR, MINUTE, PLAN, Story


def touch(story: Story, at: int, direction: str = "inbound", **fields: Any) -> Story:
    story(at, TouchLogged, direction=direction, kind="email", **fields)
    return story


def attempts(story: Story, *times: int) -> Story:
    for at in times:
        touch(story, at, "outbound")
    return story


def test_the_third_attempt_is_noticed_though_it_came_within_the_grace_of_the_deadline() -> None:
    """It came a minute after the 14 days, before the deadline fired: the deadline alone would count two attempts."""
    for late in (-1, 0, 1, MINUTE, 2 * MINUTE, 3 * MINUTE):
        story = attempts(touch(Story(), 0), DAY, 2 * DAY, 14 * DAY + late)
        said = story.world(until=15 * DAY).said("contact.dark")
        at = "2026-01-19T00:00:00.000Z" if late <= 0 else f"2026-01-19T00:0{late // MINUTE}:00.{late % MINUTE:03}Z"
        assert said == [(at, "opened", "warn", None)], late


def test_an_attempt_dated_ahead_of_its_record_counts_when_its_time_has_come() -> None:
    story = attempts(touch(Story(), 0), DAY, 2 * DAY)
    touch(story, 16 * DAY + 4 * MINUTE, "outbound", late=-4 * MINUTE)
    assert story.world(until=17 * DAY).said("contact.dark") == [("2026-01-21T00:04:00.000Z", "opened", "warn", None)]


def test_the_limit_of_its_own_is_twice_the_ninth_decile_of_the_usual_gaps() -> None:
    story = Story()
    for gap in range(7):
        touch(story, gap * 9 * DAY)  # six gaps of 9 days: silent for 18 days is more than usual
    said = story.world(until=90 * DAY).said("contact.dark")
    assert said == [("2026-03-18T00:00:00.000Z", "opened", "warn", None)]


def test_the_graver_of_two_limits_decides() -> None:
    story = Story()
    for gap in range(8):
        touch(story, gap * 2 * DAY)
    attempts(story, 15 * DAY, 16 * DAY, 17 * DAY)
    said = [row[2] for row in story.world(until=46 * DAY).said("contact.dark")]
    assert said == ["warn", "high", "critical"]


def test_five_contacts_are_too_few_for_a_limit_of_its_own() -> None:
    story = Story()
    for gap in range(5):
        touch(story, gap * 2 * DAY)
    assert story.world(until=90 * DAY).said("contact.dark") == []


def test_holidays_do_not_count_and_the_snapshot_says_why_nothing_is_said() -> None:
    """R2.10: attributed to the holiday before it opens."""
    holidays = tuple(date(2026, 1, day) for day in range(12, 17))
    story = Story()(0, AccountUpdated, holidays=holidays)(9 * HOUR, UsageRecorded)
    world = story.world(until=25 * DAY)
    assert world.said("usage.dark") == [("2026-01-25T09:00:00.000Z", "opened", "warn", None)]
    explained = [snapshot for snapshot in world.health if snapshot.silences]
    assert [(note.rule_id, note.because, note.since) for note in explained[0].silences] == [
        ("usage.dark", "holiday", "2026-01-20T09:00:00.000Z")
    ]
    assert world.health[-1].silences == ()


def test_usage_ends_the_explanation_of_a_silence() -> None:
    holidays = tuple(date(2026, 1, day) for day in range(12, 17))
    story = Story()(0, AccountUpdated, holidays=holidays)(9 * HOUR, UsageRecorded)(16 * DAY, UsageRecorded)
    world = story.world(until=17 * DAY)
    assert [bool(snapshot.silences) for snapshot in world.health][-2:] == [True, False]


@pytest.mark.parametrize(
    ("cls", "fields", "counts"),
    [
        (UsageActiveUsers, {"active_users": 3, "period_days": 28}, True),
        (UsageActiveUsers, {"active_users": 0, "period_days": 28}, False),
        (DocsViewed, {}, True),
        (DataExported, {"rows": 10}, True),
    ],
)
def test_every_kind_of_usage_is_a_sign_of_life_but_nobody_active_is_none(
    cls: type[Event], fields: dict[str, Any], counts: bool
) -> None:
    story = Story()(0, UsageRecorded)(10 * DAY, cls, **fields)
    said = story.world(until=16 * DAY).said("usage.dark")
    assert bool(said) is not counts


def test_the_first_usage_after_onboarding_began_starts_the_silence_anew() -> None:
    """Before any usage the end of onboarding, 180 days on, is waited for; with the first usage it is 15 days."""
    story = Story()(0, OnboardingStarted)(5 * DAY, UsageRecorded)
    assert story.world(until=30 * DAY).said("usage.dark") == [("2026-01-25T00:00:00.000Z", "opened", "warn", None)]


def test_usage_while_it_recovers_does_not_change_when_it_was_first_seen_again() -> None:
    story = Story()(0, UsageRecorded)
    for day in range(20, 40):
        story(day * DAY, UsageRecorded)
    world = story.world(until=40 * DAY)
    resolved = next(alert for alert in world.of("usage.dark") if alert.transition == "resolved")
    assert resolved.explanation == (
        "The product was used again on 2026-01-25 00:00 UTC, after 20 days. It has stayed so for 7 days."
        " Nobody here had been in touch since it opened."
    )
    assert resolved.evidence[0].observed == 20


def test_a_silence_ended_by_another_sign_of_life_is_less_but_not_over() -> None:
    """A ticket is heard of, but only a talk in both directions clears `contact.dark`."""
    story = attempts(touch(Story(), 0), DAY, 2 * DAY, 3 * DAY)
    story(0, AccountUpdated, renewal_date=date(2026, 4, 25))  # so that a line is crossed: 90 days before is 25 January
    story(18 * DAY, TicketCreated, ticket_id="t", priority="low", category="question")
    world = story.world(until=21 * DAY)
    assert [said[:3] for said in world.said("contact.dark")] == [
        ("2026-01-19T00:00:00.000Z", "opened", "warn"),
        ("2026-01-25T00:00:00.000Z", "escalated", "high"),
    ]
    assert world.of("contact.dark")[-1].explanation == (
        "It is less than when it opened, but not over. It clears with one inbound event."
    )


def test_a_ticket_that_was_reported_late_proves_that_nobody_was_silent() -> None:
    """A ticket alone does not clear `contact.dark`; one from before the limit shows that the limit was kept."""
    story = attempts(touch(Story(), 0), DAY, 2 * DAY, 3 * DAY)
    story(10 * DAY, TicketCreated, ticket_id="t", priority="low", category="question", late=6 * DAY)
    alerts = story.world(until=20 * DAY).of("contact.dark")
    assert [(a.transition, a.resolution) for a in alerts] == [("opened", None), ("resolved", "superseded")]
    assert "after 10 days and 3 attempts" in alerts[-1].explanation


def test_what_a_silence_needs_to_be_kept_is_named() -> None:
    rule = next(rule for rule in PLAN.rules if rule.id == "contact.dark")
    assert isinstance(rule.operator, Silence)
    names = [getattr(kept, "name", "") for kept in rule.operator.measures]
    assert names == ["last_inbound", "last_two_way", "outbound", "outbound", "outbound", "inbound"]
    assert rule.operator.warm is not None
    assert not rule.operator.daily
    plain = msgspec.structs.replace(rule.operator, breaks=None)
    assert all(cls.__name__ for cls, _ in plain.wakes)


def test_onboarding_that_is_completed_late_counts_from_its_end() -> None:
    story = Story()(0, OnboardingStarted)(20 * DAY, OnboardingCompleted)
    assert story.world(until=36 * DAY).said("usage.dark") == [("2026-02-09T00:00:00.000Z", "opened", "warn", None)]
