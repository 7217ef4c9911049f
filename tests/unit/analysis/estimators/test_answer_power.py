"""Power from the accuracy, near 100% too."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.estimators.answer_model import ASSUMED_ANSWERS, AnswerModel, log_odds_shift
from evenhand.analysis.estimators.answer_power import answer_power, gap_curve, overstated, power_at, smallest_gap
from evenhand.analysis.estimators.power import Components, PairedDesign, planned_power, planned_smallest_gap
from evenhand.analysis.estimators.power_simulation import simulated_power
from evenhand.errors import UsageError

THIRTY = PairedDesign(items=33, sets=30)
COMPONENTS = Components(set=0.04, item=0.06, cell=0.2, noise=0.3, source="test")


@pytest.mark.parametrize("accuracy", [0.65, 0.8, 0.9, 0.97, 0.995])
@pytest.mark.parametrize("design", [THIRTY, PairedDesign(items=24, sets=12)])
def test_the_stated_gap_is_found_as_often_as_is_said(accuracy: float, design: PairedDesign) -> None:
    answers = AnswerModel(accuracy=accuracy)
    gap = smallest_gap(design, variation=answers)
    assert gap is not None
    found = simulated_power(design, gap=gap, variation=answers, rng=np.random.default_rng(4), draws=400)
    assert found.power == pytest.approx(0.8, abs=0.08)


def test_copied_answers_and_sparse_designs_and_replicates_are_found_as_often_as_is_said() -> None:
    cases = (
        (THIRTY, AnswerModel(accuracy=0.97, flips=0.015)),
        (PairedDesign(items=120, sets=60, sets_per_item=3), AnswerModel(accuracy=0.97)),
        (PairedDesign(items=120, sets=60, sets_per_item=1), AnswerModel(accuracy=0.97)),
        (PairedDesign(items=33, sets=30, replicates=3), AnswerModel(accuracy=0.97)),
    )
    for design, answers in cases:
        gap = smallest_gap(design, variation=answers)
        assert gap is not None
        found = simulated_power(design, gap=gap, variation=answers, rng=np.random.default_rng(6), draws=300)
        assert found.power == pytest.approx(0.8, abs=0.08), (design, answers)


@pytest.mark.parametrize(
    ("design", "accuracy", "gap", "said"),
    [
        (PairedDesign(items=24, sets=12), 0.995, 0.0142, True),
        (THIRTY, 0.995, 0.0084, True),
        (PairedDesign(items=24, sets=12), 0.97, 0.029, False),
        (PairedDesign(items=300, sets=62, sets_per_item=3), 0.995, 0.0056, False),
    ],
)
def test_where_the_formula_says_too_much_it_is_said(
    design: PairedDesign, accuracy: float, gap: float, said: bool
) -> None:
    """And where it is not said, the formula and simulated answers agree."""
    answers = AnswerModel(accuracy=accuracy)
    told = power_at(design, gap=gap, variation=answers)
    assert told is not None
    found = simulated_power(design, gap=gap, variation=answers, rng=np.random.default_rng(7), draws=400)
    assert overstated(design, power=told, variation=answers) is said
    assert (told - found.power > 0.1) is said and told - found.power < 0.3


def test_the_formula_is_believed_at_its_own_gap_and_for_stated_components() -> None:
    answers, small = AnswerModel(accuracy=0.995), PairedDesign(items=24, sets=12)
    gap = smallest_gap(small, variation=answers)
    assert gap is not None
    assert not overstated(small, power=power_at(small, gap=gap, variation=answers), variation=answers)
    assert overstated(small, power=0.699, variation=answers)
    assert not overstated(small, power=0.7, variation=answers)
    # No shift makes the gap, so that there is no power to believe.
    unreachable = AnswerModel(accuracy=0.999)
    assert power_at(small, gap=0.99, variation=unreachable) is None
    assert not overstated(small, power=None, variation=unreachable)
    assert not overstated(small, power=0.1, variation=COMPONENTS)


def test_a_power_that_is_believed_or_absent_is_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    def searched(*_given: object) -> float:
        raise AssertionError("the smallest gap was looked for")

    monkeypatch.setattr("evenhand.analysis.estimators.answer_power._smallest_answer_gap", searched)
    answers = AnswerModel(accuracy=0.995)
    for power in (None, 0.7, 0.95):
        assert not overstated(THIRTY, power=power, variation=answers)
    with pytest.raises(AssertionError, match="looked for"):
        overstated(THIRTY, power=0.5, variation=answers)


def test_in_the_middle_it_is_the_formula_of_the_components() -> None:
    # 30 x 33 at 65%, items and personas reacting by SD 0.5 and 0.3: 7.3 points by simulation.
    assert smallest_gap(THIRTY) == pytest.approx(0.073, rel=0.1)
    assert ASSUMED_ANSWERS.source.startswith("assumed: 0.65 of answers right")
    assert smallest_gap(THIRTY, variation=COMPONENTS) == planned_smallest_gap(THIRTY, components=COMPONENTS)
    assert power_at(THIRTY, gap=0.05, variation=COMPONENTS) == planned_power(THIRTY, gap=0.05, components=COMPONENTS)


def test_power_of_the_smallest_gap_is_the_stated_one() -> None:
    answers = AnswerModel(accuracy=0.97)
    gap = smallest_gap(THIRTY, variation=answers, power=0.9)
    assert gap is not None
    assert power_at(THIRTY, gap=gap, variation=answers) == pytest.approx(0.9, abs=0.005)
    assert power_at(THIRTY, gap=-gap, variation=answers) == pytest.approx(0.9, abs=0.005)
    assert answer_power(THIRTY, ASSUMED_ANSWERS, shift=0.0) == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("over", ["items", "sets", "replicates"])
def test_more_of_anything_detects_smaller_gaps(over: str) -> None:
    curve = gap_curve(PairedDesign(items=20, sets=20), over=over, values=(5, 10, 20, 40))  # type: ignore[arg-type]
    gaps = [gap for _, gap in curve if gap is not None]
    assert len(gaps) == 4 and gaps == sorted(gaps, reverse=True)


def test_a_gap_that_answers_cannot_show_has_no_power_and_a_design_that_finds_none_states_none() -> None:
    answers = AnswerModel(accuracy=0.97)
    assert log_odds_shift(answers, gap=0.9999) is None
    assert power_at(THIRTY, gap=0.9999, variation=answers) is None
    assert smallest_gap(PairedDesign(items=2, sets=2), variation=answers, power=0.95) is None


def test_a_design_that_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="no pairs"):
        smallest_gap(PairedDesign(items=0, sets=3))
    with pytest.raises(UsageError, match="alpha"):
        smallest_gap(THIRTY, alpha=1.0)
