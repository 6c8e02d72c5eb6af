"""The health snapshot of an account (events.md 4): what holds of it now, for readers who do not follow every alert."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from detector.domain.account import Account
from detector.domain.alerts import SCHEMA_VERSION, iso
from detector.domain.armed import Armed
from detector.domain.calendar import DAY_MS
from detector.domain.history import days_until, trend_of
from detector.domain.hot import NEVER
from detector.domain.index import AT_RISK_BELOW, INDEX, Assessment
from detector.domain.plan import Rule
from detector.domain.verdict import Moment

MOST_DUE: Final = 64  # obligations in a snapshot, the first to fall due
_DUE_SOON_MS: Final = 7 * DAY_MS


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


class FamilyHealth(msgspec.Struct, frozen=True, gc=False):
    """How one family with data stands: 0-100, a share, and what each rule cost, which adds up to what it lacks."""

    score: float
    confidence: float
    points: dict[str, float]


class Health(msgspec.Struct, frozen=True):
    """One snapshot; fields in the order of the contract."""

    schema_version: str
    tenant_id: str
    account_id: str
    as_of: str
    value_index: float | None
    confidence: float | None
    families: dict[str, FamilyHealth]
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


def health_of(account: Account, armed: Armed, index: Assessment, moment: Moment) -> Health:
    """The snapshot at a moment, from the account record; `armed` and `index` are what holds of the account then.

    Which rules have not seen enough history is told as of the first step of the UTC day, as the confidence goes by it.
    """
    record = account.record
    now, day = moment.now, moment.now // DAY_MS
    due = min((at for rule, at in record.wake.items() if rule != INDEX), default=None)
    return Health(
        schema_version=SCHEMA_VERSION,
        tenant_id=account.tenant_id,
        account_id=account.account_id,
        as_of=iso(now),
        value_index=None if index.value is None else index.value / 10,
        confidence=index.confidence,
        families={
            name: FamilyHealth(
                family.score / 10, family.confidence, {rule: lost / 10 for rule, lost in sorted(family.points.items())}
            )
            for name, family in index.families.items()
        },
        grade=record.standing.grade,
        open_alerts=tuple(msgspec.Raw(e.body) for e in record.episodes if e.status != "resolved" and e.body),
        not_armed=armed.not_armed,
        not_warm=() if record.asleep else tuple(sorted(record.standing.cold)),
        silences=tuple(
            SilenceNote(rule_id, because, iso(since)) for rule_id, (because, since) in sorted(record.notes.items())
        ),
        next_deadline=None if due is None else iso(due),
        obligations=tuple(
            Due(rule, subject, iso(at), side)
            for at, rule, subject, side in sorted(_due_soon(account, armed.obligations, moment))
        )[:MOST_DUE],
        trend=trend_of(record.standing, day),
        days_until_at_risk=days_until(record.standing, day, AT_RISK_BELOW),
    )


def _due_soon(
    account: Account, obligations: Iterable[Rule], moment: Moment
) -> Iterator[tuple[int, str, str | None, str | None]]:
    """What falls due within 7 days, asked of the obligations themselves: (when, rule, subject, side)."""
    record, soon = account.record, moment.now + _DUE_SOON_MS
    for rule in obligations:
        if record.wake.get(rule.id, NEVER) <= soon:
            open_ones = {e.subject for e in record.episodes if e.rule == rule.id and e.status != "resolved"}
            for subject in rule.operator.subjects(account, moment):
                if subject not in open_ones:
                    verdict = rule.judge(account, subject, moment, None)
                    if verdict.level == 0 and verdict.due is not None and verdict.due <= soon:
                        yield verdict.due, rule.id, subject, subject if rule.operator.kind == "side" else None
