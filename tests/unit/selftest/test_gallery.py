"""Respondents of the gallery get the answer that is written beside them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from evenhand.records.findings import Findings
from evenhand.report.html import render_html
from evenhand.report.source import source_of
from evenhand.report.words import verdict_word
from evenhand.selftest.gallery import GALLERY, HANDFUL, Case, Seen, audit_case, audit_gallery
from tests.support.first_screen import first_screen_text

CASES = {case.name: case for case in GALLERY}


@pytest.mark.parametrize("name", HANDFUL)
def test_a_handful_gets_the_answer_that_is_written_beside_it(name: str) -> None:
    seen, findings = audit_case(CASES[name])
    assert seen.wrong == (), seen.answer.short
    assert lacking(seen, findings) == []


def lacking(seen: Seen, findings: Findings) -> list[str]:
    """What somebody could not say who has read the first screen of the case's report and nothing else."""
    text, answer = first_screen_text(render_html(findings)), seen.answer
    worst, labels = answer.worst, source_of(findings).labels
    must = {"verdict": verdict_word(answer.verdict or "descriptive", margin=findings.settings.margin)}
    for factor, level in ((one.factor, one.level) for f in findings.findings for one in f.contrast):
        if answer.verdict == "difference" and level in seen.case.expected.levels:
            must[f"group {level}"] = labels.level(factor, level)
    if answer.verdict == "difference" and worst is not None and worst.value is not None:
        must["size"] = f"{abs(100 * worst.value):.1f}"
    if answer.verdict in ("difference", "equivalent") and worst is not None and worst.low is not None:
        must["certainty"] = f"{abs(100 * worst.low):.1f}"
    if answer.reasons:
        must["reason"] = answer.reasons[0].partition(": ")[2]
    must |= {f"not asked {number}": text for number, text in enumerate(answer.not_asked)}
    lacking = [name for name, words in must.items() if words.lower() not in text.lower()]
    return lacking + (["next step"] if "\nevenhand\n" not in text else [])


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("case", GALLERY, ids=lambda case: case.name)
def test_the_whole_gallery_gets_the_answer_that_is_written_beside_it(case: Case) -> None:
    seen, findings = audit_case(case)
    assert seen.wrong == (), seen.answer.short
    assert lacking(seen, findings) == []


def test_a_wrong_expectation_is_told_in_words() -> None:
    stuck = CASES["always-a"]
    wrong = replace(stuck, items=12, expected=replace(stuck.expected, verdicts=("equivalent",), fault=None))
    (seen,) = audit_gallery([wrong])
    assert seen.wrong == ("says 'not assessable', not 'equivalent'", "sees the fault 'at_chance'")


def test_every_case_has_a_name_of_its_own_and_says_what_to_take_from_it() -> None:
    assert len(CASES) == len(GALLERY) == 18
    assert all(case.expected.words and case.title for case in GALLERY)
    assert set(HANDFUL) <= set(CASES)
