"""`decay.account-health.v1`: the latest snapshot of each account; compacted, keyed by tenant_id/account_id."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.alert import Alert
from schemas.envelope import Contract, Side
from schemas.fields import Version
from schemas.finding import Family, Index, RuleId, Share, Tenanted, Utc


class FamilyHealth(Contract):
    """How one family stands: its score, how sure that is, and the points that each rule cost."""

    score: Index
    confidence: Share
    points: dict[RuleId, Annotated[float, Field(ge=0, le=100)]]


class Silence(Contract):
    """A silence or drop that looks like one, and why it is none, or that it is a quiet customer."""

    rule_id: RuleId
    because: Literal["feed_dark", "holiday", "late", "quiet"]
    since: Utc


class Obligation(Contract):
    """Something that is due within 7 days; `subject` is its id, null when it is the account."""

    rule_id: RuleId
    subject: str | None
    due_at: Utc
    side: Side | None


class Health(Tenanted):
    """What holds of an account now. New consumers start from it, then follow the alerts."""

    schema_version: Version
    as_of: Utc
    value_index: Index | None
    confidence: Share | None
    families: dict[Family, FamilyHealth]
    grade: Literal["green", "unproven", "watch", "at_risk", "critical", "insufficient_data"]
    open_alerts: list[Alert]
    not_armed: list[RuleId]
    not_warm: list[RuleId]
    silences: list[Silence]
    next_deadline: Utc | None
    obligations: list[Obligation]
    trend: Literal["growing", "steady", "plateau", "recovering", "decaying"] | None
    days_until_at_risk: Annotated[int, Field(ge=0)] | None
