"""What must hold for a rule to be judged at all: since when, until when, and in which words."""

import msgspec
import pytest

from detector.domain.account import Account
from detector.domain.conditions import AllOf, Condition, GoalOpen, Held, Named, Onboarding, TouchModel, Within
from detector.domain.events import (
    AccountUpdated,
    Event,
    GoalClosed,
    GoalSet,
    OnboardingCompleted,
    OnboardingStarted,
    StakeholderLeft,
    StakeholderUpdated,
    TicketCreated,
    TouchLogged,
)
from detector.domain.measures import Count
from detector.domain.operators.threshold import Threshold
from detector.domain.plan import Rule
from detector.domain.verdict import Moment
from tests.domain.world import DAY, HOUR, PLAN, T0, Story, with_rule


def rule(rule_id: str) -> Rule:
    return next(found for found in PLAN.rules if found.id == rule_id)


def tickets() -> Count:
    operator = rule("support.flood").operator
    assert isinstance(operator, Threshold)
    assert isinstance(operator.measure, Count)
    return operator.measure


def account_of(story: Story) -> Account:
    return story.world().partition._accounts["default", "acme"]


def held(condition: Condition, story: Story, at: int, subject: str | None = None) -> Held:
    account = account_of(story)
    return condition.held(account, Moment(T0 + at, T0 + at, account.first_event, T0), subject)


def test_onboarding_holds_from_the_start_to_its_end() -> None:
    story = Story()(HOUR, OnboardingStarted)(10 * DAY, OnboardingCompleted)
    during = held(Onboarding(), story, 2 * DAY)
    assert (during.holds, during.since, during.due) == (True, T0 + HOUR, T0 + 10 * DAY)
    after = held(Onboarding(), story, 10 * DAY)
    assert (after.holds, after.due, after.text) == (False, None, "the onboarding is over")


@pytest.mark.parametrize(("model", "holds"), [("high", True), ("tech", False), (None, False)])
def test_how_an_account_is_served_is_asked_of_its_profile(model: str | None, holds: bool) -> None:
    story = Story()(0, AccountUpdated, touch_model=model)
    assert held(TouchModel(frozenset({"high"})), story, DAY).holds is holds


def test_an_account_of_which_that_is_not_known_is_served_mid_touch() -> None:
    assert held(TouchModel(frozenset({"mid"})), Story()(0, AccountUpdated, segment="smb"), DAY).holds


def test_a_role_is_named_since_the_first_who_is_there() -> None:
    condition = Named(frozenset({"sponsor", "executive"}))
    story = Story()(0, StakeholderUpdated, stakeholder_id="s1", role="sponsor")
    story(DAY, StakeholderUpdated, stakeholder_id="e1", role="executive")
    assert held(condition, story, 2 * DAY).since == T0
    story(2 * DAY, StakeholderLeft, stakeholder_id="s1")
    assert held(condition, story, 3 * DAY).since == T0 + DAY
    story(3 * DAY, StakeholderLeft, stakeholder_id="e1")
    assert held(condition, story, 4 * DAY) == Held(holds=False, text="no executive or sponsor is named")


def test_a_goal_is_open_until_it_is_closed() -> None:
    story = Story()(0, GoalSet, goal_id="g1", kind="revenue", direction="up")
    story(DAY, GoalSet, goal_id="g2", kind="cost", direction="down")(
        2 * DAY, GoalClosed, goal_id="g1", closed_as="partial"
    )
    assert held(GoalOpen(), story, 3 * DAY).since == T0 + DAY
    assert not held(GoalOpen(), story, 3 * DAY, "g1").holds
    assert held(GoalOpen(), story, 3 * DAY, "g2").holds
    assert not held(GoalOpen(), story, 3 * DAY, "g3").holds


def test_an_activity_is_no_outcome_goal() -> None:
    story = Story()(0, GoalSet, goal_id="g1", kind="activity", direction="up")
    assert held(GoalOpen(), story, DAY).holds
    assert not held(GoalOpen(outcome=True), story, DAY).holds


