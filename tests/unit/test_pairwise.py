"""A judge of pairs from the command line to the page: what it prefers is found, and where nothing is, nothing is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.shifts import shift_findings
from evenhand.analysis.table.measurements import measure_strata, measurements_from_frame
from evenhand.audit import audit
from evenhand.pairwise import answered_pairs, chosen_pairs
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.records.finding import Finding
from evenhand.records.model_spec import ModelSpec
from evenhand.records.pairwise import PairwiseRater
from evenhand.records.plan import Design
from evenhand.records.rubric import Criterion
from evenhand.report.findings_file import read_findings
from evenhand.rundir import RunDirectory, open_run
from evenhand.score_table import plan_factors
from evenhand.store.opinions import PAIRWISE_FILE
from evenhand.store.reading import open_trials
from tests.support.chat_server import chat_body, chat_server
from tests.support.command import Ended, evenhand_apart

RUBRIC = "schema: evenhand.rubric/1\ncriteria:\n  - id: effort\n    question: How much does it say?\n"
Answering = Callable[[dict[str, Any], Mapping[str, str]], tuple[int, bytes]]


def written(folder: Path, *, words_gap: float = 0.0, pairs: int = 2) -> RunDirectory:
    design = Design(kinds=("advice",), none_repeats=1, placebo_per_item=0, pairs_per_item=pairs)
    model = ModelSpec(name="simulated/custom", options={"words_gap": str(words_gap)})
    request = PlanRequest(models=(model,), banks=("advice",), cohorts=("explicit",), design=design)
    return audit(make_plan(request), folder)


def prefers_longer(asked: dict[str, Any], _: Mapping[str, str]) -> tuple[int, bytes]:
    text = str(asked["messages"][-1]["content"])
    one, two = (len(text.split(f"<answer-{n}>")[1].split("</answer-")[0].split()) for n in (1, 2))
    return 200, chat_body(f"effort: {'1' if one > two else '2' if two > one else '0'}")


def judge(run: Path, url: str, *more: str) -> Ended:
    rubric = run.parent / "rubric.yaml"
    rubric.write_text(RUBRIC, encoding="utf-8")
    return evenhand_apart(
        "judge", run, "--judge", "openai/judge", "--judge-url", url, "--rubric", rubric, "--yes", *more
    )


def preferred(run: Path) -> Finding:
    (found,) = (one for one in read_findings(run).findings if one.quantity.name == "preferred")
    return found


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")


def test_what_a_judge_prefers_is_a_finding_and_the_page_says_what_the_judge_is_like(tmp_path: Path) -> None:
    run = written(tmp_path / "run", words_gap=12).path
    with chat_server(prefers_longer) as url:
        ended = judge(run, url, "--json")
    assert ended.code == 0, ended.err
    (check,) = json.loads(ended.out)
    assert (check["criterion"], check["pairs"], check["same"], check["place"]) == ("effort", 88, 1.0, 0.0)
    found = preferred(run)
    assert (found.verdict, found.measure, found.arms.arm) == ("difference", "shift", "pairs")
    votes = pl.read_parquet(run / "measurements.parquet").filter(pl.col("quantity") == "preferred")
    sides = votes.group_by("position").agg(pl.col("value").mean()).sort("position")["value"].to_list()
    assert found.value == pytest.approx(sides[0] - sides[1])
    assert found.value is not None and found.value > 0.2
    page = open_run(run).report.read_text(encoding="utf-8")
    assert "The judge of pairs" in page
    assert "more of the judge&#39;s votes for effort" in page or "more of the judge's votes for effort" in page
    assert "It prefers the longer of two answers on effort." in page


def test_a_judge_of_places_prefers_nobody_and_is_said_to(tmp_path: Path) -> None:
    run = written(tmp_path / "run", words_gap=24, pairs=1).path
    with chat_server(lambda asked, _: (200, chat_body("effort: 1"))) as url:
        assert judge(run, url).code == 0
    found = preferred(run)
    assert found.value == 0.0
    assert found.verdict != "difference"
    page = open_run(run).report.read_text(encoding="utf-8")
    assert "It prefers the answer that is shown first on effort." in page


def test_what_was_asked_is_not_asked_again_and_failures_are(tmp_path: Path) -> None:
    run = written(tmp_path / "run", pairs=1).path
    calls: list[int] = []

    def sometimes(asked: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
        calls.append(1)
        bad = len(calls) % 9 == 0
        return (400, b'{"error": {"message": "no"}}') if bad else prefers_longer(asked, headers)

    with chat_server(sometimes) as url:
        first = judge(run, url, "--concurrency", "1")
        assert first.code == 0, first.err
        assert "repeat the command to ask again" in first.err
        kept = len((run / PAIRWISE_FILE).read_text(encoding="utf-8").splitlines()) - 1
        assert 0 < kept < 44
        calls.clear()
        judge(run, url, "--concurrency", "1")
        assert len(calls) <= 2 * (44 - kept)
        other = judge(run, url, "--pairs", "7")
    assert (other.code, "another judge" in other.err) == (4, True)


def test_a_choice_of_pairs_takes_from_every_prompt_alike(tmp_path: Path) -> None:
    run = written(tmp_path / "run", pairs=3)
    with open_trials(run.path / "trials.sqlite") as trials:
        pairs = answered_pairs(run.plan, trials)
    assert len(pairs) == 132
    asked = PairwiseRater(
        model=ModelSpec(name="m"), criteria=(Criterion(id="w", question="?"),), pairs=60, seed=3, prompt=""
    )
    chosen = chosen_pairs(pairs, asked)
    counts = pl.Series([pair.item for pair in chosen]).value_counts()["count"]
    assert (len(chosen), counts.len(), counts.max()) == (60, 44, 2)
    assert chosen_pairs(pairs, asked) == chosen
    assert chosen_pairs(pairs, replace(asked, seed=4)) != chosen
    arms = run.scores.select("cell_key", "position", "item")
    for pair in chosen:
        first, second = (arms.row(by_predicate=pl.col("cell_key") == key) for key in (pair.first, pair.second))
        assert (first[1], second[1], first[2]) == ("advantaged", "disadvantaged", second[2])


def test_the_level_holds_where_votes_are_random(tmp_path: Path) -> None:
    run = written(tmp_path / "run").path
    with chat_server(prefers_longer) as url:
        assert judge(run, url).code == 0
    plan = open_run(run).plan
    table = pl.read_parquet(run / "measurements.parquet").filter(pl.col("quantity") == "preferred")
    low = 0
    for seed in range(200):
        drawn = np.random.default_rng(seed).choice([0.0, 0.5, 1.0], size=table.height)
        places = table.select(pl.struct("item", "matched_set").rank("dense").alias("pair"))["pair"].to_numpy() - 1
        first = (table["position"] == "advantaged").to_numpy()
        share = drawn[places]
        frame = table.with_columns(pl.Series("value", np.where(first, share, 1 - share)))
        measured = measurements_from_frame(frame, factors=plan_factors(plan), settings=plan.analysis)
        (found,) = (one for part in measure_strata(measured) for one in shift_findings(part))
        low += found.p is not None and found.p < 0.05
    assert 2 <= low <= 19  # 5% of 200; outside once in 100


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--judge", "simulated/null"), 2, "reads no texts"),
        (("--judge", "openai/x", "--rubric", "none.yaml"), 3, "none.yaml"),
        (("--judge", "openai/x"), 2, "add --yes to start it"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: tuple[str, ...], code: int, said: str, tmp_path: Path) -> None:
    run = written(tmp_path / "run", pairs=1).path
    ended = evenhand_apart("judge", run, *arguments)
    assert (ended.code, said in ended.err) == (code, True), ended.err


def test_a_run_without_two_written_answers_is_refused(tmp_path: Path) -> None:
    run = written(tmp_path / "run", pairs=0).path
    ended = evenhand_apart("judge", run, "--judge", "openai/x", "--yes")
    assert (ended.code, "no two written answers" in ended.err) == (2, True), ended.err
