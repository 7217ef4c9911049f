"""Respondents of the gallery get the answer that is written beside them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from evenhand.selftest.gallery import GALLERY, HANDFUL, Case, audit_case, audit_gallery

CASES = {case.name: case for case in GALLERY}


@pytest.mark.parametrize("name", HANDFUL)
def test_a_handful_gets_the_answer_that_is_written_beside_it(name: str) -> None:
    seen, _ = audit_case(CASES[name])
    assert seen.wrong == (), seen.answer.short


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("case", GALLERY, ids=lambda case: case.name)
def test_the_whole_gallery_gets_the_answer_that_is_written_beside_it(case: Case) -> None:
    seen, _ = audit_case(case)
    assert seen.wrong == (), seen.answer.short


def test_a_wrong_expectation_is_told_in_words() -> None:
    stuck = CASES["always-a"]
    wrong = replace(stuck, items=12, expected=replace(stuck.expected, verdicts=("equivalent",), fault=None))
    (seen,) = audit_gallery([wrong])
    assert seen.wrong == ("says 'not assessable', not 'equivalent'", "sees the fault 'at_chance'")


def test_every_case_has_a_name_of_its_own_and_says_what_to_take_from_it() -> None:
    assert len(CASES) == len(GALLERY) == 18
    assert all(case.expected.words and case.title for case in GALLERY)
    assert set(HANDFUL) <= set(CASES)
