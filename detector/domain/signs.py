"""Signs: conditions over what is kept of an account that take more than a number within bounds.

Pure functions of the account's facts and the moment. All times are epoch milliseconds (UTC), by event time.
"""

from collections.abc import Collection
from typing import Protocol, final

import msgspec

from detector.domain import events as e
from detector.domain import hot
from detector.domain.account import Account
from detector.domain.calendar import DAY_MS
from detector.domain.conditions import Held, OfFacts, Within
from detector.domain.events import Event
from detector.domain.lasts import LastSeen
from detector.domain.measures import Count, Kept
from detector.domain.moments import way
from detector.domain.state import Goal
from detector.domain.usage import SETTLES_MS, usual_share
from detector.domain.verdict import Evidence, Moment, earliest
from detector.domain.wording import amount


@final
class SilentFor(OfFacts, frozen=True):
    """Nothing of it was seen for so long: since it was last, or the account's start or first sight, the latest."""

    of: LastSeen
    for_ms: int

    @property
    def kept(self) -> Collection[Kept]:
        """What tells when it was last seen."""
        return self.of.kept

    @property
    def classes(self) -> Collection[type[Event]]:
        """What breaks the silence."""
        return self.of.classes

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """From so long after the last one on."""
        last = self.of.last(account, subject)
        anchor = max(account.start(moment.first_event), moment.first_seen, -1 if last is None else last)
        due, days = anchor + self.for_ms, round((moment.now - anchor) / DAY_MS, 1)
        holds = due <= moment.settled
        name = self.of.name.replace("_", " ")
        return Held(
            holds=holds,
            since=due if holds else -1,
            due=None if holds else due,
            text=f"{name} {amount(days, 'day')} ago" if last is not None else f"{name} never in {amount(days, 'day')}",
            evidence=(Evidence(self.of.name, days, self.for_ms / DAY_MS, "days"),),
        )


class Timed(Protocol):
    """A measure of events, which also tells when each of them was."""

    @property
    def name(self) -> str:
        """As the pack calls it."""
        ...

    @property
    def kept(self) -> Collection[Kept]:
        """What must be kept for it."""
        ...

    @property
    def classes(self) -> Collection[type[Event]]:
        """What is counted."""
        ...

    def times(self, account: Account, after: int, until: int, subject: str | None) -> list[int]:
        """When each was, in (after, until], sorted."""
        ...


@final
class Repeated(OfFacts, frozen=True):
    """So many events within a window (None: ever), of one subject where they are counted per subject.

    It is a sign at the moment of the last of them, and holds for `lasts_ms` from then on.
    """

    of: Count
    at_least: int
    lasts_ms: int

    @property
    def kept(self) -> Collection[Kept]:
        """What is counted in."""
        return self.of.kept

    @property
    def classes(self) -> Collection[type[Event]]:
        """What is counted."""
        return self.of.classes

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """Since the last sign, for so long."""
        del subject
        signs = [sign for one in self._subjects(account) for sign in self._signs(account, moment, one)]
        at, count = max(signs, default=(-1, 0))
        until = at + self.lasts_ms
        holds = bool(signs) and moment.settled < until
        return Held(
            holds=holds,
            since=at if holds else -1,
            due=earliest(until if holds else None, self.of.next_after(account, moment.now, None)),
            text=f"{self.of.name} {count}",
            evidence=(Evidence(self.of.name, count, self.at_least, self.of.unit),),
        )

    def _subjects(self, account: Account) -> list[str | None]:
        if self.of.per is None:
            return [None]
        return list(
            {self.of.log.field(entry, self.of.per, account) for entry in self.of.entries(account, -1, hot.NEVER, None)}
        )

    def _signs(self, account: Account, moment: Moment, subject: str | None) -> list[tuple[int, int]]:
        """The last moment up to now at which there were enough, and how many there were, if there is one."""
        times = self.of.times(account, -1, moment.now, subject)
        for last in range(len(times) - 1, self.at_least - 2, -1):
            at = times[last]
            after = -1 if self.of.window_ms is None else at - self.of.window_ms
            count = sum(after < time <= at for time in times)
            if count >= self.at_least:
                return [(at, count)]
        return []


@final
class Unbroken(OfFacts, frozen=True):
    """So many events in a window, since something else was last seen."""

    of: Timed
    window_ms: int
    at_least: int
    by: LastSeen

    @property
    def kept(self) -> Collection[Kept]:
        """What is counted in, and the other."""
        return (*self.of.kept, *self.by.kept)

    @property
    def classes(self) -> Collection[type[Event]]:
        """What is counted, and the other."""
        return tuple(dict.fromkeys((*self.of.classes, *self.by.classes)))

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """Since the one that made it so many."""
        broken = self.by.last(account, subject)
        after = max(moment.now - self.window_ms, -1 if broken is None else broken)
        times = self.of.times(account, after, moment.now, subject)
        holds = len(times) >= self.at_least
        ahead = self.of.times(account, moment.now, hot.NEVER, subject)
        return Held(
            holds=holds,
            since=times[self.at_least - 1] if holds else -1,
            due=earliest(*(at + self.window_ms for at in times[:1]), *ahead[:1]),
            text=f"{self.of.name} {len(times)}, with no {self.by.name.removeprefix('last_').replace('_', ' ')} since",
            evidence=(Evidence(self.of.name, len(times), self.at_least, "events", f"{self.window_ms // DAY_MS}d"),),
        )


