"""Usual and unusual: baselines, exact Poisson tails and the significance of a drop, in examples and in laws."""

import statistics
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain.baseline import (
    EXACT_MU,
    Baseline,
    drop_share,
    mad_of,
    median_of,
    own_baseline,
    poisson_lower_tail,
    significant_drop,
    z_score,
)


def tail_by_definition(k: int, mu: float) -> float:
    """P(X <= k), term by term with 50 digits."""
    with localcontext(prec=50):
        exact = Decimal(mu)
        term = total = (-exact).exp()
        for i in range(1, k + 1):
            term *= exact / i
            total += term
        return float(total)


@pytest.mark.parametrize("mu", [0.5, 5.0, 20.0, 140.25, 700.0, EXACT_MU, EXACT_MU + 1, 2500.0])
def test_the_poisson_tail_is_the_sum_of_its_terms(mu: float) -> None:
    for sigmas in (-7, -5, -3, -2.33, -1, -0.1, 0, 0.01, 1, 3):
        k = max(0, int(mu + sigmas * mu**0.5))
        exact = tail_by_definition(k, mu)
        assert poisson_lower_tail(k, mu) == pytest.approx(exact, rel=1e-9 if mu <= EXACT_MU else 1e-4, abs=1e-15)


def test_the_poisson_tail_of_a_great_mean_is_the_normal_one() -> None:
    assert poisson_lower_tail(10**7, 1e7) == pytest.approx(0.5, abs=1e-3)
    assert poisson_lower_tail(10**7 - 9_487, 1e7) == pytest.approx(statistics.NormalDist().cdf(-3), rel=1e-2)


@pytest.mark.parametrize(
    ("k", "mu", "tail"),
    [
        (-1, 5.0, 0.0),  # fewer than none is impossible
        (0, 0.0, 1.0),  # nothing expected, nothing seen
        (0, 1e9, 0.0),  # too small for a float
        (0, 900.0, 0.0),  # the same on the exact side
        (10**6, 5.0, 1.0),  # far above the mean
    ],
)
def test_the_poisson_tail_has_no_bad_arguments(k: int, mu: float, tail: float) -> None:
    assert poisson_lower_tail(k, mu) == pytest.approx(tail, abs=1e-190)


@given(st.integers(0, 3_000), st.floats(0.1, 3_000))
def test_the_poisson_tail_is_a_probability_and_rises(k: int, mu: float) -> None:
    lower, upper = poisson_lower_tail(k, mu), poisson_lower_tail(k + 1, mu)
    assert 0 <= lower <= 1
    assert lower <= upper + 1e-12


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_median_and_mad_are_those_of_the_textbook(values: list[int]) -> None:
    centre = median_of(values)
    assert centre == statistics.median(values)
    assert mad_of(values, centre) == statistics.median([abs(value - centre) for value in values])


@pytest.mark.parametrize(
    ("windows", "baseline"),
    [
        # four usual weeks
        ([(100, 5), (110, 5), (90, 5), (100, 5)], Baseline(20.0, 1.0, 4)),
        # a week with a holiday is compared per day that was none
        ([(100, 5), (80, 4), (100, 5), (100, 5)], Baseline(20.0, 0.0, 4)),
        # two days are too few for a window, two windows are enough
        ([(100, 5), (9, 2), (9, 0), (120, 5)], Baseline(22.0, 2.0, 2)),
        # one usable window is no baseline
        ([(100, 5), (9, 2), (9, 0), (120, 1)], None),
        ([], None),
        # 19.5 actions in the median window are too few, 20 are enough
        ([(19, 5), (20, 5)], None),
        ([(15, 5), (20, 5), (25, 5)], Baseline(4.0, 1.0, 3)),
    ],
)
def test_the_own_baseline_is_that_of_the_usable_windows(
    windows: list[tuple[int, int]], baseline: Baseline | None
) -> None:
    assert own_baseline(windows) == baseline


def test_a_baseline_is_scaled_to_the_days_of_a_window() -> None:
    baseline = Baseline(20.0, 1.5, 4)
    assert baseline.expected(4) == 80
    assert baseline.spread(4) == 6


@pytest.mark.parametrize(
    ("observed", "expected", "share"),
    [
        (112, 140 / 5 * 5, 0.2),  # at the bound itself, in spite of binary fractions
        (22.4, 28.0, 0.2),
        (150, 100.0, -0.5),  # more than usual
        (0, 100.0, 1.0),
        (5, 0.0, 0.0),  # nothing expected, nothing lost
    ],
)
def test_a_drop_is_a_share_of_what_was_expected(observed: float, expected: float, share: float) -> None:
    assert drop_share(observed, expected) == share


@pytest.mark.parametrize(
    ("observed", "median", "mad", "significant"),
    [
        (70, 100.0, 0.0, True),  # z = 3 against the root of the median
        (71, 100.0, 0.0, False),
        (70, 100.0, 7.0, False),  # an account that swings: 1.4826 x 7 is more than 10
        (68, 100.0, 7.0, True),
        (120, 100.0, 0.0, False),  # more is no drop
        (0, 8.0, 0.0, False),  # too few to tell: z = 2.8
        (0, 0.0, 0.0, False),
        (9_990_000, 1e7, 0.0, True),
        (9_991_000, 1e7, 0.0, False),
    ],
)
def test_a_drop_is_significant_when_chance_does_not_explain_it(
    observed: int, median: float, mad: float, significant: bool
) -> None:
    """R2.5: Poisson P(X <= observed | median) < 0.01 and z >= 3 against max(1.4826 MAD, root of the median)."""
    assert significant_drop(observed, median, mad) is significant


@given(st.integers(0, 10_000), st.floats(0, 10_000), st.floats(0, 500))
def test_fewer_actions_never_make_a_drop_less_significant(observed: int, median: float, mad: float) -> None:
    if significant_drop(observed + 1, median, mad):
        assert significant_drop(observed, median, mad)
    assert z_score(observed, median, mad) >= z_score(observed + 1, median, mad)
