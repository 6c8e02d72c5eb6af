"""Obligation: what is owed after something happened, per subject; told again and again until it is over."""

from datetime import date

import msgspec

from detector.domain.allowance import Allowance
from detector.domain.calendar import Duration
from detector.domain.events import (
    AccountUpdated,
    GoalAcknowledged,
    GoalClosed,
    GoalMeasured,
    GoalSet,
    IncidentNotified,
    IncidentOpened,
    IncidentResolved,
    StakeholderUpdated,
)
from detector.domain.operators.obligation import Obligation
from detector.domain.plan import Plan
from detector.domain.verdict import HIGH, WARN
from tests.domain.world import DAY, HOUR, MINUTE, PLAN, Story, with_rule


def incident(*events: tuple[int, str], opened: int = 0) -> Story:
    """An incident of an old account, so that nothing is raised by onboarding: (minute, told or over)."""
    story = Story()(-60 * DAY, AccountUpdated, segment="smb")(
        opened * MINUTE, IncidentOpened, incident_id="i", severity="major"
    )
    for minute, what in events:
        if what == "told":
            story(minute * MINUTE, IncidentNotified, incident_id="i", phase="update")
        else:
            story(minute * MINUTE, IncidentResolved, incident_id="i")
    return story


def told(story: Story, until: int = DAY, rule: str = "incident.untold") -> list[tuple[str, str, str | None]]:
    world = story.world(until=until)
    return [(a.detected_at[11:16], a.transition, a.resolution) for a in world.alerts if a.rule_id == rule]


def test_each_word_to_the_customer_is_good_for_another_half_hour() -> None:
    assert told(incident((20, "told"), (45, "told"), (70, "over"))) == []
    assert told(incident((20, "told"), (70, "over"))) == [
        ("00:50", "opened", None),
        ("01:10", "resolved", "righted_itself"),
    ]


def test_it_is_one_alert_an_incident_however_often_it_falls_silent() -> None:
    world = incident((40, "told"), (100, "told"), (160, "told"), (170, "over")).world(until=DAY)
    alerts = world.of("incident.untold")
    assert [a.transition for a in alerts] == ["opened", "resolved", "reopened", "resolved", "reopened", "resolved"]
    assert len({a.alert_id for a in alerts}) == 1
    assert [a.revision for a in alerts] == [1, 2, 3, 4, 5, 6]


def test_an_incident_that_is_opened_again_after_its_end_is_owed_word_again() -> None:
    story = incident((20, "over"))(3 * HOUR, IncidentOpened, incident_id="i", severity="major")
    assert told(story) == [("03:30", "opened", None)]


def test_word_or_end_that_was_reported_late_proves_that_nothing_was_owed() -> None:
    late_word = incident((90, "over"))(25 * MINUTE, IncidentNotified, incident_id="i", phase="first", late=20 * MINUTE)
    assert told(late_word) == [
        ("00:30", "opened", None),
        ("00:45", "resolved", "superseded"),
        ("00:55", "opened", None),
        ("01:30", "resolved", "righted_itself"),
    ]


def test_an_event_of_an_incident_never_seen_before_is_applied_as_far_as_it_goes() -> None:
    story = Story()(0, IncidentNotified, incident_id="i", phase="first")(HOUR, IncidentResolved, incident_id="j")
    assert told(story) == []
    assert set(story.world().record().tracks["incident"]) == {"i", "j"}


def goal(
    *, acknowledged: int | None = None, closed: tuple[int, str] | None = None, role: str | None = "sponsor"
) -> Story:
    story = Story()(0, GoalSet, goal_id="g", kind="revenue", direction="up", baseline=0.0, target=10.0)
    story(0, StakeholderUpdated, stakeholder_id="boss", role="sponsor")
    story(DAY, GoalMeasured, goal_id="g", value=10.0, evidence="measured")
    if acknowledged is not None:
        story(
            acknowledged * DAY,
            GoalAcknowledged,
            goal_id="g",
            stakeholder_id="boss" if role == "sponsor" else "p",
            role=role,
        )
    if closed is not None:
        story(closed[0] * DAY, GoalClosed, goal_id="g", closed_as=closed[1])
    return story


UNSEEN = "goal.achieved_unseen"


def test_a_goal_that_is_met_must_be_acknowledged_by_somebody_who_counts() -> None:
    assert told(goal(acknowledged=10), 40 * DAY, UNSEEN) == []
    assert told(goal(acknowledged=10, role="end_user"), 40 * DAY, UNSEEN) == [("00:00", "opened", None)]
    named = goal(acknowledged=10, role=None)(20 * DAY, StakeholderUpdated, stakeholder_id="p", role="champion")
    assert told(named, 40 * DAY, UNSEEN) == [("00:00", "opened", None), ("00:00", "resolved", "superseded")]


def test_an_acknowledgement_from_before_the_target_was_met_is_none() -> None:
    story = goal()(HOUR, GoalAcknowledged, goal_id="g", stakeholder_id="boss")
    assert told(story, 40 * DAY, UNSEEN) == [("00:00", "opened", None)]


