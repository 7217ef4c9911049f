"""Open answers from the question to the page: planted shifts are found, and none where none is planted."""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from evenhand.analysis.estimators.equivalence import tost_p
from evenhand.audit import analyse_run, audit
from evenhand.errors import UsageError
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.plan.preview import preview
from evenhand.records.estimate import Tested
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.message import ModelSettings
from evenhand.records.plan import Design, ModelSpec
from evenhand.records.rubric import Rater
from evenhand.rundir import RunDirectory
from evenhand.scoring.judging.rubric import load_rubric
from tests.support.chat_server import chat_body, chat_server

SMALL = Design(kinds=("advice",), none_repeats=2, placebo_per_item=0.25, pairs_per_item=1)


def written(tmp_path: Path, *, pairs: int = 1, rater: Rater | None = None, **planted: float) -> RunDirectory:
    design = Design(kinds=("advice",), none_repeats=2, placebo_per_item=0.25, pairs_per_item=pairs)
    model = ModelSpec(name="simulated/custom", options={name: str(value) for name, value in planted.items()})
    request = PlanRequest(models=(model,), banks=("advice",), cohorts=("explicit",), design=design, rater=rater)
    return audit(make_plan(request), tmp_path)


def pair_shift(findings: Findings, quantity: str, tag: str | None = None) -> Finding:
    found = [
        one
        for one in findings.findings
        if one.measure == "shift"
        and one.arms.arm == "pairs"
        and (one.quantity.name, one.quantity.tag) == (quantity, tag)
    ]
    assert len(found) == 1
    return found[0]


def interval(finding: Finding) -> tuple[float, float]:
    assert isinstance(finding.number, Tested)
    assert finding.number.spread is not None
    return finding.number.spread.low, finding.number.spread.high


def test_planted_shifts_are_recovered_and_told_on_the_page(tmp_path: Path) -> None:
    run = written(tmp_path, pairs=3, referral_gap=-0.35, words_gap=16, directive_gap=-0.3)
    referral = pair_shift(run.findings, "act_shown", "referral")
    assert referral.verdict == "difference"
    assert interval(referral)[0] <= -0.35 <= interval(referral)[1]
    words = pair_shift(run.findings, "words")
    # A referral has about ten words, and it is planted against the advantaged: 16 - 0.35 * 10.
    assert words.verdict == "difference"
    assert words.value == pytest.approx(12.5, abs=3.0)
    assert pair_shift(run.findings, "act_share", "directive").verdict == "difference"
    # Nobody is refused anything, but 44 prompts are too few to say so of others: a margin of 5 points takes 59.
    refusal = pair_shift(run.findings, "act_shown", "refusal")
    assert (refusal.value, refusal.verdict) == (0.0, "inconclusive")
    assert refusal.equivalence is not None
    assert [(one.of, one.needed) for one in refusal.equivalence.too_few if one.of == "item"] == [("item", 59)]
    (beyond,) = [one for one in run.findings.findings if one.measure == "divergence" and one.arms.arm == "pairs"]
    assert beyond.quantity.name == "wording"
    assert beyond.p is not None and beyond.p < 0.01
    page = run.report.read_text(encoding="utf-8")
    assert "What the assistant writes" in page
    assert "point to a professional" in page


def test_the_level_holds_where_nothing_is_planted(tmp_path: Path) -> None:
    found: list[float] = []
    for seed in range(5):
        run = written(tmp_path / str(seed), seed=seed)
        for name, tag in (
            *(("words", None), ("reading_grade", None), ("act_share", "directive"), ("act_share", "hedge")),
            *(("act_shown", "referral"), ("act_shown", "warning"), ("act_shown", "validation")),
        ):
            p = pair_shift(run.findings, name, tag).p
            assert p is not None
            found.append(p)
    # 35 tests at 5%: 8 or more would happen once in 5,000 (binomial), were they independent.
    assert sum(p < 0.05 for p in found) <= 7


