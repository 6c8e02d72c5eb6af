"""A slide added up: the one-sided CUSUM of a day's logarithm against the same weekday before (rules.md, usage.slide).

x = ln((actions + 1) / (reference + 1)); S = min(h, max(0, S - x / sd - k)), over business days only. The reference of a
weekday is its mean among the 20 business days before S left 0, and stays until S is 0 again. sd is 1.4826 MAD of the x
of those 20, each against the others of its weekday, so that a day does not hide in its own mean; at least 0.1.
E. S. Page, Biometrika 41, 1954; pure functions of counts.
"""

from collections import deque
from collections.abc import Sequence
from math import log
from typing import Final

import msgspec

from detector.domain.baseline import MAD_TO_SD, mad_of, median_of

NOT_YET: Final = -1  # S is 0: there is no reference


class Slope(msgspec.Struct, frozen=True, gc=False):
    """The parameters: `k` is taken off each day, `h` is the most; `reference` business days come before a slide."""

    k: float = 1.0
    h: float = 8.0
    reference: int = 20
    times_mad: float = MAD_TO_SD
    least_sd: float = 0.1


class Slid(msgspec.Struct, frozen=True, gc=False):
    """Where S stands after the last day and the one before; `began` is the index of the day on which it left 0.

    `means` is the reference by weekday: the mean actions of each that there are.
    """

    last: float = 0.0
    before: float = 0.0
    began: int = NOT_YET
    means: dict[int, float] = {}


def slid(counts: Sequence[int], weekdays: Sequence[int], slope: Slope) -> Slid:
    """Add up a series of business days, oldest first; none of the first `reference` days is judged."""
    s = before = 0.0
    began = NOT_YET
    means: dict[int, float] = {}
    sd = slope.least_sd
    days = [_Weekday() for _ in range(7)]
    for at, (count, weekday) in enumerate(zip(counts, weekdays, strict=True)):
        first, own = at - slope.reference, days[weekday]
        if first >= 0:
            before = s
            if began == NOT_YET:
                own.forget_before(first)
                if own.counts and _x(count, own.mean) <= -slope.k * slope.least_sd:  # else it cannot leave 0
                    means, sd = _reference(days, first, slope)
                    began = at
            if began != NOT_YET:
                if weekday in means:
                    s = min(slope.h, max(0.0, s - _x(count, means[weekday]) / sd - slope.k))
                if s == 0.0:
                    began = NOT_YET
        own.add(at, count)
    return Slid(s, before, began, means if began != NOT_YET else {})


class _Weekday:
    """What was done on one weekday, on the days that are not forgotten, oldest first."""

    __slots__ = ("_against", "at", "counts", "total")

    def __init__(self) -> None:
        self.at: deque[int] = deque()
        self.counts: deque[int] = deque()
        self.total = 0
        self._against: list[float] | None = None

    @property
    def mean(self) -> float:
        return self.total / len(self.counts)

    @property
    def against(self) -> list[float]:
        """The x of each day against the others, nothing of a single one: the same until a day is added or forgotten."""
        if self._against is None:
            total, others = self.total, len(self.counts) - 1
            self._against = [_x(count, (total - count) / others) for count in self.counts] if others > 0 else []
        return self._against

    def add(self, at: int, count: int) -> None:
        self._against = None
        self.at.append(at)
        self.counts.append(count)
        self.total += count

    def forget_before(self, first: int) -> None:
        while self.at and self.at[0] < first:
            self._against = None
            self.at.popleft()
            self.total -= self.counts.popleft()


def _reference(days: Sequence[_Weekday], first: int, slope: Slope) -> tuple[dict[int, float], float]:
    """The mean of each weekday among the days from `first` on, and the spread around them."""
    means: dict[int, float] = {}
    found: list[float] = []
    for weekday, own in enumerate(days):
        own.forget_before(first)
        if own.counts:
            means[weekday] = own.mean
            found += own.against
    if not found:
        return means, slope.least_sd
    return means, max(slope.least_sd, slope.times_mad * mad_of(found, median_of(found)))


def _x(count: int, reference: float) -> float:
    return log((count + 1) / (reference + 1))
