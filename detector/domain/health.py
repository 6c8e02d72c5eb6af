"""The health snapshot of an account (events.md 4): what holds of it now, for readers who do not follow every alert."""

from typing import Any, Final

import msgspec

from detector.domain.account import Account
from detector.domain.alerts import SCHEMA_VERSION, iso
from detector.domain.plan import Plan

_DUE_SOON_MS: Final = 7 * 86_400_000


class SilenceNote(msgspec.Struct, frozen=True, gc=False):
    """A silence or drop that looks like one but is explained."""

    rule_id: str
    because: str
    since: str


class Due(msgspec.Struct, frozen=True, gc=False):
    """An obligation that falls due within 7 days."""

    rule_id: str
    subject: str | None
    due_at: str
    side: str | None


class Health(msgspec.Struct, frozen=True):
    """One snapshot; fields in the order of the contract. The index comes with the whole rule pack: until then null."""

    schema_version: str
    tenant_id: str
    account_id: str
    as_of: str
    value_index: float | None
    confidence: float | None
    families: dict[str, Any]
    grade: str
    open_alerts: tuple[msgspec.Raw, ...]
    not_armed: tuple[str, ...]
    not_warm: tuple[str, ...]
    silences: tuple[SilenceNote, ...]
    next_deadline: str | None
    obligations: tuple[Due, ...]
    trend: str | None
    days_until_at_risk: int | None


class Forgotten(msgspec.Struct, frozen=True):
    """In place of a snapshot: nothing is kept of the account any more, and its last snapshot goes too."""

    tenant_id: str
    account_id: str


def health_of(account: Account, plan: Plan, now: int) -> Health:
    """The snapshot at `now`, from the account record."""
    record = account.record
    tenant = plan.tenant(account.tenant_id)
    armed = [rule for rule in (tenant.rule_for(rule, account) for rule in plan.rules) if rule is not None]
    due = sorted((at, rule) for rule, at in record.wake.items())
    obligations = {rule.id for rule in plan.rules if rule.proves}
    return Health(
        schema_version=SCHEMA_VERSION,
        tenant_id=account.tenant_id,
        account_id=account.account_id,
        as_of=iso(now),
        value_index=None,
        confidence=None,
        families={},
        grade="insufficient_data",
        open_alerts=tuple(msgspec.Raw(e.body) for e in record.episodes if e.status != "resolved" and e.body),
        not_armed=tuple(sorted({rule.id for rule in plan.rules} - {rule.id for rule in armed})),
        not_warm=tuple(rule.id for rule in armed if not rule.operator.warm(account, now)),
        silences=tuple(
            SilenceNote(rule_id, because, iso(since)) for rule_id, (because, since) in sorted(record.notes.items())
        ),
        next_deadline=iso(due[0][0]) if due else None,
        obligations=tuple(
            Due(rule, None, iso(at), None) for at, rule in due if rule in obligations and at - now <= _DUE_SOON_MS
        ),
        trend=None,
        days_until_at_risk=None,
    )
