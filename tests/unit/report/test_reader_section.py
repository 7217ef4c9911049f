from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

from msgspec.structs import replace

from evenhand.report.html import render_html
from evenhand.report.markdown import render_markdown
from evenhand.report.reader_section import reader_section
from evenhand.report.source import source_of
from tests.support.answer_sample import answer_sample
from tests.support.findings_fixture import quick_findings

SAMPLED = replace(quick_findings(), sample=answer_sample())


def packed(page: str) -> Any:
    """What the page's script reads."""
    found = re.search(r'<pre class="packed" hidden>([A-Za-z0-9+/=]+)</pre>', page)
    assert found is not None
    return json.loads(zlib.decompress(base64.b64decode(found.group(1))))


def test_the_page_holds_every_text_user_and_item_of_the_sample() -> None:
    data = packed(render_html(SAMPLED))
    assert SAMPLED.sample is not None
    assert data["texts"] == list(SAMPLED.sample.texts)
    names = ["No memory", "Neutral facts, one", "Advantaged (p1.a)", "Disadvantaged (p1.d)"]
    assert [name for name, _ in data["users"]] == names
    assert data["items"][0]["name"] == "Kim waits. (understanding items) · answers differ"
    assert data["items"][1]["name"] == "Bo sings. (understanding items)"
    assert data["items"][0]["answers"][3] == [3, [["system", 1], ["user", 2]], 4, "Hope", 0.0]


def test_what_is_shown_and_what_is_left_out_is_said() -> None:
    for text in (render_html(SAMPLED), render_markdown(SAMPLED)):
        assert "A sample of 2 questions with 6 answers, of 40 questions with 1,200 answers." in text


def test_an_answer_without_score_says_how_it_ended() -> None:
    sample = answer_sample()
    first, *others = sample.items
    lost = replace(first.answers[0], outcome="refused", score=None, answer=None)
    wild = replace(sample, items=(replace(first, answers=(lost, *first.answers[1:])), *others))
    assert packed(render_html(replace(SAMPLED, sample=wild)))["items"][0]["answers"][0][2:] == [None, "refused", None]


def test_text_that_would_turn_a_line_is_shown_as_its_code() -> None:
    page = render_html(replace(SAMPLED, sample=answer_sample(wild="\u202egnp\ud800")))
    assert "[U+202E]gnp[U+D800]" in packed(page)["texts"][0]


def test_without_a_sample_there_is_no_such_section() -> None:
    assert reader_section(source_of(quick_findings())) is None
    assert 'class="reader"' not in render_html(quick_findings())
