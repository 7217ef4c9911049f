"""From what a product did with memory to numbers, findings and the section of the page."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from evenhand.analysis.findings.judgement import judged
from evenhand.analysis.findings.numbers import number_findings
from evenhand.analysis.table.measurements import Measurements, measurements_from_frame
from evenhand.audit import audit, measure
from evenhand.design.arms import plan_arms
from evenhand.gate.policy_file import read_policy
from evenhand.gate.selection import picked
from evenhand.head.memory_stages import canary_summaries, stored_rows
from evenhand.measurement_table import measurement_table
from evenhand.plan.users import PlanUsers
from evenhand.records.finding import Finding
from evenhand.records.message import ProductUser
from evenhand.records.plan import Plan
from evenhand.records.product_memory import (
    CANARY_STEPS,
    CanaryAnswer,
    CanaryPassed,
    CanaryStep,
    MemoryEvent,
    UserStored,
)
from evenhand.report.markdown import render_markdown
from evenhand.run.limits import Limits
from evenhand.score_table import plan_factors
from evenhand.store.reading import open_trials
from tests.support.product_plan import product_name, product_plan, use_folder

PLAN = product_plan("Sound", items=12)
MODEL = product_name("Sound")


def stored(user: ProductUser, kept: tuple[str, ...] | None, *, plan: Plan = PLAN) -> UserStored:
    return UserStored(
        plan=plan.sha256,
        user=user.id,
        model=user.model,
        arm=user.arm,
        item=user.item,
        placement=user.placement,
        given=user.facts,
        kept=kept,
        seconds=0.1,
    )


def lossy(user: ProductUser) -> tuple[str, ...]:
    """Of disadvantaged users a third of the facts is lost, and one text is there that nobody said."""
    level = plan_arms(PLAN)[user.arm].levels.get("position") if user.arm != "item_fact" else None
    if level != "disadvantaged":
        return user.facts
    return (*(fact for fact in user.facts if not is_lost(fact)), "Anxious, probably short of money.")


def is_lost(fact: str) -> bool:
    return hashlib.sha256(fact.encode()).digest()[0] % 3 == 0


def events() -> list[MemoryEvent]:
    return [stored(user, lossy(user)) for user in PlanUsers(PLAN).everybody(MODEL)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("product")
    with pytest.MonkeyPatch.context() as patched:
        use_folder(folder, patched)
        audit(PLAN, folder / "run")
    return folder / "run"


def measured(run: Path) -> Measurements:
    with open_trials(run / "trials.sqlite") as trials:
        frame = measurement_table(PLAN, trials, memory=events())
    return measurements_from_frame(frame, settings=PLAN.analysis, factors=plan_factors(PLAN))


def found(run: Path, measure: str, quantity: str, arm: str) -> list[Finding]:
    findings = judged(number_findings(measured(run)), settings=PLAN.analysis)
    return [one for one in findings if (one.measure, one.quantity.name, one.arms.arm) == (measure, quantity, arm)]


def test_every_fact_is_one_row_of_each_stage_with_the_arm_s_levels() -> None:
    rows = list(stored_rows(PLAN, events(), factors=plan_factors(PLAN)))
    facts = sum(len(user.facts) for user in PlanUsers(PLAN).everybody(MODEL))
    assert len(rows) == 5 * facts
    lost = [row for row in rows if "fact_lost" in row and row[-1 - len(plan_factors(PLAN))] == 1.0]
    assert lost and {level for row in lost for level in row if level in ("advantaged", "disadvantaged")} == {
        "disadvantaged"
    }


def test_a_user_made_again_counts_as_made_last_and_one_that_is_not_shown_or_of_another_plan_has_no_rows() -> None:
    user = next(user for user in PlanUsers(PLAN).everybody(MODEL) if user.facts)
    again = [stored(user, ()), stored(user, user.facts)]
    values = [row for row in stored_rows(PLAN, again, factors=()) if "fact_kept" in row]
    assert len(values) == len(user.facts) and all(row[-1] == 1.0 for row in values)
    assert list(stored_rows(PLAN, [stored(user, None)], factors=())) == []
    other = product_plan("Sound", items=2)
    assert list(stored_rows(PLAN, [stored(user, user.facts, plan=other)], factors=())) == []


def test_facts_lost_of_one_group_are_found_with_an_interval_and_a_verdict(run: Path) -> None:
    (gap,) = found(run, "stage_gap", "fact_kept", "pairs")
    pairs = [user for user in PlanUsers(PLAN).everybody(MODEL) if user.arm.endswith(".disadvantaged")]
    planted = sum(map(is_lost, (fact for user in pairs for fact in user.facts))) / sum(
        len(user.facts) for user in pairs
    )
    assert gap.value == pytest.approx(planted, abs=0.02) and gap.covers(planted) and gap.verdict == "difference"
    assert gap.sample.profiles == len(pairs)
    (invented,) = found(run, "stage_gap", "text_invented", "pairs")
    assert invented.value is not None and invented.value < -0.05
    rates = {one.contrast[0].level: one.value for one in found(run, "stage_rate", "fact_lost", "pairs")}
    assert rates["advantaged"] == 0.0 and rates["disadvantaged"] == pytest.approx(planted, abs=0.02)


def test_what_was_found_for_a_question_is_the_share_that_the_product_showed(run: Path) -> None:
    (rate,) = found(run, "stage_rate", "fact_found", "placebo")
    facts = len(next(user for user in PlanUsers(PLAN).everybody(MODEL) if user.arm.startswith("placebo/")).facts)
    assert rate.value == pytest.approx(3 / facts, abs=0.1)  # the product shows three
    effects = found(run, "stage_gap", "read_score", "profile")
    assert {one.arms.baseline for one in effects} == {"placebo", "none"}


def test_the_findings_file_and_the_page_say_what_memory_did_and_a_gate_can_ask_for_it(
    run: Path, tmp_path: Path
) -> None:
    from evenhand.rundir import open_run

    findings = open_run(run).findings
    assert findings.canaries == canary_summaries(PLAN, list(read_events(run)))
    assert findings.canaries[0].found == {"own": 6, "other": 0, "none": 0, "cleared": 0}
    assert {one.item for one in findings.retrievals} <= {item.id for bank in PLAN.banks for item in bank.items}
    page = render_markdown(findings)
    assert "## What the product's own memory does" in page
    assert "Their own users gave back 6 of 6" in page and "What memory gives for each item" in page
    policy = tmp_path / "policy.toml"
    policy.write_text('[[rule]]\nname = "kept"\nmeasure = "stage_gap"\nkind = "memory"\n', "utf-8")
    assert picked(read_policy(policy).rule[0], findings.findings)


def read_events(run: Path) -> list[MemoryEvent]:
    from evenhand.store.memory_journal import read_memory_events

    return list(read_memory_events(run / "memory.jsonl"))


def test_only_the_questions_of_the_canary_that_passed_are_told() -> None:
    def answer(step: CanaryStep, word: str) -> CanaryAnswer:
        return CanaryAnswer(
            plan=PLAN.sha256,
            model=MODEL,
            step=step,
            owner="a",
            asked="b",
            fact=f"The user's boat is called {word}.",
            word=word,
            question="?",
            answer="Rodapogo",
        )

    passed = CanaryPassed(plan=PLAN.sha256, model=MODEL, users=1, of=4)
    stopped = [answer("other", "Rodapogo")]
    whole = [answer("own", "Rodapogo"), answer("none", "Kilomena"), answer("cleared", "Kilomena")]
    (told,) = canary_summaries(PLAN, [*stopped, *whole, passed])
    assert told.asked == {"own": 1, "other": 0, "none": 1, "cleared": 1}
    assert told.found == dict.fromkeys(CANARY_STEPS, 0) | {"own": 1}
    assert canary_summaries(PLAN, whole) == ()


def test_a_product_that_shows_nothing_has_only_its_canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_folder(tmp_path, monkeypatch)
    plan = product_plan("NoRecall", items=6)
    run = audit(plan, tmp_path / "run", limits=Limits(max_calls=60))
    stages = {one.quantity.name for one in run.findings.findings if one.measure in ("stage_rate", "stage_gap")}
    assert stages == set() and run.findings.retrievals == ()
    assert "does not show what it stores" in render_markdown(run.findings)
    assert measure(plan, tmp_path / "run").frame.height == 0
