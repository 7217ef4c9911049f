from __future__ import annotations

import itertools

import msgspec
import pytest

from evenhand.report.markdown import render_markdown
from tests.support.findings_fixture import (
    HOSTILE,
    bare_findings,
    empty_findings,
    example,
    full_findings,
    hostile_findings,
    quick_findings,
)


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
    inner = example("none", "No memory", system="```\n````\n# not a heading", answer=None)
    text = render_markdown(msgspec.structs.replace(findings, examples=(inner,)))
    assert "`````text\n```\n````\n# not a heading\n`````" in text


def test_long_tables_are_cut_and_say_so_and_empty_ones_say_that() -> None:
    findings = quick_findings()
    long = Table(id="leakage/m", title="Long", caption="c", columns=("n",), rows=tuple((n,) for n in range(43)))
    empty = Table(id="leakage/e", title="Empty", caption="c", columns=("n",), rows=())
    text = render_markdown(msgspec.structs.replace(findings, tables=(long, empty)))
    assert "| 39 |" in text and "| 40 |" not in text
    assert "3 more rows stand in report.html" in text and "### Empty\n\nc\n\nNo rows." in text


def test_simulated_answers_are_said_first() -> None:
    assert render_markdown(full_findings()).startswith("> **Specimens and simulated answers.**")


@pytest.mark.parametrize("word", ["nan", "None |", "inf "])
def test_no_missing_number_is_written_as_code(word: str) -> None:
    assert f"| {word}" not in render_markdown(empty_findings())
