from __future__ import annotations

import re

import pytest

from evenhand.report.html import render_html
from evenhand.report.markdown import render_markdown
from evenhand.report.shown import shown_text
from tests.support.hostile_findings import HOSTILE, hostile_findings

TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ünïcode, 👩‍👧 and\ttab\n", "plain, ünïcode, 👩‍👧 and\ttab\n"),
        ("user\u202egnp.exe", "user[U+202E]gnp.exe"),
        ("half \ud800 of one", "half [U+D800] of one"),
        ("\x00\x1b[31m", "[U+0000][U+001B][31m"),
        ("\u2066a\u2069", "[U+2066]a[U+2069]"),
    ],
)
def test_what_hides_or_turns_text_is_written_as_its_code(text: str, shown: str) -> None:
    assert shown_text(text) == shown


def test_no_mark_of_a_stranger_turns_a_line_of_page_or_markdown() -> None:
    assert TURNING.search(HOSTILE)
    for text in (render_html(hostile_findings()), render_markdown(hostile_findings())):
        assert TURNING.search(text) is None
        assert "U+202E" in text
        text.encode("utf-8")
