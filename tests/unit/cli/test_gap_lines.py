"""What is said of a smallest gap."""

from __future__ import annotations

from evenhand.analysis.estimators.answer_model import AnswerModel
from evenhand.analysis.estimators.power import Components
from evenhand.cli.gap_lines import gap_lines, points


def test_a_gap_larger_than_what_is_left_to_gain_is_said_to_be_a_fall() -> None:
    lines = list(gap_lines(0.0168, variation=AnswerModel(accuracy=0.995), power=0.8))
    assert lines[0] == "Smallest gap detected with 80% power: 1.68 points."
    assert "one side is right 99.9 and the other 98.2 times" in lines[1]
    assert "can gain 0.5 points at most" in lines[2] and "get worse" in lines[2]
    assert len(list(gap_lines(0.0168, variation=AnswerModel(accuracy=0.97), power=0.8))) == 2


def test_no_gap_and_other_scores_are_told_in_one_line() -> None:
    (none,) = gap_lines(None, variation=AnswerModel(accuracy=0.97), power=0.9)
    assert none == "No gap, however large, is detected with 90% power."
    components = Components(set=0.1, item=0.1, cell=0.0, noise=0.2, source="test")
    assert len(list(gap_lines(0.05, variation=components, power=0.8))) == 1
    assert points(None) == "none" and points(0.01234) == 1.23
