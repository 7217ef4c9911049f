from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.write import write_cohort
from evenhand.errors import CohortError
from tests.support.small_plan import pairs_cohort


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_a_cohort_written_and_read_is_the_same(tmp_path: Path, suffix: str) -> None:
    written = load_cohort("explicit")
    write_cohort(written, tmp_path / f"c{suffix}")
    assert load_cohort(tmp_path / f"c{suffix}") == written


def test_another_suffix_names_the_allowed_ones(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=r"\.yaml, \.yml or \.json"):
        write_cohort(pairs_cohort(), tmp_path / "c.txt")
