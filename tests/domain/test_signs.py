"""Signs: silence, repetition, a goal that moves, usage as ever; and what others say: rules, index, confidence."""

from datetime import date

import pytest

from detector.domain.account import Account
from detector.domain.conditions import AllOf, AnyOf, Condition, GoalOpen, Held, Named, Not, Within
from detector.domain.events import (
    AccountUpdated,
    Event,
    GoalMeasured,
    GoalSet,
    OnboardingReopened,
    PricingViewed,
    StakeholderUpdated,
    TicketCreated,
    TouchLogged,
    UsageRecorded,
)
from detector.domain.lasts import LastSeen
from detector.domain.matchers import Matcher
from detector.domain.measures import Count, Log, Mark
from detector.domain.others import ConfidenceIs, FamilyIs, IndexIs, SignalIs
from detector.domain.signs import Before, GoalMoved, Most, OfUsual, Repeated, SilentFor, Unbroken
from detector.domain.state import AccountRecord, Episode
from detector.domain.verdict import WARN, Moment
from tests.domain.world import DAY, HOUR, T0, Story

VIEWS = Count("views", Log("views", Matcher("v", {PricingViewed: ((),)}), (), 64), 14 * DAY)
TASKS = Count("tasks", Log("tasks", Matcher("t", {OnboardingReopened: ((),)}), ("task_id",), 64), None, "task_id")
TOUCH = LastSeen("last_touch", Mark("last_touch", Matcher("m", {TouchLogged: ((),)})))
TICKETS = Count("tickets", Log("tickets", Matcher("c", {TicketCreated: ((),)}), ("feature",), 64), 7 * DAY)


def account_of(story: Story, *kept: Condition | Count | LastSeen) -> Account:
    """The account after a story, with what these conditions keep folded in as well."""
    account = story.world().partition._accounts["default", "acme"]
    for _, _, event in story.rows:
        assert isinstance(event, Event)
        for what in kept:
            for one in what.kept:
                one.fold(event, event.event_id.encode()[-8:], account)
    return account


def held(condition: Condition, story: Story, at: int, subject: str | None = None) -> Held:
    account = account_of(story, condition)
    return condition.held(account, Moment(T0 + at, T0 + at, account.first_event, T0), subject)


# -- silence and repetition -------------------------------------------------------------------------------------------


def test_a_silence_holds_from_so_long_after_the_last_on() -> None:
    story = Story()(DAY, TouchLogged, direction="inbound", kind="email")
    before, after = held(SilentFor(TOUCH, 30 * DAY), story, 20 * DAY), held(SilentFor(TOUCH, 30 * DAY), story, 31 * DAY)
    assert (before.holds, before.due, before.text) == (False, T0 + 31 * DAY, "last touch 19 days ago")
    assert (after.holds, after.since, after.due) == (True, T0 + 31 * DAY, None)
    never = held(SilentFor(TOUCH, 30 * DAY), Story()(0, AccountUpdated, segment="smb"), 30 * DAY)
    assert (never.holds, never.text) == (True, "last touch never in 30 days")
    assert SilentFor(TOUCH, DAY).classes == TOUCH.classes


def test_so_many_events_are_a_sign_at_the_last_of_them_and_for_so_long_after() -> None:
    condition = Repeated(VIEWS, 3, 30 * DAY)
    story = Story()
    for day in (0, 6, 12, 40):
        story(day * DAY, PricingViewed)
    assert not held(condition, story, 11 * DAY).holds
    sign = held(condition, story, 13 * DAY)
    assert (sign.holds, sign.since, sign.text) == (True, T0 + 12 * DAY, "views 3")
    assert sign.due == T0 + 40 * DAY  # dated ahead: it may be one more
    assert not held(condition, story, 42 * DAY).holds
    assert condition.classes == (PricingViewed,)


