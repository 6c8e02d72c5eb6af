"""What people say of alerts (`alert.feedback`, rules.md R2.11): which alert is meant, and what is kept of it."""

from typing import Final

from detector.domain.account import Account
from detector.domain.alerts import fingerprint_of
from detector.domain.calendar import DAY_MS
from detector.domain.events import AlertFeedback
from detector.domain.measures import evict
from detector.domain.state import Episode
from detector.domain.verdict import GRACE_MS, Moment

SNOOZE_MS: Final = 14 * DAY_MS
MUTE_MS: Final = 90 * DAY_MS
MAX_MUTED: Final = 64
ENDS: Final = frozenset({"expected", "noise"})


def meant(event: AlertFeedback, account: Account) -> Episode | None:
    """The alert that feedback is about: one that is open, or ended less than its cool-down ago; None: unknown."""
    return next((episode for episode in account.record.episodes if means(event, account, episode)), None)


def means(event: AlertFeedback, account: Account, episode: Episode) -> bool:
    """Whether feedback is about this alert, by its id or by its fingerprint.

    A fingerprint names all episodes: what was said before this one opened was about an earlier one, and only
    `expected` and `noise`, which hold for what comes, reach it too.
    """
    if event.alert_id == episode.alert_id:
        return True
    if event.alert_id != _fingerprint(account, episode.rule, episode.kind, episode.subject):
        return False
    return event.disposition in ENDS or event.occurred_at >= episode.opened - GRACE_MS


def take(event: AlertFeedback, account: Account, episode: Episode, moment: Moment) -> str | None:
    """Keep what was said of an alert; the transition that a reader sees of it, None when it says nothing new."""
    if event.disposition in ENDS:
        _mute(account, _fingerprint(account, episode.rule, episode.kind, episode.subject), event, moment)
        return "resolved"
    if event.disposition == "snoozed":
        return _snooze(event, episode, moment)
    if event.disposition in episode.answers:
        return None
    episode.answers = sorted([*episode.answers, event.disposition])
    return "acknowledged"


def muted_until(account: Account, rule_id: str, kind: str | None, subject: str | None) -> int | None:
    """Until when (epoch ms) an alert may not open, because somebody said that it is expected or noise."""
    muted = account.record.muted
    return muted.get(_fingerprint(account, rule_id, kind, subject)) if muted else None


def _snooze(event: AlertFeedback, episode: Episode, moment: Moment) -> str | None:
    """Snooze an alert, or change until when: what was asked for last holds; a time that is past ends it."""
    until = event.occurred_at + SNOOZE_MS if event.snooze_until is None else event.snooze_until
    before, asked, told = episode.snooze or (-1, -1, -1)
    if event.occurred_at <= asked or episode.status == "resolved":
        return None
    if until <= moment.settled and told < 0:
        return None
    episode.snooze = (until, event.occurred_at, told)
    return None if until == before or until <= moment.settled else "snoozed"


def _mute(account: Account, fingerprint: str, event: AlertFeedback, moment: Moment) -> None:
    muted = account.record.muted
    until = max(muted.get(fingerprint, 0), event.occurred_at + MUTE_MS)
    for name in [name for name, ends in muted.items() if ends <= moment.settled]:
        del muted[name]
    if until <= moment.settled:
        return
    if fingerprint not in muted and len(muted) >= MAX_MUTED:
        del muted[min(muted, key=lambda name: (muted[name], name))]
        evict(account, "mute")
    muted[fingerprint] = until


def _fingerprint(account: Account, rule_id: str, kind: str | None, subject: str | None) -> str:
    return fingerprint_of(account.tenant_id, account.account_id, rule_id, kind, subject)
