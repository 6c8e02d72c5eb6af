"""The life of an alert, from opened to resolved, with what people say of it (rules.md R2.2, R2.3, R2.8, R2.11).

`step` decides; it is the only place that does. ON and OFF are the operator's verdict; while OFF holds, ON does not
count. Times are epoch milliseconds.
"""

from typing import Final, final

import msgspec

from detector.domain.account import Account
from detector.domain.alerts import alert_id_of, iso
from detector.domain.calendar import DAY_MS
from detector.domain.erasure import names
from detector.domain.events import AlertFeedback, StakeholderErased
from detector.domain.feedback import means, muted_until, take
from detector.domain.plan import Rule
from detector.domain.state import Episode, span_name
from detector.domain.tally import HeldBack
from detector.domain.verdict import CRITICAL, Moment, Verdict, earliest

COOL_DOWN_MS: Final = DAY_MS
MAX_RAISE: Final = 2
SPANS_KEPT_DAYS: Final = 70


@final
class Step(msgspec.Struct, frozen=True):
    """What came of it: the episode as it is now (None: nothing to keep), the transition if any, the next due time.

    `held_back` says why nothing is published, where something would be but for what people said or what was before:
    snoozed, muted, not_cleared (the last alert ended while it was ON, and it still is), won_back.
    """

    episode: Episode | None
    transition: str | None = None
    previous: int | None = None
    due: int | None = None
    held_back: HeldBack | None = None


def raise_of(account: Account, rule: Rule, moment: Moment, at: int) -> int:
    """By how many steps a severity is raised at a time: near the renewal, support in onboarding; at most 2 (R2.8)."""
    if rule.polarity == "good":
        return 0
    onboarding = rule.family == "support" and at < account.onboarding_end(moment.first_event)
    return min(MAX_RAISE, account.renewal_raise(at) + onboarding)


def next_line(account: Account, rule: Rule, moment: Moment, at: int) -> int | None:
    """When, after an instant, the raise changes by the calendar alone: a renewal line, or the end of onboarding."""
    if rule.polarity == "good":
        return None
    end = account.onboarding_end(moment.first_event) if rule.family == "support" else -1
    return earliest(account.next_renewal_line(at), end if end > at else None)


def _judged_at(episode: Episode, moment: Moment) -> int:
    """Up to when calendar lines count as crossed: their deadlines fire after the grace, stamped with the line."""
    return max(moment.settled, episode.opened)


def step(
    account: Account,
    rule: Rule,
    subject: str | None,
    episode: Episode | None,
    verdict: Verdict,
    moment: Moment,
    touch: str,
) -> Step:
    """One verdict into the life of one alert; `touch` is the mark of human touches, which tells how it ended.

    Where the moment's event is feedback on this alert, it counts too; of both comes one transition at most.
    """
    if episode is None or (episode.status == "resolved" and not _still_matters(episode, moment)):
        return _maybe_open(account, rule, subject, verdict, moment, episode)
    said = moment.event if isinstance(moment.event, AlertFeedback) and means(moment.event, account, episode) else None
    if episode.status == "resolved":
        if said is not None:
            take(said, account, episode, moment)
        came = _cool_down(account, rule, episode, verdict, moment)
    else:
        episode.private = episode.private or verdict.private
        came = _next(account, rule, episode, verdict, moment, touch)
        if said is not None:
            came = _answered(account, rule, episode, verdict, moment, came, said)
        came = _renamed(episode, verdict, moment, _hushed(episode, came, moment))
    if came.transition is not None:
        episode.revision += 1
    return came


def close(
    account: Account, rule: Rule, episode: Episode, moment: Moment, how: str, says: str, *, nameless: bool = False
) -> tuple[Step, Verdict]:
    """End an alert whatever its rule says, with a resolution and a sentence of why; also the verdict for its body."""
    verdict = Verdict(ended=how, says=says, nameless=nameless)
    came = _hushed(episode, _resolve(account, rule, episode, verdict, moment, how), moment)
    episode.revision += 1
    return came, verdict


def retold(rule: Rule, came: Step) -> Step:
    """Under another version of its rule an alert is told anew, though it says the same; not while it is snoozed."""
    episode = came.episode
    if came.transition is not None or episode is None or episode.status == "resolved" or episode.snooze is not None:
        return came
    if episode.version == rule.version:
        return came
    episode.revision += 1
    return Step(episode, "revised", episode.severity, came.due)


def _still_matters(episode: Episode, moment: Moment) -> bool:
    """Whether a resolved alert may be reopened: in its cool-down; a superseded one has none (R2.3).

    But within one and the same millisecond: a new alert would have the old one's id.
    """
    if episode.resolution == "superseded":
        return moment.now == episode.opened
    return moment.now < episode.ended + COOL_DOWN_MS


def _next(account: Account, rule: Rule, episode: Episode, verdict: Verdict, moment: Moment, touch: str) -> Step:
    """What the verdict makes of an alert that is not resolved."""
    ended = verdict.ended or ("superseded" if verdict.off and verdict.superseded else None)
    if ended is not None:
        return _resolve(account, rule, episode, verdict, moment, ended)
    if verdict.off:
        return _off(account, rule, episode, verdict, moment, touch)
    if verdict.level > 0:
        return _on(account, rule, episode, verdict, moment)
    return _between(account, rule, episode, verdict, moment)


