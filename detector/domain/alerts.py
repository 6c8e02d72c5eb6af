"""Alerts as they are published (events.md 4): the body, the derived ids, and how one is made of an episode."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec

from detector.domain.account import Account
from detector.domain.calendar import DAY_MS
from detector.domain.plan import Rule, Tenant
from detector.domain.state import Episode
from detector.domain.verdict import SEVERITIES, Clears, Evidence, Verdict
from detector.domain.wording import amount, told

SCHEMA_VERSION: Final = "1.0"
NAMELESS: Final = "erased"  # stands for the id of a person who was erased, in the last body about them
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_LAST_MS: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_compact: Final = msgspec.json.Encoder().encode


class Subject(msgspec.Struct, frozen=True, gc=False):
    """What a rule is about inside the account; both null when it is the account itself."""

    kind: str | None
    id: str | None


class RecommendedAction(msgspec.Struct, frozen=True, gc=False):
    """The play to run, whose it is, and by when (RFC 3339)."""

    play: str
    summary: str
    owner_role: str
    due_at: str


class ValueIndex(msgspec.Struct, frozen=True, gc=False):
    """The account's index after the step that decided and before it, and how sure it is; null while there is none."""

    value: float | None = None
    previous: float | None = None
    confidence: float | None = None


class RecordTrigger(msgspec.Struct, frozen=True, gc=False):
    """The record that decided a transition; partition and offset are null in a replay of bare files."""

    topic: str
    partition: int | None
    offset: int | None
    event_id: str


class DeadlineTrigger(msgspec.Struct, frozen=True, gc=False):
    """The deadline that decided a transition: its due time (RFC 3339)."""

    deadline: str


class Alert(msgspec.Struct, frozen=True):
    """One transition of one alert, as published; fields in the order of the contract, times as RFC 3339 in UTC."""

    schema_version: str
    tenant_id: str
    account_id: str
    alert_id: str
    fingerprint: str
    revision: int
    transition: str
    status: str
    resolution: str | None
    polarity: str
    visibility: str
    origin: str
    severity: str
    previous_severity: str | None
    rule_id: str
    rule_version: int
    family: str
    subject: Subject
    since: str
    opened_at: str
    detected_at: str
    title: str
    explanation: str
    evidence: tuple[Evidence, ...]
    clears_when: Clears
    recommended_action: RecommendedAction
    value_index: ValueIndex
    arr_at_risk_minor: int | None
    currency: str | None
    days_to_renewal: int | None
    priority: int
    trigger: RecordTrigger | DeadlineTrigger
    suppressed_by: tuple[str, ...] = ()


