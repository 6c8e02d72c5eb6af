"""Snowball: negatives that pile up across people, roles and departments faster than they are forgotten."""

from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from math import ceil, log2
from typing import Final, final

from detector.domain.account import Account
from detector.domain.calendar import DAY_MS
from detector.domain.events import Event, StakeholderLeft, StakeholderUpdated
from detector.domain.measures import Kept, Log
from detector.domain.state import Entry, Episode
from detector.domain.verdict import CRITICAL, Clears, EventDriven, Evidence, Moment, Verdict, earliest
from detector.domain.wording import amount

EXACT: Final = 9  # decimals to which a sum is compared, so that 5 by the formula is not 4.999… by the arithmetic


@final
class Snowball(EventDriven, frozen=True):
    """The sum of the negatives' weights, each halved every `half_life_ms`, times 1 + `each` for every cell but one.

    Cells are the distinct roles and departments of those in the last `cells_ms`. `weights` are by role, `other` for all
    else; `steps` are (severity step, least sum). Where the last `gaps` gaps shrink, each shorter than the one before,
    it is `faster` steps more severe. It clears below `clears_below`.
    """

    name: str
    log: Log
    weights: Mapping[str, float]
    other: float
    half_life_ms: int
    cells_ms: int
    each: float
    steps: tuple[tuple[int, float], ...]
    clears_below: float
    gaps: int
    faster: int
    kind: None = None

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """Every negative, and what gives a person another role or department."""
        classes: tuple[type[Event], ...] = (*self.log.matcher.alternatives, StakeholderUpdated, StakeholderLeft)
        return [(cls, None) for cls in dict.fromkeys(classes)]

    @property
    def measures(self) -> Iterable[Kept]:
        """The log of negatives."""
        return (self.log,)

    def subjects(self, account: Account, moment: Moment) -> Iterable[None]:
        """The account itself."""
        del account, moment
        return (None,)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON by the sum at this moment; it melts by time alone, and says when it will have."""
        del subject
        now = moment.settled if moment.event is None else moment.now
        every = account.record.logs.get(self.log.name, [])
        known = [entry for entry in every if entry[0] <= now]
        pile = [(entry[0], self._weight(account, entry)) for entry in known]
        cells = {self._cell(account, entry) for entry in known if entry[0] > now - self.cells_ms}
        spread = 1 + self.each * max(0, len(cells) - 1)
        size = self._size(pile, spread, now)
        verdict = Verdict(off=size < self.clears_below)
        verdict.level = max((level for level, least in self.steps if size >= least), default=0)
        if verdict.level and self._shrinking([at for at, _ in pile]):
            verdict.level = min(CRITICAL, verdict.level + self.faster)
        if verdict.level or episode is not None:
            verdict.since = pile[-1][0] if pile else -1
            leaves = [at + self.cells_ms for at, _ in pile if at > now - self.cells_ms]
            verdict.due = earliest(min(leaves, default=None), self._melts(pile, spread, now, size))
            self._describe(verdict, size, sum(at > now - self.cells_ms for at, _ in pile), len(cells))
        verdict.due = earliest(verdict.due, next((entry[0] for entry in every if entry[0] > now), None))
        return verdict

    def _weight(self, account: Account, entry: Entry) -> float:
        return self.weights.get(self.log.field(entry, "role", account) or "", self.other)

    def _cell(self, account: Account, entry: Entry) -> tuple[str | None, str | None]:
        """The role and department as they are known of the person, else as they were told with the negative."""
        who = entry[2 + self.log.fields.index("stakeholder_id")]
        person = None if who is None else account.record.people.get(who)
        department = entry[2 + self.log.fields.index("department")]
        if person is not None and person.department is not None:
            department = person.department
        return self.log.field(entry, "role", account), department

    def _size(self, pile: list[tuple[int, float]], spread: float, at: int) -> float:
        whole: float = sum(weight * 2.0 ** ((when - at) / self.half_life_ms) for when, weight in pile)
        return round(spread * whole, EXACT)

    def _melts(self, pile: list[tuple[int, float]], spread: float, now: int, size: float) -> int | None:
        """The first millisecond at which the sum falls below the next lower bound, were the cells to stay."""
        bound = max(
            (least for least in (*(least for _, least in self.steps), self.clears_below) if size >= least), default=None
        )
        if bound is None:
            return None
        early, late = now, now + ceil(self.half_life_ms * log2(size / bound)) + DAY_MS
        while late - early > 1:
            middle = (early + late) // 2
            if self._size(pile, spread, middle) < bound:
                late = middle
            else:
                early = middle
        return late

    def _shrinking(self, times: list[int]) -> bool:
        """Whether each of the last gaps is shorter than the one before."""
        if len(times) <= self.gaps:
            return False
        last = times[-self.gaps - 1 :]
        gaps = [later - earlier for earlier, later in pairwise(last)]
        return all(later < earlier for earlier, later in pairwise(gaps))

    def _describe(self, verdict: Verdict, size: float, count: int, cells: int) -> None:
        least = min(least for _, least in self.steps)
        verdict.evidence = (
            Evidence(self.name, round(size, 1), least, "weight"),
            Evidence("negatives", count, None, "events", f"{self.cells_ms // DAY_MS}d"),
            Evidence("cells", cells, None, "roles and departments", f"{self.cells_ms // DAY_MS}d"),
        )
        verdict.numbers = {"observed": f"{size:.1f}", "negatives": count, "cells": cells}
        days = self.half_life_ms // DAY_MS
        verdict.clears = Clears(
            f"a weight below {self.clears_below:g}; it halves every {amount(days, 'day')}", self.name
        )
