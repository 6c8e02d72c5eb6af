"""What an operator is asked and what it answers: a moment, a verdict, and the evidence behind it."""

from collections.abc import Collection, Iterable
from typing import Any, Final, Protocol, TypeAlias

import msgspec

from detector.domain.account import Account
from detector.domain.calendar import MONDAY_TO_FRIDAY, Week
from detector.domain.events import Event
from detector.domain.state import Episode

SEVERITIES: Final = ("none", "info", "watch", "warn", "high", "critical")
INFO, WATCH, WARN, HIGH, CRITICAL = range(1, 6)
GRACE_MS: Final = 120_000  # what is recorded so long after a deadline still counts before it fires

Number: TypeAlias = int | float
Numbers: TypeAlias = dict[str, Any]  # what an explanation may name: numbers, short texts, dates as text


class Moment(msgspec.Struct, frozen=True, gc=False):
    """When a verdict is asked for: `now` is the record time of the event, or the due time of the deadline.

    Deadlines count as passed up to `settled`: the due time itself, or `now` less the grace when an event asks.
    `event` is the one that asks, None for a deadline; `first_event` and `first_seen` are the account's (rules.md 1).
    `since` is when what the rule asks for (`while`) began to hold, -1 where it asks for nothing: nothing is awaited
    from before it.
    """

    now: int
    settled: int
    first_event: int
    first_seen: int
    event: Event | None = None
    since: int = -1


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """One row of an alert's evidence (events.md 4)."""

    name: str
    observed: Number | str | None
    expected: Number | str | None
    unit: str | None = None
    window: str | None = None
    contribution: float | None = None
    event_ids: tuple[str, ...] = ()


class Clears(msgspec.Struct, frozen=True, gc=False):
    """The smallest change that would clear an alert (events.md 4)."""

    text: str
    measure: str | None = None
    at_least: Number | None = None
    at_most: Number | None = None


class Verdict(msgspec.Struct, gc=False):
    """What a rule says of one subject now.

    `level` is 0 (not ON) or the ladder's severity step; `off` tells that the clearing condition holds; neither holds
    between the two thresholds. `since` is when the condition began, `due` the next time at which the answer can change
    without an event. `ended` names the resolution when the subject itself is over; `frozen` is kept with the episode.
    `explained` is why a silence that looks like one is none: (because, since when). `how` says in a few words what
    ended it, where that is not what the rule waits for. `by_calendar`: OFF holds because so much time has passed, and
    not because anything got better, so that nothing has to be kept (R2.2). `says` is an explanation in place of the
    rule's own; `nameless`: the body must not say whom it was about. `private`: it is not for the customer's eyes
    (R2.9). `seen` is what an alert is revised for when it changes; None: for what its evidence shows.
    """

    level: int = 0
    off: bool = False
    since: int = -1
    due: int | None = None
    evidence: tuple[Evidence, ...] = ()
    numbers: Numbers = {}
    clears: Clears | None = None
    ended: str | None = None
    superseded: bool = False
    frozen: list[Any] | None = None
    explained: tuple[str, int] | None = None
    how: str = ""
    by_calendar: bool = False
    says: str | None = None
    nameless: bool = False
    private: bool = False
    seen: str | None = None


class Operator(Protocol):
    """The code that a rule names; one instance per rule, holding its parameters."""

    @property
    def kind(self) -> str | None:
        """The kind of its subjects; None when the subject is the account itself."""
        ...

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """The event classes that can change its verdict, each with the field that names the one subject concerned."""
        ...

    @property
    def daily(self) -> bool:
        """Whether it is judged once a day, at the account's own minute, and at no other time."""
        ...

    @property
    def names(self) -> frozenset[str]:
        """What it is judged by beside measures, and after: rules, `family:NAME`, `index`, `confidence`."""
        ...

    @property
    def measures(self) -> Iterable[Any]:
        """What it needs to be kept (`measures.Kept`)."""
        ...

    def quiet(self, block: bytes | bytearray, now: int, week: Week = MONDAY_TO_FRIDAY) -> bool:
        """Whether the hot block alone shows that a daily evaluation at `now` finds nothing; for daily ones only."""
        ...

    @property
    def by_business_days(self) -> bool:
        """Whether `quiet`, which knows of no holidays, may be wrong where there are some; for daily ones only."""
        ...

    @property
    def history_days(self) -> int | None:
        """None where it is always warm. Else it is not, nor finds anything, before so many UTC days of an account."""
        ...

    def needs_record(self, account: Account) -> bool:
        """Whether a daily evaluation may find something that the hot block does not show; for daily ones only."""
        ...

    def warm(self, account: Account, now: int) -> bool:
        """Whether it has seen enough history to judge."""
        ...

    def subjects(self, account: Account, moment: Moment) -> Iterable[str | None]:
        """The subjects that may have a verdict."""
        ...

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """The verdict on one subject; a pure function of the account's facts, the moment and the open episode."""
        ...


class EventDriven(msgspec.Struct, frozen=True):
    """What is common to operators that are judged when an event or a deadline comes."""

    @property
    def daily(self) -> bool:
        """Never by the day."""
        return False

    @property
    def names(self) -> frozenset[str]:
        """Nothing but measures."""
        return frozenset()

    def quiet(self, block: bytes | bytearray, now: int, week: Week = MONDAY_TO_FRIDAY) -> bool:
        """Nothing is found by the day."""
        del block, now, week
        return True

    @property
    def by_business_days(self) -> bool:
        """A day is as good as another."""
        return False

    @property
    def history_days(self) -> int | None:
        """It needs none."""
        return None

    def needs_record(self, account: Account) -> bool:
        """Nothing is found by the day."""
        del account
        return False

    def warm(self, account: Account, now: int) -> bool:
        """It needs no history."""
        del account, now
        return True


class Daily(msgspec.Struct, frozen=True):
    """What is common to operators that are judged once a day, over the whole days before (R2.6)."""

    @property
    def daily(self) -> bool:
        """Once a day."""
        return True

    @property
    def names(self) -> frozenset[str]:
        """Nothing but measures."""
        return frozenset()

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """No event: the day wakes it."""
        return ()

    @property
    def measures(self) -> Iterable[Any]:
        """Nothing of its own: the hot block keeps it for every account."""
        return ()

    @property
    def by_business_days(self) -> bool:
        """Amounts are compared by the business day."""
        return True

    def needs_record(self, account: Account) -> bool:
        """The hot block shows everything."""
        del account
        return False


def earliest(*times: int | None) -> int | None:
    """The earliest of the given times; None when there is none."""
    found: int | None = None
    for at in times:  # asked several times for each rule and event: twice as fast as `min` of what is not None
        if at is not None and (found is None or at < found):
            found = at
    return found
