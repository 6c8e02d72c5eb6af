"""Measures: what is kept of the events that a matcher names, and what a rule reads of it.

What is kept does not depend on the order of arrival: marks are a first and a last time, logs are sorted by
(occurred_at, hash of the event id), and the same event twice leaves what it left once (sums by day alone rely on the
ids that are remembered). `fold` tells whether the event is one of those it keeps. A full log loses its oldest entry.
All times are epoch milliseconds (UTC), by event time; a window (now - window, now] excludes its beginning.
"""

from base64 import b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from hashlib import blake2b
from typing import Any, Final, Protocol, TypeAlias, final

import msgspec

from detector.domain.account import Account
from detector.domain.calendar import DAY_MS
from detector.domain.events import Event
from detector.domain.hot import NEVER
from detector.domain.matchers import Matcher, field_of
from detector.domain.state import Entry, Goal, Sums
from detector.domain.tally import Evicted

MAX_SUBJECTS: Final = {"goal": 64, "ticket": 256, "stakeholder": 512}
OTHER_SUBJECTS: Final = 64
LARGEST: Final = 2**62  # of a day's sum, either way: what is written holds no more
Tracks: TypeAlias = dict[str, dict[str, tuple[int, ...]]]
_ENDS: Final = ("ticket.resolved", "incident.resolved", "milestone.done", "action.done", "invoice.paid", "release.told")


@cache
def code_of(slot: str) -> str:
    """What a slot's name is kept as, of three characters: a record may hold hundreds of subjects with several each.

    The compiler refuses two names of one kind of subject with the same code.
    """
    return b64encode(blake2b(slot.encode(), digest_size=3).digest())[:3].decode()


_OVER: Final = frozenset(map(code_of, _ENDS))  # the events that end a subject


@final
class Mark(msgspec.Struct, frozen=True):
    """Keeps when a matcher first and last held, for the account; with `date` the first and last of the dates told."""

    name: str
    matcher: Matcher
    date: str | None = None

    def fold(self, event: Event, event_hash: bytes, account: Account) -> bool:
        """Take an event in."""
        del event_hash
        if not self.matcher.matches(event, account):
            return False
        at = event.occurred_at if self.date is None else getattr(event, self.date)
        widen(account.record.marks, self.name, at)
        return True