def test_a_goal_that_is_closed_ends_its_alert_and_begins_no_other() -> None:
    """R2.12: closed as achieved is acted upon, otherwise what was owed is moot."""
    assert told(goal(closed=(20, "achieved")), 40 * DAY, UNSEEN)[1:] == [("00:00", "resolved", "acted")]
    assert told(goal(closed=(20, "abandoned")), 40 * DAY, UNSEEN)[1:] == [("00:00", "resolved", "superseded")]
    assert told(goal(closed=(5, "achieved")), 40 * DAY, UNSEEN) == []
    text = goal(closed=(20, "achieved")).world(until=40 * DAY).of(UNSEEN)[-1].explanation
    assert text == "The goal g was closed as achieved: nothing is expected of it now."


def test_a_target_that_is_raised_later_is_not_met_any_more() -> None:
    story = goal()(20 * DAY, GoalSet, goal_id="g", kind="revenue", direction="up", target=20.0)
    assert told(story, 40 * DAY, UNSEEN)[-1][1:] == ("resolved", "superseded")


def test_a_goal_that_leads_down_is_met_from_above() -> None:
    story = Story()(0, GoalSet, goal_id="g", kind="cost", direction="down", baseline=10.0, target=5.0)
    story(DAY, GoalMeasured, goal_id="g", value=5.0, evidence="customer_confirmed")
    assert told(story, 20 * DAY, UNSEEN) == [("00:00", "opened", None)]


def laddered(spans: tuple[tuple[int, Duration], ...]) -> Plan:
    """The plan with other rungs for `incident.untold`, and without a repeat."""
    rule = next(rule for rule in PLAN.rules if rule.id == "incident.untold")
    assert isinstance(rule.operator, Obligation)
    steps = tuple((level, Allowance(span)) for level, span in spans)
    changed = msgspec.structs.replace(rule, operator=msgspec.structs.replace(rule.operator, repeat=None, steps=steps))
    return with_rule(changed)


def test_a_ladder_of_rungs_is_climbed_at_their_times() -> None:
    plan = laddered(((WARN, Duration(30, "m")), (HIGH, Duration(2, "h"))))
    world = incident().world(until=DAY, plan=plan)
    assert [(a.detected_at[11:16], a.transition, a.severity, a.since[11:16]) for a in world.of("incident.untold")] == [
        ("00:30", "opened", "warn", "00:30"),
        ("02:00", "escalated", "high", "00:30"),
    ]
    once = incident((10, "told")).world(until=DAY, plan=plan)
    assert once.of("incident.untold") == []
    late = incident((40, "told")).world(until=DAY, plan=plan)
    assert [a.transition for a in late.of("incident.untold")] == ["opened", "resolved"]


def test_what_was_over_and_began_again_before_that_was_known_ends_and_is_owed_anew() -> None:
    story = incident()(70 * MINUTE, IncidentOpened, incident_id="i", severity="major")
    story(65 * MINUTE, IncidentResolved, incident_id="i", late=10 * MINUTE)
    alerts = [row for row in told(story) if row[1] != "revised"]
    assert alerts == [("00:30", "opened", None), ("01:15", "resolved", "righted_itself"), ("01:40", "reopened", None)]


def test_a_holiday_that_becomes_known_makes_less_of_what_was_owed_by_business_days() -> None:
    plan = laddered(((WARN, Duration(1, "bd")),))
    story = Story()(0, AccountUpdated, segment="smb")(DAY, IncidentOpened, incident_id="i", severity="major")
    story(2 * DAY + HOUR, AccountUpdated, holidays=(date(2026, 1, 7),))
    alerts = story.world(until=4 * DAY, plan=plan).of("incident.untold")
    assert [(a.detected_at[:16], a.transition) for a in alerts] == [("2026-01-07T00:00", "opened")]
    story(2 * DAY + HOUR + 1, AccountUpdated, renewal_date=date(2026, 1, 20))
    alerts = story.world(until=2 * DAY + 2 * HOUR, plan=plan).of("incident.untold")
    assert (
        alerts[-1].explanation
        == "It is less than when it opened, but not over. It clears with one incident.notified event."
    )


def test_its_sentences_count_in_minutes_hours_or_days() -> None:
    alerts = incident((900, "told"), (905, "over")).world(until=2 * DAY).of("incident.untold")
    assert alerts[0].explanation == "Incident i has gone 30 minutes without word to the customer (30 minutes allowed)."
    assert "15 hours after the last word" in alerts[1].explanation
    assert "20 days after its target was met" in goal(acknowledged=21).world(until=40 * DAY).of(UNSEEN)[-1].explanation


def test_what_it_needs_to_be_kept_is_named() -> None:
    rule = next(rule for rule in PLAN.rules if rule.id == "incident.untold")
    assert isinstance(rule.operator, Obligation)
    assert [getattr(kept, "slot", "") for kept in rule.operator.measures] == [
        "incident.opened",
        "incident.notified",
        "incident.resolved",
    ]
    assert rule.operator.quiet(b"", 0)
