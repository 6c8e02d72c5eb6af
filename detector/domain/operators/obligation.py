"""Obligation: Y is expected within T of X, unless Z; per subject."""

from collections.abc import Callable, Collection, Iterable
from typing import Final, TypeAlias, final

from detector.domain.account import Account
from detector.domain.alerts import minute_text
from detector.domain.calendar import MINUTE_MS, Duration
from detector.domain.events import Event, GoalClosed
from detector.domain.measures import Kept, Track
from detector.domain.moments import MomentOf, ended_as
from detector.domain.state import Episode
from detector.domain.verdict import Clears, EventDriven, Evidence, Moment, Verdict, earliest

Source: TypeAlias = Track | MomentOf
Steps: TypeAlias = tuple[tuple[int, Duration], ...]

GOAL: Final = "goal"
Times: TypeAlias = Callable[[Account, str], tuple[int, int] | None]


@final
class Obligation(EventDriven, frozen=True):
    """`expect` is due `within` of `after`, and with `repeat` again so long after each `expect`, until `until`.

    `steps` is the ladder: (severity step, time after which it is reached); the first one is `within`. A fact at or
    after `after` satisfies it; one that comes after the due time clears the alert, one from before proves that it
    never held.
    """

    name: str
    per: str
    id_field: str
    after: Source
    expect: Source
    steps: Steps
    repeat: Duration | None = None
    until: Source | None = None
    noun: str = "answer"
    done: str = "the awaited word came"

    @property
    def kind(self) -> str:
        """The kind of subject that it is kept for."""
        return self.per

    def _sources(self) -> list[Source]:
        return [source for source in (self.after, self.expect, self.until) if source is not None]

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """The events that begin, satisfy or end it."""
        found: dict[tuple[type[Event], str | None], None] = {}
        for source in self._sources():
            classes = source.matcher.alternatives if isinstance(source, Track) else source.classes
            found.update(
                dict.fromkeys(
                    (cls, self.id_field if self.id_field in cls.__struct_fields__ else None) for cls in classes
                )
            )
        if self.per == GOAL:
            found[GoalClosed, self.id_field] = None
        return list(found)

    @property
    def measures(self) -> Iterable[Kept]:
        """The marks per subject that it reads."""
        return [source for source in self._sources() if isinstance(source, Track)]

    def subjects(self, account: Account, moment: Moment) -> Iterable[str]:
        """Every kept subject of the kind."""
        del moment
        if isinstance(self.after, MomentOf):
            return list(self.after.subjects(account))
        return list(account.record.tracks.get(self.per, {}))

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON from the due time on while the awaited fact is unknown; OFF once it is known or what began it is over."""
        assert subject is not None  # noqa: S101 - an obligation always has a subject
        goal = account.record.goals.get(subject) if self.per == GOAL else None
        ended = None if goal is None else ended_as(goal)
        if ended is not None:
            return Verdict(ended=ended)
        began = _times(self.after, account, subject)
        if began is None:
            return Verdict(ended="superseded")  # nothing of it is kept any more
        met = _times(self.expect, account, subject)
        over = _times(self.until, account, subject) if self.until is not None else None
        anchor = began[0]
        if over is not None and over[1] >= began[1]:
            return self._done(over[1], "it was over", anchor, episode)
        if over is not None and over[1] >= anchor:
            anchor = began[1]  # it was over, and began again
        within = self.steps
        if met is not None and met[1] >= anchor:
            if self.repeat is None:
                return self._done(met[0] if met[0] >= anchor else met[1], self.done, anchor, episode)
            anchor, within = met[1], tuple((level, self.repeat) for level, _ in self.steps)
        return self._waiting(account, moment, episode, anchor, within)

    def _waiting(
        self, account: Account, moment: Moment, episode: Episode | None, anchor: int, within: Steps
    ) -> Verdict:
        """It is awaited since the anchor: how far up the ladder that is."""
        found = Verdict()
        for level, after in within:
            due = after.after(account.calendar, anchor)
            if due > moment.settled:
                found.due = earliest(found.due, due)
            else:
                found.since = due if found.level == 0 else found.since
                found.level = max(found.level, level)
        if found.level == 0 and episode is not None and episode.frozen and anchor > episode.frozen[0]:
            done = self._done(anchor, self.done, episode.frozen[0], episode)
            done.due = found.due
            return done
        if found.level or episode is not None:
            self._describe(found, max(0, found.since - anchor), moment.now - anchor)
            found.clears = Clears(f"one {self.noun}", self.name, at_least=1)
        if found.level:
            found.frozen = [anchor]
        return found

    def _done(self, at: int, how: str, anchor: int, episode: Episode | None) -> Verdict:
        """The awaited fact is known, or nothing is awaited; what is from before the alert proves that none was due."""
        verdict = Verdict(off=True)
        if episode is not None:
            verdict.superseded = at <= episode.since
            self._describe(verdict, max(0, episode.since - anchor), at - anchor)
            verdict.numbers |= {"at": minute_text(at), "how": how}
        return verdict

    def _describe(self, verdict: Verdict, allowed_ms: int, taken_ms: int) -> None:
        minutes, limit = taken_ms // MINUTE_MS, allowed_ms // MINUTE_MS
        unit, size = ("minutes", 1) if max(limit, minutes) < 600 else ("hours", 60) if limit < 2880 else ("days", 1440)
        observed, expected = round(minutes / size, 1), round(limit / size, 1)
        verdict.evidence = (Evidence(self.name, observed, expected, unit, None),)
        verdict.numbers = {"observed": f"{observed:g}", "expected": f"{expected:g}", "unit": unit}


def _times(source: Source, account: Account, subject: str) -> tuple[int, int] | None:
    if isinstance(source, MomentOf):
        return source.times(account, subject)
    marks = account.record.tracks.get(source.kind, {}).get(subject)
    return None if marks is None else marks.get(source.slot)
