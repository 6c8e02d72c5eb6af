"""Silence in its further forms: of each role, after a turn, by the table of touch models, in business days."""

from datetime import datetime
from typing import Any

from detector.domain.events import (
    AccountUpdated,
    GoalClosed,
    GoalMeasured,
    GoalReviewed,
    GoalSet,
    OnboardingBlocked,
    OnboardingProgressed,
    OnboardingStarted,
    QuestionAsked,
    StakeholderLeft,
    StakeholderUpdated,
    SurveyResponded,
    TouchLogged,
    ValueDelivered,
)
from tests.domain.world import DAY, HOUR, T0, Story


def said(story: Story, rule_id: str, until: int) -> list[tuple[int, str, str, str | None]]:
    """Day of the story, transition, severity and subject of each alert of a rule."""
    alerts = story.world(until=until).of(rule_id)
    return [(day_of(alert.detected_at), alert.transition, alert.severity, alert.subject.id) for alert in alerts]


def day_of(detected_at: str) -> int:
    at = datetime.fromisoformat(detected_at)
    return (int(at.timestamp() * 1000) - T0) // DAY


def person(story: Story, at: int, who: str, role: str, **fields: Any) -> Story:
    return story(at, StakeholderUpdated, stakeholder_id=who, role=role, **fields)


# -- since a turn -----------------------------------------------------------------------------------------------------


def goal(story: Story, at: int = 0) -> Story:
    return story(at, GoalSet, goal_id="g1", kind="revenue", direction="up")


def test_a_sponsor_who_is_given_another_role_is_lost() -> None:
    story = goal(person(Story(), 0, "s1", "sponsor"))
    person(story, 20 * DAY, "s1", "champion")
    assert said(story, "goal.unreviewed", 36 * DAY) == [(34, "opened", "watch", None)]


def test_a_sponsor_who_was_a_champion_before_is_new() -> None:
    story = goal(person(Story(), 0, "s1", "sponsor"))
    person(story, HOUR, "c1", "champion")
    person(story, 20 * DAY, "c1", "sponsor")
    assert said(story, "goal.unreviewed", 36 * DAY) == [(34, "opened", "watch", None)]


def test_a_sponsor_told_again_every_day_is_not_new() -> None:
    story = goal(person(Story(), 0, "s1", "sponsor"))
    for day in range(1, 40):
        person(story, day * DAY, "s1", "sponsor")
    assert said(story, "goal.unreviewed", 60 * DAY) == []


def test_the_first_change_that_nobody_talked_about_counts_not_the_last() -> None:
    story = goal(person(Story(), 0, "s1", "sponsor"))
    for day in (20, 28):
        person(story, day * DAY, f"s{day}", "sponsor")
    assert said(story, "goal.unreviewed", 36 * DAY) == [(34, "opened", "watch", None)]


def test_a_review_that_is_told_late_proves_that_the_new_sponsor_was_asked() -> None:
    """R2.11: a fact that shows that a limit was kept resolves the alert at once, as superseded."""
    story = goal(person(Story(), 0, "s1", "sponsor"))
    person(story, 20 * DAY, "s2", "sponsor")
    story(25 * DAY, GoalReviewed, goal_id="g1", late=12 * DAY)
    alerts = story.world(until=60 * DAY).of("goal.unreviewed")
    assert [(alert.transition, alert.resolution) for alert in alerts] == [("opened", None), ("resolved", "superseded")]
    assert "since the sponsor changed" in alerts[0].explanation


def test_the_goals_are_asked_for_no_more_when_none_is_open() -> None:
    story = goal(Story())(95 * DAY, GoalClosed, goal_id="g1", closed_as="achieved")
    alerts = story.world(until=110 * DAY).of("goal.unreviewed")
    assert [alert.transition for alert in alerts] == ["opened", "recovering", "resolved"]
    assert alerts[1].explanation.startswith("It is not asked for any more: no goal is open.")


# -- of each role -----------------------------------------------------------------------------------------------------


def test_each_role_that_is_named_is_silent_on_its_own() -> None:
    """Rules per role (rules.md 1): each counts from the naming of the first person in it."""
    story = person(Story(), 0, "c1", "champion")
    person(story, 10 * DAY, "s1", "sponsor")
    person(story, 50 * DAY, "s2", "sponsor")
    assert said(story, "value.role_gap", 102 * DAY) == [
        (90, "opened", "watch", "champion"),
        (100, "opened", "watch", "sponsor"),
    ]


