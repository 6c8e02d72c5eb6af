"""Series: what a change is looked for in, by the day: an account's own actions, those of each person in a role.

A window is (amount, usable business days): days that were a holiday are left out of both, unless `holidays` are asked
for.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol, final

import msgspec

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.usage import reaches, window_of, window_of_counts
from detector.domain.watched import counted_from, person_counts, watched


class Series(Protocol):
    """Amounts by day, of the account or of each of its subjects."""

    @property
    def name(self) -> str:
        """As the pack calls it; evidence uses the same name."""
        ...

    @property
    def kind(self) -> str | None:
        """The kind of its subjects; None for the account itself."""
        ...

    def subjects(self, account: Account) -> Iterable[str | None]:
        """The subjects that there are now."""
        ...

    def reaches(self, account: Account, subject: str | None, day: int, days: int) -> bool:
        """Whether it goes back `days` days, the last of them being `day`."""
        ...

    def window(
        self, account: Account, subject: str | None, last_day: int, days: int, *, holidays: bool = False
    ) -> tuple[int, int]:
        """The window of the `days` days that end with `last_day`."""
        ...

    def histories(self, block: bytes | bytearray, day: int, days: int, reach: int) -> Iterator[list[int]]:
        """Of each subject whose series goes back `reach` days, the last `days` days up to `day`; from the hot block."""
        ...


@final
class Actions(msgspec.Struct, frozen=True):
    """What an account does."""

    name: str
    kind: None = None

    def subjects(self, account: Account) -> Iterable[None]:
        """The account itself."""
        del account
        return (None,)

    def reaches(self, account: Account, subject: str | None, day: int, days: int) -> bool:
        """Since the first usage."""
        del subject
        return reaches(account.hot, day, days)

    def window(
        self, account: Account, subject: str | None, last_day: int, days: int, *, holidays: bool = False
    ) -> tuple[int, int]:
        """Its actions."""
        del subject
        return window_of(account, last_day, days, holidays=holidays)

    def histories(self, block: bytes | bytearray, day: int, days: int, reach: int) -> Iterator[list[int]]:
        """Its own."""
        if reaches(block, day, reach):
            yield hot.day_counts(block, day - days + 1, day)


@final
class PersonActions(msgspec.Struct, frozen=True):
    """What each person in one of these roles does, of those whose days are counted (`watched`)."""

    name: str
    roles: frozenset[str]
    kind: str = "stakeholder"

    def subjects(self, account: Account) -> Iterable[str]:
        """People in these roles who are still there."""
        counted = set(watched(account.hot))
        people = account.record.people.items() if counted else ()
        return [
            who
            for who, person in people
            if person.role in self.roles and not person.gone and hot.member_hash(who) in counted
        ]

    def reaches(self, account: Account, subject: str | None, day: int, days: int) -> bool:
        """Since the day from which the person is counted, as far as there was usage of the account at all."""
        began = counted_from(account.hot, hot.member_hash(subject or ""))
        return began is not None and day - began + 1 >= days and reaches(account.hot, day, days)

    def window(
        self, account: Account, subject: str | None, last_day: int, days: int, *, holidays: bool = False
    ) -> tuple[int, int]:
        """The person's actions."""
        counts = person_counts(account.hot, hot.member_hash(subject or ""), last_day - days + 1, last_day)
        return window_of_counts(account, counts, last_day, holidays=holidays)

    def histories(self, block: bytes | bytearray, day: int, days: int, reach: int) -> Iterator[list[int]]:
        """Of each person who is counted; roles are not asked."""
        for who in watched(block):
            began = counted_from(block, who)
            if began is not None and day - began + 1 >= reach:
                yield person_counts(block, who, day - days + 1, day)
