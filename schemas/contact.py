"""CRM: contact with the customer, and what was promised in it."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.envelope import Event, Stage, example
from schemas.fields import Id, Instant, Sentiment

Tag = Literal["pricing", "competitor", "complaint", "praise", "roadmap"]


class TouchLogged(Event):
    """A contact took place, or was tried (`outcome`)."""

    model_config = example(
        stakeholder_id="u-17",
        role="sponsor",
        direction="outbound",
        kind="meeting",
        automated=False,
        outcome="held",
        sentiment=0.4,
        tags=["roadmap", "praise"],
    )
    event_type: Literal["touch.logged"]
    direction: Literal["outbound", "inbound"]
    kind: Literal["call", "email", "meeting", "review", "event", "survey", "note"]
    automated: bool = False
    outcome: Literal["held", "replied", "no_show", "cancelled", "rescheduled", "none"] = "none"
    sentiment: Sentiment | None = None
    tags: Annotated[list[Tag], Field(max_length=20)] | None = None


class TouchPlanned(Event):
    """A contact is planned for `due_at`."""

    model_config = example(stakeholder_id="u-17", due_at="2026-03-09T10:00:00+01:00")
    event_type: Literal["touch.planned"]
    due_at: Instant


class QuestionAsked(Event):
    """Somebody on our side asked openly how it is going."""

    model_config = example(stakeholder_id="u-17")
    event_type: Literal["question.asked"]


class ReviewHeld(Event):
    """A business review was held."""

    model_config = example(review_id="QBR-2026-1")
    event_type: Literal["review.held"]
    review_id: Id


class ActionOpened(Event):
    """Something was promised, perhaps in a review, perhaps by a date."""

    model_config = example(action_id="A-3", review_id="QBR-2026-1", due_at="2026-03-16T00:00:00Z")
    event_type: Literal["action.opened"]
    action_id: Id
    review_id: Id | None = None
    due_at: Instant | None = None


class ActionDone(Event):
    """What was promised was done."""

    model_config = example(action_id="A-3")
    event_type: Literal["action.done"]
    action_id: Id


class ExpectationSent(Event):
    """The customer was told what to expect of a stage."""

    model_config = example(stage="adoption")
    event_type: Literal["expectation.sent"]
    stage: Stage