@final
class Log(msgspec.Struct, frozen=True):
    """Keeps the latest `keep` events of a matcher, each as [occurred_at, event hash, fields...].

    With `latest_per` it keeps the latest event of each value of those fields (`day`: of each UTC day), the
    nameless together: however many talks one person has, they do not push out another's.
    """

    name: str
    matcher: Matcher
    fields: tuple[str, ...]
    keep: int
    latest_per: tuple[str, ...] = ()

    def fold(self, event: Event, event_hash: bytes, account: Account) -> bool:
        """Take an event in; the oldest entry of a full log goes."""
        if not self.matcher.matches(event, account):
            return False
        log = account.record.logs.setdefault(self.name, [])
        at = bisect_left(log, (event.occurred_at, event_hash), key=_order)
        if at < len(log) and _order(log[at]) == (event.occurred_at, event_hash):
            return True
        # The role as the event carries it: what is known of the person may change, and the reader looks it up.
        fields = [event.role if name == "role" else field_of(event, name, account) for name in self.fields]
        entry = [event.occurred_at, event_hash, *fields]
        if self.latest_per:
            key = self._key(entry)
            known = next((n for n, other in enumerate(log) if self._key(other) == key), None)
            if known is not None and known >= at:
                return True
            if known is not None:
                del log[known]
                at -= 1
        log.insert(at, entry)
        if len(log) > self.keep:
            del log[0]
        return True

    def _key(self, entry: Entry) -> list[Any]:
        fields = self.fields
        return [entry[0] // DAY_MS if name == DAY else entry[2 + fields.index(name)] for name in self.latest_per]

    def field(self, entry: Entry, name: str, account: Account) -> Any:
        """A field of an entry; a role as it is known today, where the entry says whose it is."""
        value = entry[2 + self.fields.index(name)]
        if name != "role" or "stakeholder_id" not in self.fields:
            return value
        return account.role_of(entry[2 + self.fields.index("stakeholder_id")], value)


@final
class Track(msgspec.Struct, frozen=True):
    """Keeps when a matcher first and last held, for each subject of a kind, such as each incident.

    With `keep` above 2 it keeps the latest so many times.
    """

    kind: str
    id_field: str
    slot: str
    matcher: Matcher
    keep: int = 2

    def fold(self, event: Event, event_hash: bytes, account: Account) -> bool:
        """Take an event in; a new subject may push out another (see `make_room`)."""
        del event_hash
        if not self.matcher.matches(event, account):
            return False
        subject = getattr(event, self.id_field)
        if subject is None:
            return False
        slots, code, at = slots_of(account, self.kind, subject), code_of(self.slot), event.occurred_at
        times = slots.get(code, ())
        if at not in times:
            merged = sorted((*times, at))
            slots[code] = (merged[0], merged[-1]) if self.keep == 2 and times else tuple(merged[-self.keep :])
        return True

    def times(self, account: Account, subject: str | None) -> tuple[int, ...]:
        """When it held for a subject: the first and the last time if they differ, or all that are kept; sorted."""
        return account.record.tracks.get(self.kind, {}).get(subject or "", {}).get(code_of(self.slot), ())

    def subjects(self, account: Account) -> list[str]:
        """The kept subjects to which it happened."""
        code = code_of(self.slot)
        return [name for name, slots in account.record.tracks.get(self.kind, {}).items() if code in slots]


@final
class DaySums(msgspec.Struct, frozen=True):
    """Keeps the sum of a whole number by UTC day, of the latest `keep` days that have any.

    An entry is [first instant of the day, nothing, sum, the last event's time]; it stands where logs do.
    """

    name: str
    matcher: Matcher
    field: str
    keep: int

    def fold(self, event: Event, event_hash: bytes, account: Account) -> bool:
        """Take an event in; the oldest of too many days goes."""
        del event_hash
        if not self.matcher.matches(event, account):
            return False
        days = account.record.logs.setdefault(self.name, [])
        day = event.occurred_at // DAY_MS * DAY_MS
        at = bisect_left(days, day, key=_time)
        if at == len(days) or days[at][0] != day:
            days.insert(at, [day, b"", 0, event.occurred_at])
        entry = days[at]
        entry[2] = max(-LARGEST, min(LARGEST, entry[2] + getattr(event, self.field)))
        entry[3] = max(entry[3], event.occurred_at)
        if len(days) > self.keep:
            del days[0]
        return True


@final
class Given(msgspec.Struct, frozen=True):
    """Keeps, for each subject of a kind, when a field was last given and as what: a time, or its place in `words`.

    Of two at the same time the greater wins.
    """

    kind: str
    id_field: str
    field: str
    matcher: Matcher
    words: tuple[str, ...] = ()

    @property
    def slot(self) -> str:
        """What it is kept as."""
        return f"{self.matcher.name} {self.field}"

    def fold(self, event: Event, event_hash: bytes, account: Account) -> bool:
        """Take an event in; one without the field changes nothing."""
        del event_hash
        subject, value = getattr(event, self.id_field, None), getattr(event, self.field, None)
        if subject is None or value is None or not self.matcher.matches(event, account):
            return False
        slots = slots_of(account, self.kind, subject)
        given = (event.occurred_at, self.words.index(value) if self.words else value)
        slots[code_of(self.slot)] = max(slots.get(code_of(self.slot), given), given)
        return True

    def given(self, account: Account, subject: str | None) -> tuple[int, int] | None:
        """When it was last given, and as what; None when it never was."""
        found = account.record.tracks.get(self.kind, {}).get(subject or "", {}).get(code_of(self.slot))
        return None if found is None else (found[0], found[1])


@final
class SubjectSums(msgspec.Struct, frozen=True):
    """Keeps the sum of a number by UTC day for each subject, such as each meter, in whole thousandths.

    Of each the days less than `keep` before its newest; of at most `most` subjects, those that came last.
    """

    name: str
    matcher: Matcher
    field: str
    per: str
    keep: int = 77
    most: int = 16
    scale: int = 1_000

    def fold(self, event: Event, event_hash: bytes, account: Account) -> bool:
        """Take an event in; a new subject may push out the one that has been quiet for longest, counted."""
        del event_hash
        if not self.matcher.matches(event, account):
            return False
        subject, day = getattr(event, self.per), event.occurred_at // DAY_MS
        subjects = account.record.sums.setdefault(self.name, {})
        sums = subjects.get(subject)
        if sums is None:
            sums = subjects[subject] = Sums(first=day, days=[(day, 0)])
        sums.first = min(sums.first, day)
        days, amount = sums.days, round(getattr(event, self.field) * self.scale)
        if day > days[-1][0] - self.keep:
            at = bisect_left(days, day, key=_time)
            if at < len(days) and days[at][0] == day:
                days[at] = (day, max(-LARGEST, min(LARGEST, days[at][1] + amount)))
            else:
                days.insert(at, (day, amount))
            while days[0][0] <= days[-1][0] - self.keep:
                del days[0]
        if len(subjects) > self.most:
            del subjects[min(subjects, key=lambda one: (subjects[one].days[-1][0], one))]
            evict(account, "subject")
        return True


Kept = Mark | Log | Track | DaySums | SubjectSums | Given
DAY: Final = "day"  # the UTC day of an event, where a log keeps the latest of each
Level: TypeAlias = int | float | str | None  # what a measure reads: a number, a word, or None where nothing is known


class Measure(Protocol):
    """What a rule reads of an account: a number or a word, of one subject or of the account as a whole."""

    @property
    def name(self) -> str:
        """As the pack calls it; explanations and evidence use the same name."""
        ...

    @property
    def unit(self) -> str:
        """What it counts, for evidence: events, people, share or seats."""
        ...

    @property
    def kept(self) -> Collection[Kept]:
        """What must be kept for it."""
        ...

    @property
    def classes(self) -> Collection[type[Event]]:
        """The event classes that can change what it reads."""
        ...

    def value(self, account: Account, now: int, subject: str | None = None) -> Level:
        """What it reads at `now`; None where nothing is known."""
        ...

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """The next instant after `now` at which it may read otherwise though nothing comes; None: never."""
        ...


@final
class Count(msgspec.Struct, frozen=True):
    """Reads a log: how many entries, or how many distinct values of a field, of one subject or of all.

    `window_ms` None counts all that are kept; `per` and `distinct` are names of the log's fields. With `roles` only the
    entries of people in these roles count: the role as known when it is read.
    """

    name: str
    log: Log
    window_ms: int | None = None
    per: str | None = None
    distinct: str | None = None
    roles: frozenset[str] = frozenset()

    @property
    def unit(self) -> str:
        """People where it counts those, else events."""
        return "people" if self.distinct == "stakeholder_id" else "events"

    @property
    def kept(self) -> Collection[Kept]:
        """Its log."""
        return (self.log,)

    @property
    def classes(self) -> Collection[type[Event]]:
        """The events of its log."""
        return tuple(self.log.matcher.alternatives)

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """When the next entry begins to count, or the oldest in the window no longer does."""
        due = self.next_after(account, now, subject)
        if self.window_ms is not None:
            counted = self.entries(account, now - self.window_ms, now, subject)
            leaves = counted[0][0] + self.window_ms if counted else None
            due = min((t for t in (due, leaves) if t is not None), default=None)
        return due

    def entries(self, account: Account, after: int, until: int, subject: str | None) -> list[Entry]:
        """The entries in (after, until], of one subject where the measure is kept per subject and one is given."""
        log = self.log
        chosen = within(account.record.logs.get(log.name), after, until)
        if not chosen:
            return chosen
        if self.roles:
            chosen = [entry for entry in chosen if log.field(entry, "role", account) in self.roles]
        if self.per is None or subject is None:
            return chosen
        per = self.per
        return [entry for entry in chosen if log.field(entry, per, account) == subject]

    def value(self, account: Account, now: int, subject: str | None = None, since: int | None = None) -> int:
        """The count at `now`, over the measure's window or, where given, since an instant (exclusive)."""
        after = since if since is not None else -1 if self.window_ms is None else now - self.window_ms
        entries = self.entries(account, after, now, subject)
        if self.distinct is None:
            return len(entries)
        found = {self.log.field(entry, self.distinct, account) for entry in entries}
        return len(found - {None})

    def subjects(self, account: Account, now: int) -> Iterable[str]:
        """The subjects that have an entry in the window at `now`, or after it."""
        after = -1 if self.window_ms is None else now - self.window_ms
        found = {self.log.field(entry, self.per or "", account) for entry in self.entries(account, after, NEVER, None)}
        return found - {None}

    def total(self, account: Account, after: int, until: int, subject: str | None) -> int:
        """How many there were in (after, until]."""
        return len(self.entries(account, after, until, subject))

    def oldest(self, account: Account, after: int, until: int, subject: str | None) -> int | None:
        """When the first of them was, in (after, until]; None where there was none."""
        return next((entry[0] for entry in self.entries(account, after, until, subject)), None)

    def times(self, account: Account, after: int, until: int, subject: str | None) -> list[int]:
        """When each of them was, in (after, until]."""
        return [entry[0] for entry in self.entries(account, after, until, subject)]

    def reaches(self, account: Account, least: int, since: int) -> int | None:
        """When, after `since`, there were so many entries; None while there are fewer."""
        entries = self.entries(account, since, NEVER, None)
        return since if least <= 0 else entries[least - 1][0] if len(entries) >= least else None

    def next_after(self, account: Account, now: int, subject: str | None) -> int | None:
        """When the next entry that is dated after `now` begins to count; None without one."""
        ahead = self.entries(account, now, NEVER, subject)
        return ahead[0][0] if ahead else None

    def complete_since(self, account: Account) -> int | None:
        """From when on no entry was dropped; None when none ever was."""
        log = account.record.logs.get(self.log.name, [])
        full = len(log) >= self.log.keep or "log" in account.record.evicted
        return log[0][0] if log and full else None


def within(entries: list[Entry] | None, after: int, until: int) -> list[Entry]:
    """Of sorted entries those in (after, until]: mostly all of them or none, which is seen without a search."""
    if not entries:
        return []
    first = 0 if after < entries[0][0] else bisect_right(entries, after, key=_time)
    last = len(entries) if entries[-1][0] <= until else bisect_right(entries, until, key=_time)
    return entries[first:last]


def _time(entry: Entry | tuple[int, int]) -> int:
    at: int = entry[0]
    return at


def _order(entry: Entry | tuple[int, bytes]) -> tuple[int, bytes]:
    return (entry[0], entry[1])


def widen(marks: dict[str, tuple[int, int]], name: str, at: int) -> None:
    """Let a mark (first, last) take in one more time."""
    mark = marks.get(name)
    marks[name] = (at, at) if mark is None else (min(mark[0], at), max(mark[1], at))


def evict(account: Account, what: Evicted, count: int = 1) -> None:
    """Count that something was dropped to keep the record small; confidence falls with it."""
    evicted = account.record.evicted
    evicted[what] = evicted.get(what, 0) + count
    account.lost[what] = account.lost.get(what, 0) + count


def slots_of(account: Account, kind: str, subject: str) -> dict[str, tuple[int, ...]]:
    """What is kept of a subject; a new one may push out another (see `make_room`)."""
    tracks = account.record.tracks.setdefault(kind, {})
    slots = tracks.get(subject)
    if slots is None:
        make_room(account, kind, tracks)
        slots = tracks[subject] = {}
    return slots


def make_room(account: Account, kind: str, tracks: Tracks) -> None:
    """Drop a subject where a kind is at its cap, before another is added; counted."""
    if len(tracks) >= MAX_SUBJECTS.get(kind, OTHER_SUBJECTS):
        del tracks[next(least_wanted_subjects(tracks))]
        evict(account, "subject")


def least_wanted_subjects(tracks: Tracks) -> Iterator[str]:
    """Subjects in the order in which they are dropped: those that are over first, then the quiet for longest."""

    def worth(subject: str) -> tuple[bool, int, str]:
        slots = tracks[subject]
        return _OVER.isdisjoint(slots), max(times[-1] for times in slots.values()), subject

    return iter(sorted(tracks, key=worth))


def make_room_for_goal(account: Account, goals: dict[str, Goal]) -> None:
    """Drop a goal where there are as many as the cap, before another is added; counted."""
    if len(goals) >= MAX_SUBJECTS["goal"]:
        del goals[next(least_wanted_goals(goals))]
        evict(account, "goal")


def least_wanted_goals(goals: dict[str, Goal]) -> Iterator[str]:
    """Goals in the order in which they are dropped: the closed ones first, then those set first."""
    return iter(sorted(goals, key=lambda goal: (not goals[goal].closed, goals[goal].set_at, goal)))
