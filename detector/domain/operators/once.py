"""Once: one event is enough, at once. It ends by the calendar, or when something was seen since."""

from collections.abc import Collection, Iterable
from typing import final

import msgspec

from detector.domain.account import Account
from detector.domain.alerts import minute_text
from detector.domain.calendar import DAY_MS
from detector.domain.conditions import Within, holds
from detector.domain.events import Event
from detector.domain.lasts import LastSeen
from detector.domain.measures import Kept, Mark, Track
from detector.domain.state import Episode
from detector.domain.verdict import Clears, EventDriven, Evidence, Moment, Verdict
from detector.domain.wording import amount


@final
class Rung(msgspec.Struct, frozen=True):
    """How severe one event is where all of `also` held when it came."""

    level: int
    also: tuple[Within, ...] = ()


@final
class Once(EventDriven, frozen=True):
    """ON since the latest event of `source`, of the account (a mark) or of a subject of a kind (a track).

    It ends `lasts_ms` after that event by the calendar alone; and is OFF once `seen` came after it. Of two at the same
    time the one that opens counts, whichever is read first.
    """

    name: str
    source: Mark | Track
    steps: tuple[Rung, ...]
    lasts_ms: int
    seen: LastSeen | None = None

    @property
    def kind(self) -> str | None:
        """The kind of its subjects, None for the account itself."""
        return self.source.kind if isinstance(self.source, Track) else None

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """Such an event, what clears, and what must have held."""
        also = [within for step in self.steps for within in step.also]
        classes = [*self.source.matcher.alternatives, *(cls for within in also for cls in within.classes)]
        if self.seen is not None:
            classes += self.seen.classes
        field = self.source.id_field if isinstance(self.source, Track) else None
        return [(cls, field if field in cls.__struct_fields__ else None) for cls in dict.fromkeys(classes)]

    @property
    def measures(self) -> Iterable[Kept]:
        """Its mark or track, and what it looks at besides."""
        yield self.source
        yield from () if self.seen is None else self.seen.kept
        for step in self.steps:
            for within in step.also:
                yield from within.kept

    def subjects(self, account: Account, moment: Moment) -> Iterable[str | None]:
        """Every kept subject to which it happened; the account itself."""
        del moment
        source = self.source
        if isinstance(source, Mark):
            return (None,)
        return source.subjects(account)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON from the event on; OFF when something was seen since; over when its time is."""
        last = self._last(account, subject)
        if last is None:
            return Verdict(ended="superseded")  # nothing of it is kept any more
        level = self._level(account, subject, moment, last)
        if level == 0:
            if episode is None:
                return Verdict()
            if self._never_held(account, subject, episode.since):
                return self._told(Verdict(off=True, superseded=True), last, "it proved to be none")
            last = episode.since
        ends = last + self.lasts_ms
        if ends <= moment.settled:
            return self._told(
                Verdict(off=True, by_calendar=True), last, f"it was {amount(self.lasts_ms // DAY_MS, 'day')} ago"
            )
        seen = None if self.seen is None else self.seen.last(account, subject)
        if seen is not None and seen > last:
            return self._told(Verdict(off=True, due=ends), last, f"{self._noun} came on {minute_text(seen)}")
        return self._told(Verdict(level=level, since=last, due=ends), last, "")

    @property
    def _noun(self) -> str:
        source = None if self.seen is None else self.seen.source
        return "usage" if source is None else f"one {source.matcher.name} event".replace("_", "-")

    def _last(self, account: Account, subject: str | None) -> int | None:
        source = self.source
        if isinstance(source, Mark):
            return account.latest(source.name)
        return max(source.times(account, subject), default=None)

    def _level(self, account: Account, subject: str | None, moment: Moment, at: int) -> int:
        then = msgspec.structs.replace(moment, now=at)
        return max(
            (step.level for step in self.steps if all(holds(one, account, then, subject) for one in step.also)),
            default=0,
        )

    def _never_held(self, account: Account, subject: str | None, at: int) -> bool:
        """Whether no rung held at an instant, by what is known of it."""
        return not any(
            value is None or within.admits(value)
            for step in self.steps
            for within in step.also
            for value in (within.measure.value(account, at, subject),)
        )

    def _told(self, verdict: Verdict, at: int, how: str) -> Verdict:
        days = self.lasts_ms // DAY_MS
        verdict.evidence = (Evidence(self.name, minute_text(at), None, "time"),)
        verdict.numbers = {"at": minute_text(at), "how": how}
        other = "" if self.seen is None else f"{self._noun}, or "
        verdict.clears = Clears(f"{other}{amount(days, 'day')} without another one", self.name)
        return verdict
