from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec
import pytest

from evenhand.records.condition import Condition
from evenhand.records.findings import Findings
from evenhand.records.results import DesignPower
from evenhand.report.answer import answers_of
from evenhand.report.context import page_of
from evenhand.report.markdown import markdown_text, render_markdown
from tests.support.example_prompts import example
from tests.support.findings_fixture import bare_findings, empty_findings, full_findings, quick_findings
from tests.support.hostile_findings import HOSTILE, hostile_findings


def test_the_verdict_stands_in_words_before_any_table() -> None:
    text = render_markdown(quick_findings())
    assert text.index("With advantaged users in memory") < text.index("| --- |")


def test_every_section_of_the_page_is_there() -> None:
    text = render_markdown(full_findings())
    for title in ("Does the answer depend on who the user is?", "All 81 combinations", "Limits", "Reproduce"):
        assert f"\n## {title}\n" in text


def test_tables_have_as_many_cells_as_columns() -> None:
    for findings in (full_findings(), bare_findings(), empty_findings()):
        lines = render_markdown(findings).splitlines()
        for head, rule in itertools.pairwise(lines):
            if rule.startswith("| ---"):
                assert head.count(" | ") == rule.count(" | ")


def test_hostile_text_is_escaped_outside_of_fences() -> None:
    text = render_markdown(hostile_findings())
    outside = "".join(text.split("```")[::2])
    assert HOSTILE not in outside and "\\<script\\>" in outside


def test_a_prompt_that_holds_a_fence_cannot_leave_its_own() -> None:
    findings = quick_findings()
    inner = example("none", system="```\n````\n# not a heading", answer=None)
    text = render_markdown(msgspec.structs.replace(findings, examples=(inner,)))
    assert "`````text\n```\n````\n# not a heading\n`````" in text


def test_long_tables_are_cut_and_say_so() -> None:
    findings = quick_findings()
    curve = tuple(
        DesignPower(model="openai/gpt-5.1", kind="all", where=Condition(), size="items", to=1000 + n, smallest_gap=0.01)
        for n in range(43)
    )
    text = render_markdown(msgspec.structs.replace(findings, power=curve))
    assert "| 1,039 |" in text and "| 1,040 |" not in text
    assert "3 more rows are in report.html" in text


def test_simulated_answers_are_said_first() -> None:
    assert render_markdown(full_findings()).startswith("> **Specimens and simulated answers.**")


@pytest.mark.parametrize("word", ["nan", "None |", "inf "])
def test_no_missing_number_is_written_as_code(word: str) -> None:
    assert f"| {word}" not in render_markdown(empty_findings())


def many_models() -> Findings:
    return full_findings(tuple(f"host/model-{number:02d}" for number in range(15)))


@pytest.mark.parametrize("make", [quick_findings, full_findings, many_models])
def test_a_bounded_text_has_the_answer_the_verdict_and_says_what_is_left_out(make: Callable[[], Findings]) -> None:
    findings = make()
    text = render_markdown(findings, most=20_000)
    assert 5_000 < len(text.encode()) <= 20_000
    assert "## Does the answer depend on who the user is?" in text
    for answer in answers_of(findings).models:
        assert markdown_text(answer.plain) in text
    lost = text.partition("Left out here, and in report.html: ")[2]
    for section in page_of(findings).sections:
        written = f"\n## {markdown_text(section.title)}\n" in text
        assert written != (markdown_text(section.title) in lost), section.title
    assert text.rstrip().endswith("The page needs no network.")


def test_what_fits_is_not_cut() -> None:
    assert render_markdown(bare_findings(), most=1_000_000) == render_markdown(bare_findings())


def test_tables_are_cut_before_sections_are_left_out() -> None:
    whole = render_markdown(full_findings())
    shorter = render_markdown(full_findings(), most=len(whole.encode()) - 1)
    assert "Left out here" not in shorter and "report.html and findings.json" in shorter


def test_a_text_that_no_leaving_out_makes_short_enough_ends_at_a_line_and_says_so() -> None:
    text = render_markdown(many_models(), most=2_000)
    assert len(text.encode()) <= 2_000
    assert text.endswith("Cut here: the rest is in report.html and findings.json.\n")
