from __future__ import annotations

import math

import pytest
from scipy import special

from evenhand.analysis.estimators.student import _near, quantile, survival

DFS = (1.0, 1.3, 2.0, 3.7, 10.0, 29.0, 59.4, 240.0, 5_000.0, 1e6)


@pytest.mark.parametrize("df", DFS)
@pytest.mark.parametrize("statistic", [-40.0, -3.2, -0.7, -1e-6, 0.0, 1e-4, 0.5, 1.0, 1.96, 4.0, 12.0, 60.0])
def test_tails_are_those_of_scipy(statistic: float, df: float) -> None:
    assert survival(statistic, df=df) == pytest.approx(float(special.stdtr(df, -statistic)), rel=1e-8, abs=1e-300)


@pytest.mark.parametrize("df", DFS)
@pytest.mark.parametrize("probability", [1e-8, 0.001, 0.025, 0.2, 0.4999, 0.5, 0.7, 0.8, 0.95, 0.975, 0.9999])
def test_quantiles_are_those_of_scipy(probability: float, df: float) -> None:
    wanted = float(special.stdtrit(df, probability))
    assert quantile(probability, df=df) == pytest.approx(wanted, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("statistic", [-6.0, -1.0, 0.0, 0.3, 2.0, 8.0])
def test_without_degrees_of_freedom_it_is_the_normal(statistic: float) -> None:
    assert survival(statistic, df=None) == pytest.approx(float(special.ndtr(-statistic)), rel=1e-12)
    inner = float(special.ndtr(statistic))
    assert quantile(inner, df=None) == pytest.approx(float(special.ndtri(inner)), abs=1e-9)


def test_the_ends_are_infinite() -> None:
    assert quantile(1.0, df=5.0) == math.inf
    assert quantile(0.0, df=None) == -math.inf
    assert survival(math.inf, df=4.0) == 0.0
    assert survival(-math.inf, df=4.0) == 1.0


@pytest.mark.parametrize("df", [0.5, 1.0, 3.0, 30.0, 1e5])
@pytest.mark.parametrize("tail", [1e-300, 1e-80, 1e-12, 0.01, 0.3, 0.49])
def test_a_quantile_has_its_tail_above_it_however_far_out_it_lies(tail: float, df: float) -> None:
    # Close to 1 a number has no room for a small tail, so that end is asked from below.
    point = -quantile(tail, df=df)
    assert survival(point, df=df) == pytest.approx(tail, rel=1e-9)


@pytest.mark.parametrize(
    ("df", "tail", "within"),
    [
        (3.0, 0.2, 2e-5),
        (9.0, 0.025, 2e-4),
        (30.0, 0.2, 2e-8),
        (30.0, 0.025, 1e-6),
        (30.0, 0.001, 2e-5),
        (1e4, 1e-8, 1e-12),
        # Farther out than the degrees of freedom, by the power law of the tail.
        (0.5, 1e-6, 1e-12),
        (1.0, 1e-4, 1e-7),
        (2.5, 1e-6, 3e-5),
        (2.5, 1e-12, 1e-9),
        (9.0, 1e-12, 2e-3),
    ],
)
def test_the_search_for_a_quantile_begins_close_to_it(df: float, tail: float, within: float) -> None:
    assert _near(tail, df) == pytest.approx(-float(special.stdtrit(df, tail)), rel=within)


def test_the_search_begins_at_or_above_the_normal_quantile_and_at_a_finite_point() -> None:
    # Where the power law, which is for the tail, would begin below.
    assert _near(0.4, 2.5) >= float(special.ndtri(0.6))
    assert _near(1e-300, 0.5) == pytest.approx(math.exp(700.0))
    # Neither side of the bound between the two ways is far off: at df = z * z.
    bound = float(special.ndtri(1e-6)) ** 2
    assert _near(1e-6, bound) == pytest.approx(-float(special.stdtrit(bound, 1e-6)), rel=0.02)
    assert _near(1e-6, bound) < _near(1e-6, bound - 1e-9)
