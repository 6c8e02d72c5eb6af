"""Conjunction: what holds together, what clears it, and what is told late of it."""

from datetime import date, datetime
from typing import Any

import msgspec

from detector.domain.events import (
    AccountUpdated,
    AssessmentRecorded,
    DiscountRequested,
    GoalMeasured,
    GoalSet,
    PulseRecorded,
    SurveyResponded,
    TicketCreated,
    TicketEscalated,
    TicketReopened,
    TicketSlaBreached,
    TouchLogged,
    UsageRecorded,
    ValueDelivered,
)
from detector.domain.operators.conjunction import Conjunction
from detector.domain.plan import Plan
from detector.domain.verdict import Moment
from tests.domain.world import DAY, HOUR, PLAN, T0, Story, only

CSAT: dict[str, Any] = {"survey_type": "csat", "scale_min": 1.0, "scale_max": 5.0}


def told(story: Story, rule_id: str, until: int, plan: Plan = PLAN) -> list[tuple[int, str, str]]:
    """Day of the story, transition, and severity of each alert of a rule."""
    alerts = story.world(until=until, plan=plan).of(rule_id)
    return [(day_of(one.detected_at), one.transition, one.severity) for one in alerts]


def day_of(detected_at: str) -> int:
    return (int(datetime.fromisoformat(detected_at).timestamp() * 1000) - T0) // DAY


def grown() -> Story:
    return Story()(0, AccountUpdated, stage="value")


def operator(rule_id: str) -> Conjunction:
    found = next(rule for rule in PLAN.rules if rule.id == rule_id).operator
    assert isinstance(found, Conjunction)
    return found


def test_the_number_of_signs_decides_and_the_explanation_names_them() -> None:
    story = grown()(DAY, SurveyResponded, score=1.0, **CSAT)
    for day in (2, 3):
        story(day * DAY, TicketSlaBreached, ticket_id=f"t{day}")
    alerts = story.world(until=40 * DAY).of("support.poor_experience")
    assert [(day_of(a.detected_at), a.transition, a.severity) for a in alerts] == [
        (1, "opened", "warn"),
        (3, "escalated", "high"),
        (31, "eased", "warn"),
        (32, "resolved", "warn"),
    ]
    assert alerts[1].explanation == "2 bad signs from support in 30 days: low_csat_30d 1; breaches_30d 2."
    assert [(row.name, row.observed, row.expected) for row in alerts[1].evidence] == [
        ("low_csat_30d", 1, 1),
        ("breaches_30d", 2, 2),
    ]
    assert alerts[-1].explanation == "No bad sign from support is left of the last 30 days."
    assert alerts[0].clears_when.text == "an end of all these signs"


def test_one_ticket_reopened_twice_is_a_sign_two_reopened_once_are_none() -> None:
    story = grown()
    for day, ticket in ((1, "a"), (2, "b")):
        story(day * DAY, TicketReopened, ticket_id=ticket)
    assert told(story, "support.poor_experience", 9 * DAY) == []
    story(3 * DAY, TicketReopened, ticket_id="b")
    assert told(story, "support.poor_experience", 9 * DAY) == [(3, "opened", "warn")]


def test_value_shown_eases_what_the_price_is_asked_for() -> None:
    story = Story()(0, AccountUpdated, stage="value")(100 * DAY, DiscountRequested)(101 * DAY, ValueDelivered)
    assert told(story, "price.objection", 140 * DAY) == [
        (100, "opened", "high"),
        (101, "eased", "watch"),
        (130, "resolved", "watch"),
    ]


# -- seen by a person -------------------------------------------------------------------------------------------------


def mailed(story: Story, *days: int) -> Story:
    for day in days:
        story(day * DAY, TouchLogged, direction="outbound", kind="email", automated=True)
    return story


def called(story: Story, at: int, late: int = 0, **fields: Any) -> Story:
    given = {"direction": "outbound", "kind": "call", "outcome": "held", **fields}
    return story(at, TouchLogged, late=late, **given)


def test_a_talk_that_ended_it_keeps_it_from_opening_again_until_it_was_over_once() -> None:
    """R2.2: while OFF holds ON does not open; it opens again only after ON was false once."""
    story = mailed(grown(), 1, 2, 3, 4, 5)  # five of five by machine
    called(story, 10 * DAY, direction="inbound")
    mailed(story, 20, 21, 22)
    assert told(story, "contact.neglect", 60 * DAY) == [
        (5, "opened", "warn"),
        (10, "recovering", "warn"),
        (17, "resolved", "warn"),
    ]
    mailed(story, *range(90, 96))
    assert told(story, "contact.neglect", 100 * DAY)[3:4] == [(92, "opened", "warn")]


def test_a_talk_from_before_it_began_does_not_count() -> None:
    story = mailed(called(grown(), DAY, direction="inbound"), 2, 3, 4, 5, 6)
    assert told(story, "contact.neglect", 12 * DAY) == [(6, "opened", "warn")]


def test_a_talk_that_is_told_when_it_holds_already_ends_it_before_it_is_told() -> None:
    """The call was held after the fifth mail, and both are recorded at the same time."""
    story = mailed(grown(), 1, 2, 3, 4)
    story(5 * DAY, TouchLogged, late=2 * HOUR, direction="outbound", kind="email", automated=True)
    called(story, 5 * DAY + HOUR, direction="inbound")
    assert told(story, "contact.neglect", 12 * DAY) == []


