"""CRM: how contracts end, feedback on alerts, the right to be forgotten. On any topic: a feed's sign of life."""

from typing import Literal

from schemas.envelope import Event, example
from schemas.fields import Amount, Id, Instant, PersonId, Seconds, Text


class OutcomeRecorded(Event):
    """How a contract came out."""

    model_config = example(
        outcome="contracted", reason="fewer seats", avoidable=True, arr_before_minor=4800000, arr_after_minor=3600000
    )
    event_type: Literal["outcome.recorded"]
    outcome: Literal["renewed", "expanded", "contracted", "churned"]
    reason: Text | None = None
    avoidable: bool = True
    arr_before_minor: Amount | None = None
    arr_after_minor: Amount | None = None


class AlertFeedback(Event):
    """What became of an alert; a fingerprint is taken in place of its id."""

    model_config = example(
        alert_id="1c1392ba0463fae5a650b541b2dbf13b",
        disposition="snoozed",
        actor_id="csm-4",
        snooze_until="2026-03-09T08:00:00Z",
    )
    event_type: Literal["alert.feedback"]
    alert_id: Id
    disposition: Literal["acknowledged", "acted", "snoozed", "expected", "noise", "useful"]
    actor_id: PersonId | None = None
    snooze_until: Instant | None = None


class StakeholderErased(Event):
    """A person is to be forgotten; counts stay."""

    model_config = example(stakeholder_id="u-17")
    event_type: Literal["stakeholder.erased"]
    stakeholder_id: PersonId


class AccountErased(Event):
    """An account is to be forgotten."""

    event_type: Literal["account.erased"]


class AccountMerged(Event):
    """This account went into another one; emitted for the old id."""

    model_config = example(into_account_id="acme-group")
    event_type: Literal["account.merged"]
    into_account_id: Id


class FeedHeartbeat(Event):
    """This feed is alive though nothing happened; on any or every partition of any in-topic."""

    model_config = example(account_id="_feed", source="zendesk", interval_seconds=60)
    event_type: Literal["feed.heartbeat"]
    account_id: Literal["_feed"]
    interval_seconds: Seconds | None = None
