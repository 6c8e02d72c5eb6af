"""Obligation: Y is expected within T of X, unless Z; per subject."""

from collections.abc import Collection, Iterable
from typing import Final, TypeAlias, final

from detector.domain.account import Account
from detector.domain.alerts import minute_text
from detector.domain.allowance import Allowance
from detector.domain.calendar import DAY_MS, MINUTE_MS, Duration
from detector.domain.events import Event, GoalClosed
from detector.domain.measures import Kept
from detector.domain.moments import ended_as
from detector.domain.sources import Awaited, Beginning, Cause, OfSubject
from detector.domain.state import Episode
from detector.domain.verdict import Clears, EventDriven, Evidence, Moment, Verdict, earliest

Steps: TypeAlias = tuple[tuple[int, Allowance], ...]

GOAL: Final = "goal"


@final
class Obligation(EventDriven, frozen=True):
    """`expect` is due `within` of `after`, `unless` something else came.

    `kind` is the kind of its subjects, None for the account itself, `id_field` the field of events that names one;
    `universe` lists the subjects where there is one for each of these. `steps` is the ladder: (severity step, time
    after which it is reached).

    A fact from `early_ms` before the beginning on satisfies it, with None one of any time. One that comes after the due
    time clears the alert, one from before it proves that it never held. With `lasting_ms` a limit that was not kept
    cannot be made good: the alert ends so long after the fact. With `again` every beginning counts that is not
    satisfied, and the limit runs from the first of them; else the first beginning alone counts.

    With `looked_for` no event wakes for the awaited fact, and it is looked for each midnight (UTC) while it is missed.

    With `repeat` it is due again so long after each `expect`, until `until`; then `after`, `expect` and `until` are
    events of the subject.
    """

    name: str
    kind: str | None
    id_field: str | None
    after: Beginning
    expect: Awaited
    steps: Steps
    unless: Awaited | None = None
    universe: tuple[str, ...] = ()
    early_ms: int | None = 0
    lasting_ms: int = 0
    again: bool = False
    looked_for: bool = False
    repeat: Duration | None = None
    until: OfSubject | None = None
    done: str = "the awaited word came"

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """The events that begin, satisfy or end it."""
        found: dict[tuple[type[Event], str | None], None] = {}
        for source in (self.after, self.expect, self.until, self.unless):
            for cls in () if source is None else source.classes:
                found[cls, self.id_field if self.id_field in cls.__struct_fields__ else None] = None
        if self.kind == GOAL:
            found[GoalClosed, self.id_field] = None
        return list(found)

    @property
    def measures(self) -> Iterable[Kept]:
        """What it reads."""
        for source in (self.after, self.expect, self.until, self.unless):
            yield from () if source is None else source.kept
        for _, allowed in self.steps:
            yield from () if allowed.by is None else (allowed.by,)

    def subjects(self, account: Account, moment: Moment) -> Iterable[str | None]:
        """Every kept subject for which it may have begun."""
        del moment
        if self.kind is None:
            return (None,)
        return self.universe or [one for one in self.after.subjects(account) if one is not None]

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON from the due time on while the awaited fact is unknown; OFF once it is known or what began it is over."""
        goal = account.record.goals.get(subject or "") if self.kind == GOAL else None
        ended = None if goal is None else ended_as(goal)
        if ended is not None:
            return Verdict(ended=ended)
        causes = self.after.causes(account, subject)
        if not causes:
            return Verdict(ended="superseded")  # it is over, or nothing of it is kept any more
        if self.repeat is not None:
            return self._repeated(account, subject, moment, episode)
        if moment.since > -1:
            causes = [cause._replace(counts=max(cause.counts, moment.since)) for cause in causes]
        return self._owed(account, subject, moment, episode, causes if self.again else causes[:1])

    def _met(self, account: Account, subject: str | None, cause: Cause) -> int | None:
        """When what a cause asks for came, or what makes it moot; None while neither is known."""

        def due() -> int:
            return self.steps[0][1].after(account, subject, cause.counts)

        since = -1 if self.early_ms is None else cause.at - self.early_ms
        met = self.expect.met(account, subject, cause, since, due)
        moot = None if self.unless is None else self.unless.met(account, subject, cause, since, due)
        return earliest(met, moot)

    def _owed(
        self, account: Account, subject: str | None, moment: Moment, episode: Episode | None, causes: Iterable[Cause]
    ) -> Verdict:
        opened = None if episode is None or not episode.frozen else episode.frozen[0]
        pending: Cause | None = None
        met = kept = None
        for cause in causes:
            met = self._met(account, subject, cause)
            if met is None:
                pending = cause
                break
            if kept is None or cause.counts == opened:
                kept = met
            if self.lasting_ms:
                return self._late(account, subject, moment, episode, cause, met)
        if pending is not None:
            verdict = self._waiting(account, subject, moment, episode, pending.counts, self.steps)
            if verdict.level or opened in (None, pending.counts):
                return verdict
            moved = kept is None
            at = pending.at if moved else kept
            done = self._done(at or 0, "it began anew" if moved else self.done, opened or 0, episode)
            done.due = verdict.due
            return done
        return self._done(kept or 0, self.done, opened or 0, episode)

    def _late(
        self, account: Account, subject: str | None, moment: Moment, episode: Episode | None, cause: Cause, met: int
    ) -> Verdict:
        """The fact came: in time, or too late, which cannot be made good and is over after a while."""
        reached = [(level, allowed.after(account, subject, cause.counts)) for level, allowed in self.steps]
        missed = [(level, due) for level, due in reached if due < met]
        if not missed:
            return self._done(met, self.done, cause.counts, episode)
        since = min(due for _, due in missed)
        if since > moment.settled:
            return Verdict(due=since)
        over = met + self.lasting_ms
        if over <= moment.settled:
            return self._done(met, self.done, cause.counts, episode)
        verdict = Verdict(level=max(level for level, _ in missed), since=since, due=over, frozen=[cause.counts])
        verdict.seen = f"{cause.counts}|{met}"
        self._describe(verdict, account, subject, self.steps[0][1], since - cause.counts, met - cause.counts)
        verdict.clears = Clears(f"time: it ends on {minute_text(over)}", self.name)
        return verdict

    def _repeated(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        assert isinstance(self.after, OfSubject)  # noqa: S101 - so it was built
        assert isinstance(self.expect, OfSubject)  # noqa: S101 - the same
        assert self.repeat is not None  # noqa: S101 - it was asked
        began = self.after.track.times(account, subject)
        met = self.expect.track.times(account, subject)
        over = () if self.until is None else self.until.track.times(account, subject)
        anchor = began[0]
        if over and over[-1] >= began[-1]:
            return self._done(over[-1], "it was over", anchor, episode)
        if over and over[-1] >= anchor:
            anchor = began[-1]  # it was over, and began again
        within = self.steps
        if met and met[-1] >= anchor:
            anchor, within = met[-1], tuple((level, Allowance(self.repeat)) for level, _ in self.steps)
        verdict = self._waiting(account, subject, moment, episode, anchor, within)
        if verdict.level == 0 and episode is not None and episode.frozen and anchor > episode.frozen[0]:
            done = self._done(anchor, self.done, episode.frozen[0], episode)
            done.due = verdict.due
            return done
        return verdict

    def _waiting(
        self,
        account: Account,
        subject: str | None,
        moment: Moment,
        episode: Episode | None,
        anchor: int,
        within: Steps,
    ) -> Verdict:
        """It is awaited since the anchor: how far up the ladder that is."""
        found = Verdict()
        for level, allowed in within:
            due = allowed.after(account, subject, anchor)
            if due > moment.settled:
                found.due = earliest(found.due, due)
            else:
                found.since = due if found.level == 0 else min(found.since, due)
                found.level = max(found.level, level)
        if found.level or episode is not None:
            self._describe(found, account, subject, within[0][1], max(0, found.since - anchor), moment.now - anchor)
            found.clears = Clears(self.expect.noun, self.name, at_least=1)
        if found.level:
            found.frozen, found.seen = [anchor], str(anchor)  # that time goes on is no news
            tomorrow = (moment.now // DAY_MS + 1) * DAY_MS
            found.due = earliest(found.due, tomorrow if self.looked_for else None)
        return found

    def _done(self, at: int, how: str, anchor: int, episode: Episode | None) -> Verdict:
        """The awaited fact is known, or nothing is awaited; what is from before the alert proves that none was due."""
        verdict = Verdict(off=True)
        if episode is not None:
            verdict.superseded = at <= episode.since
            self._count(verdict, max(0, episode.since - anchor), max(0, at - anchor))
            verdict.numbers |= {"at": minute_text(at), "how": how, "limit": "what was allowed"}
        return verdict

    def _describe(
        self,
        verdict: Verdict,
        account: Account,
        subject: str | None,
        allowed: Allowance,
        allowed_ms: int,
        taken_ms: int,
    ) -> None:
        self._count(verdict, allowed_ms, taken_ms)
        verdict.numbers["limit"] = allowed.text(account, subject)

    def _count(self, verdict: Verdict, allowed_ms: int, taken_ms: int) -> None:
        minutes, limit = taken_ms // MINUTE_MS, allowed_ms // MINUTE_MS
        unit, size = ("minutes", 1) if max(limit, minutes) < 600 else ("hours", 60) if limit < 2880 else ("days", 1440)
        observed, expected = round(minutes / size, 1), round(limit / size, 1)
        shown = unit[:-1] if observed == 1 else unit
        verdict.evidence = (Evidence(self.name, observed, expected, unit, None),)
        verdict.numbers = {"observed": f"{observed:g}", "expected": f"{expected:g}", "unit": shown}
