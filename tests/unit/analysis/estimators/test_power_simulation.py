"""Power by simulation agrees with the formula."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.estimators.answer_model import AnswerModel
from evenhand.analysis.estimators.power import Components, PairedDesign, planned_power, planned_smallest_gap
from evenhand.analysis.estimators.power_simulation import simulated_answers, simulated_differences, simulated_power
from evenhand.errors import UsageError

COMPONENTS = Components(set=0.07, item=0.08, cell=0.0, noise=0.55, source="test")


@pytest.mark.parametrize(
    "design",
    [PairedDesign(items=24, sets=20), PairedDesign(items=48, sets=16, sets_per_item=4, replicates=2)],
)
def test_formula_and_simulation_agree(design: PairedDesign) -> None:
    gap = planned_smallest_gap(design, components=COMPONENTS)
    found = simulated_power(design, gap=gap, variation=COMPONENTS, rng=np.random.default_rng(1), draws=300)
    assert found.draws == 300
    assert found.monte_carlo_se == pytest.approx(np.sqrt(found.power * (1 - found.power) / 300))
    assert found.power == pytest.approx(
        planned_power(design, gap=gap, components=COMPONENTS), abs=4 * found.monte_carlo_se
    )
    null = simulated_power(design, gap=0.0, variation=COMPONENTS, rng=np.random.default_rng(2), draws=300)
    assert null.power <= 0.09


def test_differences_have_the_stated_variance_and_layout() -> None:
    components = Components(set=0.1, item=0.1, cell=0.2, noise=0.4, source="test")
    design = PairedDesign(items=400, sets=300, replicates=2)
    drawn = simulated_differences(design, gap=0.2, components=components, rng=np.random.default_rng(0))
    assert drawn.mean() == pytest.approx(0.2, abs=0.03)
    assert drawn.var() == pytest.approx(0.01 + 0.01 + 0.04 + 0.16 / 2, rel=0.05)
    sparse = PairedDesign(items=30, sets=10, sets_per_item=3)
    asked = ~np.isnan(simulated_differences(sparse, gap=0.0, components=COMPONENTS, rng=np.random.default_rng(0)))
    assert asked.sum(axis=0).tolist() == [3] * 30
    assert asked.sum(axis=1).tolist() == [9] * 10


def test_answers_have_the_stated_gap_flips_and_layout() -> None:
    answers = AnswerModel(accuracy=0.9, flips=0.05, item_slope=0.0, set_slope=0.0)
    drawn = simulated_answers(
        PairedDesign(items=1500, sets=300), gap=-0.03, answers=answers, rng=np.random.default_rng(0)
    )
    assert drawn.mean() == pytest.approx(-0.03, abs=0.003)
    none = simulated_answers(PairedDesign(items=1500, sets=300), gap=0.0, answers=answers, rng=np.random.default_rng(0))
    assert np.abs(none).mean() == pytest.approx(0.05, abs=0.004)
    sparse = PairedDesign(items=30, sets=10, sets_per_item=3, replicates=2)
    few = simulated_answers(sparse, gap=0.05, answers=answers, rng=np.random.default_rng(0))
    assert (~np.isnan(few)).sum(axis=0).tolist() == [3] * 30
    assert set(np.unique(few[~np.isnan(few)])) <= {-1.0, -0.5, 0.0, 0.5, 1.0}
    with pytest.raises(UsageError, match="cannot show"):
        simulated_answers(sparse, gap=0.9999, answers=answers, rng=np.random.default_rng(0))