def iso(t_ms: int) -> str:
    """An instant as RFC 3339 in UTC: `2026-03-02T09:00:00.000Z`; the nearest one with a year of four digits."""
    t_ms = min(max(t_ms, _FIRST_MS), _LAST_MS)
    return (_EPOCH + timedelta(milliseconds=t_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def minute_text(t_ms: int) -> str:
    """An instant for people: `2026-03-02 09:00 UTC`."""
    return f"{iso(t_ms)[:16].replace('T', ' ')} UTC"


def fingerprint_of(tenant_id: str, account_id: str, rule_id: str, kind: str | None, subject: str | None) -> str:
    """The id that all episodes of one (account, rule, subject) share."""
    return _digest([tenant_id, account_id, rule_id, kind, subject])


def alert_id_of(
    tenant_id: str, account_id: str, rule_id: str, kind: str | None, subject: str | None, opened_at: str
) -> str:
    """The id of one episode: 32 hex digits of SHA-256 over the compact JSON list of its parts (events.md 4)."""
    return _digest([tenant_id, account_id, rule_id, kind, subject, opened_at])


def _digest(parts: list[Any]) -> str:
    return sha256(_compact(parts)).hexdigest()[:32]


def priority_of(account: Account, tenant: Tenant, severity: int, days: int | None) -> int:
    """100 x severity step / 5 x nearness of the renewal x money, rounded (rules.md 11)."""
    nearness = 0.5 if days is None or days < 0 or days > 90 else 1.0 if days <= 30 else 0.8
    arr, reference = account.fact("arr_minor"), tenant.arr_reference_minor
    money = 0.5
    if arr is not None and reference and account.fact("currency") == tenant.currency:
        money = min(1.0, max(0.1, arr / reference))
    return int(100 * severity / 5 * nearness * money + 0.5)


def alert_of(
    account: Account,
    tenant: Tenant,
    rule: Rule,
    episode: Episode,
    verdict: Verdict,
    *,
    transition: str,
    previous: int | None,
    now: int,
    trigger: RecordTrigger | DeadlineTrigger,
    index: ValueIndex,
    arr_at_risk_minor: int | None,
    origin: str = "live",
) -> Alert:
    """The body of a transition at `now`; `previous` is the severity step before it, None when it opened."""
    days = account.days_to_renewal(now)
    return Alert(
        schema_version=SCHEMA_VERSION,
        tenant_id=account.tenant_id,
        account_id=account.account_id,
        alert_id=episode.alert_id,
        fingerprint=fingerprint_of(account.tenant_id, account.account_id, rule.id, episode.kind, episode.subject),
        revision=episode.revision,
        transition=transition,
        status=episode.status,
        resolution=episode.resolution,
        polarity=rule.polarity,
        visibility="internal" if episode.private else "shared",
        origin=origin,
        severity=SEVERITIES[episode.severity],
        previous_severity=None if previous is None else SEVERITIES[previous],
        rule_id=rule.id,
        rule_version=rule.version,
        family=rule.family,
        subject=Subject(episode.kind, NAMELESS if verdict.nameless else episode.subject),
        since=iso(episode.since),
        opened_at=episode.opened_at,
        detected_at=iso(now),
        title=rule.title,
        explanation=explain(rule, episode, verdict),
        evidence=verdict.evidence,
        clears_when=verdict.clears or Clears("nothing more: it has cleared"),
        recommended_action=RecommendedAction(
            rule.action.play,
            rule.action.summary,
            rule.action.owner,
            iso(rule.action.within.after(account.calendar, now)),
        ),
        value_index=index,
        arr_at_risk_minor=arr_at_risk_minor,
        currency=account.fact("currency"),
        days_to_renewal=days,
        priority=priority_of(account, tenant, episode.severity, days),
        trigger=trigger,
        suppressed_by=() if episode.snooze is None else ("snooze",),
    )


def ended_with_rule(episode: Episode, now: int, trigger: DeadlineTrigger) -> Alert | None:
    """The last body of an alert whose rule is no more, made of the one before; None where that is not kept."""
    told = msgspec.json.decode(episode.body) if episode.body else {}
    if not told.keys() >= set(Alert.__struct_fields__):
        return None
    changed = {
        "revision": episode.revision + 1,
        "transition": "resolved",
        "status": "resolved",
        "resolution": "rule_removed",
        "origin": "rule_change",
        "previous_severity": told["severity"],
        "detected_at": iso(now),
        "explanation": "The rule is no more.",
        "subject": Subject(**told["subject"]),
        "evidence": tuple(Evidence(**{**row, "event_ids": tuple(row["event_ids"])}) for row in told["evidence"]),
        "clears_when": Clears("nothing more: it has ended"),
        "recommended_action": RecommendedAction(**told["recommended_action"]),
        "value_index": ValueIndex(**told["value_index"]),
        "trigger": trigger,
        "suppressed_by": (),
    }
    return Alert(**{name: changed.get(name, told[name]) for name in Alert.__struct_fields__})


def explain(rule: Rule, episode: Episode, verdict: Verdict) -> str:
    """Plain sentences with the numbers: what is wrong; or, once that changes, what has changed and what comes of it."""
    if verdict.says is not None:
        return verdict.says
    text = _explained(rule, episode, verdict)
    return text if episode.snooze is None else f"{text} It is snoozed until {minute_text(episode.snooze[0])}."


def _explained(rule: Rule, episode: Episode, verdict: Verdict) -> str:
    numbers = {"subject": episode.subject if episode.subject is not None else "the account", **verdict.numbers}
    if episode.resolution in _SAID:
        return _SAID[episode.resolution]
    if episode.status == "open":
        return _still(rule, verdict, numbers)
    if verdict.ended == "expired":
        return f"It did not recover, and from now on counts as usual. {told(rule.explain, numbers)}"
    if verdict.ended is not None:
        how = "was closed as achieved" if verdict.ended == "acted" else "was closed, or is kept no more"
        return f"The {episode.kind or 'account'} {numbers['subject']} {how}: nothing is expected of it now."
    over = told(rule.over, numbers) if verdict.numbers else _how(verdict)
    if episode.resolution == "superseded":
        return f"It never held, as was reported late. {over}"
    return over + ("" if verdict.by_calendar else _what_comes_of_it(rule, episode))


def _still(rule: Rule, verdict: Verdict, numbers: dict[str, Any]) -> str:
    if verdict.level > 0:
        return told(rule.explain, numbers)
    needed = "" if verdict.clears is None else f" It clears with {verdict.clears.text}."
    return "It is less than when it opened, but not over." + needed


def _how(verdict: Verdict) -> str:
    if not verdict.how:
        return "Nothing more is known of what it was about."
    return f"It is not asked for any more: {verdict.how}."


def _what_comes_of_it(rule: Rule, episode: Episode) -> str:
    if episode.status == "recovering":
        return f" If that lasts until {minute_text(episode.since_off + rule.keep_ms)}, it ends."
    if not rule.keep_ms:
        return ""
    return f" It has stayed so for {amount(rule.keep_ms // DAY_MS, 'day')}.{_WHO.get(episode.resolution or '', '')}"


_SAID: Final = {
    how: f"Somebody said that this is {how}. It ends here, whatever holds, and does not come again for 90 days."
    for how in ("expected", "noise")
}
_WHO: Final = {
    "righted_itself": " Nobody here had been in touch since it opened.",
    "acted": " Somebody here said that they acted on it.",
}
