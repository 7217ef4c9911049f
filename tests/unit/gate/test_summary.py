"""The Markdown of a job's summary: what decides stands first, and what others wrote stays text."""

from __future__ import annotations

import re

from evenhand.gate.result import RESULTS
from evenhand.gate.summary import render_summary
from tests.support.gate_decision import NASTY, hostile_decision


def test_the_result_and_its_reason_stand_first() -> None:
    lines = render_summary(hostile_decision(text="Gap: 15.0 points")).splitlines()
    assert lines[0] == "## ❌ evenhand gate: not met"
    assert lines[2] == "Gap: 15.0 points"


def test_markup_of_others_stays_text_and_no_row_breaks() -> None:
    text = render_summary(hostile_decision(text=NASTY + "\n| a | ![x](http://y) @team"))
    assert re.search(r"(?<!\\)<(?!U)", text) is None
    assert "\\!\\[" in text or "!\\[x\\](http://y)" in text
    assert "\\@team" in text
    assert "\u202e" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}


def test_long_tables_are_cut_and_say_so() -> None:
    text = render_summary(hostile_decision(results=RESULTS[:1] * 33, text="a"))
    assert "33 of 33 findings do not pass" in text
    assert "13 more are in the JSON." in text
