"""Levels: measures that read what holds now: a field as last told, a share, who is known, what lies ahead.

All times are epoch milliseconds (UTC), by event time.
"""

from collections import Counter
from collections.abc import Collection
from typing import Final, final

import msgspec

from detector.domain import events as e
from detector.domain import hot
from detector.domain.account import Account
from detector.domain.calendar import DAY_MS
from detector.domain.events import Event
from detector.domain.measures import Count, Kept, Level, Log, Mark, Measure
from detector.domain.state import Entry
from detector.domain.usage import SETTLES_MS, settled_day
from detector.domain.verdict import earliest

_UNITS: Final = {"active_users": "people", "planned_users": "people", "purchased": "seats", "rating": "points"}


class Extreme(msgspec.Struct, frozen=True, gc=False):
    """A number at an end of its scale, at most or at least so much, counts for another time."""

    at_most: float
    at_least: float
    fresh_ms: int


@final
class Latest(msgspec.Struct, frozen=True):
    """Reads a field of the latest event of a log, of one subject where it is kept per subject.

    It counts for `fresh_ms` (None: for ever), an extreme one for a time of its own; after that, and where there is
    none, `otherwise` is read.
    """

    name: str
    log: Log
    field: str
    per: str | None = None
    fresh_ms: int | None = None
    extreme: Extreme | None = None
    otherwise: Measure | None = None

    @property
    def unit(self) -> str:
        """What the field counts."""
        return _UNITS.get(self.field, "value")

    @property
    def kept(self) -> Collection[Kept]:
        """Its log, and what is kept for the measure in its place."""
        return (self.log, *(() if self.otherwise is None else self.otherwise.kept))

    @property
    def classes(self) -> Collection[type[Event]]:
        """The events of its log, and those that move the measure in its place."""
        other = () if self.otherwise is None else self.otherwise.classes
        return tuple(dict.fromkeys((*self.log.matcher.alternatives, *other)))

    def value(self, account: Account, now: int, subject: str | None = None) -> Level:
        """The field as last told; true and false read 1 and 0."""
        entry = self._entry(account, now, subject)
        if entry is None or self._ends(account, entry) <= now:
            return None if self.otherwise is None else self.otherwise.value(account, now, subject)
        value = self.log.field(entry, self.field, account)
        return int(value) if isinstance(value, bool) else value

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """When a value dated ahead begins to count, or this one no longer does."""
        ahead = next((entry[0] for entry in self._entries(account, subject) if entry[0] > now), None)
        entry = self._entry(account, now, subject)
        ends = hot.NEVER if entry is None else self._ends(account, entry)
        if ends <= now or entry is None:
            return earliest(
                ahead, None if self.otherwise is None else self.otherwise.next_change(account, now, subject)
            )
        return earliest(ahead, ends if ends < hot.NEVER else None)

    def _entries(self, account: Account, subject: str | None) -> list[Entry]:
        entries = account.record.logs.get(self.log.name, [])
        if self.per is None or subject is None:
            return entries
        return [entry for entry in entries if self.log.field(entry, self.per, account) == subject]

    def _entry(self, account: Account, now: int, subject: str | None) -> Entry | None:
        """The latest entry that is not dated ahead and tells the field."""
        for entry in reversed(self._entries(account, subject)):
            if entry[0] <= now and self.log.field(entry, self.field, account) is not None:
                return entry
        return None

    def _ends(self, account: Account, entry: Entry) -> int:
        fresh, extreme, at = self.fresh_ms, self.extreme, int(entry[0])
        value = self.log.field(entry, self.field, account)
        if extreme is not None and not extreme.at_most < value < extreme.at_least:
            fresh = extreme.fresh_ms
        return hot.NEVER if fresh is None else at + fresh


@final
class Share(msgspec.Struct, frozen=True):
    """One measure as a share of another, 0 or more; None where either is not known, or of nothing."""

    name: str
    part: Measure
    whole: Measure
    unit: str = "share"

    @property
    def kept(self) -> Collection[Kept]:
        """What both keep."""
        return (*self.part.kept, *self.whole.kept)

    @property
    def classes(self) -> Collection[type[Event]]:
        """What moves either."""
        return tuple(dict.fromkeys((*self.part.classes, *self.whole.classes)))

    def value(self, account: Account, now: int, subject: str | None = None) -> Level:
        """The part over the whole; of counts in a window only since the whole is known: a full log forgets."""
        part, whole = self._both(account, now, subject)
        if part is None or whole is None or isinstance(part, str) or isinstance(whole, str) or whole == 0:
            return None
        return part / whole

    def _both(self, account: Account, now: int, subject: str | None) -> tuple[Level, Level]:
        part, whole = self.part, self.whole
        if isinstance(part, Count) and isinstance(whole, Count) and part.window_ms is not None:
            complete = whole.complete_since(account)
            since = max(now - part.window_ms, -1 if complete is None else complete - 1)
            return part.value(account, now, subject, since), whole.value(account, now, subject, since)
        return part.value(account, now, subject), whole.value(account, now, subject)

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """When either may read otherwise."""
        return earliest(self.part.next_change(account, now, subject), self.whole.next_change(account, now, subject))


