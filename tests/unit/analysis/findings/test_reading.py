"""What the record of a table's reading forbids: a verdict on repeats that may be different users."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.reading import with_covariates, withheld
from evenhand.analysis.table.predictions import read_predictions
from evenhand.records.as_read import AsRead
from evenhand.records.estimate import Decision, PointEstimate, Tested
from evenhand.records.finding import Finding
from tests.unit.analysis.findings.test_judgement import made
from tests.unit.analysis.table.test_predictions import reference_rows, written

WHY = "Rows may be answers of different people."


@pytest.fixture(name="read")
def _read(tmp_path_factory: pytest.TempPathFactory) -> AsRead:
    read = read_predictions(written(tmp_path_factory.mktemp("t") / "p.csv", reference_rows())).as_read
    assert read is not None
    return replace(read, withheld=WHY)


def decided(verdict: Decision) -> Finding:
    return replace(made(), number=Tested(value=0.1, p=0.01, verdict=verdict), notes=("A note.",))


@pytest.mark.parametrize("verdict", ["difference", "equivalent"])
def test_a_verdict_is_taken_back_and_the_reason_comes_first(read: AsRead, verdict: Decision) -> None:
    (found,) = withheld((decided(verdict),), read)
    assert found.verdict == "inconclusive"
    assert found.notes == (WHY, "A note.")
    assert (found.value, found.p) == (0.1, 0.01)


def test_what_has_no_verdict_to_take_back_stays(read: AsRead) -> None:
    plain = replace(made(), number=PointEstimate(value=0.1))
    assert withheld((decided("inconclusive"), plain), read) == (decided("inconclusive"), plain)


def test_nothing_is_withheld_where_repeats_are_of_one_user(read: AsRead) -> None:
    one = (decided("difference"),)
    assert withheld(one, replace(read, withheld=None)) == one
    assert withheld(one, None) == one
    assert with_covariates(None, []) is None