def test_of_each_subject_on_its_own_where_they_are_counted_so() -> None:
    condition = Repeated(TASKS, 2, 14 * DAY)
    story = Story()
    for day, task in ((0, "a"), (1, "b"), (30, "a")):
        story(day * DAY, OnboardingReopened, task_id=task)
    assert not held(condition, story, 2 * DAY).holds
    assert held(condition, story, 31 * DAY).since == T0 + 30 * DAY
    assert not held(condition, story, 44 * DAY).holds


def test_the_subject_that_has_most_counts() -> None:
    story = Story()
    for day, task in ((0, "a"), (1, "b"), (2, "b")):
        story(day * DAY, OnboardingReopened, task_id=task)
    account = account_of(story, TASKS)
    most = Most(TASKS)
    assert (most.value(account, T0 + 3 * DAY), most.name, most.unit) == (2, "tasks", "events")
    assert most.next_change(account, T0) == T0 + DAY
    assert (most.kept, most.classes) == (TASKS.kept, TASKS.classes)
    assert most.value(account_of(Story()(0, AccountUpdated, segment="a"), TASKS), T0) == 0


def test_only_what_came_since_something_else_counts() -> None:
    condition = Unbroken(VIEWS, 14 * DAY, 2, TOUCH)
    story = Story()(0, PricingViewed)(2 * DAY, PricingViewed)
    sign = held(condition, story, 3 * DAY)
    assert (sign.holds, sign.since, sign.due) == (True, T0 + 2 * DAY, T0 + 14 * DAY)
    assert sign.text == "views 2, with no touch since"
    assert not held(condition, story, 14 * DAY).holds
    story(3 * DAY, TouchLogged, direction="outbound", kind="call")
    assert not held(condition, story, 4 * DAY).holds
    story(5 * DAY, PricingViewed)(6 * DAY, PricingViewed)
    assert held(condition, story, 7 * DAY).since == T0 + 6 * DAY
    assert set(condition.classes) == {PricingViewed, TouchLogged}


def test_what_a_measure_read_so_long_ago() -> None:
    condition = Before(Within(TICKETS, at_least=2), 30 * DAY)
    story = Story(topic="support")
    for day in (0, 2):
        story(day * DAY, TicketCreated, ticket_id=f"t{day}", priority="low", category="question")
    early = held(condition, story, 31 * DAY)
    assert (early.holds, early.due) == (False, T0 + 32 * DAY)
    then = held(condition, story, 32 * DAY)
    assert (then.holds, then.due, then.text) == (True, T0 + 37 * DAY, "tickets 2 until 30 days ago")
    assert held(condition, story, 60 * DAY).due is None
    assert (condition.kept, condition.classes) == (TICKETS.kept, TICKETS.classes)


# -- usage and goals --------------------------------------------------------------------------------------------------


def used(*weeks: int) -> Story:
    story = Story(topic="usage")
    for week, count in enumerate(weeks):
        if count:
            story(week * 7 * DAY, UsageRecorded, count=count)
    return story


@pytest.mark.parametrize(
    ("weeks", "holds", "text"),
    [
        ((10,) * 8, True, "usage at 100% of what is usual"),
        ((10, 10, 10, 10, 10, 9, 10, 9), True, "usage at 95% of what is usual"),
        ((10, 10, 10, 10, 10, 9, 9, 9), False, "usage at 92% of what is usual"),
        ((4, 4, 4, 4, 9, 9, 9, 9), False, "no usual usage is known"),  # R2.4: under 20 actions
    ],
)
def test_usage_is_as_ever_over_four_weeks_against_the_four_before(
    weeks: tuple[int, ...], holds: bool, text: str
) -> None:
    """R2.4: 28 d windows compare with the one before, 56 d of history."""
    found = held(OfUsual(0.95, 28), used(*weeks), 56 * DAY + 7 * HOUR)
    assert (found.holds, found.text, found.due) == (holds, text, T0 + 57 * DAY + 6 * HOUR)
    assert OfUsual(0.95, 28).classes == ()


def test_without_56_days_of_history_nothing_is_usual() -> None:
    assert not held(OfUsual(0.95, 28), used(*(10,) * 8), 55 * DAY + 7 * HOUR).holds
    assert not held(OfUsual(0.95, 28), Story()(0, AccountUpdated, segment="smb"), 90 * DAY).holds


