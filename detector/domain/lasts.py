"""Instants: measures that read when something last was, or first was without an answer.

What they read is an instant in epoch milliseconds (UTC), by event time.
"""

from bisect import bisect_right
from collections.abc import Collection
from typing import final

import msgspec

from detector.domain import events as e
from detector.domain import hot
from detector.domain.account import Account
from detector.domain.events import Event
from detector.domain.measures import Kept, Level, Log, Mark, Track
from detector.domain.moments import MomentOf

_USAGE = (e.UsageRecorded, e.UsageActiveUsers, e.DocsViewed, e.DataExported)


@final
class LastSeen(msgspec.Struct, frozen=True):
    """When something last was: of the account (a mark), of a subject (a track), or with a person of a role (a log).

    `source` None is the usage of the hot block. With `roles` only people in one of these count, else those whose role
    is the subject, where one is asked for: the role as known when it is read. `moments` count as well as events.
    """

    name: str
    source: Mark | Track | Log | None
    roles: frozenset[str] = frozenset()
    moments: tuple[MomentOf, ...] = ()
    unit: str = "time"

    @property
    def kept(self) -> Collection[Kept]:
        """Its mark, track or log."""
        return () if self.source is None else (self.source,)

    @property
    def classes(self) -> Collection[type[Event]]:
        """Its events, and those that make its moments or tell roles."""
        own = _USAGE if self.source is None else tuple(self.source.matcher.alternatives)
        people = (e.StakeholderUpdated,) if isinstance(self.source, Log) else ()
        made = (cls for moment in self.moments for cls in moment.classes)
        return tuple(dict.fromkeys((*own, *people, *made)))

    def value(self, account: Account, now: int, subject: str | None = None) -> Level:
        """The latest; None where there was none."""
        del now
        return self.last(account, subject)

    def last(self, account: Account, subject: str | None = None) -> int | None:
        """The same, whatever the time is."""
        found = [self._last(account, subject)]
        for moment in self.moments:
            times = (moment.times(account, one) for one in moment.subjects(account))
            found += [both[-1] for both in times if both]
        return max((at for at in found if at is not None), default=None)

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """It changes with events alone."""
        del account, now, subject
        return None

    def _last(self, account: Account, subject: str | None) -> int | None:
        source = self.source
        if source is None:
            return hot.last_usage(account.hot)
        if isinstance(source, Mark):
            return account.latest(source.name)
        if isinstance(source, Track):
            return max(source.times(account, subject), default=None)
        entries = account.record.logs.get(source.name, [])
        wanted = self.roles or ({subject} if subject is not None else None)
        return max(
            (entry[0] for entry in entries if wanted is None or source.field(entry, "role", account) in wanted),
            default=None,
        )


@final
class Unanswered(msgspec.Struct, frozen=True):
    """When the first of some events was to which no answer came within a time; None where each was answered.

    Both logs are bounded: what is from before the oldest answer of a full log counts as answered.
    """

    name: str
    asked: Log
    answers: Log
    within_ms: int
    unit: str = "time"

    @property
    def kept(self) -> Collection[Kept]:
        """Both logs."""
        return (self.asked, self.answers)

    @property
    def classes(self) -> Collection[type[Event]]:
        """What asks and what answers."""
        return tuple(dict.fromkeys((*self.asked.matcher.alternatives, *self.answers.matcher.alternatives)))

    def value(self, account: Account, now: int, subject: str | None = None) -> Level:
        """The first since ever."""
        del subject
        return self.first(account, -1, now)

    def first(self, account: Account, since: int, now: int) -> int | None:
        """The first one after an instant whose time for an answer is over without one."""
        answers = [entry[0] for entry in account.record.logs.get(self.answers.name, [])]
        known_from = answers[0] if len(answers) >= self.answers.keep else -1
        for entry in account.record.logs.get(self.asked.name, []):
            asked: int = entry[0]
            if asked <= since or asked < known_from or asked + self.within_ms > now:
                continue
            after = bisect_right(answers, asked)
            if after == len(answers) or answers[after] > asked + self.within_ms:
                return asked
        return None

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """When the time of the next question is over."""
        del subject
        ends = (entry[0] + self.within_ms for entry in account.record.logs.get(self.asked.name, []))
        return min((end for end in ends if end > now), default=None)