def _maybe_open(
    account: Account, rule: Rule, subject: str | None, verdict: Verdict, moment: Moment, old: Episode | None
) -> Step:
    if old is not None and old.latched and verdict.level > 0:
        return Step(old, due=verdict.due, held_back="not_cleared")
    opens, due, held_back = _opens(account, rule, subject, verdict, moment)
    if not opens:
        return Step(None, due=due, held_back=held_back)
    opened_at = iso(moment.now)
    kind = rule.operator.kind if subject is not None else None
    episode = Episode(
        rule=rule.id,
        kind=kind,
        subject=subject,
        alert_id=alert_id_of(account.tenant_id, account.account_id, rule.id, kind, subject, opened_at),
        opened_at=opened_at,
        opened=moment.now,
        since=verdict.since if verdict.since >= 0 else moment.now,
        level=verdict.level,
        severity=_severity(account, rule, verdict.level, moment, moment.now),
        frozen=list(verdict.frozen or ()),
        seen=_seen(verdict),
        private=verdict.private,
    )
    return Step(episode, "opened", None, earliest(verdict.due, next_line(account, rule, moment, moment.now)))


def _opens(
    account: Account, rule: Rule, subject: str | None, verdict: Verdict, moment: Moment
) -> tuple[bool, int | None, HeldBack | None]:
    """Whether an alert opens: it is ON, has been for as long as `for` says, and nobody said it is expected or noise.

    What began before the customer was won back is no news. If it does not open, also when to ask again, and why it is
    held back.
    """
    pending = account.record.pending
    name = f"{rule.id}|{subject or ''}"
    on, old = verdict.level > 0 and not verdict.off, 0 <= verdict.since < account.record.awake
    if not on or old:
        pending.pop(name, None)
        return False, verdict.due, "won_back" if on else None
    if rule.hold_ms:
        held = pending.setdefault(name, [moment.now])[0] + rule.hold_ms
        if moment.settled < held:
            return False, earliest(verdict.due, held), None
    muted = muted_until(account, rule.id, rule.operator.kind if subject is not None else None, subject)
    if muted is not None and moment.settled < muted:
        return False, earliest(verdict.due, muted), "muted"
    pending.pop(name, None)
    return True, None, None


def _severity(account: Account, rule: Rule, level: int, moment: Moment, at: int) -> int:
    return min(CRITICAL, level + raise_of(account, rule, moment, at))


def _due(account: Account, rule: Rule, episode: Episode, verdict: Verdict, moment: Moment) -> int | None:
    return earliest(verdict.due, next_line(account, rule, moment, _judged_at(episode, moment)))


def _seen(verdict: Verdict) -> str:
    rows = [str(row.observed) for row in verdict.evidence] if verdict.seen is None else [verdict.seen]
    return "|".join([*rows, *(["private"] if verdict.private else [])])


def _cool_down(account: Account, rule: Rule, episode: Episode, verdict: Verdict, moment: Moment) -> Step:
    """A resolved alert within its cool-down: what would open reopens it, unless ON never was false since."""
    forget = episode.ended + COOL_DOWN_MS
    if verdict.level == 0:
        episode.latched = False
    if episode.latched:
        return Step(episode, due=earliest(verdict.due, forget), held_back="not_cleared")
    opens, due, held_back = _opens(account, rule, episode.subject, verdict, moment)
    if not opens:
        return Step(episode, due=earliest(due, forget), held_back=held_back)
    episode.status, episode.resolution, episode.ended, episode.since_off = "open", None, -1, -1
    return _changed(account, rule, episode, verdict, moment, "reopened")


def _on(account: Account, rule: Rule, episode: Episode, verdict: Verdict, moment: Moment) -> Step:
    if episode.status == "recovering":
        episode.status, episode.since_off = "open", -1
        return _changed(account, rule, episode, verdict, moment, "reopened")
    severity = _severity(account, rule, verdict.level, moment, _judged_at(episode, moment))
    if severity != episode.severity:
        return _changed(
            account, rule, episode, verdict, moment, "escalated" if severity > episode.severity else "eased"
        )
    if moment.event is not None and _seen(verdict) != episode.seen:
        return _changed(account, rule, episode, verdict, moment, "revised")
    episode.level = verdict.level
    return Step(episode, due=_due(account, rule, episode, verdict, moment))


def _changed(account: Account, rule: Rule, episode: Episode, verdict: Verdict, moment: Moment, transition: str) -> Step:
    previous = episode.severity
    episode.level = verdict.level
    episode.severity = _severity(account, rule, verdict.level, moment, _judged_at(episode, moment))
    episode.seen = _seen(verdict)
    if verdict.frozen is not None and rule.proves:
        episode.frozen, episode.since = list(verdict.frozen), verdict.since
    return Step(episode, transition, previous, _due(account, rule, episode, verdict, moment))