def test_a_measure_is_within_bounds_until_its_window_moves_on() -> None:
    story = Story(topic="support")
    for number in range(3):
        story(
            number * DAY, TicketCreated, ticket_id=f"t{number}", priority="low", category="question", feature="export"
        )
    found = held(Within(tickets(), at_least=3), story, 2 * DAY)
    assert (found.holds, found.due, found.text) == (True, T0 + 7 * DAY, "tickets_7d 3")
    assert (found.evidence[0].observed, found.evidence[0].expected, found.evidence[0].unit) == (3, 3, "events")
    assert not held(Within(tickets(), at_most=2), story, 2 * DAY).holds
    assert held(Within(tickets(), below=3), story, 7 * DAY).holds
    assert not held(Within(tickets(), above=2), story, 7 * DAY).holds
    assert held(Within(tickets(), at_least=0), story, 30 * DAY).due is None


def test_all_the_tickets_there_are_have_no_end_in_sight() -> None:
    story = Story(topic="support")(0, TicketCreated, ticket_id="t", priority="low", category="question")
    account = account_of(story)
    assert msgspec.structs.replace(tickets(), window_ms=None).next_change(account, T0 + DAY) is None


def test_people_are_counted_as_people() -> None:
    assert msgspec.structs.replace(tickets(), distinct="stakeholder_id").unit == "people"
    assert tickets().classes == (TicketCreated,)


def test_a_word_is_one_of_the_words_and_the_unknown_is_never_within() -> None:
    condition = Within(tickets(), words=frozenset({"healthy"}))
    assert condition.admits("healthy")
    assert not condition.admits("at_risk")
    assert not Within(tickets(), at_most=9).admits(None)


def test_all_of_several_hold_since_the_last_and_say_which_is_missing() -> None:
    both = AllOf((Named(frozenset({"sponsor"})), Onboarding()))
    story = Story()(0, OnboardingStarted)(DAY, StakeholderUpdated, stakeholder_id="s1", role="sponsor")
    found = held(both, story, 2 * DAY)
    assert (found.holds, found.since, found.due) == (True, T0 + DAY, T0 + 180 * DAY)
    assert found.text == "a sponsor is named and the onboarding goes on"
    assert held(both, story, 181 * DAY).text == "the onboarding is over"
    assert set(both.classes) >= {StakeholderUpdated, OnboardingStarted}
    assert both.names == frozenset()
    assert len(AllOf((Within(tickets(), at_least=1), GoalOpen())).kept) == 1


# -- a rule that has one ----------------------------------------------------------------------------------------------


def silent_while(condition: Condition, story: Story, until: int) -> list[tuple[str, str, str, str | None]]:
    plan = with_rule(msgspec.structs.replace(rule("contact.dark"), when=condition))
    return story.world(until, plan=plan).said("contact.dark")


def attempts(story: Story) -> Story:
    for day in (2, 4, 6, 32, 34, 36):
        story(day * DAY, TouchLogged, direction="outbound", kind="email")
    return story


def test_nothing_is_awaited_from_before_the_condition_held() -> None:
    """R2 anchor: silence with a sponsor begins when the first one is named."""
    story = attempts(Story()(30 * DAY, StakeholderUpdated, stakeholder_id="s1", role="sponsor"))
    said = silent_while(Named(frozenset({"sponsor"})), story, 46 * DAY)
    assert [(at[:10], transition) for at, transition, _, _ in said] == [("2026-02-18", "opened")]


def test_an_alert_clears_when_its_condition_holds_no_more_and_says_so() -> None:
    story = attempts(Story()(0, StakeholderUpdated, stakeholder_id="s1", role="sponsor"))
    story(15 * DAY, StakeholderLeft, stakeholder_id="s1")
    plan = with_rule(msgspec.structs.replace(rule("contact.dark"), when=Named(frozenset({"sponsor"}))))
    # Only what a rule's condition listens to wakes it: here the stranger's touch does.
    story(15 * DAY + HOUR, TouchLogged, direction="outbound", kind="email")
    alerts = story.world(17 * DAY, plan=plan).of("contact.dark")
    assert [alert.transition for alert in alerts] == ["opened", "recovering", "resolved"]
    assert alerts[1].explanation.startswith("It is not asked for any more: no sponsor is named.")


@pytest.mark.parametrize(
    ("condition", "cls"),
    [
        (Onboarding(), OnboardingCompleted),
        (TouchModel(frozenset({"high"})), AccountUpdated),
        (Named(frozenset({"sponsor"})), StakeholderLeft),
        (GoalOpen(), GoalClosed),
        (Within(tickets(), at_least=1), TicketCreated),
    ],
)
def test_what_may_change_a_condition_wakes_its_rule(condition: Condition, cls: type[Event]) -> None:
    assert cls in condition.classes
