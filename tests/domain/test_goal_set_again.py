"""A goal that is set again after it was closed lives again (R2.12), whatever order that is told in."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.events import Event, GoalClosed, GoalMeasured, GoalReviewed, GoalSet, SchedulePoint
from detector.domain.facts import FOLDS
from detector.domain.states import STATES
from tests.domain.world import DAY, T0, Story, only

KIND = {"kind": "revenue", "direction": "up"}
WHOLE = {**KIND, "baseline": 0.0, "target": 10.0}


def goal(*days: int, **fields: Any) -> Story:
    """A goal that is set, closed and set again on these days."""
    story = Story()
    for number, day in enumerate(days):
        if number % 2:
            story(day * DAY, GoalClosed, goal_id="g", closed_as="abandoned")
        else:
            story(day * DAY, GoalSet, goal_id="g", **fields)
    return story


def told(story: Story, rule: str, until: int = 90) -> list[tuple[int, str]]:
    world = story.world(until=until * DAY, plan=only(rule))
    return [(day_of(alert.detected_at), alert.transition) for alert in world.of(rule)]


def day_of(text: str) -> int:
    return (int(text[5:7]) - 1) * 31 + int(text[8:10]) - 5  # January and February are enough


def test_what_it_lacks_is_asked_for_anew_from_then_on() -> None:
    assert told(goal(0, 5, **KIND), "goal.unmeasurable") == []
    assert told(goal(0, 5, 10, **KIND), "goal.unmeasurable") == [(24, "opened")]
    assert told(goal(0, 20, 40, **KIND), "goal.unmeasurable") == [
        (14, "opened"), (20, "resolved"), (54, "opened"),
    ]  # fmt: skip


def test_what_is_set_and_closed_in_one_moment_is_closed() -> None:
    assert told(goal(0, 5, 5, **KIND), "goal.unmeasurable") == []


def test_a_date_that_passed_while_it_was_closed_is_owed_no_measure() -> None:
    dates = (SchedulePoint(at=T0 + 10 * DAY, expected=2.0), SchedulePoint(at=T0 + 30 * DAY, expected=5.0))
    assert told(goal(0, 5, 20, **WHOLE, schedule=dates), "goal.unmeasured") == [(44, "opened")]


def test_it_is_measured_against_its_schedule_again() -> None:
    story = goal(0, 5, 10, **WHOLE, schedule=(SchedulePoint(at=T0 + 30 * DAY, expected=10.0),))
    story(20 * DAY, GoalMeasured, goal_id="g", value=1.0, evidence="measured")
    assert told(story, "goal.behind_schedule", until=21) == [(20, "opened")]


def test_a_target_that_was_met_before_it_was_closed_is_not_celebrated_again() -> None:
    story = goal(0, 5, 10, **WHOLE)(3 * DAY, GoalMeasured, goal_id="g", value=10.0, evidence="measured")
    assert told(story, "goal.celebrate") == []
    story(12 * DAY, GoalMeasured, goal_id="g", value=11.0, evidence="measured")
    assert told(story, "goal.celebrate") == [(19, "opened")]


def test_it_is_to_be_talked_about_again() -> None:
    story = goal(0, 5, **KIND)(6 * DAY, GoalReviewed, goal_id="g")
    assert told(story, "goal.unreviewed", until=150) == []
    story(10 * DAY, GoalSet, goal_id="g", kind="revenue", direction="up")
    assert [how for _, how in told(story, "goal.unreviewed", until=150)] == ["opened"]


def test_it_counts_as_a_goal_of_the_customer_again() -> None:
    account = folded([*SETS, closed(5)])
    assert since(account, day=4) == T0
    assert since(account, day=6) == T0 + 8 * DAY
    assert since(folded([SETS[0], closed(5)]), day=6) is None


def since(account: Account, day: int) -> int | None:
    return STATES["outcome_goal"].since(account, None, T0 + day * DAY)


def folded(events: Sequence[Event]) -> Account:
    account = Account("default", "acme", "default/acme", hot.new(), None)
    for event in events:
        FOLDS[type(event)](event, account)
    return account


def closed(day: int) -> GoalClosed:
    return GoalClosed(event_id="c", account_id="acme", occurred_at=T0 + day * DAY, goal_id="g", closed_as="achieved")


def set_on(day: int) -> GoalSet:
    at = T0 + day * DAY
    return GoalSet(event_id="s", account_id="acme", occurred_at=at, goal_id="g", kind="revenue", direction="up")


SETS: list[Event] = [set_on(0), set_on(2), set_on(8)]


@pytest.mark.parametrize("last", [closed(5), closed(9)])
def test_the_order_in_which_it_is_told_makes_no_difference(last: Event) -> None:
    kept = {repr(folded(order).record.goals) for order in permutations([*SETS, closed(1), last])}
    assert len(kept) == 1


def test_however_often_it_is_set_little_is_kept_of_it() -> None:
    every: list[Event] = [set_on(day) for day in range(40)]
    goal = folded([closed(3), *every]).record.goals["g"]
    assert (goal.set_at, goal.begun, len(goal.again)) == (T0, T0 + 4 * DAY, 4)
