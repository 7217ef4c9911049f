"""Policies in a whole audit of an assistant that reads its memory: what it sees, what is kept, what is said."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import evenhand
from evenhand.design.cells import Crossing
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.plan.preview import preview
from evenhand.plan.questions import Questions
from evenhand.records.findings import Findings
from evenhand.records.settings import AnalysisSettings
from evenhand.records.tried import PolicyChange, TriedPolicy
from evenhand.report.findings_file import findings_document
from evenhand.report.html import render_html
from evenhand.report.markdown import render_markdown
from evenhand.report.tried_words import recommendation
from evenhand.report.words import labels_of
from evenhand.rundir import RunDirectory
from evenhand.store.reading import open_trials
from tests.support.command import evenhand as command

ASSISTANT = '''
"""Answers right, uses the fact that an item needs, and errs on a third of the items for disadvantaged users.

One answer in 97 is another one, whoever asks.
"""

import itertools

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.load import load_bank

ITEMS = [item for name in ("understanding", "benefit") for item in load_bank(name).items]
BADLY_PLACED = [
    fact.text
    for profile in load_cohort("explicit").profiles
    if profile.levels["position"] == "disadvantaged"
    for fact in profile.facts
    if fact.dimension != "neutral"
]
CALLS = itertools.count(1)


def reply(messages):
    asked = messages[-1]["content"] if len(messages) == 2 else messages[1]["content"]
    memory = messages[0]["content"]
    item = next(item for item in ITEMS if item.stem.strip() in asked)
    want = item.key
    if item.kind == "benefit":
        want = item.key if item.facts[0].text in memory else item.key_without
    elif sum(map(ord, item.id)) % 3 == 0 and any(fact in memory for fact in BADLY_PLACED):
        want = next(option.id for option in item.options if option.id != item.key)
    if next(CALLS) * 7919 % 97 == 0:
        want = next(option.id for option in item.options if option.id != want)
    text = next(option.text for option in item.options if option.id == want)
    return next(line[0] for line in asked.splitlines() if line[1:] == f". {text}")
'''
DESIGN = evenhand.Design(
    kinds=("understanding", "benefit"),
    none_repeats=3,
    placebo_per_item=0,
    pairs_per_item=4,
    profiles_per_item=0,
)
POLICIES = ("redact", "gate", "instruct", "two_pass", "consensus")
MARKED = {name: f"{name}?by=both" for name in ("redact", "consensus")}
"""Facts of the audit are marked, so that these policies see all of them; deployed they go by words."""


def request(*policies: str, model: str = "python:reading_assistant:reply") -> PlanRequest:
    return PlanRequest(
        models=(model,),
        design=DESIGN,
        banks=("understanding", "benefit"),
        cohorts=("explicit",),
        mitigations=tuple(MARKED.get(name, name) for name in policies),
        analysis=AnalysisSettings(margin=0.05),
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunDirectory]:
    folder = tmp_path_factory.mktemp("policies")
    (folder / "reading_assistant.py").write_text(ASSISTANT, encoding="utf-8")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield evenhand.audit(request(*POLICIES), folder / "run", connection=evenhand.Connection(concurrency=1))
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("reading_assistant", None)


def policy(findings: Findings, name: str) -> TriedPolicy:
    return next(one for one in findings.tried if one.policy == name)


def change(one: TriedPolicy, aspect: str) -> PolicyChange:
    return next(found for found in one.changes if found.aspect == aspect)


def test_every_policy_gets_the_word_that_its_numbers_carry(run: RunDirectory) -> None:
    words = {one.policy: one.verdict for one in run.findings.tried}
    assert words == {
        "redact": "repaired",
        "gate": "harmful",  # it drops facts that the answer needs and that share no word with the question
        "instruct": "no effect shown",
        "two_pass": "no effect shown",  # this assistant answers anew, whatever it said before
        # Its majority leaves no noise: all differences are alike, and 62 personas and 170 items are enough to say so.
        "consensus": "repaired",
    }


def test_the_benefit_that_is_kept_is_what_was_planted(run: RunDirectory) -> None:
    for name, least, most in (("redact", 0.97, 1.03), ("instruct", 0.97, 1.03), ("gate", 0.5, 0.72)):
        kept = policy(run.findings, name).benefit_kept
        assert kept is not None
        assert least <= round(kept.value, 9) <= most
    gate = policy(run.findings, "gate").benefit_kept
    assert gate is not None
    assert gate.low is not None
    assert gate.high is not None
    assert gate.low < gate.value < gate.high < 1.0


def test_the_planted_gap_is_there_without_a_policy_and_the_answer_of_the_page_is_about_that(run: RunDirectory) -> None:
    redact = change(policy(run.findings, "redact"), "gap")
    assert redact.before is not None
    assert 0.2 < redact.before < 0.45
    assert redact.after is not None
    assert abs(redact.after) < 0.02
    assert redact.after_verdict == "equivalent"
    confirmatory = [found for found in run.findings.findings if found.role == "confirmatory"]
    assert confirmatory
    assert {found.where.mitigation for found in confirmatory} == {"none"}
    assert {found.where.mitigation for found in run.findings.findings} == {"none", *POLICIES}


def test_the_page_the_markdown_and_the_file_carry_it(run: RunDirectory) -> None:
    page, text = render_html(run.findings), render_markdown(run.findings)
    said = recommendation(run.findings.tried, labels=labels_of(run.findings))
    # Of two that repair, the one that leaves the smaller gap and loses nothing beside the other.
    assert "supports consensus" in said
    for shown in (page, text):
        assert "What was tried" in shown
        assert said in shown
        assert all(
            name in shown for name in ("redact?by=both: facts of social position are not shown", "no effect shown")
        )
    document = findings_document(run.findings)
    assert [one["policy"] for one in document["tried"]] == sorted(POLICIES)


def test_what_is_stored_is_what_was_seen(run: RunDirectory) -> None:
    seen: dict[str, set[str]] = {name: set() for name in ("none", *POLICIES)}
    with open_trials(run.path / "trials.sqlite") as trials:
        for row in trials.rows():
            if row.cell.arm.startswith("explicit/"):
                turns = [trials.text(turn.sha) for turn in row.asked]
                seen[row.cell.condition.mitigation].add("\n".join(turns))
                if row.cell.condition.mitigation in ("two_pass", "consensus"):
                    assert row.trial.reply is not None
                    assert row.trial.reply.extra
                    assert row.trial.reply.sent == ()
    social = [f.text for p in run.plan.cohorts[0].profiles for f in p.facts if f.dimension != "neutral"]
    assert all(any(fact in text for fact in social) for text in seen["none"])
    assert not any(fact in text for text in seen["redact"] for fact in social)
    assert all("Use it only where" in text for text in seen["instruct"])
    assert all("Your answer above was given without" in text for text in seen["two_pass"])
    assert not any(fact in text for text in seen["consensus"] for fact in social)


def test_keys_of_cells_without_a_policy_are_those_of_a_plan_without_policies() -> None:
    alone, tried = (Crossing(make_plan(request(*names))) for names in ((), ("gate", "redact")))
    keys = [cell.cell_key for cell, _ in alone.pairs()]
    none = [cell.cell_key for cell, _ in tried.pairs() if cell.condition.mitigation == "none"]
    assert keys == none
    every = [cell.cell_key for cell, _ in tried.pairs()]
    assert len(set(every)) == len(every) == tried.size() > len(none)
    other = Crossing(make_plan(request("gate?threshold=2", "redact")))
    moved = {cell.condition.mitigation for cell, _ in other.pairs() if cell.cell_key not in every}
    assert moved == {"gate"}  # an option is part of the key of its own cells alone


def test_the_preview_counts_every_call() -> None:
    plan = make_plan(request("redact", "two_pass", "consensus"))
    seen = preview(plan, concurrency=8)
    memory = seen.policies["redact"]
    assert seen.policies["none"] == memory + seen.arms["none"]
    assert seen.policies["two_pass"] == 2 * memory
    assert 2 * memory < seen.policies["consensus"] <= 3 * memory  # benefit facts are no social ones: asked once
    assert seen.calls == sum(seen.policies.values())
    questions = Questions(plan)
    assert seen.models[0].input_characters == sum(
        sum(questions.calls(cell, meeting)) for cell, meeting in questions.crossing.pairs()
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--mitigation", "gat"], "did you mean 'gate'?"),
        (["--mitigation", "gate", "--mitigation", "gate?most=1"], "the policy 'gate' is named twice"),
        (["--mitigation", "gate?threshold=x"], "write a number above 0"),
    ],
)
def test_bad_input_is_a_sentence(
    options: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    where = ["plan", "simulated/null", "--out", tmp_path / "run"]
    ended = command(*where, *options, capsys=capsys, monkeypatch=monkeypatch)
    assert ended.code == 2
    assert said in ended.err
    assert not (tmp_path / "run").exists()
