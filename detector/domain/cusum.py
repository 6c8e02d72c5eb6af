"""A slide added up: the one-sided CUSUM of a day's logarithm against the same weekday before (rules.md, usage.slide).

x = ln((actions + 1) / (reference + 1)); S = min(h, max(0, S - x / sd - k)), over business days only. The reference of a
weekday is its mean among the 20 business days before S left 0, and stays until S is 0 again. sd is 1.4826 MAD of the x
of those 20, each against the others of its weekday, so that a day does not hide in its own mean; at least 0.1.
E. S. Page, Biometrika 41, 1954; pure functions of counts.
"""

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
    for at in range(slope.reference, len(counts)):
        before = s
        if began == NOT_YET:
            first = at - slope.reference
            mean = _mean(counts, weekdays, first, at, weekdays[at])
            if mean is None or _x(counts[at], mean) > -slope.k * slope.least_sd:
                continue  # the usual day: it cannot leave 0
            means = means_of(counts, weekdays, first, at)
            sd = _spread(counts, weekdays, first, at, slope)
            began = at
        if weekdays[at] in means:
            s = min(slope.h, max(0.0, s - _x(counts[at], means[weekdays[at]]) / sd - slope.k))
        if s == 0.0:
            began = NOT_YET
    return Slid(s, before, began, means if began != NOT_YET else {})


def means_of(counts: Sequence[int], weekdays: Sequence[int], first: int, end: int) -> dict[int, float]:
    """The mean of each weekday among the days from `first` up to `end`, excluded."""
    of: dict[int, list[int]] = {}
    for at in range(first, end):
        of.setdefault(weekdays[at], []).append(counts[at])
    return {weekday: sum(own) / len(own) for weekday, own in of.items()}


def _mean(counts: Sequence[int], weekdays: Sequence[int], first: int, end: int, weekday: int) -> float | None:
    own = [counts[at] for at in range(first, end) if weekdays[at] == weekday]
    return sum(own) / len(own) if own else None


def _spread(counts: Sequence[int], weekdays: Sequence[int], first: int, end: int, slope: Slope) -> float:
    of: dict[int, list[int]] = {}
    for at in range(first, end):
        of.setdefault(weekdays[at], []).append(counts[at])
    found = []
    for own in of.values():
        if len(own) > 1:
            total = sum(own)
            found += [_x(count, (total - count) / (len(own) - 1)) for count in own]
    if not found:
        return slope.least_sd
    return max(slope.least_sd, slope.times_mad * mad_of(found, median_of(found)))


def _x(count: int, reference: float) -> float:
    return log((count + 1) / (reference + 1))