def test_a_users_own_prompts_need_no_key(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("\n".join(f"How do I deal with worry number {n}?" for n in range(9)), "utf-8")
    request = PlanRequest(models=("simulated/tilted",), preset="quick", prompts=(str(tmp_path / "own.txt"),))
    plan = make_plan(request)
    assert [bank.name for bank in plan.banks] == ["own"]
    run = audit(plan, tmp_path / "run")
    assert set(run.scores["answer"].unique()) == {"text"}
    assert run.scores["keyed_option"].null_count() == run.scores.height
    assert pair_shift(run.findings, "words").value is not None


def test_leakage_probes_are_written_where_the_design_says_so(tmp_path: Path) -> None:
    design = Design(kinds=("leakage",), written=("leakage",), none_repeats=1)
    run = audit(make_plan(PlanRequest(models=("simulated/null",), banks=("leakage",), design=design)), tmp_path)
    assert set(run.scores["answer"].unique()) == {"text"}
    assert any(one.measure == "leakage" and one.arms.arm == "item_fact" for one in run.findings.findings)


NAMES = [criterion.id for criterion in load_rubric()]


def rates_by_length(asked: dict[str, Any], _: Mapping[str, str]) -> tuple[int, bytes]:
    """Likes long answers, likes what comes first, and repeats itself but for one point."""
    text = str(asked["messages"][-1]["content"])
    answer = text.split("<answer>")[1].split("</answer>")[0]
    order = re.findall(r"^- (\w+):", text, flags=re.MULTILINE)
    base = min(8.0, len(answer.split()) / 12)
    lines = [f"{name}: {base + (1.5 if place == 0 else 0.0):.1f}" for place, name in enumerate(order)]
    return 200, chat_body("\n".join(lines), usage={"prompt_tokens": 200, "completion_tokens": 30})


def judged(url: str) -> Rater:
    model = ModelSpec(name="openai/judge", base_url=url, settings=ModelSettings(max_tokens=99))
    return Rater(model=model, criteria=load_rubric())


def test_a_judge_is_metered_and_said_to_prefer_length_and_position(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with chat_server(rates_by_length) as url:
        run = written(tmp_path, rater=judged(url), words_gap=24)
    findings = run.findings
    asked = run.scores.height
    (summary,) = findings.run.models if findings.run else ()
    (second,) = summary.second
    assert (second.model, second.calls, second.input_tokens) == ("openai/judge", 2 * asked, 400 * asked)
    assert [check.criterion for check in findings.rater] == NAMES
    assert all(check.length is not None and check.length > 0.9 for check in findings.rater)
    first, last = findings.rater[0], findings.rater[-1]
    assert [first.order, last.order] == pytest.approx([1.5, -1.5], abs=0.05)
    assert findings.rater[1].alpha == pytest.approx(1.0)
    assert pair_shift(findings, "judged", "warmth").verdict == "difference"
    page = run.report.read_text(encoding="utf-8")
    assert "longer answers to the same prompt higher" in page
    assert "depend on the position" in page


def test_peoples_ratings_correct_the_judge_and_the_finding_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with chat_server(rates_by_length) as url:
        run = written(tmp_path / "run", rater=judged(url), words_gap=24)
    before = pair_shift(run.findings, "judged", "warmth")
    cells = run.measurements.filter(pl.col("quantity") == "words")["cell_key"].to_list()
    ratings = tmp_path / "ratings.csv"
    rng = random.Random(3)
    with ratings.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["cell_key", "criterion", "rating"])
        rows.writerows([cell, "warmth", round(rng.uniform(5.0, 7.0), 1)] for cell in cells)
    corrected = analyse_run(run.plan, run.path, out=tmp_path / "out", labels=ratings)
    after = pair_shift(corrected, "judged", "warmth")
    assert before.verdict == "difference"
    assert after.verdict != "difference"  # people see no difference, the judge counted words
    assert "prediction-powered" in after.method
    # What the verdict rests on is the corrected shift against the margin, not what the judge alone gives.
    assert after.tested is not None and after.tested.spread is not None and after.tested.spread.se is not None
    against, spread = after.equivalence, after.tested.spread
    assert against is not None and against.p_seen is not None and spread.se is not None
    assert against.p_seen == tost_p(after.tested.value, se=spread.se, df=spread.df, margin=against.margin)
    assert against.p >= against.p_seen
    assert any("people rated" in note for note in after.notes)
    assert pair_shift(corrected, "judged", "safety").method == pair_shift(run.findings, "judged", "safety").method


def test_the_preview_counts_the_judges_calls() -> None:
    rater = Rater(model=ModelSpec(name="openai/gpt-5.1"), criteria=load_rubric())
    shown = preview(
        make_plan(PlanRequest(models=("simulated/null",), banks=("advice",), design=SMALL, rater=rater)), concurrency=1
    )
    assistant, second = shown.models
    assert second.calls == 2 * assistant.calls
    assert second.paid
    assert second.input_characters > 2 * assistant.calls * 600


def test_a_judge_without_written_answers_is_refused() -> None:
    rater = Rater(model=ModelSpec(name="openai/gpt-5.1"), criteria=load_rubric())
    with pytest.raises(UsageError, match="--kind advice"):
        make_plan(PlanRequest(models=("simulated/null",), preset="fang2025", rater=rater))


@pytest.mark.parametrize("name", ["simulated/null", "specimen/tilted"])
def test_a_judge_that_reads_no_texts_is_refused(name: str) -> None:
    rater = Rater(model=ModelSpec(name=name), criteria=load_rubric())
    with pytest.raises(UsageError, match="reads no texts"):
        make_plan(PlanRequest(models=("simulated/null",), banks=("advice",), design=SMALL, rater=rater))


def test_labels_without_a_judge_are_refused(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("What now?\nAnd then?", "utf-8")
    run = audit(
        make_plan(PlanRequest(models=("simulated/null",), prompts=(str(tmp_path / "own.txt"),))), tmp_path / "r"
    )
    assert json.loads((run.path / "plan.json").read_text("utf-8"))["design"]["kinds"][-1] == "advice"
    with pytest.raises(UsageError, match="--judge"):
        analyse_run(run.plan, run.path, labels=tmp_path / "none.csv")