def test_holidays_leave_fewer_days_to_compare() -> None:
    story = used(10, 10, 10, 10, 8, 8, 8, 8)
    story(0, AccountUpdated, holidays=tuple(date(2026, 2, day) for day in (3, 4, 5, 6)))
    assert held(OfUsual(0.95, 28), story, 56 * DAY + 7 * HOUR).holds
    shut = used(*(10,) * 8)
    shut(0, AccountUpdated, holidays=tuple(date(2026, 1, day) for day in range(5, 32)))
    assert not held(OfUsual(0.95, 28), shut, 56 * DAY + 7 * HOUR).holds


def test_what_is_done_on_a_holiday_is_left_out_as_the_day_is() -> None:
    """R2.4: days that were a holiday are in neither window; so a rush on one hides no drop."""
    story = used(10, 10, 10, 10, 8, 8, 8, 8)
    story(29 * DAY, UsageRecorded, count=500)
    story(0, AccountUpdated, holidays=(date(2026, 2, 3),))
    found = held(OfUsual(0.95, 28), story, 56 * DAY + 7 * HOUR)
    assert (found.holds, found.text) == (False, "usage at 84% of what is usual")


def goals(*points: tuple[int, str, float]) -> Story:
    story = Story()
    for name, base, target in (("cost", 100.0, 80.0), ("revenue", 0.0, 10.0)):
        story(0, GoalSet, goal_id=name, kind="revenue", direction="up", baseline=base, target=target)
    story(0, GoalSet, goal_id="vague", kind="revenue", direction="up")
    for day, name, value in points:
        story(day * DAY, GoalMeasured, goal_id=name, value=value, evidence="measured")
    return story


def test_a_goal_moves_between_its_last_two_measures() -> None:
    down, up = GoalMoved(at_most=-0.05), GoalMoved(above=0.0)
    story = goals((10, "cost", 90.0), (20, "cost", 91.0))
    assert not held(down, story, 15 * DAY, "cost").holds  # one measure is no move; the next lies ahead
    assert held(down, story, 15 * DAY, "cost").due == T0 + 20 * DAY
    assert held(down, story, 20 * DAY, "cost") == Held(
        holds=True,
        since=T0 + 20 * DAY,
        text="goal cost moved by -5.0% of its way",
        evidence=held(down, story, 20 * DAY, "cost").evidence,
    )
    assert not held(up, story, 20 * DAY, "cost").holds
    assert held(up, story, 20 * DAY, "vague").text == "no goal moved"


def test_another_goal_improved_since_so_long_ago() -> None:
    other = GoalMoved(above=0.0, window_ms=90 * DAY, other=True)
    story = goals((10, "revenue", 2.0), (50, "revenue", 1.0))
    found = held(other, story, 60 * DAY, "cost")
    assert (found.holds, found.since, found.due) == (True, T0 + 50 * DAY, T0 + 100 * DAY)  # over its baseline
    assert not held(other, story, 60 * DAY, "revenue").holds
    assert not held(other, story, 100 * DAY, "cost").holds  # under what it was 90 days ago
    assert not held(other, story, 140 * DAY, "cost").holds  # measured too long ago


# -- made of others ---------------------------------------------------------------------------------------------------


def test_any_of_several_holds_since_the_first_and_tells_which() -> None:
    either = AnyOf((Named(frozenset({"sponsor"})), GoalOpen()))
    story = Story()(0, AccountUpdated, segment="smb")
    assert held(either, story, DAY).text == "no sponsor is named, and no goal is open"
    story(DAY, StakeholderUpdated, stakeholder_id="s", role="sponsor")
    assert held(either, story, 2 * DAY) == Held(holds=True, since=T0 + DAY, text="a sponsor is named")
    assert set(either.classes) >= {GoalSet, StakeholderUpdated}


