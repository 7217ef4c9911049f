from __future__ import annotations

from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from evenhand.records.findings import Findings
from evenhand.report.answer import answers_of, deciding_contrasts
from evenhand.report.markdown import markdown_text
from evenhand.report.model_card import render_model_card
from evenhand.report.source import source_of
from tests.support.findings_fixture import bare_findings, empty_findings, full_findings, quick_findings
from tests.support.hostile_findings import HOSTILE, hostile_findings

CASES = {"quick": quick_findings(), "full": full_findings(), "bare": bare_findings(), "hostile": hostile_findings()}


def head(card: str) -> Any:
    assert card.startswith("---\n")
    return yaml.safe_load(card.split("---\n")[1])


@pytest.mark.parametrize("findings", CASES.values(), ids=CASES)
def test_the_head_is_yaml_with_an_entry_per_model(findings: Findings) -> None:
    index = head(render_model_card(findings))["model-index"]
    assert len(index) == len(answers_of(findings).models)
    for entry in index:
        (result,) = entry["results"]
        assert result["task"]["type"] == "text-generation"
        assert result["dataset"]["type"] == "evenhand" and result["dataset"]["name"]
        assert all({"type", "value"} <= set(metric) for metric in result["metrics"])


def test_the_numbers_are_those_that_decide_the_answer() -> None:
    findings = quick_findings()
    (found,) = deciding_contrasts(source_of(findings)).values()
    (entry,) = head(render_model_card(findings))["model-index"]
    numbers = [one["value"] for one in entry["results"][0]["metrics"] if one["type"] == "percentage_points"]
    assert found.value is not None and found.low is not None and found.high is not None
    assert numbers == pytest.approx([100 * found.value, 100 * found.low, 100 * found.high], abs=0.005)


def test_the_text_says_the_answer_what_was_not_asked_and_no_promise() -> None:
    (answer,) = answers_of(quick_findings()).models
    card = render_model_card(quick_findings())
    assert markdown_text(answer.plain) in card
    assert "Not asked:" in card and "it is no promise about others" in card
    assert "nothing here is about a real assistant" in render_model_card(full_findings())
    assert "nothing here is about a real assistant" not in card


def test_a_strangers_words_stay_words() -> None:
    card = render_model_card(hostile_findings())
    assert head(card)["model-index"][0]["name"] == HOSTILE.replace("\u202e", "[U+202E]").replace("\ud800", "[U+D800]")
    assert "<script>" not in card.split("---\n")[2].replace("\\<script\\>", "")
    card.encode("utf-8")


def test_nothing_found_is_a_card_without_an_index() -> None:
    nothing = replace(empty_findings(), findings=(), run=None)
    assert render_model_card(nothing).startswith("---\n---\n")


@pytest.mark.extras
def test_hugging_face_reads_the_results() -> None:
    hub = pytest.importorskip("huggingface_hub")
    findings = quick_findings()
    card = hub.ModelCard(render_model_card(findings))
    results = card.data.eval_results
    assert [one.metric_type for one in results] == ["verdict", *["percentage_points"] * 3]
    assert card.data.model_name == findings.findings[0].model
