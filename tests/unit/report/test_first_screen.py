"""What somebody learns who reads nothing but the first screen."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from evenhand.records.answer_pair import AnswerPair, PairSide
from evenhand.records.condition import Condition
from evenhand.records.contrast import LevelContrast
from evenhand.records.findings import Findings
from evenhand.report.answer import answers_of
from evenhand.report.first_screen import first_screen
from evenhand.report.html import render_html
from evenhand.report.markdown import render_markdown
from evenhand.report.source import source_of
from tests.support.answer_pair import answer_pair
from tests.support.findings_fixture import bare_findings, full_findings, quick_findings
from tests.support.first_screen import first_screen_text

STATISTICS = re.compile(r"\bp\b|\binterval|\bquasi|\bmaihda|\bHolm|\bconfirmatory|\bexploratory|equivalence", re.I)


def with_pair(findings: Findings, **changes: object) -> Findings:
    return replace(findings, pairs=(replace(answer_pair("openai/gpt-5.1"), **changes),))


def test_the_answer_its_size_and_its_range_are_there_without_a_word_of_statistics() -> None:
    findings = with_pair(quick_findings())
    text = first_screen_text(render_html(findings))
    (answer,) = answers_of(findings).models
    assert answer.plain in text
    assert answer.worst is not None and answer.worst.low is not None and answer.worst.high is not None
    for end in (answer.worst.low, answer.worst.high):
        assert f"{abs(100 * end):.1f}" in text
    assert STATISTICS.search(text.replace("Inconclusive", "")) is None
    assert "Not asked" in text and answer.not_asked[0] in text
    assert text.split("\n").count("evenhand") == 3


def test_the_pair_names_both_users_both_answers_and_how_many_pairs_differ() -> None:
    text = first_screen_text(render_html(with_pair(quick_findings())))
    for part in ("Advantaged user", "Disadvantaged user", "relief", "✓ best answer", "fear", "✕ not the best"):
        assert part in text
    assert "256 of 1,500 such pairs of answers differ in score." in text
    assert "and 1 more fact" in text


def test_what_else_differs_between_the_two_users_is_said() -> None:
    pair = AnswerPair(
        model="openai/gpt-5.1",
        kind="understanding",
        where=Condition(),
        measure="factor_gap",
        contrast=(LevelContrast(factor="gender", level="female", reference="male"),),
        item="i",
        situation="Kim waits.",
        first=PairSide(
            cell_key="a",
            arm="x",
            levels={"gender": "female", "age": "over_65"},
            facts=(),
            option="joy",
            score=0.0,
            answer="A",
        ),
        second=PairSide(
            cell_key="b",
            arm="y",
            levels={"gender": "male", "age": "34_65"},
            facts=(),
            option="fear",
            score=1.0,
            answer="B",
        ),
        alike=0,
        different=1,
    )
    shown = first_screen(source_of(replace(quick_findings(), pairs=(pair,)))).pair
    assert shown is not None
    assert shown.also == "These two users also differ in age."
    assert shown.tally == "1 of 1 such pair of answers differs in score."
    assert (shown.first.who, shown.second.who) == ("Female user", "Male user")


def test_of_several_models_the_most_urgent_has_its_pair_and_steps() -> None:
    findings = full_findings()
    models = [answer.model for answer in answers_of(findings).models]
    pairs = tuple(answer_pair(model) for model in reversed(models))
    shown = first_screen(source_of(replace(findings, pairs=pairs)))
    assert [answer.model for answer in shown.answers] == models
    assert all([fact.name for fact in answer.facts] == ["How sure"] for answer in shown.answers)
    assert shown.facts[0].name == "Not asked"
    assert shown.pair is not None


def test_a_table_has_an_answer_but_no_steps_that_need_a_run() -> None:
    shown = first_screen(source_of(bare_findings()))
    assert shown.steps == () and shown.pair is None
    assert shown.answers[0].answer == answers_of(bare_findings()).models[0].plain


def test_markdown_says_the_same_before_anything_else() -> None:
    findings = with_pair(quick_findings())
    text = render_markdown(findings)
    head = text[: text.index("## The answer, comparison by comparison")]
    (answer,) = answers_of(findings).models
    for part in (answer.plain, "Not asked", "What to do next", "256 of 1,500", "the best answer"):
        assert part.replace("-", "\\-") in head or part in head


@pytest.mark.parametrize("field", ["situation", "item"])
def test_what_a_model_or_a_bank_wrote_stays_text(field: str) -> None:
    page = render_html(with_pair(quick_findings(), **{field: "<script>alert(1)</script>"}))
    assert "<script>alert" not in page