@final
class Largest(msgspec.Struct, frozen=True):
    """The largest share that one value of a field has of what is counted; None where nothing is.

    What comes without the field is counted in the whole only.
    """

    name: str
    of: Count
    field: str
    unit: str = "share"

    @property
    def kept(self) -> Collection[Kept]:
        """What is counted."""
        return self.of.kept

    @property
    def classes(self) -> Collection[type[Event]]:
        """What is counted."""
        return self.of.classes

    def value(self, account: Account, now: int, subject: str | None = None) -> Level:
        """The most of one value over all."""
        after = -1 if self.of.window_ms is None else now - self.of.window_ms
        entries = self.of.entries(account, after, now, subject)
        told = Counter(self.of.log.field(entry, self.field, account) for entry in entries)
        del told[None]
        return max(told.values(), default=0) / len(entries) if entries else None

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """When the window moves on to another number."""
        return self.of.next_change(account, now, subject)


class OfAccount(msgspec.Struct, frozen=True):
    """What is common to measures of what every account keeps anyway."""

    name: str

    @property
    def kept(self) -> Collection[Kept]:
        """Nothing of its own."""
        return ()

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """It changes with events alone."""
        del account, now, subject
        return None


@final
class KnownPeople(OfAccount, frozen=True):
    """How many people of the customer are known by name and still there."""

    unit: str = "people"

    @property
    def classes(self) -> Collection[type[Event]]:
        """What names people."""
        return (e.StakeholderUpdated, e.StakeholderLeft)

    def value(self, account: Account, now: int, subject: str | None = None) -> Level:
        """Those who have not left."""
        del now, subject
        return sum(not person.gone for person in account.record.people.values())


@final
class NamedRoles(OfAccount, frozen=True):
    """In how many of these groups of roles somebody who is there is named."""

    groups: tuple[frozenset[str], ...]
    unit: str = "roles"

    @property
    def classes(self) -> Collection[type[Event]]:
        """What names people."""
        return (e.StakeholderUpdated, e.StakeholderLeft)

    def value(self, account: Account, now: int, subject: str | None = None) -> Level:
        """The groups that have somebody."""
        del now, subject
        named = {person.role for person in account.record.people.values() if not person.gone}
        return sum(not named.isdisjoint(group) for group in self.groups)


@final
class ActivePeople(OfAccount, frozen=True):
    """How many people used the product in the last `days` whole UTC days (rules.md 1), of whom the hot block knows.

    A day is whole once it takes no late events any more. None where there was use and nobody was named, and where
    nobody was seen since people were last counted elsewhere (`usage.active_users`): that feed may have ended.
    """

    days: int
    unit: str = "people"

    @property
    def classes(self) -> Collection[type[Event]]:
        """Usage moves it, and is looked at by the day."""
        return ()

    def value(self, account: Account, now: int, subject: str | None = None) -> Level:
        """Those who were seen since the first of the days."""
        del subject
        last = settled_day(now)
        people = hot.distinct_members(account.hot, last - self.days + 1)
        if people > 0:
            return people
        return None if _counted_elsewhere(account.hot) or hot.window_sum(account.hot, last, self.days) > 0 else 0

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """When the next day is whole."""
        del account, subject
        return ((now - SETTLES_MS) // DAY_MS + 1) * DAY_MS + SETTLES_MS


def _counted_elsewhere(block: bytearray) -> bool:
    """Whether a feed of numbers of people was heard of after the last use of which the event itself came."""
    feed, used = hot.active_users(block), hot.last_usage(block, hot.RECORDED)
    told = (None if feed is None else feed.at_ms, hot.last_usage(block, hot.ACTIVE_USERS))
    heard = max((at for at in told if at is not None), default=None)
    return heard is not None and (used is None or used <= heard)


@final
class Ahead(msgspec.Struct, frozen=True):
    """Whether something planned lies ahead, 1 or 0: `dates` keeps the first and the last of the dates told."""

    name: str
    dates: Mark
    unit: str = "dates"

    @property
    def kept(self) -> Collection[Kept]:
        """The dates."""
        return (self.dates,)

    @property
    def classes(self) -> Collection[type[Event]]:
        """What tells dates."""
        return tuple(self.dates.matcher.alternatives)

    def value(self, account: Account, now: int, subject: str | None = None) -> Level:
        """1 while the last date is still to come."""
        del subject
        last = account.latest(self.dates.name)
        return int(last is not None and last > now)

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """The last date."""
        del subject
        last = account.latest(self.dates.name)
        return last if last is not None and last > now else None
