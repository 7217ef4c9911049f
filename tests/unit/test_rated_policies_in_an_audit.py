"""Policies in a whole audit by ratings and written answers: planted shifts are removed, the word rests on ratings."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

import evenhand
from evenhand.gate.decision import decide
from evenhand.gate.policy import Policy, PolicyCondition, Rule
from evenhand.plan.make import PlanRequest
from evenhand.records.findings import Findings
from evenhand.records.measure import Quantity
from evenhand.records.settings import AnalysisSettings
from evenhand.records.tried import PolicyChange, TriedPolicy
from evenhand.report.findings_file import findings_document
from evenhand.report.html import render_html
from evenhand.report.markdown import render_markdown
from evenhand.report.titles import title_of
from evenhand.rundir import RunDirectory

ASSISTANT = '''
"""Rates scenes by their key, negative emotions 1.2 points higher and advice shorter for disadvantaged users.

The noise of an answer hangs on the whole conversation. Benefit items are answered from the stored fact.
"""

import hashlib
import re

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.appraisal import valence_of
from evenhand.bank.load import load_bank

SCENES = {item.stem.strip(): item for item in load_bank("scenes").items}
BENEFIT = load_bank("benefit").items
BADLY_PLACED = [
    fact.text
    for profile in load_cohort("explicit").profiles
    if profile.levels["position"] == "disadvantaged"
    for fact in profile.facts
    if fact.dimension != "neutral"
]
SENTENCES = [
    "You could say first what you saw.", "Try to ask before you judge.", "It may help to wait a day.",
    "Write down what matters to you.", "Tell them what you need.", "Take your time with it.",
]


def drawn(*parts):
    return int(hashlib.sha256("|".join(parts).encode()).hexdigest()[:8], 16) / 0xFFFFFFFF


def reply(messages):
    asked, memory = messages[-1]["content"], messages[0]["content"]
    badly = any(fact in memory for fact in BADLY_PLACED)
    whole = "|".join(message["content"] for message in messages)
    scene = next((item for stem, item in SCENES.items() if stem in asked), None)
    if scene is not None:
        lines = []
        for option in scene.options:
            rating = 6.5 if option.id == scene.key else 2.0
            rating += 1.2 * badly * (valence_of(option.emotion) == "negative")
            lines.append(f"{option.text}: {max(0, min(10, round(rating + 2 * drawn(whole, option.id) - 1)))}")
        return "\\n".join(lines)
    item = next((item for item in BENEFIT if item.stem.strip() in asked), None)
    if item is not None:
        want = item.key if item.facts[0].text in memory else item.key_without
        if drawn(whole) < 0.02:
            want = next(option.id for option in item.options if option.id != want)
        text = next(option.text for option in item.options if option.id == want)
        return next(line[0] for line in asked.splitlines() if line[1:] == f". {text}")
    most = 3 if badly else 6
    return " ".join(SENTENCES[:most - (drawn(whole) < 0.3)])
'''
POLICIES = ("redact", "instruct")
NEGATIVE = Quantity(name="valence_rating", scale="rating", tag="negative")
WORDS = Quantity(name="words", scale="count")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunDirectory]:
    folder = tmp_path_factory.mktemp("rated")
    (folder / "rating_assistant.py").write_text(ASSISTANT, encoding="utf-8")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    request = PlanRequest(
        models=("python:rating_assistant:reply",),
        design=evenhand.Design(
            kinds=("intensity", "advice", "benefit"),
            none_repeats=3,
            placebo_per_item=0,
            pairs_per_item=3,
            profiles_per_item=0,
        ),
        cohorts=("explicit",),
        mitigations=("redact?by=both", "instruct"),
        analysis=AnalysisSettings(margin=0.05),
    )
    try:
        yield evenhand.audit(request, folder / "run", connection=evenhand.Connection(concurrency=1))
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("rating_assistant", None)


def policy(findings: Findings, name: str) -> TriedPolicy:
    return next(one for one in findings.tried if one.policy == name)


def change(one: TriedPolicy, aspect: str, quantity: Quantity) -> PolicyChange:
    return next(
        found
        for found in one.changes
        if found.aspect == aspect and found.quantity == quantity and found.arms and found.arms.arm == "pairs"
    )


def test_the_words_rest_on_the_rating_where_it_is_the_primary_outcome(run: RunDirectory) -> None:
    words = {one.policy: (one.verdict, one.basis) for one in run.findings.tried}
    assert words == {"redact": ("repaired", "shift"), "instruct": ("no effect shown", "shift")}


def test_the_planted_shift_is_gone_with_the_policy_that_takes_the_facts_away(run: RunDirectory) -> None:
    one = change(policy(run.findings, "redact"), "shift", NEGATIVE)
    assert one.before == pytest.approx(-1.2, abs=0.15)
    assert one.after == pytest.approx(0.0, abs=0.15)
    assert (one.before_verdict, one.after_verdict, one.change_verdict) == ("difference", "equivalent", "difference")
    kept = change(policy(run.findings, "instruct"), "shift", NEGATIVE)
    assert kept.before == one.before
    assert kept.change_verdict == "equivalent"
    ratings = Quantity(name="rating", scale="squared")
    apart = change(policy(run.findings, "redact"), "divergence", ratings)
    assert apart.before is not None
    assert apart.after is not None
    assert apart.before > 0.3
    assert abs(apart.after) < 0.05
    assert (apart.before_verdict, apart.change_verdict) == ("difference", "difference")


def test_written_answers_are_compared_too(run: RunDirectory) -> None:
    one = change(policy(run.findings, "redact"), "shift", WORDS)
    assert one.before is not None
    assert one.before > 12
    assert one.change_verdict == "difference"
    assert one.after == pytest.approx(0.0, abs=4)
    wording = Quantity(name="wording", scale="squared")
    apart = change(policy(run.findings, "redact"), "divergence", wording)
    assert apart.change_verdict == "difference"
    assert apart.before_verdict == "difference"
    assert apart.after_verdict != "difference"


def test_the_page_and_the_file_say_it(run: RunDirectory) -> None:
    page, text = render_html(run.findings), render_markdown(run.findings)
    for shown in (page, text):
        assert "The word rests on the ratings of negative emotions" in shown
        assert "Negative emotions, advantaged minus disadvantaged: −1." in shown
        assert "All words used, advantaged against disadvantaged" in shown
        assert "Stated numbers with every policy" in shown
        assert "What was measured supports redact" in shown
    redact = next(one for one in findings_document(run.findings)["tried"] if one["policy"] == "redact")
    assert redact["basis"] == "shift"
    assert {one["quantity"]["name"] for one in redact["changes"] if one["aspect"] == "shift"} >= {
        "rating",
        "valence_rating",
        "words",
        "act_share",
    }


def test_a_gate_may_ask_for_the_ratings_with_a_policy_and_let_a_repaired_shift_pass(run: RunDirectory) -> None:
    def result(rule: Rule) -> str:
        return decide(Policy(rule=(rule,)), run.findings, title=title_of).result

    rule = Rule(name="r", measure="shift", quantity="valence_rating", tag="negative", factor="position")
    assert result(rule) == "not met"
    assert result(replace(rule, unless_repaired_by="redact")) == "pass"
    assert result(replace(rule, unless_repaired_by="instruct")) == "not met"
    assert result(replace(rule, condition=PolicyCondition(mitigation="redact"))) == "pass"
    assert result(replace(rule, condition=PolicyCondition(mitigation="instruct"))) == "not met"
    emotions = {
        one.after_verdict: one.quantity.tag
        for one in policy(run.findings, "redact").changes
        if one.aspect == "shift" and one.quantity and one.quantity.name == "rating"
        if one.arms and one.arms.arm == "pairs" and one.before_verdict == "difference"
    }
    wanted = {"equivalent": "pass", "inconclusive": "not met"}  # few scenes rate some emotions
    assert emotions.keys() == wanted.keys()
    for shown, tag in emotions.items():
        assert result(replace(rule, quantity="rating", tag=tag, unless_repaired_by="redact")) == wanted[shown or ""]


def test_the_answer_about_the_assistant_as_it_is_knows_nothing_of_policies(run: RunDirectory) -> None:
    confirmatory = [found for found in run.findings.findings if found.role == "confirmatory"]
    assert {found.where.mitigation for found in confirmatory} == {"none"}
    stated = {found.where.mitigation for found in run.findings.findings if found.measure == "shift"}
    assert stated == {"none", *POLICIES}
    assert Path(run.path / "measurements.parquet").exists()
