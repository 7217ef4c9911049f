"""Respondents of the gallery get the answer that is written beside them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from evenhand.records.findings import Findings
from evenhand.report.html import render_html
from evenhand.report.source import source_of
from evenhand.report.words import verdict_word
from evenhand.selftest.gallery import GALLERY, HANDFUL, Case, Seen, audit_case, audit_gallery
from tests.support.browser import Visit, started
from tests.support.first_screen import first_screen_text

CASES = {case.name: case for case in GALLERY}


pytestmark = pytest.mark.xdist_group("gallery")
WINDOWS = {"a window": (1440, 900, 900), "two screens of a phone": (390, 844, 2 * 844)}
"""Width and height of what is looked at, and where the first screen must end."""


@cache
def audited(name: str) -> tuple[Seen, Findings]:
    """A case, audited once for all tests of this file."""
    return audit_case(CASES[name])


@pytest.mark.parametrize("name", HANDFUL)
def test_a_handful_gets_the_answer_that_is_written_beside_it(name: str) -> None:
    seen, findings = audited(name)
    assert seen.wrong == (), seen.answer.short
    assert lacking(seen, findings) == []


@pytest.mark.browser
def test_the_first_screens_of_the_handful_fit(tmp_path: Path) -> None:
    assert too_long(HANDFUL, tmp_path) == []


def too_long(names: tuple[str, ...], folder: Path) -> list[str]:
    """Cases whose first screen goes on beyond what it must fit, by window."""
    found = []
    with started() as browser:
        for name in names:
            page = folder / f"{name}.html"
            page.write_text(render_html(audited(name)[1]), encoding="utf-8")
            for window, (width, height, most) in WINDOWS.items():
                with Visit(browser, page.as_uri(), width=width, height=height) as visit:
                    end = visit.bottom("#answer")
                    found += [f"{name}: {end:.0f} of {most} in {window}"] if end > most else []
    return found


def test_a_first_screen_that_says_nothing_lacks_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, findings = audited("groups-only")
    monkeypatch.setattr(f"{__name__}.first_screen_text", lambda page: "")
    found = lacking(seen, findings)
    assert {"verdict", "group muslim", "size", "certainty", "not asked 0", "without memory", "three next steps"} <= set(
        found
    )


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
    if answer.verdict == "inconclusive" and worst is not None and worst.high is not None:
        must["what stays possible"] = f"{abs(100 * worst.high):.1f}"
    without = next(one.score for one in findings.validity if one.score is not None)
    must["without memory"] = f"{100 * without:.1f} of 100 points"
    if answer.reasons:
        must["reason"] = answer.reasons[0].partition(": ")[2]
    must |= {f"not asked {number}": text for number, text in enumerate(answer.not_asked)}
    lacking = [name for name, words in must.items() if words.lower() not in text.lower()]
    steps = render_html(findings).partition('class="todo"')[2].partition("</ol>")[0].count("<li>")
    return lacking + (["three next steps"] if steps != 3 or "\nevenhand\n" not in text else [])


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("case", GALLERY, ids=lambda case: case.name)
def test_the_whole_gallery_gets_the_answer_that_is_written_beside_it(case: Case) -> None:
    seen, findings = audited(case.name)
    assert seen.wrong == (), seen.answer.short
    assert lacking(seen, findings) == []


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(1800)
def test_every_first_screen_of_the_gallery_fits(tmp_path: Path) -> None:
    assert too_long(tuple(CASES), tmp_path) == []


def test_a_wrong_expectation_is_told_in_words() -> None:
    stuck = CASES["always-a"]
    wrong = replace(stuck, items=12, expected=replace(stuck.expected, verdicts=("equivalent",), fault=None))
    (seen,) = audit_gallery([wrong])
    assert seen.wrong == ("says 'not assessable', not 'equivalent'", "sees the fault 'at_chance'")


def test_every_case_has_a_name_of_its_own_and_says_what_to_take_from_it() -> None:
    assert len(CASES) == len(GALLERY) == 18
    assert all(case.expected.words and case.title for case in GALLERY)
    assert set(HANDFUL) <= set(CASES)
