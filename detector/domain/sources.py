"""What begins an obligation and what satisfies it, as facts of an account.

All times are epoch milliseconds (UTC), by event time.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeAlias, final

import msgspec

from detector.domain.account import Account
from detector.domain.calendar import DAY_MS
from detector.domain.events import Event
from detector.domain.features import feature_first_used_since, feature_hash, features_complete_from
from detector.domain.measures import Given, Kept, Log, Mark, Track
from detector.domain.moments import MomentOf
from detector.domain.states import STATES

Due: TypeAlias = Callable[[], int]


class Cause(NamedTuple):
    """Something that began an obligation: when it happened, from when the limit runs, and what it is about.

    `key` is that which the awaited fact must be about too, where the subject does not say it: a ticket, an owner.
    """

    at: int
    counts: int
    key: str | None = None


class Awaited(Protocol):
    """What satisfies an obligation."""

    @property
    def noun(self) -> str:
        """One of it, in words."""
        ...

    @property
    def classes(self) -> Collection[type[Event]]:
        """The event classes that can change it."""
        ...

    @property
    def kept(self) -> Collection[Kept]:
        """What must be kept for it."""
        ...

    def met(self, account: Account, subject: str | None, cause: Cause, since: int, due: Due) -> int | None:
        """When it was there: the first known time at or after `since`; None while it is missing."""
        ...


class Beginning(Protocol):
    """What begins an obligation."""

    @property
    def classes(self) -> Collection[type[Event]]:
        """The event classes that can change it."""
        ...

    @property
    def kept(self) -> Collection[Kept]:
        """What must be kept for it."""
        ...

    def subjects(self, account: Account) -> Iterable[str | None]:
        """What it may have begun for."""
        ...

    def causes(self, account: Account, subject: str | None) -> Sequence[Cause]:
        """What has begun, in the order in which the limits run."""
        ...


def _first(times: Iterable[int], since: int) -> int | None:
    return next((at for at in times if at >= since), None)


class OfTrack(msgspec.Struct, frozen=True):
    """What is common to sources that are events about something: when they came is kept for each."""

    track: Track

    @property
    def noun(self) -> str:
        """One such event."""
        return f"one {self.track.slot} event".replace("_", "-")

    @property
    def classes(self) -> Collection[type[Event]]:
        """The events of its matcher."""
        return tuple(self.track.matcher.alternatives)

    @property
    def kept(self) -> Collection[Kept]:
        """When they came."""
        return (self.track,)

    def subjects(self, account: Account) -> Iterable[str]:
        """Every kept subject to which it happened."""
        return self.track.subjects(account)


@final
class OfSubject(OfTrack, frozen=True):
    """Events about the subject. With `counts` the limit runs from the date that a field of them was last given as."""

    counts: Given | None = None

    @property
    def kept(self) -> Collection[Kept]:
        """When they came, and the date."""
        return (self.track,) if self.counts is None else (self.track, self.counts)

    def causes(self, account: Account, subject: str | None) -> Sequence[Cause]:
        """Each of them; or the last, counted from its date."""
        if self.counts is None:
            return [Cause(at, at) for at in self.track.times(account, subject)]
        given = self.counts.given(account, subject)
        return () if given is None else (Cause(*given),)

    def met(self, account: Account, subject: str | None, cause: Cause, since: int, due: Due) -> int | None:
        """The first of them that is known."""
        del cause, due
        return _first(self.track.times(account, subject), since)


@final
class OfKey(OfTrack, frozen=True):
    """Events about what the cause is about: its ticket, its owner."""

    def met(self, account: Account, subject: str | None, cause: Cause, since: int, due: Due) -> int | None:
        """The first of them that is known; a cause that is about nothing has none."""
        del subject, due
        return None if cause.key is None else _first(self.track.times(account, cause.key), since)


@final
class AboutFeature(OfTrack, frozen=True):
    """Events about a subject that has a feature: `log` keeps [subject, feature], as any event last named it.

    A subject of no feature in particular begins nothing.
    """

    log: Log

    @property
    def classes(self) -> Collection[type[Event]]:
        """What begins it, and what says which feature it is about."""
        return tuple(dict.fromkeys((*self.track.matcher.alternatives, *self.log.matcher.alternatives)))

    @property
    def kept(self) -> Collection[Kept]:
        """When they came, and the features."""
        return (self.track, self.log)

    def causes(self, account: Account, subject: str | None) -> Sequence[Cause]:
        """Each of them, about the feature."""
        entries = account.record.logs.get(self.log.name, ())
        feature = next((entry[3] for entry in entries if entry[2] == subject), None)
        return () if feature is None else [Cause(at, at, feature) for at in self.track.times(account, subject)]


@final
class FeatureUsed(msgspec.Struct, frozen=True):
    """The use of the feature that the cause is about. The hot block knows of it, so that no event wakes for it."""

    classes: tuple[type[Event], ...] = ()
    kept: tuple[Kept, ...] = ()

    @property
    def noun(self) -> str:
        """One such event."""
        return "one usage.recorded event"

    def met(self, account: Account, subject: str | None, cause: Cause, since: int, due: Due) -> int | None:
        """The first use that is known; at once where that may have been forgotten: nobody can say that it was not."""
        del subject, due
        block, feature = account.hot, feature_hash(cause.key or "")
        found = feature_first_used_since(block, feature, since)
        return since if found is None and features_complete_from(block) > since // DAY_MS else found


@final
class Seen(msgspec.Struct, frozen=True):
    """A fact of the account itself, which counts for every subject."""

    mark: Mark

    @property
    def noun(self) -> str:
        """One such event."""
        return f"one {self.mark.matcher.name} event".replace("_", "-")

    @property
    def classes(self) -> Collection[type[Event]]:
        """The events of its matcher."""
        return tuple(self.mark.matcher.alternatives)

    @property
    def kept(self) -> Collection[Kept]:
        """Its mark."""
        return (self.mark,)

    def met(self, account: Account, subject: str | None, cause: Cause, since: int, due: Due) -> int | None:
        """The first time if it is not too early, else the last."""
        del subject, cause, due
        return _first(account.record.marks.get(self.mark.name, ()), since)


@final
class OfAccount(msgspec.Struct, frozen=True):
    """Events of the account itself that begin something; `keyed`: the log's field is what the cause is about."""

    log: Log
    keyed: bool = False

    @property
    def classes(self) -> Collection[type[Event]]:
        """The events of its matcher."""
        return tuple(self.log.matcher.alternatives)

    @property
    def kept(self) -> Collection[Kept]:
        """Its log."""
        return (self.log,)

    def subjects(self, account: Account) -> Iterable[None]:
        """The account itself."""
        del account
        return (None,)

    def causes(self, account: Account, subject: str | None) -> Sequence[Cause]:
        """Each of them."""
        del subject
        entries = account.record.logs.get(self.log.name, ())
        return [Cause(entry[0], entry[0], entry[2] if self.keyed else None) for entry in entries]


