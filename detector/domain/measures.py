"""Measures: what is kept of the events that a matcher names, and what a rule reads of it.

What is kept does not depend on the order of arrival: marks are a first and a last time, logs are sorted by
(occurred_at, hash of the event id). A log that is full loses its oldest entry, which is counted in the account.
All times are epoch milliseconds (UTC), by event time; a window (now - window, now] excludes its beginning.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable
from typing import Final, final

import msgspec

from detector.domain.account import Account
from detector.domain.events import Event
from detector.domain.matchers import Matcher, field_of
from detector.domain.state import Entry, Goal

MAX_SUBJECTS: Final = {"goal": 64, "ticket": 256, "stakeholder": 512}
OTHER_SUBJECTS: Final = 64
KEPT_AFTER_MS: Final = 90 * 86_400_000  # a closed subject is kept so long, so that a late copy of its events changes nothing


@final
class Mark(msgspec.Struct, frozen=True):
    """Keeps when a matcher first and last held, for the account."""

    name: str
    matcher: Matcher

    def fold(self, event: Event, event_hash: bytes, account: Account) -> None:
        """Take an event in."""
        del event_hash
        if self.matcher.matches(event, account):
            widen(account.record.marks, self.name, event.occurred_at)


@final
class Log(msgspec.Struct, frozen=True):
    """Keeps the latest `keep` events of a matcher, each as [occurred_at, event hash, fields...]."""

    name: str
    matcher: Matcher
    fields: tuple[str, ...]
    keep: int

    def fold(self, event: Event, event_hash: bytes, account: Account) -> None:
        """Take an event in; the oldest entry of a full log goes, and is counted."""
        if not self.matcher.matches(event, account):
            return
        log = account.record.logs.setdefault(self.name, [])
        insort(log, [event.occurred_at, event_hash, *(field_of(event, name, account) for name in self.fields)], key=_order)
        if len(log) > self.keep:
            del log[0]
            evict(account, self.name)


@final
class Track(msgspec.Struct, frozen=True):
    """Keeps when a matcher first and last held, for each subject of a kind, such as each incident."""

    kind: str
    id_field: str
    slot: str
    matcher: Matcher

    def fold(self, event: Event, event_hash: bytes, account: Account) -> None:
        """Take an event in; a new subject may push out another (see `make_room`)."""
        del event_hash
        if not self.matcher.matches(event, account):
            return
        subject = getattr(event, self.id_field)
        if subject is None:
            return
        tracks = account.record.tracks.setdefault(self.kind, {})
        marks = tracks.get(subject)
        if marks is None:
            marks = tracks[subject] = {}
            make_room(account, self.kind, tracks)
        widen(marks, self.slot, event.occurred_at)


Kept = Mark | Log | Track


@final
class Count(msgspec.Struct, frozen=True):
    """Reads a log: how many entries, or how many distinct values of a field, of one subject or of all.

    `window_ms` None counts all that are kept; `per` and `distinct` are names of the log's fields.
    """

    name: str
    log: Log
    window_ms: int | None = None
    per: str | None = None
    distinct: str | None = None

    def entries(self, account: Account, after: int, until: int, subject: str | None) -> list[Entry]:
        """The entries in (after, until], of one subject where the measure is kept per subject and one is given."""
        log = account.record.logs.get(self.log.name, [])
        chosen = log[bisect_right(log, (after, b"\xff" * 9), key=_order) : bisect_right(log, (until, b"\xff" * 9), key=_order)]
        if self.per is None or subject is None:
            return chosen
        at = 2 + self.log.fields.index(self.per)
        return [entry for entry in chosen if entry[at] == subject]

    def value(self, account: Account, now: int, subject: str | None = None, since: int | None = None) -> int:
        """The count at `now`, over the measure's window or, where given, since an instant (exclusive)."""
        after = since if since is not None else -1 if self.window_ms is None else now - self.window_ms
        entries = self.entries(account, after, now, subject)
        if self.distinct is None:
            return len(entries)
        at = 2 + self.log.fields.index(self.distinct)
        return len({entry[at] for entry in entries if entry[at] is not None})

    def subjects(self, account: Account, now: int) -> Iterable[str]:
        """The subjects that have an entry in the window at `now`."""
        after = -1 if self.window_ms is None else now - self.window_ms
        at = 2 + self.log.fields.index(self.per or "")
        return {entry[at] for entry in self.entries(account, after, now, None) if entry[at] is not None}


def _order(entry: Entry | tuple[int, bytes]) -> tuple[int, bytes]:
    return (entry[0], entry[1])


def widen(marks: dict[str, tuple[int, int]], name: str, at: int) -> None:
    """Let a mark (first, last) take in one more time."""
    mark = marks.get(name)
    marks[name] = (at, at) if mark is None else (min(mark[0], at), max(mark[1], at))


def evict(account: Account, what: str) -> None:
    """Count that something was dropped to keep the record small; confidence falls with it."""
    evicted = account.record.evicted
    evicted[what] = evicted.get(what, 0) + 1


def make_room(account: Account, kind: str, tracks: dict[str, dict[str, tuple[int, int]]]) -> None:
    """Drop the subject that was quiet longest where a kind has more than its cap; counted."""
    if len(tracks) > MAX_SUBJECTS.get(kind, OTHER_SUBJECTS):
        del tracks[min(tracks, key=lambda subject: (max((mark[1] for mark in tracks[subject].values()), default=1 << 62), subject))]
        evict(account, kind)


def make_room_for_goal(account: Account, goals: dict[str, Goal]) -> None:
    """Drop a goal where there are more than the cap: the closed one that was set first, else the first set; counted."""
    if len(goals) > MAX_SUBJECTS["goal"]:
        del goals[min(goals, key=lambda goal: (goals[goal].closed_at < 0, goals[goal].set_at, goal))]
        evict(account, "goal")