def test_the_role_of_a_person_is_the_one_that_is_known_not_the_one_told_with_the_event() -> None:
    story = person(Story(), 0, "c1", "champion")
    story(60 * DAY, ValueDelivered, stakeholder_id="c1", role="end_user")
    story(60 * DAY, ValueDelivered, stakeholder_id="x", role="champion")
    assert said(story, "value.role_gap", 140 * DAY) == []
    assert said(story, "value.role_gap", 151 * DAY) == [(150, "opened", "watch", "champion")]


def test_a_role_whose_holder_left_is_owed_nothing() -> None:
    story = person(Story(), 0, "c1", "champion")(20 * DAY, StakeholderLeft, stakeholder_id="c1")
    assert said(story, "value.role_gap", 200 * DAY) == []


def test_an_unanswered_question_is_the_accounts_own_and_any_feedback_ends_it() -> None:
    story = Story()(0, QuestionAsked)
    person(story, 55 * DAY, "c1", "champion")
    story(70 * DAY, SurveyResponded, survey_type="csat", score=3.0, scale_min=1.0, scale_max=5.0)
    assert said(story, "feedback.stale", 100 * DAY) == [
        (60, "opened", "watch", None),
        (70, "recovering", "watch", None),
        (77, "resolved", "watch", None),
    ]


def test_a_question_asked_before_the_last_feedback_waits_for_nobody() -> None:
    story = Story()(0, QuestionAsked)
    story(20 * DAY, SurveyResponded, survey_type="csat", score=3.0, scale_min=1.0, scale_max=5.0)
    assert said(story, "feedback.stale", 100 * DAY) == []
    story(30 * DAY, QuestionAsked)
    assert said(story, "feedback.stale", 100 * DAY) == [(90, "opened", "watch", None)]


# -- limits -----------------------------------------------------------------------------------------------------------


def test_how_an_account_is_served_decides_how_long_it_may_take() -> None:
    story = Story()(0, AccountUpdated, touch_model="tech")(40 * DAY, AccountUpdated, touch_model="high")
    assert said(story, "value.gap", 42 * DAY) == [(40, "opened", "warn", None)]


def test_a_schedule_that_is_set_after_its_measure_makes_it_a_step() -> None:
    story = Story()(0, GoalSet, goal_id="g1", kind="revenue", direction="up", baseline=0.0, target=10.0)
    story(30 * DAY, GoalMeasured, goal_id="g1", value=5.0, evidence="measured")
    assert said(story, "value.gap", 62 * DAY) == [(60, "opened", "warn", None)]


def test_the_side_that_blocks_is_evidence_of_a_stalled_onboarding() -> None:
    story = Story()(9 * HOUR, OnboardingStarted)(DAY, OnboardingBlocked, blocked_by="vendor")
    (alert,) = story.world(until=8 * DAY).of("onboarding.stalled")
    assert [(row.name, row.observed) for row in alert.evidence] == [("last_progress", 7.0), ("blocked_by", "vendor")]
    assert alert.explanation == (
        "No progress in the onboarding for 7 days (limit 5 business days); side that blocks: vendor."
    )


def test_where_nobody_said_who_blocks_it_is_unknown() -> None:
    story = Story()(9 * HOUR, OnboardingStarted)(8 * DAY, OnboardingProgressed, task_id="t")
    alerts = story.world(until=9 * DAY).of("onboarding.stalled")
    assert alerts[0].explanation.endswith("side that blocks: unknown.")
    assert alerts[1].transition == "recovering"


def test_a_word_of_the_sponsor_counts_though_the_role_was_told_after_it() -> None:
    story = Story()(30 * DAY, TouchLogged, direction="inbound", kind="email", stakeholder_id="s1")
    person(story, 31 * DAY, "s1", "sponsor")
    assert said(story, "sponsor.silent", 92 * DAY) == [(91, "opened", "watch", None)]
    person(story, 0, "s0", "sponsor")
    assert said(story, "sponsor.silent", 92 * DAY) == [(90, "opened", "watch", None)]
