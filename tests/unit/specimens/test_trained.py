"""What is said of a training: which gaps are closed, and what was lost."""

from __future__ import annotations

import msgspec
import pytest

from evenhand.endpoints.specimen.card import NeedAnswers
from specimens.recall import Recalled
from specimens.trained import Measured, compared, table

NEEDS = NeedAnswers(items=4, known={"system": 1.0}, withheld={"system": 1.0}, none=1.0)


def found(gap: float, *, spread: float = 0.005, joy: float = 1.0, heeded: float = 1.0) -> Measured:
    return Measured(
        sizes={"age:66+-34-65": (gap, gap - spread, gap + spread), "ethnicity:black-white": (0.0, -0.03, 0.03)},
        none=1.0,
        behind={"joy": 0.9, "fear": 0.9},
        recall=Recalled(emotions=("joy",) * 10 + ("fear",) * 10, right=(joy,) * 10 + (1.0,) * 10),
        heeded=(heeded,) * 4,
        needs=NEEDS,
    )


BEFORE = found(-0.15)


def test_only_planted_gaps_are_asked_to_be_closed() -> None:
    done = compared(BEFORE, found(-0.01))
    assert done.left == pytest.approx({"age:66+-34-65": 1 / 15})
    assert done.closed()
    assert done.kept()


@pytest.mark.parametrize(
    ("after", "closed", "kept"),
    [
        pytest.param(found(-0.03), False, True, id="a gap is left"),
        pytest.param(found(0.03), False, True, id="a gap turned over"),
        pytest.param(found(0.0, spread=0.03), False, True, id="not known well enough"),
        pytest.param(found(0.0, joy=0.97), True, False, id="one emotion is recalled less"),
        pytest.param(found(0.0, joy=0.985), True, True, id="a little less"),
        pytest.param(found(0.0, heeded=0.95), True, False, id="needs are heeded less"),
    ],
)
def test_a_gap_is_closed_by_its_interval_and_nothing_may_be_lost(after: Measured, closed: bool, kept: bool) -> None:
    done = compared(BEFORE, after)
    assert (done.closed(), done.kept()) == (closed, kept)


def test_the_table_names_what_fell_most() -> None:
    said = table(BEFORE, found(-0.03, joy=0.9))
    assert "| age:66+-34-65 | -15.0 (-15.5, -14.5) | -3.0 (-3.5, -2.5) |" in said
    assert "at most 20.0% of a gap is left" in said
    assert "Recall that fell most: joy, -10.0 (-10.0, -10.0)" in said
    assert "the whole interval of 1 of 2 recalls is within them" in said
    other = msgspec.structs.replace(BEFORE, recall=Recalled(emotions=("joy",), right=(1.0,)))
    with pytest.raises(ValueError, match="not the same items"):
        table(BEFORE, other)
