"""Usage: what people do in the product."""

from typing import Literal

from schemas.envelope import Event, example
from schemas.fields import Amount, Count, Id, Number, Seconds


class UsageRecorded(Event):
    """Somebody did something, `count` times; `value_moment`: an action that carries the customer's outcome."""

    model_config = example(stakeholder_id="u-17", feature="export", count=3, duration_seconds=41.5, value_moment=True)
    event_type: Literal["usage.recorded"]
    count: Count = 1
    duration_seconds: Seconds | None = None
    value_moment: bool = False


class UsageActiveUsers(Event):
    """How many people were active in the `period_days` before: a pre-aggregated feed."""

    model_config = example(active_users=42, period_days=28)
    event_type: Literal["usage.active_users"]
    active_users: Amount
    period_days: Count


class UsageMetered(Event):
    """A meter of machines moved by `quantity`."""

    model_config = example(meter="api_calls", quantity=12000)
    event_type: Literal["usage.metered"]
    meter: Id
    quantity: Number


class DocsViewed(Event):
    """Somebody read about the envelope's `feature`."""

    model_config = example(stakeholder_id="u-17", feature="export")
    event_type: Literal["docs.viewed"]


class PricingViewed(Event):
    """Somebody looked at the prices."""

    model_config = example(stakeholder_id="u-17")
    event_type: Literal["pricing.viewed"]


class DataExported(Event):
    """Somebody took `rows` rows out of the product."""

    model_config = example(stakeholder_id="u-17", rows=25000)
    event_type: Literal["data.exported"]
    rows: Amount


class IntegrationAdded(Event):
    """The customer connected another system."""

    model_config = example(integration="crm-sync")
    event_type: Literal["integration.added"]
    integration: Id


class IntegrationRemoved(Event):
    """The customer disconnected another system."""

    model_config = example(integration="crm-sync")
    event_type: Literal["integration.removed"]
    integration: Id


class TrainingEnrolled(Event):
    """Somebody enrolled in a course."""

    model_config = example(stakeholder_id="u-17", course="admin-basics")
    event_type: Literal["training.enrolled"]
    course: Id


class TrainingCompleted(Event):
    """Somebody completed a course."""

    model_config = example(stakeholder_id="u-17", course="admin-basics")
    event_type: Literal["training.completed"]
    course: Id
