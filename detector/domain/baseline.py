"""What is usual for an account, and whether less than usual is more than chance (rules.md R2.4 and R2.5).

Pure functions of counts. They run once per account and day, so they use neither `statistics` nor fractions.
"""

from collections.abc import Sequence
from math import erfc, exp, lgamma, log, sqrt
from typing import Final

import msgspec

MIN_DAYS: Final = 3  # a window with fewer usable business days is not judged
MIN_WINDOWS: Final = 2
MIN_ACTIONS: Final = 20  # in the median window
MAX_CHANCE: Final = 0.01
MIN_Z: Final = 3.0
MAD_TO_SD: Final = 1.4826  # the standard deviation of a normal distribution in units of its MAD
EXACT_MU: Final = 1_000.0  # above it the Poisson tail is approximated; the error is below 1e-6 there

_SQRT_HALF: Final = sqrt(0.5)
_NEGLIGIBLE: Final = 1e-17


class Baseline(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an account usually does: median and MAD in actions per usable business day, over `windows` windows."""

    median: float
    mad: float
    windows: int

    def expected(self, usable_days: int) -> float:
        """Return the usual number of actions in a window with this many usable business days."""
        return self.median * usable_days

    def spread(self, usable_days: int) -> float:
        """Return the MAD, in actions, of a window with this many usable business days."""
        return self.mad * usable_days


def median_of(values: Sequence[float]) -> float:
    """Return the median of at least one value, the mean of the middle two where their number is even."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return float(ordered[middle])
    return (ordered[middle - 1] + ordered[middle]) / 2


def mad_of(values: Sequence[float], centre: float) -> float:
    """Return the median of the absolute distances of at least one value from `centre`."""
    return median_of([abs(value - centre) for value in values])


def own_baseline(windows: Sequence[tuple[int, int]]) -> Baseline | None:
    """Return the baseline over the preceding windows, each (actions, usable business days); None: insufficient data.

    The caller leaves out of both numbers the days that were dark or a holiday, and gives 0 days for a window inside
    an open episode. The 20 actions of R2.4 are the median of the usable windows' actions as they were counted.
    """
    usable = [window for window in windows if window[1] >= MIN_DAYS]
    if len(usable) < MIN_WINDOWS or median_of([actions for actions, _ in usable]) < MIN_ACTIONS:
        return None
    rates = [actions / days for actions, days in usable]
    median = median_of(rates)
    return Baseline(median, mad_of(rates, median), len(rates))


def drop_share(observed: float, expected: float) -> float:
    """Return by what share `observed` is under `expected`: 0.2 is -20%, negative is more than expected.

    Rounded to 1e-9, so that exactly 20% fewer actions compares equal to 0.2. Nothing expected: 0.
    """
    return round(1.0 - observed / expected, 9) if expected > 0 else 0.0


def z_score(observed: float, median: float, mad: float) -> float:
    """Return how many standard deviations `observed` is under `median`, all in actions of one window.

    The deviation is the larger of 1.4826 MAD and the root of the median (a Poisson count's own). No median: 0.
    """
    return (median - observed) / max(MAD_TO_SD * mad, sqrt(median)) if median > 0 else 0.0


def significant_drop(observed: int, median: float, mad: float) -> bool:
    """Whether so few actions are no chance: P(X <= observed | median) < 0.01 and z >= 3 (R2.5)."""
    # z first: it is the cheaper test, and on a usual day it has the last word.
    return z_score(observed, median, mad) >= MIN_Z and poisson_lower_tail(observed, median) < MAX_CHANCE


def poisson_lower_tail(k: int, mu: float) -> float:
    """Return P(X <= k) of a Poisson distribution with mean `mu`; 0-1, for any k and mu.

    Up to `EXACT_MU` the terms exp(-mu) mu^i / i! are summed away from k, where the first is taken in logarithms, so
    that nothing under- or overflows. Above, Peizer and Pratt's normal approximation (J. Amer. Statist. Assoc. 63,
    1968, 1416-1456; Johnson, Kemp and Kotz, Univariate Discrete Distributions, section 4.6).
    """
    if k < 0:
        return 0.0
    if mu <= 0:
        return 1.0
    if mu > EXACT_MU:
        return _peizer_pratt(k, mu)
    if k < mu:
        return min(1.0, _sum_down(k, mu))
    return max(0.0, 1.0 - _sum_up(k + 1, mu))


def _term(k: int, mu: float) -> float:
    return exp(k * log(mu) - mu - lgamma(k + 1))


def _sum_down(k: int, mu: float) -> float:
    """Return the sum of the terms k, k-1, ... 0, for k < mu, where each is smaller than the one before."""
    term = _term(k, mu)
    total = 0.0
    while term > total * _NEGLIGIBLE:
        total += term
        term *= k / mu
        k -= 1
    return total


def _sum_up(k: int, mu: float) -> float:
    """Return the sum of the terms k, k+1, ..., for k > mu, where each is smaller than the one before."""
    term = _term(k, mu)
    total = 0.0
    while term > total * _NEGLIGIBLE:
        total += term
        k += 1
        term *= mu / k
    return total


def _peizer_pratt(k: int, mu: float) -> float:
    x = (k + 0.5) / mu
    gap = 1.0 - x
    if abs(gap) < 1e-3:  # the formula below would lose its digits: its series, g = sum of 2 gap^n / ((n+1)(n+2))
        g = gap / 3 + gap * gap / 6 + gap * gap * gap / 10
    else:
        g = (1.0 - x * x + 2.0 * x * log(x)) / (gap * gap)
    z = (k + 2 / 3 - mu + 0.02 / (k + 1)) * sqrt((1.0 + g) / mu)
    return 0.5 * erfc(-z * _SQRT_HALF)