def _between(account: Account, rule: Rule, episode: Episode, verdict: Verdict, moment: Moment) -> Step:
    """Neither ON nor OFF: an open alert stays as it is but for its raise; a recovering one is open again."""
    due = _due(account, rule, episode, verdict, moment)
    severity = _severity(account, rule, episode.level, moment, _judged_at(episode, moment))
    previous = episode.severity
    if episode.status == "recovering":
        episode.status, episode.since_off = "open", -1
        transition = "revised"
    elif severity != previous:
        transition = "escalated" if severity > previous else "eased"
    else:
        return Step(episode, due=due)
    episode.severity = severity
    return Step(episode, transition, previous, due)


def _off(account: Account, rule: Rule, episode: Episode, verdict: Verdict, moment: Moment, touch: str) -> Step:
    if rule.keep_ms == 0 or verdict.by_calendar:
        return _resolve(account, rule, episode, verdict, moment, _how(account, episode, touch))
    if episode.status == "open":
        episode.status, episode.since_off = "recovering", moment.now
        return Step(episode, "recovering", episode.severity, earliest(verdict.due, moment.now + rule.keep_ms))
    kept_until = episode.since_off + rule.keep_ms
    if kept_until <= moment.settled:
        return _resolve(account, rule, episode, verdict, moment, _how(account, episode, touch))
    return Step(episode, due=earliest(verdict.due, kept_until))


def _how(account: Account, episode: Episode, touch: str) -> str:
    """Who is to thank that it is over: those who said they acted, somebody at all, or nobody (events.md 4)."""
    if "acted" in episode.answers:
        return "acted"
    touched = account.latest(touch)
    if "acknowledged" in episode.answers or (touched is not None and touched >= episode.opened):
        return "recovered"
    return "righted_itself"


def _resolve(account: Account, rule: Rule, episode: Episode, verdict: Verdict, moment: Moment, how: str) -> Step:
    episode.status, episode.resolution, episode.ended = "resolved", how, moment.now
    episode.latched = verdict.level > 0 or verdict.ended is not None
    if rule.operator.daily and how not in ("expired", "superseded"):
        _remember_span(account, rule, episode, moment)
    return Step(episode, "resolved", episode.severity, earliest(verdict.due, moment.now + COOL_DOWN_MS))


# -- what people say of it (R2.11) --------------------------------------------------------------------------------


def _answered(
    account: Account,
    rule: Rule,
    episode: Episode,
    verdict: Verdict,
    moment: Moment,
    came: Step,
    said: AlertFeedback,
) -> Step:
    """Feedback on an alert that was not resolved before: what a reader sees of it goes before the verdict's own."""
    transition = take(said, account, episode, moment)
    if transition is None or came.transition == "resolved":
        return came
    if transition == "resolved":
        return _resolve(account, rule, episode, verdict, moment, said.disposition)
    return Step(episode, transition, episode.severity if came.previous is None else came.previous, came.due)


def _hushed(episode: Episode, came: Step, moment: Moment) -> Step:
    """Of a snoozed alert nothing is published but its end, a rise to critical and, when the time is over, `revised`."""
    if episode.snooze is None:
        return came
    until, asked_at, told = episode.snooze
    if came.transition == "resolved":
        episode.snooze = None
        return Step(episode, "resolved", told, came.due)
    if came.transition == "snoozed":
        episode.snooze = (until, asked_at, episode.severity)
        return Step(episode, "snoozed", came.previous if told < 0 else told, earliest(came.due, until))
    if episode.severity == CRITICAL and told < CRITICAL:
        episode.snooze = None
        return Step(episode, "escalated", told, came.due)
    if until <= moment.settled:
        episode.snooze = None
        return Step(episode, "revised", told, came.due)
    return Step(episode, due=earliest(came.due, until), held_back=None if came.transition is None else "snoozed")


def _renamed(episode: Episode, verdict: Verdict, moment: Moment, came: Step) -> Step:
    """Where the last body names a person who is to be forgotten, a new one takes its place, snoozed or not (R2.12)."""
    erased = moment.event
    if came.transition is not None or not isinstance(erased, StakeholderErased):
        return came
    if not names(episode.body, erased.stakeholder_id):
        return came
    episode.seen = _seen(verdict)
    told = episode.severity
    if episode.snooze is not None:
        told = episode.snooze[2]
        episode.snooze = (*episode.snooze[:2], episode.severity)
    return Step(episode, "revised", told, came.due)


def _remember_span(account: Account, rule: Rule, episode: Episode, moment: Moment) -> None:
    """The days of an ended episode never enter a baseline (R2.4)."""
    name = span_name(rule.id, episode.subject)
    account.record.spans.setdefault(name, []).append((episode.since // DAY_MS, moment.now // DAY_MS - 1))


def forget_spans(account: Account, now: int) -> None:
    """Drop the days of ended episodes that no window reaches any more."""
    oldest = now // DAY_MS - SPANS_KEPT_DAYS
    for name, spans in list(account.record.spans.items()):
        kept = [span for span in spans if span[1] >= oldest]
        if kept:
            account.record.spans[name] = kept
        else:
            del account.record.spans[name]
