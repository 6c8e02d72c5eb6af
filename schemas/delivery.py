"""CRM: onboarding, plans, and news of the product."""

from typing import Literal

from schemas.envelope import Event, Side, example
from schemas.fields import Amount, Id, Instant, Text


class OnboardingStarted(Event):
    """Onboarding began."""

    event_type: Literal["onboarding.started"]


class OnboardingKickoffHeld(Event):
    """Both sides met to begin."""

    event_type: Literal["onboarding.kickoff_held"]


class PlanStaffed(Event):
    """One side named the people who will do the work."""

    model_config = example(side="customer")
    event_type: Literal["plan.staffed"]
    side: Side


class OnboardingProgressed(Event):
    """A task of the onboarding was done."""

    model_config = example(task_id="import-data")
    event_type: Literal["onboarding.progressed"]
    task_id: Id


class OnboardingReopened(Event):
    """A task of the onboarding that was done has to be done again."""

    model_config = example(task_id="import-data")
    event_type: Literal["onboarding.reopened"]
    task_id: Id


class OnboardingBlocked(Event):
    """The onboarding waits for one side."""

    model_config = example(blocked_by="vendor", reason="no access to the old system")
    event_type: Literal["onboarding.blocked"]
    blocked_by: Side
    reason: Text | None = None


class OnboardingCompleted(Event):
    """Onboarding is over."""

    model_config = example(planned_users=40)
    event_type: Literal["onboarding.completed"]
    planned_users: Amount | None = None


class MilestoneSet(Event):
    """A milestone of a plan; a private one is not for the customer's eyes."""

    model_config = example(milestone_id="M-2", due_at="2026-04-01T00:00:00Z", visibility="shared")
    event_type: Literal["milestone.set"]
    milestone_id: Id
    due_at: Instant
    visibility: Literal["shared", "private"]


class MilestoneDone(Event):
    """A milestone was reached."""

    model_config = example(milestone_id="M-2")
    event_type: Literal["milestone.done"]
    milestone_id: Id


class MilestoneMissed(Event):
    """A milestone was missed."""

    model_config = example(milestone_id="M-2")
    event_type: Literal["milestone.missed"]
    milestone_id: Id


class ReleasePublished(Event):
    """The envelope's `feature` was released; emitted per account that is entitled to it."""

    model_config = example(release_id="R-12", feature="forecast")
    event_type: Literal["release.published"]
    release_id: Id


class ReleaseTold(Event):
    """The account was told of a release."""

    model_config = example(release_id="R-12", feature="forecast")
    event_type: Literal["release.told"]
    release_id: Id


class ContentSent(Event):
    """The account was sent something worth reading on a topic."""

    model_config = example(topic="month-end close")
    event_type: Literal["content.sent"]
    topic: Id
