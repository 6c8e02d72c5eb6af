"""Conjunction: several conditions and signals together say what none of them says alone."""

from collections.abc import Collection, Iterable
from typing import Final, final

import msgspec

from detector.domain.account import Account
from detector.domain.conditions import Condition, Held, latest
from detector.domain.events import Event, GoalClosed
from detector.domain.lasts import LastSeen
from detector.domain.measures import Kept
from detector.domain.moments import ended_as
from detector.domain.state import Episode
from detector.domain.verdict import Clears, EventDriven, Evidence, Moment, Verdict, earliest

GOAL: Final = "goal"
MOST_ROWS: Final = 12


@final
class Rung(msgspec.Struct, frozen=True):
    """How severe it is when at least so many signals hold, and all of these conditions."""

    level: int
    at_least: int = 0
    all: tuple[Condition, ...] = ()


@final
class Ends(msgspec.Struct, frozen=True):
    """What clears it: something `seen` after it began, that no signal is left (`signals_over`), or any of `any`.

    `not_so`: that it is not ON any more. `text` says it in words.
    """

    seen: LastSeen | None = None
    signals_over: bool = False
    any: tuple[Condition, ...] = ()
    not_so: bool = False
    text: str = "an end of all of it"


@final
class Conjunction(EventDriven, frozen=True):
    """ON by the highest rung while all `conditions` hold; `signals` are counted.

    With `per_goal` each goal is judged on its own, and one that is closed ends its alert (R2.12).
    """

    conditions: tuple[Condition, ...]
    signals: tuple[Condition, ...]
    rungs: tuple[Rung, ...]
    ends: Ends
    per_goal: bool = False

    @property
    def kind(self) -> str | None:
        """The account itself, or its goals."""
        return GOAL if self.per_goal else None

    @property
    def _every(self) -> tuple[Condition, ...]:
        return (*self.conditions, *self.signals, *(one for rung in self.rungs for one in rung.all), *self.ends.any)

    @property
    def names(self) -> frozenset[str]:
        """What its conditions ask of others."""
        return frozenset().union(*(condition.names for condition in self._every))

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """Whatever may change a condition, and what clears."""
        classes = [cls for condition in self._every for cls in condition.classes]
        classes += () if self.ends.seen is None else self.ends.seen.classes
        classes += (GoalClosed,) if self.per_goal else ()
        return [(cls, None) for cls in dict.fromkeys(classes)]

    @property
    def measures(self) -> Iterable[Kept]:
        """What its conditions keep."""
        yield from (kept for condition in self._every for kept in condition.kept)
        yield from () if self.ends.seen is None else self.ends.seen.kept

    def subjects(self, account: Account, moment: Moment) -> Iterable[str | None]:
        """The account itself, or its goals."""
        del moment
        return list(account.record.goals) if self.per_goal else (None,)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON while enough of it holds and nothing that clears does; OFF by what clears."""
        if self.per_goal:
            goal = account.record.goals.get(subject or "")
            ended = "superseded" if goal is None else ended_as(goal)
            if ended is not None:
                return Verdict(ended=ended)
        now = self._now(account, subject, moment, told=episode is not None)
        verdict = Verdict(level=now.level, since=now.since, due=now.due)
        if now.level or episode is not None:
            off, due = self._over(account, subject, moment, now, episode)
            if off:
                verdict.level, verdict.off = 0, True
            verdict.due = earliest(verdict.due, due)
            self._describe(verdict, now)
        if episode is not None and not verdict.level and self._never_held(account, subject, moment, episode):
            verdict.off = verdict.superseded = True
        return verdict

    def _now(self, account: Account, subject: str | None, moment: Moment, *, told: bool = False) -> "_Now":
        """What holds at a moment. Where the conditions do not, nothing else is asked, but for what is to be told."""
        all_of: list[Held] = []
        for condition in self.conditions:
            all_of.append(condition.held(account, moment, subject))
            if not told and not all_of[-1].holds and all_of[-1].due is None:
                return _Now()  # not before something comes
        missing = [one for one in all_of if not one.holds]
        if missing:
            return _Now(due=latest([one.due for one in missing]), holding=[one for one in all_of if one.holds])
        signals = [signal.held(account, moment, subject) for signal in self.signals]
        counted = sorted(one.since for one in signals if one.holds)
        found = _Now(holding=[*all_of, *(one for one in signals if one.holds)])
        found.said, found.count = [one.text for one in (signals or all_of) if one.holds], len(counted)
        dues = [one.due for one in (*all_of, *signals)]
        for rung in self.rungs:
            if len(counted) < rung.at_least:
                continue
            more = [condition.held(account, moment, subject) for condition in rung.all]
            dues += [one.due for one in more]
            if all(one.holds for one in more) and rung.level > found.level:
                found.level = rung.level
                began = [one.since for one in (*all_of, *more)] + counted[rung.at_least - 1 : rung.at_least]
                found.since = max(began, default=-1)
                found.holding += more
        found.due = earliest(*dues)
        return found

    def _over(
        self, account: Account, subject: str | None, moment: Moment, now: "_Now", episode: Episode | None
    ) -> tuple[bool, int | None]:
        """Whether it is over, and when that may change though nothing comes."""
        ends = self.ends
        if ends.not_so:
            return now.level == 0, None
        found = [condition.held(account, moment, subject) for condition in ends.any]
        due = earliest(*(one.due for one in found))
        if any(one.holds for one in found):
            return True, due
        if ends.signals_over:
            signals = [signal.held(account, moment, subject) for signal in self.signals]
            due = earliest(due, *(one.due for one in signals))
            if not any(one.holds for one in signals):
                return True, due
        if ends.seen is not None:
            seen = ends.seen.last(account, subject)
            if seen is not None and seen > self._began(account, subject, moment, episode, seen):
                return True, due
        return False, due

    def _began(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None, seen: int) -> int:
        """When what holds now began to: of an open alert that is known, else it is worked out from `seen` on."""
        if episode is not None:
            return episode.since
        began, held = moment.now, False
        at: int | None = seen
        while at is not None and at <= moment.now:
            found = self._now(account, subject, msgspec.structs.replace(moment, now=at, settled=at))
            if found.level and not held:
                began = at if at > seen else -1
            held = found.level > 0
            at = None if found.due is None else max(found.due, at + 1)
        return began

    def _never_held(self, account: Account, subject: str | None, moment: Moment, episode: Episode) -> bool:
        """Whether what is told late shows that it did not hold at the opening (R2.11); never of what others say."""
        event = moment.event
        if event is None or self.names or not event.occurred_at <= episode.opened < moment.now:
            return False
        then = msgspec.structs.replace(moment, now=episode.opened, settled=episode.opened)
        return self._now(account, subject, then).level == 0

    def _describe(self, verdict: Verdict, now: "_Now") -> None:
        rows: dict[str, Evidence] = {row.name: row for one in now.holding for row in one.evidence}
        verdict.evidence = tuple(list(rows.values())[:MOST_ROWS])
        verdict.numbers = {"signals": "; ".join(now.said) or "nothing", "count": now.count}
        verdict.clears = Clears(self.ends.text)


@final
class _Now(msgspec.Struct, gc=False):
    """What holds at a moment: the level, since when, until when at least, what is told of it."""

    level: int = 0
    since: int = -1
    due: int | None = None
    holding: list[Held] = []
    said: list[str] = []
    count: int = 0