def test_a_call_that_is_told_late_proves_that_nobody_was_neglected() -> None:
    """R2.11: a fact that shows that it never held resolves the alert at once, whatever the clears column says."""
    story = mailed(called(grown(), 0), 10, 20, 30)
    called(story, 55 * DAY, late=10 * DAY, outcome="no_show")
    alerts = story.world(until=70 * DAY).of("contact.neglect")
    assert [(a.transition, a.resolution) for a in alerts] == [("opened", None), ("resolved", "superseded")]


def test_a_search_for_a_beginning_ends() -> None:
    story = called(mailed(grown(), *range(60)), 30 * DAY, direction="inbound")
    assert told(story, "contact.neglect", 80 * DAY)[0] == (4, "opened", "warn")


def in_use(story: Story) -> Story:
    for day in range(0, 50, 7):
        story(day * DAY, UsageRecorded)
    return story


# -- what others say --------------------------------------------------------------------------------------------------


def test_notes_and_facts_disagree_only_while_two_families_say_otherwise() -> None:
    story = grown()(DAY, PulseRecorded, rating=75.0)
    story(2 * DAY, SurveyResponded, score=1.0, **CSAT)  # support at warn
    mailed(story, 3, 4, 5, 6, 7)  # relationship at warn
    in_use(story)
    plan = only("crm.disconnect", "support.poor_experience", "contact.neglect")
    alert = story.world(until=50 * DAY, plan=plan).of("crm.disconnect")[0]
    assert alert.explanation == (
        "The people in charge call the account healthy while 2 families say otherwise:"
        " support at warn; relationship at warn."
    )
    assert told(story, "crm.disconnect", 50 * DAY, plan) == [
        (7, "opened", "warn"),
        (32, "recovering", "warn"),
        (39, "resolved", "warn"),
    ]


def test_a_healthy_verdict_is_as_much_as_a_pulse_and_its_own_signal_is_none_of_the_familys() -> None:
    story = grown()(DAY, AssessmentRecorded, verdict="healthy")
    in_use(story)(2 * DAY, SurveyResponded, score=1.0, **CSAT)
    assert told(story, "crm.disconnect", 45 * DAY) == []
    assert "crm.disconnect" not in {name for one in operator("crm.disconnect").signals for name in one.rules}  # type: ignore[attr-defined]


# -- goals ------------------------------------------------------------------------------------------------------------


def test_a_goal_that_is_dropped_to_keep_the_record_small_ends_its_alert() -> None:
    found = operator("goal.wrong_outcome")
    world = Story()(0, GoalSet, goal_id="g", kind="cost", direction="down").world()
    account = world.partition._accounts["default", "acme"]
    verdict = found.judge(account, "gone", _moment(), None)
    assert verdict.ended == "superseded"
    assert list(found.subjects(account, _moment())) == ["g"]
    assert list(operator("price.objection").subjects(account, _moment())) == [None]


def test_an_improvement_that_ages_leaves_the_alert_as_it_is() -> None:
    story = Story()
    for name in ("cost", "risk"):
        story(0, GoalSet, goal_id=name, kind="cost", direction="down", baseline=10.0, target=0.0)
    for day, name, value in ((1, "cost", 5.0), (1, "risk", 5.0), (2, "risk", 6.0)):
        story(day * DAY, GoalMeasured, goal_id=name, value=value, evidence="measured")
    assert told(story, "goal.wrong_outcome", 200 * DAY) == [(2, "opened", "high")]


def test_a_negative_counts_once_a_person_and_day() -> None:
    story = Story()(0, AccountUpdated, stage="onboarding")
    for hour in (1, 2, 3):
        story(hour * HOUR, TicketEscalated, ticket_id=f"t{hour}", stakeholder_id="p")
    assert told(story, "onboarding.irritation", 5 * DAY) == []
    story(2 * DAY, TicketEscalated, ticket_id="t4", stakeholder_id="p")
    assert told(story, "onboarding.irritation", 5 * DAY) == [(2, "opened", "high")]


def _moment() -> Moment:
    return Moment(0, 0, 0, 0)


def test_every_condition_of_a_row_keeps_and_wakes() -> None:
    neglect = operator("contact.neglect")
    assert len([name for cls, name in neglect.wakes if cls is TouchLogged]) == 1
    assert {kept.name for kept in neglect.measures if hasattr(kept, "name")} >= {"outbound", "last_human_two_way"}
    assert neglect.names == frozenset()
    assert msgspec.structs.replace(neglect, signals=()).names == frozenset()


def test_an_open_alert_tells_everything_that_still_holds() -> None:
    """When one condition does not hold any more, and nothing but an event could change that, the others are told."""
    story = Story()(0, AccountUpdated, renewal_date=date(2026, 9, 22))
    for day in range(171):
        story(day * DAY + 9 * HOUR, UsageRecorded, count=40, stakeholder_id="p", topic="usage")
    for number, day in enumerate((10, 15, 33, 35)):
        story(day * DAY, TicketCreated, ticket_id=f"t{number}", priority="normal", category="question", topic="support")
    opened, escalated = story.world(172 * DAY).of("value.silent_green")
    assert [row.name for row in opened.evidence] == [
        "usage_of_usual", "last_ticket", "tickets_90d", "last_outcome_evidence",
    ]  # fmt: skip
    assert [row.name for row in escalated.evidence] == ["usage_of_usual", "last_ticket", "last_outcome_evidence"]
