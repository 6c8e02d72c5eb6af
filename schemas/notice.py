"""`decay.notices.v1`: findings about more than one account: a dark feed, a flooded feature, a storm of alerts."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.envelope import Contract
from schemas.fields import Id
from schemas.finding import Finding, RuleId

NoticeKind = Literal["feed", "feature", "stage", "goal_kind", "rule", "account"]


class NoticeSubject(Contract):
    """What it is about; a feed's id is source/topic."""

    kind: NoticeKind
    id: str


class Inhibits(Contract):
    """Which alerts a reader may hold back while this is open."""

    rule_id: RuleId | None
    subject: NoticeSubject | None


class Notice(Finding):
    """One transition of one notice; `tenant_id` is null where a feed serves several tenants."""

    tenant_id: Id | None
    family: None
    subject: NoticeSubject
    accounts: Annotated[int, Field(ge=0)]
    examples: Annotated[list[str], Field(max_length=10)]
    inhibits: Inhibits | None
