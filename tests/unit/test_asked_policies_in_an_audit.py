"""Policies that ask a model about memory, in whole audits over HTTP: what is shown, asked, paid, kept and refused."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from msgspec.structs import replace

import evenhand
from evenhand.bank.cohorts import load_cohort
from evenhand.bank.load import load_bank
from evenhand.endpoints.context import Connection
from evenhand.head.summary import run_summary
from evenhand.plan.batchable import check_batchable
from evenhand.plan.cost import prices_of
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.plan.preview import preview
from evenhand.plan.questions import Questions
from evenhand.plan.second_models import every_model
from evenhand.records.mitigation import MitigationSpec
from evenhand.records.plan import ModelSpec
from evenhand.rundir import RunDirectory
from evenhand.status import run_status
from evenhand.store.decisions import DecisionTable
from evenhand.store.reading import open_trials
from evenhand.store.store import open_store
from evenhand.view.index_build import bring_up_to_date
from evenhand.view.index_file import index_path
from evenhand.view.known_plan import KnownPlan
from evenhand.view.shown_trial import trial_shown
from tests.support.chat_server import chat_body, chat_server
from tests.support.command import evenhand as command
from tests.support.decision_samples import EVERY_OUTCOME

BENEFIT = {item.facts[0].text: item for item in load_bank("benefit").items}
ITEMS = [item for name in ("understanding", "benefit") for item in load_bank(name).items]
FACTS = [fact for profile in load_cohort("explicit").profiles for fact in profile.facts]
BADLY = {
    fact.text
    for profile in load_cohort("explicit").profiles
    if profile.levels["position"] == "disadvantaged"
    for fact in profile.facts
    if fact.dimension != "neutral"
}
SOCIAL = {fact.text for fact in FACTS if fact.dimension != "neutral"}
DESIGN = evenhand.Design(
    kinds=("understanding", "benefit"),
    items_per_kind=24,
    none_repeats=2,
    placebo_per_item=0,
    pairs_per_item=1,
    profiles_per_item=0,
)


class Served:
    """An assistant and a model that knows facts, behind one address; says what each was asked."""

    def __init__(self) -> None:
        self.facts: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.down = False
        self._lock = threading.Lock()

    def __call__(self, asked: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
        usage = {"usage": {"prompt_tokens": 50, "completion_tokens": 1}}
        with self._lock:
            if asked["model"] == "decider":
                text = asked["messages"][-1]["content"]
                self.facts[text] += 1
                return (400, b"{}") if self.down else (200, chat_body(decision(text), **usage))
            self.bodies.append(asked)
        return 200, chat_body(answer(asked["messages"]), **usage)


def decision(text: str) -> str:
    found = re.search(r"^The fact: (.*)$", text, re.MULTILINE)
    assert found is not None
    fact = found[1]
    if "Answer with one word" in text:
        item = BENEFIT.get(fact)
        return "Yes." if item is not None and item.stem.strip() in text else "no"
    if sum(map(ord, fact)) % 11 == 0:
        return "I would rather not."
    return "Fact: none" if fact in SOCIAL else f"Fact: {fact}"


def answer(messages: list[dict[str, str]]) -> str:
    """Right, with the stored fact where it is needed; wrong on a third of the items for disadvantaged users."""
    asked, memory = messages[-1]["content"], messages[0]["content"]
    item = next(item for item in ITEMS if item.stem.strip() in asked)
    want: str | None = item.key
    if item.kind == "benefit":
        want = item.key if item.facts[0].text in memory else item.key_without
    elif sum(map(ord, item.id)) % 3 == 0 and any(fact in memory for fact in BADLY):
        want = next(option.id for option in item.options if option.id != item.key)
    text = next(option.text for option in item.options if option.id == want)
    return next(line[0] for line in asked.splitlines() if line[1:] == f". {text}")


@contextmanager
def served() -> Iterator[tuple[Served, str]]:
    behind = Served()
    with chat_server(behind) as url:
        yield behind, url


def request(url: str) -> PlanRequest:
    decider = f"base_url={url}"
    return PlanRequest(
        models=(ModelSpec(name="vllm/assistant", base_url=url),),
        design=DESIGN,
        banks=("understanding", "benefit"),
        cohorts=("explicit",),
        mitigations=(
            f"gate?by=judge&judge=vllm/decider&{decider}",
            f"neutralise?by=model&model=vllm/decider&{decider}",
        ),
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunDirectory, Served]]:
    with served() as (behind, url):
        yield evenhand.audit(request(url), tmp_path_factory.mktemp("asked") / "run"), behind


def test_each_fact_is_asked_about_once_and_the_preview_counts_the_same(run: tuple[RunDirectory, Served]) -> None:
    directory, behind = run
    assert set(behind.facts.values()) == {1}
    seen = preview(directory.plan, concurrency=8)
    (row,) = (row for row in seen.models if row.model == "vllm/decider")
    assert row.role == "decider"
    assert row.calls == behind.facts.total()
    assert row.input_characters == sum(map(len, behind.facts))


def test_the_assistant_sees_what_the_model_left(run: tuple[RunDirectory, Served]) -> None:
    directory, behind = run
    shown: dict[str, list[str]] = {"none": [], "gate": [], "neutralise": []}
    with open_trials(directory.path / "trials.sqlite") as trials:
        for row in trials.rows():
            if row.cell.arm != "none":
                turns = "\n".join(trials.text(turn.sha) for turn in row.asked)
                shown[row.cell.condition.mitigation].append(turns)
    sent = {"\n".join(turn["content"] for turn in body["messages"]) for body in behind.bodies}
    assert all(text in sent for texts in shown.values() for text in texts)  # what is stored is what was seen
    assert all(any(fact in text for fact in SOCIAL | set(BENEFIT)) for text in shown["none"])
    for policy in ("gate", "neutralise"):
        assert not any(fact in text for text in shown[policy] for fact in SOCIAL)
    needed, known = (
        [text for text in shown[policy] if any(fact in text for fact in BENEFIT)] for policy in ("gate", "none")
    )
    assert sorted(needed) == sorted(known)
    assert len(set(needed)) == DESIGN.items_per_kind


def test_the_gap_closes_and_the_benefit_is_kept(run: tuple[RunDirectory, Served]) -> None:
    tried = {one.policy: one for one in run[0].findings.tried}
    for name in ("gate", "neutralise"):
        gap = next(change for change in tried[name].changes if change.aspect == "gap")
        assert gap.before is not None
        assert gap.before > 0.15
        assert gap.after == 0.0
    gate, neutralise = tried["gate"].benefit_kept, tried["neutralise"].benefit_kept
    assert gate is not None
    assert gate.value == 1.0
    assert neutralise is not None
    unread = [item for fact, item in BENEFIT.items() if sum(map(ord, fact)) % 11 == 0]
    assert neutralise.value < 1.0 or not unread  # facts that could not be read were left out


def test_every_call_of_the_model_is_metered_and_what_could_not_be_read_is_told(
    run: tuple[RunDirectory, Served],
) -> None:
    directory, behind = run
    with open_trials(directory.path / "trials.sqlite") as trials:
        totals = trials.totals()["vllm/assistant"]
        noted = sum(row.trial.reply is not None and row.trial.reply.note is not None for row in trials.rows())
    assert totals.second["vllm/decider"].calls == behind.facts.total()
    assert totals.second["vllm/decider"].input_tokens == 50 * behind.facts.total()
    summary = directory.findings.run
    assert summary is not None
    (model,) = summary.models
    assert [use.model for use in model.second] == ["vllm/decider"]
    assert noted > 0
    assert any("gave no answer that could be read" in note for note in model.notes)


def test_what_was_decided_is_read_word_for_word_and_counted_everywhere(
    run: tuple[RunDirectory, Served],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    directory, behind = run
    rows = {}
    for form in ("csv", "parquet"):
        out = tmp_path / f"decisions.{form}"
        where = ["export", directory.path, "--to", form, "--rows", "decisions", "--out", out]
        assert command(*where, capsys=capsys, monkeypatch=monkeypatch).code == 0
        rows[form] = (pl.read_csv(out) if form == "csv" else pl.read_parquet(out)).to_dicts()
    assert [row["asked"] for row in rows["csv"]] == [row["asked"] for row in rows["parquet"]]
    assert sorted(row["asked"] for row in rows["csv"]) == sorted(behind.facts)
    for row in rows["parquet"]:
        said = decision(row["asked"])
        outcome = {"Yes.": "shown", "no": "left_out", "Fact: none": "left_out"}.get(said, "shown")
        assert row["answer_text"] == said
        assert row["outcome"] == ("unparsed" if said == "I would rather not." else outcome)
        assert row["shown"] == (row["fact"] if row["outcome"] == "shown" else None)
        assert (row["input_tokens"], row["item"] is None, row["assistant"]) == (50, False, "vllm/assistant")
    counted = Counter((row["policy"], row["outcome"]) for row in rows["parquet"])
    summary = directory.findings.run
    assert summary is not None
    assert {one.policy: one.asked for one in summary.decisions} == Counter(row["policy"] for row in rows["csv"])
    found = {(one.policy, name): number for one in summary.decisions for name, number in one.outcomes.items() if number}
    assert found == counted
    assert counted["neutralise", "unparsed"] > 0
    assert run_status(directory.path).decisions == summary.decisions
    shown = command("status", directory.path, "--watch", "0", capsys=capsys, monkeypatch=monkeypatch).out
    assert "asks about facts" in shown
    assert "What models decided of facts in memory" in (directory.path / "report.html").read_text(encoding="utf-8")
    refused = command(
        *("export", directory.path, "--to", "hf", "--rows", "decisions", "--out", tmp_path / "x"),
        capsys=capsys,
        monkeypatch=monkeypatch,
    )
    assert (refused.code, "use --to csv or --to parquet" in refused.err) == (2, True)
    refused = command(
        *("export", directory.path, "--to", "csv", "--rows", "decision", "--out", tmp_path / "x"),
        capsys=capsys,
        monkeypatch=monkeypatch,
    )
    assert (refused.code, "did you mean 'decisions'" in refused.err) == (2, True)


def test_the_index_of_the_view_adds_up_what_was_paid_for_decisions_once(
    run: tuple[RunDirectory, Served], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENHAND_CACHE", str(tmp_path))
    directory, behind = run
    store = directory.path / "trials.sqlite"
    for _ in range(2):
        bring_up_to_date(store, told=lambda _: True)
    with sqlite3.connect(index_path(store)) as index:
        found = index.execute("SELECT model, read FROM second").fetchall()
    index.close()
    assert found == [("vllm/decider", 50 * behind.facts.total())]


def test_the_page_of_a_trial_shows_what_was_decided_of_its_memory(run: tuple[RunDirectory, Served]) -> None:
    directory, _ = run
    known, words = KnownPlan(directory.plan), Counter[str]()
    with open_trials(directory.path / "trials.sqlite") as trials:
        for stored in trials.rows():
            shown = trial_shown(stored, known, trials)
            if stored.cell.condition.mitigation == "none" or stored.cell.arm == "none":
                assert shown.decided == ()
                continue
            assert [one.fact for one in shown.decided] == list(dict.fromkeys(shown.facts))
            sent = "\n".join(turn.text for turn in shown.turns)
            for one in shown.decided:
                assert (one.fact in sent) == (one.words == "shown as it is")
            words.update(one.words for one in shown.decided)
    assert set(words) == {"shown as it is", "left out", "not readable, so not shown"}


def test_a_run_that_was_stopped_before_its_first_answer_was_asked_nothing(tmp_path: Path) -> None:
    plan = make_plan(request("http://127.0.0.1:9/v1"))
    with open_store(tmp_path / "trials.sqlite", plan_sha256=plan.sha256) as store:
        DecisionTable(store).keep(EVERY_OUTCOME)
    with open_trials(tmp_path / "trials.sqlite") as trials:
        summary = run_summary(plan, trials, directory=tmp_path)
    assert [model.notes for model in summary.models] == [("nothing was asked",)]
    assert [one.asked for one in summary.decisions] == [len(EVERY_OUTCOME)]


def test_a_key_that_the_model_echoes_reaches_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "hush-hush-4711"
    monkeypatch.setenv("TOKEN_OF_A_TEST", key)

    def echoing(asked: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
        assert headers["X-Token"] == key
        return 200, chat_body(f"yes, {key}" if asked["model"] == "decider" else "A")

    with chat_server(echoing) as url:
        connection = Connection(headers={"X-Token": "TOKEN_OF_A_TEST"})
        directory = evenhand.audit(
            request(url), tmp_path / "run", connection=connection, limits=evenhand.Limits(max_calls=200)
        )
    with open_trials(directory.path / "trials.sqlite") as trials:
        said = [one.reply.text for one in trials.decisions() if one.reply is not None]
    assert said
    assert all(text.startswith("yes, ") for text in said)
    for path in directory.path.iterdir():
        assert key.encode() not in path.read_bytes(), path


def test_a_budget_in_calls_counts_them(tmp_path: Path) -> None:
    with served() as (behind, url):
        evenhand.audit(request(url), tmp_path / "run", limits=evenhand.Limits(max_calls=60))
        assert 40 < behind.facts.total() + len(behind.bodies) <= 60


def test_a_decision_that_failed_is_counted_and_made_by_the_next_run(tmp_path: Path) -> None:
    with served() as (behind, url):
        behind.down = True
        plan = make_plan(request(url))
        directory = evenhand.audit(plan, tmp_path / "run", limits=evenhand.Limits(max_calls=400))
        counts = run_status(directory.path).decisions
        assert sum(one.outcomes["failed"] for one in counts) == sum(one.asked for one in counts) > 0
        behind.down = False
        behind.facts.clear()
        directory = evenhand.audit(plan, tmp_path / "run")
    assert set(behind.facts.values()) == {1}
    counts = run_status(directory.path).decisions
    assert sum(one.outcomes["failed"] for one in counts) == 0
    assert sum(one.asked for one in counts) == behind.facts.total()
    with open_trials(directory.path / "trials.sqlite") as trials:
        assert trials.totals()["vllm/assistant"].second["vllm/decider"].calls == behind.facts.total()


def test_a_model_that_is_down_fails_cells_and_makes_no_datum(tmp_path: Path) -> None:
    with served() as (behind, url):
        behind.down = True
        directory = evenhand.audit(request(url), tmp_path / "run", limits=evenhand.Limits(max_calls=400))
        with open_trials(directory.path / "trials.sqlite") as trials:
            outcomes = Counter(
                (row.cell.condition.mitigation != "none", type(row.trial.outcome).__name__) for row in trials.rows()
            )
    assert {name for under, name in outcomes if under} <= {"Failed"}
    assert {name for under, name in outcomes if not under} == {"Answered"}


def test_plans_hold_the_prompt_and_refuse_what_cannot_wait_for_an_answer() -> None:
    plan = make_plan(request("http://127.0.0.1:9/v1"))
    files = {spec.name: [file.name for file in spec.files] for spec in plan.mitigations}
    assert files == {"gate": ["needed.md.j2"], "neutralise": ["rewrite.md.j2"]}
    assert [model.name for model in every_model(plan)] == ["vllm/assistant", "vllm/decider"]
    assert set(prices_of(every_model(plan))) == {"vllm/assistant", "vllm/decider"}
    assert all(isinstance(spec, MitigationSpec) and spec.options["base_url"] for spec in plan.mitigations)
    batched = replace(plan, models=(ModelSpec(name="openai/gpt-5.1"),))
    with pytest.raises(evenhand.EvenhandError, match="asks a model about facts first, which no batch can wait for"):
        check_batchable(batched)
    questions = Questions(plan)
    recalled = [work.request.recall for cell, met in questions.crossing.pairs() for work in [questions.work(cell, met)]]
    assert any(recall is not None and recall.calls == 13 for recall in recalled)


def test_the_preview_says_who_is_asked_about_facts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    where = ["plan", "specimen/level", "--preset", "quick", "--items", "2", "--out", tmp_path / "run"]
    wished = "gate?by=judge&judge=vllm/decider&base_url=http://127.0.0.1:9/v1"
    shown = command(*where, "--mitigation", wished, capsys=capsys, monkeypatch=monkeypatch)
    assert shown.code == 0, shown.err
    assert "vllm/decider (is asked about facts)" in shown.out
    assert "reads the answers" not in shown.out


def test_bad_input_is_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for written, said in (
        ("gate?by=judge", "asks a model about every fact; name it"),
        ("gate?by=judge&judge=vlm/x", "did you mean 'vllm'"),
        ("neutralise?by=model&model=vllm/x&base_url=http://me:secret@host/v1", "holds a user name or a password"),
    ):
        where = ["plan", "simulated/null", "--out", tmp_path / "run", "--mitigation", written]
        ended = command(*where, capsys=capsys, monkeypatch=monkeypatch)
        assert ended.code in (2, 5)
        assert said in ended.err
        assert not (tmp_path / "run").exists()
