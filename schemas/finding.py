"""What an alert and a notice have in common: a transition of something that was found, with its evidence and a play.

Every field is always present; what does not apply is null, a list that holds nothing is empty.
"""

from typing import Annotated, Literal

from pydantic import Field

from schemas.envelope import Contract
from schemas.fields import Id, Version

Severity = Literal["info", "watch", "warn", "high", "critical"]
Family = Literal["outcomes", "adoption", "support", "relationship", "onboarding", "commercial"]
Transition = Literal[
    "opened", "escalated", "eased", "revised", "acknowledged", "snoozed", "recovering", "resolved", "reopened"
]
Resolution = Literal[
    "recovered",
    "righted_itself",
    "acted",
    "expected",
    "noise",
    "superseded",
    "expired",
    "rule_removed",
    "account_ended",
]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""The first 32 hex digits of a SHA-256."""
Utc = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
        json_schema_extra={"format": "date-time"},
    ),
]
"""RFC 3339 in UTC with milliseconds: `2026-03-02T09:00:00.000Z`."""
RuleId = Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)+$", max_length=64)]
Measured = float | str | None
Share = Annotated[float, Field(ge=0, le=1)]
Index = Annotated[float, Field(ge=0, le=100)]


class Evidence(Contract):
    """One number that speaks for the finding, and what it would have been."""

    name: str
    observed: Measured
    expected: Measured
    unit: str | None
    window: str | None
    contribution: float | None
    event_ids: Annotated[list[str], Field(max_length=3)]


class ClearsWhen(Contract):
    """The smallest change that would clear it."""

    text: str
    measure: str | None
    at_least: float | None
    at_most: float | None


class RecommendedAction(Contract):
    """What to do, whose it is, and by when."""

    play: str
    summary: str
    owner_role: str
    due_at: Utc


class RecordTrigger(Contract):
    """The record that decided it; partition and offset are null in a replay of bare files."""

    topic: str
    partition: Annotated[int, Field(ge=0)] | None
    offset: Annotated[int, Field(ge=0)] | None
    event_id: str


class DeadlineTrigger(Contract):
    """The deadline that decided it: its due time."""

    deadline: Utc


class Finding(Contract):
    """One transition. Consumers keep the highest `revision` of an `alert_id`."""

    schema_version: Version
    alert_id: Digest
    fingerprint: Digest
    revision: Annotated[int, Field(ge=1)]
    transition: Transition
    status: Literal["open", "recovering", "resolved"]
    resolution: Resolution | None
    polarity: Literal["risk", "good"]
    visibility: Literal["shared", "internal"]
    origin: Literal["live", "backfill", "catch_up", "rule_change"]
    severity: Severity
    previous_severity: Severity | None
    rule_id: RuleId
    rule_version: Annotated[int, Field(ge=1)]
    since: Utc
    opened_at: Utc
    detected_at: Utc
    title: str
    explanation: str
    evidence: list[Evidence]
    clears_when: ClearsWhen
    recommended_action: RecommendedAction
    days_to_renewal: int | None
    priority: Annotated[int, Field(ge=0, le=100)]
    trigger: RecordTrigger | DeadlineTrigger
    suppressed_by: list[Literal["feed_dark", "holiday", "late", "snooze"]]


class Tenanted(Contract):
    """Whose it is: an account is (tenant_id, account_id)."""

    tenant_id: Id
    account_id: Id
