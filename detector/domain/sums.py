"""Sums by day, and counts that leave out what only answers another: measures over a window of the record.

All times are epoch milliseconds (UTC), by event time; days are whole UTC days, the running one included.
"""

from collections.abc import Collection
from typing import final

import msgspec

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.calendar import DAY_MS
from detector.domain.events import Event
from detector.domain.measures import Count, DaySums, Kept
from detector.domain.verdict import earliest


@final
class Sum(msgspec.Struct, frozen=True):
    """The sum of a field over the last `days` UTC days; `per` is there for what is counted as well, and is None."""

    name: str
    sums: DaySums
    days: int
    per: None = None
    unit: str = "rows"

    @property
    def window_ms(self) -> int:
        """How far back it sums, the running day as a whole one."""
        return self.days * DAY_MS

    @property
    def kept(self) -> Collection[Kept]:
        """Its sums by day."""
        return (self.sums,)

    @property
    def classes(self) -> Collection[type[Event]]:
        """What is summed up."""
        return tuple(self.sums.matcher.alternatives)

    def value(self, account: Account, now: int, subject: str | None = None) -> int:
        """The sum at `now`."""
        return self.total(account, now - self.window_ms, now, subject)

    def total(self, account: Account, after: int, until: int, subject: str | None) -> int:
        """The sum of the days after the day of `after`, up to the day of `until`."""
        del subject
        first, last = after // DAY_MS * DAY_MS, until // DAY_MS * DAY_MS
        return sum(entry[2] for entry in account.record.logs.get(self.sums.name, []) if first < entry[0] <= last)

    def oldest(self, account: Account, after: int, until: int, subject: str | None) -> int | None:
        """With which instant the first of these days begins; None where none has any."""
        del subject
        first, last = after // DAY_MS * DAY_MS, until // DAY_MS * DAY_MS
        days = (entry[0] for entry in account.record.logs.get(self.sums.name, []))
        return next((day for day in days if first < day <= last), None)

    def times(self, account: Account, after: int, until: int, subject: str | None) -> list[int]:
        """When the last of each day was, in (after, until]."""
        del subject
        return [entry[3] for entry in account.record.logs.get(self.sums.name, []) if after < entry[3] <= until]

    def next_after(self, account: Account, now: int, subject: str | None) -> int | None:
        """When the next day that is dated after `now` begins to count; None without one."""
        del subject
        return next((entry[0] for entry in account.record.logs.get(self.sums.name, []) if entry[0] > now), None)

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """When a day begins to count, or the first of those that do leaves the window."""
        oldest = now // DAY_MS * DAY_MS - self.window_ms
        days = (entry[0] for entry in account.record.logs.get(self.sums.name, []))
        leaves = next((day + self.window_ms for day in days if oldest < day <= now), None)
        return earliest(leaves, self.next_after(account, now, subject))

    def complete_since(self, account: Account) -> int | None:
        """From when on it is known what was summed up: since the account's first event, or the oldest day kept."""
        days = account.record.logs.get(self.sums.name, [])
        first = hot.first_seen(account.hot)
        return max(hot.NEVER if first is None else first, days[0][0] if len(days) >= self.sums.keep else -1)


@final
class Unprompted(msgspec.Struct, frozen=True):
    """Counts events, and those of another kind that answer none of them: that did not come so soon after one.

    The log of what is counted must reach back further than the window, by `within_ms`.
    """

    name: str
    of: Count
    others: Count
    within_ms: int
    unit: str = "events"

    @property
    def kept(self) -> Collection[Kept]:
        """Both logs."""
        return (*self.of.kept, *self.others.kept)

    @property
    def classes(self) -> Collection[type[Event]]:
        """Both kinds of events."""
        return tuple(dict.fromkeys((*self.of.classes, *self.others.classes)))

    def value(self, account: Account, now: int, subject: str | None = None) -> int:
        """How many there were in the window at `now`."""
        return len(self.times(account, now - (self.of.window_ms or now + 1), now, subject))

    def times(self, account: Account, after: int, until: int, subject: str | None) -> list[int]:
        """When each that counts was, in (after, until], sorted."""
        every = self.of.times(account, -1, until, subject)
        others = self.others.times(account, after, until, subject)
        alone = [at for at in others if not any(at - self.within_ms <= one <= at for one in every)]
        return sorted([*(at for at in every if at > after), *alone])

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """When either number may change."""
        return earliest(self.of.next_change(account, now, subject), self.others.next_change(account, now, subject))
