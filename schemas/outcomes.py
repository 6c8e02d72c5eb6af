"""CRM: outcomes: what was sold, the customer's goals, and proof of value."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.envelope import Contract, Event, example
from schemas.fields import Id, Instant, Name, Number, Text


class DealClosed(Event):
    """A contract was signed; of a promised value only that there was one is kept."""

    model_config = example(promised_value="cut the month-end close from 9 days to 4")
    event_type: Literal["deal.closed"]
    promised_value: Text | None = None


class SchedulePoint(Contract):
    """What a goal's measure is expected to be at a time."""

    at: Instant
    expected: Number


class GoalSet(Event):
    """A goal of the customer; the same `goal_id` again replaces the fields given."""

    model_config = example(
        goal_id="G-1",
        kind="cost",
        name="days of the month-end close",
        baseline=9,
        target=4,
        unit="days",
        direction="down",
        schedule=[
            {"at": "2026-04-01T00:00:00Z", "expected": 7},
            {"at": "2026-07-01T00:00:00Z", "expected": 4},
        ],
        replaces="G-0",
    )
    event_type: Literal["goal.set"]
    goal_id: Id
    kind: Literal["revenue", "cost", "risk", "productivity", "other_outcome", "activity"]
    name: Text | None = None
    baseline: Number | None = None
    target: Number | None = None
    unit: Name | None = None
    direction: Literal["up", "down"]
    schedule: Annotated[list[SchedulePoint], Field(max_length=60)] | None = None
    replaces: Id | None = None


class GoalMeasured(Event):
    """Where a goal stands, and who says so."""

    model_config = example(goal_id="G-1", value=8.2, evidence="customer_confirmed")
    event_type: Literal["goal.measured"]
    goal_id: Id
    value: Number
    evidence: Literal["customer_confirmed", "measured", "vendor_asserted"]


class GoalAcknowledged(Event):
    """The event's stakeholder knows where the goal stands."""

    model_config = example(goal_id="G-1", stakeholder_id="u-17", role="sponsor")
    event_type: Literal["goal.acknowledged"]
    goal_id: Id


class GoalCelebrated(Event):
    """A success was celebrated."""

    model_config = example(goal_id="G-1")
    event_type: Literal["goal.celebrated"]
    goal_id: Id | None = None


class GoalReviewed(Event):
    """The goals, or one of them, were gone through with the customer."""

    model_config = example(goal_id="G-1")
    event_type: Literal["goal.reviewed"]
    goal_id: Id | None = None


class GoalClosed(Event):
    """A goal is no longer pursued, until its `goal_id` is set again."""

    model_config = example(goal_id="G-1", closed_as="achieved")
    event_type: Literal["goal.closed"]
    goal_id: Id
    closed_as: Literal["achieved", "partial", "abandoned"]


class ValueDelivered(Event):
    """A proof of value was shown to the event's stakeholder or role."""

    model_config = example(goal_id="G-1", role="executive")
    event_type: Literal["value.delivered"]
    goal_id: Id | None = None