@final
class AtMoment(msgspec.Struct, frozen=True):
    """A moment that is worked out of facts; `key` is the profile's field that says what it is about."""

    moment: MomentOf
    key: str | None = None
    kept: tuple[Kept, ...] = ()  # everything that moments are made of is kept for every pack

    @property
    def noun(self) -> str:
        """One such event."""
        return f"one {self.moment.name} event"

    @property
    def classes(self) -> Collection[type[Event]]:
        """The events that can move it."""
        return self.moment.classes

    def subjects(self, account: Account) -> Iterable[str | None]:
        """What it may have happened to."""
        return self.moment.subjects(account)

    def causes(self, account: Account, subject: str | None) -> Sequence[Cause]:
        """Each time that it happened."""
        key = None if self.key is None else account.fact(self.key)
        return [Cause(at, at, key) for at in self.moment.times(account, subject)]

    def met(self, account: Account, subject: str | None, cause: Cause, since: int, due: Due) -> int | None:
        """The first time that it happened."""
        del cause, due
        return _first(self.moment.times(account, subject), since)


@final
class InState(msgspec.Struct, frozen=True):
    """A state that must hold when it is due."""

    name: str
    kept: tuple[Kept, ...] = ()

    @property
    def noun(self) -> str:
        """What would bring it about."""
        return STATES[self.name].noun

    @property
    def classes(self) -> Collection[type[Event]]:
        """What changes it."""
        return STATES[self.name].classes

    def met(self, account: Account, subject: str | None, cause: Cause, since: int, due: Due) -> int | None:
        """Since when it has held, or held at the due time."""
        del cause, since
        return STATES[self.name].since(account, subject, due())


@final
class AnyAwaited(msgspec.Struct, frozen=True):
    """Any of these satisfies it."""

    parts: tuple[Awaited, ...]

    @property
    def noun(self) -> str:
        """Any of them."""
        return " or ".join(part.noun for part in self.parts)

    @property
    def classes(self) -> Collection[type[Event]]:
        """What can change any of them."""
        return tuple(dict.fromkeys(cls for part in self.parts for cls in part.classes))

    @property
    def kept(self) -> Collection[Kept]:
        """What is kept for each."""
        return tuple(kept for part in self.parts for kept in part.kept)

    def met(self, account: Account, subject: str | None, cause: Cause, since: int, due: Due) -> int | None:
        """The earliest of them."""
        found = (part.met(account, subject, cause, since, due) for part in self.parts)
        return min((at for at in found if at is not None), default=None)


@final
class AnyBeginning(msgspec.Struct, frozen=True):
    """Any of these begins it."""

    parts: tuple[Beginning, ...]

    @property
    def classes(self) -> Collection[type[Event]]:
        """What can change any of them."""
        return tuple(dict.fromkeys(cls for part in self.parts for cls in part.classes))

    @property
    def kept(self) -> Collection[Kept]:
        """What is kept for each."""
        return tuple(kept for part in self.parts for kept in part.kept)

    def subjects(self, account: Account) -> Iterable[str | None]:
        """What any of them may have begun for."""
        return dict.fromkeys(subject for part in self.parts for subject in part.subjects(account))

    def causes(self, account: Account, subject: str | None) -> Sequence[Cause]:
        """All of them, in order."""
        found = (cause for part in self.parts for cause in part.causes(account, subject))
        return sorted(found, key=lambda cause: cause.counts)
