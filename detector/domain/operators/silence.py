"""Silence: something that ought to come has not come for too long."""

from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import final

import msgspec

from detector.domain.account import Account
from detector.domain.alerts import minute_text
from detector.domain.calendar import DAY_MS, Duration
from detector.domain.events import Event, StakeholderLeft, StakeholderUpdated
from detector.domain.hot import NEVER
from detector.domain.lasts import LastSeen
from detector.domain.measures import Count, Kept, Measure
from detector.domain.state import Episode
from detector.domain.tables import ByTouchModel
from detector.domain.turns import Turn
from detector.domain.verdict import Clears, EventDriven, Evidence, Moment, Verdict, earliest


@final
class UsualGap(msgspec.Struct, frozen=True):
    """A limit of the account's own: `above` times the given percentile of the gaps between its last entries.

    `last` entries are looked at, at least `needs` must be there; the percentile is the nearest rank, 1 to 100.
    """

    of: Count
    percentile: int
    above: float
    last: int
    needs: int

    def limit_ms(self, account: Account, until: int) -> int | None:
        """The limit in milliseconds, judged by the entries up to `until`; None where there are too few."""
        times = [entry[0] for entry in self.of.entries(account, -1, until, None)[-self.last :]]
        if len(times) < self.needs:
            return None
        gaps = sorted(later - earlier for earlier, later in pairwise(times))
        rank = -(-self.percentile * len(gaps) // 100)
        return int(self.above * gaps[max(rank, 1) - 1])


@final
class Step(msgspec.Struct, frozen=True):
    """One rung of the ladder: after `after` of silence, if at least so many entries of `also` came meanwhile.

    With `usual` the limit is the account's own usual gap, but at least `after`. With `since` it counts from the first
    such turn after what is missed was last seen, and only then: `turned` says in words what that was.
    """

    level: int
    after: Duration | ByTouchModel
    also: tuple[tuple[Count, int], ...] = ()
    usual: UsualGap | None = None
    since: Turn | None = None
    turned: str = ""

    def limit(self, account: Account) -> Duration:
        """How long a silence may last, as the row or its table says."""
        return self.after.of(account) if isinstance(self.after, ByTouchModel) else self.after

    def anchor(self, account: Account, begins: int, seen: int, now: int) -> int | None:
        """From when on it runs: what is missed was last seen at `seen`; None where there was no turn since."""
        turned = begins if self.since is None else self.since.first(account, seen, now)
        return None if turned is None else max(begins, turned)

    def enough_at(self, account: Account, anchor: int) -> int:
        """Since when there is enough of what it also asks for: the anchor where it asks for nothing, or NEVER."""
        reached = (count.reaches(account, at_least, anchor) for count, at_least in self.also)
        return max((NEVER if at is None else at for at in reached), default=anchor)

    @property
    def kept(self) -> Iterable[Kept]:
        """The logs that it reads."""
        yield from (count.log for count, _ in self.also)
        if self.usual is not None:
            yield self.usual.of.log
        if self.since is not None:
            yield from self.since.kept

    @property
    def classes(self) -> Iterable[type[Event]]:
        """The events that may reach it: those it counts, and its turns."""
        yield from (cls for count, _ in self.also for cls in count.log.matcher.alternatives)
        if self.since is not None:
            yield from self.since.classes


class _Limit(msgspec.Struct, frozen=True, gc=False):
    """A limit as it runs: when it is reached, when it would be if holidays counted, and in words."""

    due: int
    looks: int
    days: float
    text: str


@final
class Silence(EventDriven, frozen=True):
    """Silence since the anchor: the latest of the last fact, start, first seen, what clears it, and `since_onboarding`.

    `of` is what is missed, `breaks` what clears (default: the same). With `skip_holidays` the account's holidays do not
    count. `from_onboarding_end`: before any fact, it counts from the end of onboarding. With `per_role` each role that
    somebody has is silent on its own, from its naming on; rungs with a `since` are then of the account as a whole.
    `shows` are measures that are evidence beside it.
    """

    of: LastSeen
    steps: tuple[Step, ...]
    breaks: LastSeen | None = None
    skip_holidays: bool = False
    from_onboarding_end: bool = False
    per_role: bool = False
    shows: tuple[Measure, ...] = ()
    noun: str = "sign of life"

    @property
    def name(self) -> str:
        """The measure's."""
        return self.of.name

    @property
    def kind(self) -> str | None:
        """The account itself, or roles."""
        return "role" if self.per_role else None

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """Every event of the missed kind, of what clears, of what the ladder counts, and of the people in a role."""
        classes = [*self.of.classes, *(cls for step in self.steps for cls in step.classes)]
        classes += () if self.breaks is None else self.breaks.classes
        classes += (StakeholderUpdated, StakeholderLeft) if self.per_role else ()
        return [(cls, None) for cls in dict.fromkeys(classes)]

    @property
    def measures(self) -> Iterable[Kept]:
        """The marks and logs that it reads."""
        yield from self.of.kept
        yield from () if self.breaks is None else self.breaks.kept
        yield from (kept for step in self.steps for kept in step.kept)
        yield from (kept for measure in self.shows for kept in measure.kept)

    def subjects(self, account: Account, moment: Moment) -> Iterable[str | None]:
        """The account itself, or each role that somebody has who is there."""
        del moment
        if not self.per_role:
            return (None,)
        roles = {person.role for person in account.record.people.values() if person.role and not person.gone}
        return (*sorted(roles), *((None,) if any(step.since for step in self.steps) else ()))

    def _steps_of(self, subject: str | None) -> list[Step]:
        return [step for step in self.steps if not self.per_role or (subject is None) == (step.since is not None)]

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON from the due time of the first rung reached; OFF when what clears came after the anchor of the opening."""
        named = account.named_since(subject) if subject is not None else -1
        if named is None:
            return Verdict(off=True, how=f"no {subject} is named")
        last = self.of.last(account, subject)
        broken = last if self.breaks is None else self.breaks.last(account, subject)
        seen = max((at for at in (last, broken) if at is not None), default=-1)
        known = max(account.start(moment.first_event), moment.first_seen, seen)
        if last is None and self.from_onboarding_end:
            known = max(known, account.onboarding_end(moment.first_event))
        begins = max(known, moment.since, named)
        verdict = Verdict()
        reached: tuple[Step, int, _Limit] | None = None
        for step in self._steps_of(subject):
            if step.since is not None:
                verdict.due = earliest(verdict.due, step.since.next_change(account, moment.now))
            anchor = step.anchor(account, begins, seen, moment.now)
            limit = None if anchor is None else self._limit(account, step, anchor)
            if anchor is None or limit is None:
                continue
            if limit.due > moment.settled:
                verdict.due = earliest(verdict.due, limit.due)
                if limit.looks < limit.due and step.enough_at(account, anchor) <= moment.now:
                    self._explain(verdict, limit, moment)
                continue
            began = max(limit.due, step.enough_at(account, anchor))
            if began > moment.now:
                verdict.due = earliest(verdict.due, None if began == NEVER else began)
                continue
            verdict.since = began if reached is None else min(verdict.since, began)
            if reached is None or step.level > reached[0].level:
                reached = (step, anchor, limit)
        if reached is not None:
            step, anchor, limit = reached
            verdict.level, verdict.frozen = step.level, [anchor]
            self._describe(verdict, account, (anchor, moment.now), limit, step)
        elif episode is not None:
            self._ended(verdict, account, subject, moment, episode, (begins, known, broken))
        return verdict

    def _ended(
        self,
        verdict: Verdict,
        account: Account,
        subject: str | None,
        moment: Moment,
        episode: Episode,
        times: tuple[int, int, int | None],
    ) -> None:
        """It is silent no more, or is not known to be: say since when, and whether that proves that it never was."""
        begins, known, broken = times
        anchor = episode.frozen[0] if episode.frozen else begins
        # Whatever moves the anchor to before the limit shows that the limit was kept (R2.11).
        verdict.superseded = anchor < known <= episode.since
        verdict.off = verdict.superseded or (broken is not None and broken > anchor)
        until = known if verdict.superseded else moment.now if broken is None or not verdict.off else broken
        if episode.status == "recovering":
            until = min(until, episode.since_off)  # when it was first heard of
        step = self._steps_of(subject)[0]
        self._describe(verdict, account, (anchor, until), self._plain(account, step, anchor), step)

    def _limit(self, account: Account, step: Step, anchor: int) -> _Limit | None:
        """The limit of a rung from an instant on; None where the account's usual gap is not known."""
        limit = self._plain(account, step, anchor)
        if step.usual is None:
            return limit
        usual = step.usual.limit_ms(account, anchor)
        if usual is None:
            return None
        return self._elapsed(account, max(step.limit(account).elapsed_ms or 0, usual), anchor)

    def _plain(self, account: Account, step: Step, anchor: int) -> _Limit:
        """The limit without a look at what is usual."""
        after = step.limit(account)
        if after.elapsed_ms is not None:
            return self._elapsed(account, after.elapsed_ms, anchor)
        due = after.after(account.calendar, anchor)
        return _Limit(due, due, round((due - anchor) / DAY_MS, 1), f"{after.amount} business")

    def _elapsed(self, account: Account, limit: int, anchor: int) -> _Limit:
        looks, days = anchor + limit, round(limit / DAY_MS, 1)
        due = account.calendar.add_excluding_holidays(anchor, limit) if self.skip_holidays else looks
        return _Limit(due, looks, days, f"{days:g}")

    def _explain(self, verdict: Verdict, limit: _Limit, moment: Moment) -> None:
        """A limit that has passed by the calendar alone: say that it is a holiday."""
        if limit.looks <= moment.settled:
            verdict.explained = ("holiday", limit.looks)
        else:
            verdict.due = earliest(verdict.due, limit.looks)

    def _describe(self, verdict: Verdict, account: Account, silent: tuple[int, int], limit: _Limit, step: Step) -> None:
        """Say how long it was or has been silent, holidays not counted."""
        anchor, end = silent
        skipped = account.calendar.holiday_ms(anchor, end) if self.skip_holidays else 0
        days = round((end - anchor - skipped) / DAY_MS, 1)
        rows = [Evidence(self.name, days, limit.days, "days", None)]
        numbers = {
            "days": f"{days:g}", "limit": limit.text, "holidays": f"{skipped / DAY_MS:g}", "at": minute_text(end),
            "turned": step.turned,
        }  # fmt: skip
        for count in {count.name: count for step in self.steps for count, _ in step.also}.values():
            seen = count.value(account, end, since=anchor)
            numbers[count.name] = str(seen)
            rows.append(Evidence(count.name, seen, None, "events", None))
        for measure in self.shows:
            value = measure.value(account, end)
            numbers[measure.name] = "unknown" if value is None else str(value)
            rows.append(Evidence(measure.name, value, None, None, None))
        verdict.evidence, verdict.numbers = tuple(rows), numbers
        verdict.clears = Clears(f"one {self.noun}", self.name, at_least=1)