@final
class Before(OfFacts, frozen=True):
    """What a measure read so long ago was within bounds."""

    within: Within
    ago_ms: int

    @property
    def kept(self) -> Collection[Kept]:
        """What the measure keeps."""
        return self.within.kept

    @property
    def classes(self) -> Collection[type[Event]]:
        """What moves the measure, however late it is told."""
        return self.within.classes

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """As it was then; nothing is dated ahead of then that could not be known now."""
        then = msgspec.structs.replace(moment, now=moment.now - self.ago_ms, settled=moment.settled - self.ago_ms)
        found = self.within.held(account, then, subject)
        due = None if found.due is None else found.due + self.ago_ms
        return msgspec.structs.replace(
            found, due=due, text=f"{found.text} until {amount(self.ago_ms // DAY_MS, 'day')} ago"
        )


@final
class OfUsual(OfFacts, frozen=True):
    """Actions of the last `days` whole UTC days are so much of those of as many days before (`usual_share`, R2.4).

    False where that cannot be told.
    """

    at_least: float
    days: int

    @property
    def classes(self) -> Collection[type[Event]]:
        """None: usage is looked at by the day."""
        return ()

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """Judged anew when a day takes no late events any more."""
        del subject
        exact = usual_share(account, moment.settled, self.days)
        part = None if exact is None else round(exact, 4)
        return Held(
            holds=part is not None and part >= self.at_least,
            due=((moment.settled - SETTLES_MS) // DAY_MS + 1) * DAY_MS + SETTLES_MS,
            text=f"usage at {part:.0%} of what is usual" if part is not None else "no usual usage is known",
            evidence=(Evidence("usage_of_usual", part, self.at_least, "share", f"{self.days}d"),),
        )


@final
class GoalMoved(OfFacts, frozen=True):
    """How far a goal moved on its way from baseline to target (a share), between its last two verified measures.

    With `window_ms`: since what it was so long ago (its baseline, where nothing was measured then), and `other` asks
    that of any goal but the one that is judged.
    """

    above: float | None = None
    at_most: float | None = None
    window_ms: int | None = None
    other: bool = False

    @property
    def classes(self) -> Collection[type[Event]]:
        """What sets, measures or closes goals."""
        return (e.GoalSet, e.GoalMeasured, e.GoalClosed)

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """Since the last measure."""
        goals = account.record.goals
        asked = [name for name in sorted(goals) if (name == subject) != self.other]
        found = [(name, move) for name in asked if (move := self._move(goals[name], moment.now)) is not None]
        right = [(name, move) for name, move in found if self._admits(move[0])]
        held, (by, at) = max(right or found, key=lambda one: abs(one[1][0]), default=("", (0.0, -1)))
        ahead = [one[0] for name in asked for one in goals[name].points if one[0] > moment.now]
        leaves = [
            one[0] + self.window_ms
            for name in asked
            for one in goals[name].points
            if self.window_ms is not None and one[0] + self.window_ms > moment.now
        ]
        return Held(
            holds=bool(right),
            since=at if right else -1,
            due=min([*ahead, *leaves], default=None),
            text=f"goal {held} moved by {by + 0.0:+.1%} of its way" if found else "no goal moved",
            evidence=(
                Evidence("goal_moved", round(by, 4), self.at_most if self.above is None else self.above, "share"),
            ),
        )

    def _admits(self, moved: float) -> bool:
        return (self.above is None or moved > self.above) and (self.at_most is None or moved <= self.at_most)

    def _move(self, goal: Goal, now: int) -> tuple[float, int] | None:
        """By how much of its way it moved, and when it was measured last; None where that is not known."""
        ends = way(goal)
        points = [(at, value) for at, _, value, _ in goal.points if at <= now]
        if ends is None or not points:
            return None
        whole, (at, value) = ends[1] - ends[0], points[-1]
        if self.window_ms is None:
            return None if len(points) < 2 else (round((value - points[-2][1]) / whole, 9), at)
        then = now - self.window_ms
        before = [earlier for when, earlier in points if when <= then]
        if at <= then:
            return None
        return round((value - (before[-1] if before else ends[0])) / whole, 9), at


@final
class Most(msgspec.Struct, frozen=True):
    """Reads how many events there are of the one subject that has most."""

    of: Count

    @property
    def name(self) -> str:
        """As the pack calls what is counted."""
        return self.of.name

    @property
    def unit(self) -> str:
        """What is counted."""
        return self.of.unit

    @property
    def kept(self) -> Collection[Kept]:
        """What is counted in."""
        return self.of.kept

    @property
    def classes(self) -> Collection[type[Event]]:
        """What is counted."""
        return self.of.classes

    def value(self, account: Account, now: int, subject: str | None = None) -> int:
        """Of any subject."""
        del subject
        return max((self.of.value(account, now, one) for one in self.of.subjects(account, now)), default=0)

    def next_change(self, account: Account, now: int, subject: str | None = None) -> int | None:
        """When the count of any changes."""
        del subject
        return self.of.next_change(account, now, None)
