"""Turns: facts after which something must be seen within a limit, though its last time is not long ago.

Pure functions of the account's facts. All times are epoch milliseconds (UTC), by event time.
"""

from collections.abc import Collection
from typing import Protocol, final

import msgspec

from detector.domain.account import Account
from detector.domain.events import Event, StakeholderLeft, StakeholderUpdated
from detector.domain.measures import Kept


class Turn(Protocol):
    """Something after which a limit runs."""

    @property
    def kept(self) -> Collection[Kept]:
        """What must be kept for it."""
        ...

    @property
    def classes(self) -> Collection[type[Event]]:
        """The event classes that make it, or show that it never was."""
        ...

    def first(self, account: Account, since: int, now: int) -> int | None:
        """The first time of it after an instant (-1: ever), as known at `now`; None where there is none."""
        ...

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """The next instant after `now` at which there may be one though nothing comes; None: never."""
        ...


@final
class SponsorChanged(msgspec.Struct, frozen=True):
    """A sponsor is new, or lost: left, or has another role now. The very first one follows nobody and is no change."""

    @property
    def kept(self) -> Collection[Kept]:
        """Nothing of its own: people are kept for every pack."""
        return ()

    @property
    def classes(self) -> Collection[type[Event]]:
        """What is told of people."""
        return (StakeholderUpdated, StakeholderLeft)

    def first(self, account: Account, since: int, now: int) -> int | None:
        """Of all changes of sponsors that are still known."""
        del now
        came: list[int] = []
        went: list[int] = []
        for person in account.record.people.values():
            named = person.named.get("sponsor")
            if named is None:
                continue
            came.append(named)
            if person.role == "sponsor":
                went += person.gone
            else:
                went += sorted(at for at in person.named.values() if at > named)[:1]
        changes = [at for at in came if at > min(came)] + went
        return min((at for at in changes if at > since), default=None)

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """It changes with events alone."""
        del account, now, subject
        return None