def test_what_does_not_hold_is_waited_for_until_the_last_of_it_can() -> None:
    both = AllOf((SilentFor(TOUCH, 30 * DAY), SilentFor(TOUCH, 60 * DAY)))
    assert held(both, Story()(0, AccountUpdated, segment="smb"), DAY).due == T0 + 60 * DAY
    never = AllOf((SilentFor(TOUCH, 30 * DAY), GoalOpen()))
    assert held(never, Story()(0, AccountUpdated, segment="smb"), DAY).due is None


def test_not_is_the_opposite_in_the_same_words() -> None:
    none = Not(GoalOpen(outcome=True))
    story = Story()(0, GoalSet, goal_id="g", kind="activity", direction="up")
    assert (held(none, story, DAY).holds, held(none, story, DAY).text) == (True, "no goal is open")
    assert none.classes == GoalOpen().classes
    assert not held(none, goals(), DAY).holds


# -- what others say --------------------------------------------------------------------------------------------------


def said(*episodes: Episode, days: tuple[tuple[int, int], ...] = (), confidence: int = 0) -> Account:
    account = Account("default", "acme", "default/acme", bytearray(), None)
    record: AccountRecord = account.record
    record.episodes = list(episodes)
    record.standing.days, record.standing.confidence = list(days), confidence
    record.standing.value = days[-1][1] if days else -1
    return account


def alert(rule: str, level: int, status: str = "open", since: int = 5) -> Episode:
    return Episode(rule, None, None, "id", "", 0, since, level, 5, status=status)


def asked(condition: Condition, account: Account, day: int = 0) -> Held:
    return condition.held(account, Moment(day * DAY, day * DAY, 0, 0), None)


def test_a_signal_counts_while_its_alert_is_open_at_the_level_of_its_ladder() -> None:
    """Not the published severity: what is near its renewal is no worse for that (R2.8)."""
    condition = SignalIs("usage.drop", WARN)
    assert asked(condition, said(alert("usage.drop", 3))).holds
    assert not asked(condition, said(alert("usage.drop", 2))).holds
    assert not asked(condition, said(alert("usage.drop", 3, "recovering"))).holds
    assert not asked(condition, said(alert("usage.dark", 3))).holds
    found = asked(condition, said(alert("usage.drop", 4, since=9), alert("usage.drop", 3, since=7)))
    assert (found.since, found.text, found.evidence[0].observed) == (7, "usage.drop at high", "high")
    assert (condition.names, condition.kept, condition.classes) == (frozenset({"usage.drop"}), (), ())


def test_a_family_counts_by_its_rules_over_measures() -> None:
    condition = FamilyIs("adoption", frozenset({"usage.drop", "usage.dark"}), WARN)
    assert asked(condition, said(alert("usage.dark", 5))).text == "adoption at critical"
    assert not asked(condition, said(alert("release.lull", 5))).holds
    assert condition.names == frozenset({"family:adoption"})


def test_the_index_is_within_bounds_at_the_end_of_each_of_so_many_days() -> None:
    condition = IndexIs(at_least=75, days=14)
    account = said(days=((10, 600), (20, 750), (24, 800)))
    early = asked(condition, account, 30)
    assert (early.holds, early.due, early.text) == (False, 35 * DAY, "the index is 80")
    late = asked(condition, account, 35)
    assert (late.holds, late.since, late.evidence[0].expected) == (True, 35 * DAY, 75)
    assert not asked(condition, said(days=((10, 600), (20, 749))), 60).holds
    assert asked(condition, said(), 60).text == "there is no index"
    assert asked(IndexIs(below=70), said(days=((1, 699),))).holds
    assert not asked(IndexIs(below=70), said()).holds
    assert condition.names == frozenset({"index"})


def test_the_confidence_is_under_a_bound() -> None:
    condition = ConfidenceIs(0.5)
    assert asked(condition, said(confidence=49)).holds
    assert asked(condition, said(confidence=50)).text == "the confidence is 0.5"
    assert not asked(condition, said(confidence=50)).holds
    assert condition.names == frozenset({"confidence"})
