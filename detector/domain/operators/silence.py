"""Silence: something that ought to come has not come for too long."""

from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import final

import msgspec

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.alerts import minute_text
from detector.domain.calendar import DAY_MS, Duration
from detector.domain.events import Event
from detector.domain.hot import NEVER
from detector.domain.measures import Count, Kept, Mark
from detector.domain.state import Episode
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

    With `usual` the limit is the account's own usual gap, but at least `after`.
    """

    level: int
    after: Duration
    also: tuple[tuple[Count, int], ...] = ()
    usual: UsualGap | None = None

    def limit_ms(self, account: Account, anchor: int) -> int | None:
        """How long a silence since the anchor may last; None where the account's usual gap is not known."""
        limit = self.after.elapsed_ms or 0
        if self.usual is None:
            return limit
        usual = self.usual.limit_ms(account, anchor)
        return None if usual is None else max(limit, usual)

    def enough_at(self, account: Account, anchor: int) -> int:
        """Since when there is enough of what it also asks for: the anchor where it asks for nothing, or NEVER."""
        reached = (count.reaches(account, at_least, anchor) for count, at_least in self.also)
        return max((NEVER if at is None else at for at in reached), default=anchor)


@final
class Silence(EventDriven, frozen=True):
    """Silence since the anchor: the latest of the last fact, start, first seen, what clears it, and `since_onboarding`.

    `of` is the mark that is missed, None for the usage in the hot block. `breaks` is the mark that clears (default: the
    same). With `skip_holidays` the account's holidays do not count. `from_onboarding_end`: before any fact, it counts
    from the end of onboarding.
    """

    name: str
    steps: tuple[Step, ...]
    classes: tuple[type[Event], ...]
    of: Mark | None = None
    breaks: Mark | None = None
    skip_holidays: bool = False
    from_onboarding_end: bool = False
    noun: str = "sign of life"
    kind: None = None

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """Every event of the missed kind, of what clears, and of what the ladder counts."""
        more = [count.log.matcher for step in self.steps for count, _ in step.also]
        more += [mark.matcher for mark in (self.breaks,) if mark is not None]
        return [(cls, None) for cls in dict.fromkeys([*self.classes, *(cls for m in more for cls in m.alternatives)])]

    @property
    def measures(self) -> Iterable[Kept]:
        """The marks and logs that it reads."""
        yield from (mark for mark in (self.of, self.breaks) if mark is not None)
        for step in self.steps:
            yield from (count.log for count, _ in step.also)
            if step.usual is not None:
                yield step.usual.of.log

    def subjects(self, account: Account, moment: Moment) -> Iterable[None]:
        """The account itself."""
        del account, moment
        return (None,)

    def _last(self, account: Account) -> int | None:
        if self.of is not None:
            return account.latest(self.of.name)
        return hot.last_usage(account.hot)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON from the due time of the first rung reached; OFF when what clears came after the anchor of the opening."""
        del subject
        last = self._last(account)
        broken = last if self.breaks is None else account.latest(self.breaks.name)
        anchor = max(
            *(account.start(moment.first_event), moment.first_seen, moment.since),
            *(t for t in (last, broken) if t is not None),
        )
        if last is None and self.from_onboarding_end:
            anchor = max(anchor, account.onboarding_end(moment.first_event))
        verdict = Verdict()
        limit_ms = 0
        for step in self.steps:
            limit = step.limit_ms(account, anchor)
            if limit is None:
                continue
            due = account.calendar.add_excluding_holidays(anchor, limit) if self.skip_holidays else anchor + limit
            enough = step.enough_at(account, anchor)
            if due > moment.settled:
                verdict.due = earliest(verdict.due, due)
                if enough <= moment.now:
                    self._explain(verdict, anchor + limit, due, moment)
                continue
            began = max(due, enough)
            if began > moment.now:
                verdict.due = earliest(verdict.due, None if began == NEVER else began)
                continue
            verdict.since = began if verdict.level == 0 else min(verdict.since, began)
            if step.level > verdict.level:
                verdict.level, limit_ms = step.level, limit
        if episode is not None and verdict.level == 0 and episode.frozen:
            # Whatever moves the anchor to before the limit shows that the limit was kept (R2.11).
            verdict.superseded = episode.frozen[0] < anchor <= episode.since
            verdict.off = verdict.superseded or (broken is not None and broken > episode.frozen[0])
        if verdict.level:
            self._describe(verdict, account, (anchor, moment.now), limit_ms)
            verdict.frozen = [anchor]
        elif episode is not None:
            since = episode.frozen[0] if episode.frozen else anchor
            until = anchor if verdict.superseded else moment.now if broken is None or not verdict.off else broken
            if episode.status == "recovering":
                until = min(until, episode.since_off)  # when it was first heard of
            self._describe(verdict, account, (since, until), 0)
        return verdict

    def _explain(self, verdict: Verdict, looks: int, due: int, moment: Moment) -> None:
        """A limit that has passed by the calendar alone: say that it is a holiday."""
        if looks < due and looks <= moment.settled:
            verdict.explained = ("holiday", looks)
        elif looks < due:
            verdict.due = earliest(verdict.due, looks)

    def _describe(self, verdict: Verdict, account: Account, silent: tuple[int, int], limit_ms: int) -> None:
        """Say how long it was or has been silent, holidays not counted."""
        anchor, end = silent
        skipped = account.calendar.holiday_ms(anchor, end) if self.skip_holidays else 0
        days = round((end - anchor - skipped) / DAY_MS, 1)
        limit = round((limit_ms or self.steps[0].after.elapsed_ms or 0) / DAY_MS, 1)
        rows = [Evidence(self.name, days, limit, "days", None)]
        numbers = {
            "days": f"{days:g}", "limit": f"{limit:g}", "holidays": f"{skipped / DAY_MS:g}", "at": minute_text(end),
        }  # fmt: skip
        for count in {count.name: count for step in self.steps for count, _ in step.also}.values():
            seen = count.value(account, end, since=anchor)
            numbers[count.name] = str(seen)
            rows.append(Evidence(count.name, seen, None, "events", None))
        verdict.evidence, verdict.numbers = tuple(rows), numbers
        verdict.clears = Clears(f"one {self.noun}", self.name, at_least=1)
