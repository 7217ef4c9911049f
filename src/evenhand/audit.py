"""How an audit is done, from the plan to the report.

1. Plan.     What will be asked, of whom, in what order and with which words is fixed and hashed before anything is
             asked (`evenhand.run.planning`). The margin below which a gap counts as none is part of the plan.
2. Ask.      Every cell of the crossing is put to the assistant once. Only what stands in memory differs between the
             arms of an item: nothing (repeated), facts that say nothing of social position, or a profile's facts.
             Each answer is on disk before it is counted.
3. Score.    An answer becomes a score in [0, 1]; whatever is not an answer (refused, truncated, unparsed, failed)
             stays what it is and is counted (`evenhand.scoring`).
4. Analyse.  Gaps are paired within items and matched sets, read against the assistant's own noise, tested with
             their multiplicity, and given one of three verdicts (`evenhand.analysis`).
5. Report.   Findings are written as JSON and shown on one page. The page computes nothing (`evenhand.report`).

Every step reads what the step before left in the run directory, so each can be done again by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.scores import Scores, scores_from_frame, write_scores
from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.kinds import kind_of, open_endpoint
from evenhand.errors import StoreError
from evenhand.records.findings import Findings
from evenhand.records.message import ModelSettings, Reply
from evenhand.records.plan import ModelSpec, Plan
from evenhand.records.trial import Outcome
from evenhand.report.write import write_report
from evenhand.run.cost import prices_of
from evenhand.run.execute import execute
from evenhand.run.json_file import write_json
from evenhand.run.plan_file import settle
from evenhand.run.questions import Questions
from evenhand.run.reading import open_trials
from evenhand.run.recorded import open_recorded
from evenhand.run.score_table import plan_factors, score_table
from evenhand.run.store import open_store
from evenhand.run.summary import example_prompts, run_summary
from evenhand.run.work import Limits, Listener, RunReport, Work
from evenhand.scoring.extractors.choose import extractor_named
from evenhand.scoring.judge import judge
from evenhand.scoring.llm_extract import ExtractedEndpoint

__all__ = ["FINDINGS_FILE", "SCORES_FILE", "TRIALS_FILE", "analyse_run", "ask", "audit", "publish", "score"]

TRIALS_FILE = "trials.sqlite"
SCORES_FILE = "scores.parquet"
FINDINGS_FILE = "findings.json"


def audit(
    plan: Plan,
    directory: Path,
    *,
    connection: Connection = Connection(),
    limits: Limits = Limits(),
    listener: Listener | None = None,
) -> tuple[RunReport, Findings]:
    """Settle the plan, ask, score, analyse and report; resumes what an earlier run of the same plan left.

    Raises:
        PlanError: The directory belongs to another plan.
        StoreError: The run directory cannot be used.
        EndpointError: An assistant cannot be asked at all.
    """
    settle(plan, directory)
    asked = ask(plan, directory, connection=connection, limits=limits, listener=listener)
    findings = analyse_run(plan, directory)
    publish(findings, directory)
    return asked, findings


def ask(
    plan: Plan,
    directory: Path,
    *,
    connection: Connection = Connection(),
    limits: Limits = Limits(),
    listener: Listener | None = None,
) -> RunReport:
    """Ask every cell that the store does not hold yet."""
    questions = Questions(plan)
    extract = extractor_named(plan.extractor, plan.extractor_options)
    items = {item.id: item for bank in plan.banks for item in bank.items}
    endpoints = _endpoints(plan, questions, connection)
    by_arm = all(endpoint.locality == "prefix" for endpoint in endpoints.values())

    def judged(work: Work, reply: Reply) -> Outcome:
        return judge(reply, item=items[work.cell.item], cell=work.cell, extract=extract)

    with open_store(directory / TRIALS_FILE, plan_sha256=plan.sha256) as store:
        return execute(
            questions.missing(store, by_arm=by_arm),
            endpoints=endpoints,
            store=store,
            judge=judged,
            limits=limits,
            listener=listener,
            prices=prices_of(plan.models),
        )


def _endpoints(plan: Plan, questions: Questions, connection: Connection) -> Mapping[str, Endpoint]:
    cells = questions.lookup() if any(kind_of(model).needs_cells for model in plan.models) else None
    levels = frozenset(level.id for cohort in plan.cohorts for factor in cohort.factors for level in factor.levels)
    context = EndpointContext(cells=cells, levels=levels, recorded=open_recorded, connection=connection)
    endpoints = {model.name: open_endpoint(model, context=context) for model in plan.models}
    if plan.extractor != "llm_extract":
        return endpoints
    templates = {prompt.name: prompt.text for prompt in plan.prompts}
    settings = ModelSettings(max_tokens=16)
    reader = ModelSpec(
        name=plan.extractor_options["model"], base_url=plan.extractor_options.get("base_url"), settings=settings
    )
    return {
        name: ExtractedEndpoint(
            endpoint, open_endpoint(reader, context=context), templates=templates, settings=settings
        )
        for name, endpoint in endpoints.items()
    }


def score(plan: Plan, directory: Path) -> Scores:
    """Score the trials of a run and write `scores.parquet`.

    Raises:
        StoreError: Nothing was asked yet, or the store cannot be read.
    """
    path = directory / TRIALS_FILE
    if not path.exists():
        raise StoreError(f"{str(directory)!r} holds no trials yet; ask first with `evenhand run {directory}`")
    with open_trials(path) as trials:
        frame = score_table(plan, trials)
    scores = scores_from_frame(frame, settings=plan.analysis, factors=plan_factors(plan))
    write_scores(scores, path=directory / SCORES_FILE)
    return scores


def analyse_run(plan: Plan, directory: Path) -> Findings:
    """Score and analyse a run directory and write `findings.json`."""
    scores = score(plan, directory)
    with open_trials(directory / TRIALS_FILE) as trials:
        summary = run_summary(plan, trials, directory=directory)
        examples = example_prompts(plan, trials)
    findings = analyse(scores, run=summary, examples=examples)
    planned = sum(model.planned for model in summary.models)
    asked = sum(sum(model.outcomes.values()) for model in summary.models)
    if asked < planned:
        unfinished = f"The run is unfinished: {asked:,} of {planned:,} planned cells were asked."
        findings = msgspec.structs.replace(findings, warnings=(unfinished, *findings.warnings))
    return findings


def publish(findings: Findings, directory: Path) -> Path:
    """Write `findings.json` and the report; returns the path of the page.

    Raises:
        StoreError: The directory cannot be written.
    """
    write_json(findings, directory / FINDINGS_FILE)
    return write_report(findings, directory)
