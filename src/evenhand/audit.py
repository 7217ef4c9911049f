"""How an audit is done, from the plan to the report.

1. Plan.     What will be asked, of whom, in what order and with which words is fixed and hashed before anything is
             asked (`evenhand.plan.make`). The margin below which a gap counts as none is part of the plan.
2. Ask.      Every cell of the crossing is put to the assistant once. Only what is in memory differs between the
             arms of an item: nothing (repeated), facts that say nothing of social position, or a profile's facts.
             Each answer is on disk before it is counted.
3. Score.    An answer becomes a score in [0, 1]; whatever is not an answer (refused, truncated, unparsed, failed)
             stays what it is and is counted (`evenhand.scoring`).
4. Analyse.  Gaps are paired within items and matched sets, read against the assistant's own noise, tested with
             their multiplicity, and given a verdict, where they could have shown one (`evenhand.analysis`).
5. Report.   Findings are written as JSON and shown on one page. The page computes nothing (`evenhand.report`).

Every step reads what the step before left in the run directory, so each can be done again by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.measurements import Measurements, measurements_from_frame, write_measurements
from evenhand.analysis.table.scores import Scores, scores_from_frame, write_scores
from evenhand.assistants import behind_of, open_products, outcomes_of
from evenhand.batched import ask_in_batches, is_batched
from evenhand.design.cells import Crossing
from evenhand.endpoints.connections import check_connection
from evenhand.endpoints.context import Connection
from evenhand.endpoints.kinds import kind_of
from evenhand.errors import BudgetExceeded, StoreError, UsageError
from evenhand.head.answer_pairs import answer_pairs
from evenhand.head.answer_sample import answer_sample
from evenhand.head.judging import rater_checks
from evenhand.head.memory_stages import canary_summaries, item_retrievals
from evenhand.head.pairwise_checks import pairwise_checks
from evenhand.head.summary import example_prompts, run_summary
from evenhand.measurement_table import Labels, measurement_table
from evenhand.mitigate.asked.decisions import Decisions
from evenhand.pairwise import votes_of
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.plan.placements import check_sources
from evenhand.plan.questions import Questions
from evenhand.plan.second_models import every_model
from evenhand.plan.settling import default_directory, settled
from evenhand.records.findings import Findings
from evenhand.records.plan import Plan
from evenhand.records.profile import PRODUCT_PLACEMENTS
from evenhand.records.trial import OutcomeName
from evenhand.report.answer import worst_differences
from evenhand.report.findings_file import findings_document
from evenhand.report.write import write_report
from evenhand.run.decision_writer import DecisionWriter
from evenhand.run.execute import execute
from evenhand.run.halted import halted
from evenhand.run.ledger import Ledger
from evenhand.run.limits import Limits, Listener, RunReport, StopReason
from evenhand.run.product_users import told_what_is_left
from evenhand.run.progress import out_words
from evenhand.rundir import (
    FINDINGS_FILE,
    MEASUREMENTS_FILE,
    SCORES_FILE,
    TRIALS_FILE,
    RunDirectory,
)
from evenhand.score_table import plan_factors, score_table
from evenhand.scoring.judging.labels import read_labels
from evenhand.store.decisions import DecisionTable
from evenhand.store.json_file import write_json
from evenhand.store.memory_journal import MEMORY_FILE, MemoryJournal, read_memory_events
from evenhand.store.reading import TrialReader, open_trials
from evenhand.store.store import open_store

__all__ = [
    "FINDINGS_FILE",
    "SCORES_FILE",
    "TRIALS_FILE",
    "Asking",
    "analyse_run",
    "ask",
    "audit",
    "measure",
    "publish",
    "score",
    "usual_asking",
]


class Asking(Protocol):
    """Asks every cell that a run directory does not hold yet, and writes the answers to it."""

    def __call__(
        self, plan: Plan, directory: Path, *, connection: Connection, limits: Limits, listener: Listener | None
    ) -> RunReport:
        """What was done."""
        ...


def audit(
    asked: Plan | PlanRequest | str | Sequence[str],
    out: Path | str | None = None,
    *,
    connection: Connection = Connection(),
    limits: Limits = Limits(),
    listener: Listener | None = None,
    batch: bool | None = None,
    asking: Asking | None = None,
) -> RunDirectory:
    """Plan, ask, score, analyse and report; resumes what an earlier run of the same plan left.

    This is what `evenhand audit` calls. It also works where an event loop runs already, as in a notebook.

    Args:
        asked: A plan; what a plan is to be made from; or the name of a model, or several.
        out: Run directory; None: `runs/DATE-MODEL`.
        connection: How servers are reached.
        limits: Budgets; a run that reaches one has interim findings and can be resumed.
        listener: Told after every transaction how far the run has come.
        batch: Whether questions are asked by batches, at half the price and within a day; None: as the run directory
            says, and always while batches of it are out.
        asking: Who asks the cells that are missing; None: this process, or batches.

    Returns:
        The run directory; what this run did is in its `asked`.

    Raises:
        PlanError: The directory belongs to another plan.
        StoreError: The run directory cannot be used.
        EndpointError: An assistant cannot be asked at all.
        RunHalted: Every model was given up and there is no answer.
        BudgetExceeded: A budget ended the run while batches are out, before the first answer.
        KeyboardInterrupt: The user stopped the run; everything answered is on disk.

    Example:
        >>> import evenhand, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = evenhand.audit("simulated/null", folder, limits=evenhand.Limits(max_calls=200))
        ...     run.findings.run.interim
        True
    """
    plan = asked if isinstance(asked, Plan) else make_plan(_request(asked))
    directory = default_directory(plan) if out is None else Path(out)
    with settled(plan, directory):
        asking = asking or usual_asking(batch=batch)
        done = asking(plan, directory, connection=connection, limits=limits, listener=listener)
        if done.halts and done.skipped + done.asked == done.outcomes["failed"]:
            raise halted(done, again=f"try again with `evenhand run {directory}`, or plan anew")
    kept = done.asked + done.skipped
    out = "" if done.out is None else f"; {out_words(done.out)}, and nothing of that is lost"
    if done.stopped == "interrupted":
        safe = f"{'1 answer is' if kept == 1 else f'{kept:,} answers are'} safe{out}"
        raise KeyboardInterrupt(f"Stopped. {safe}; go on with `evenhand run {directory}`.")
    if done.out is not None and kept == 0:
        raise BudgetExceeded(
            f"a budget ended the run before the first answer{out}; go on with `evenhand run {directory}`"
        )
    publish(analyse_run(plan, directory), directory)
    return RunDirectory(directory, asked=done)


def usual_asking(*, batch: bool | None = None, batch_rows: int | None = None, drop_unknown: bool = False) -> Asking:
    """Asking from this process: one by one, in looks where the plan has them, or by batches.

    Args:
        batch: Whether by batches; None: as the run directory says, and always while batches of it are out.
        batch_rows: Questions in a batch at most; None: `evenhand.run.batches.USUAL_ROWS`.
        drop_unknown: Whether questions of a batch that its provider does not know are asked again: they may be paid for
            twice.
    """

    def asking(
        plan: Plan, directory: Path, *, connection: Connection, limits: Limits, listener: Listener | None
    ) -> RunReport:
        if is_batched(plan, directory, wish=batch):
            return ask_in_batches(
                plan,
                directory,
                connection=connection,
                limits=limits,
                listener=listener,
                rows=batch_rows,
                drop=drop_unknown,
            )
        looked = ask if plan.analysis.looks == 1 else ask_in_looks
        return looked(plan, directory, connection=connection, limits=limits, listener=listener)

    return asking


def _request(asked: PlanRequest | str | Sequence[str]) -> PlanRequest:
    if isinstance(asked, PlanRequest):
        return asked
    return PlanRequest(models=(asked,) if isinstance(asked, str) else tuple(asked))


def ask(
    plan: Plan,
    directory: Path,
    *,
    connection: Connection = Connection(),
    limits: Limits = Limits(),
    listener: Listener | None = None,
) -> RunReport:
    """Ask every cell that the store does not hold yet."""
    check_connection(every_model(plan), connection)
    check_sources(plan)
    questions = Questions(plan)
    ledger = Ledger()
    journal = MemoryJournal(directory / MEMORY_FILE)
    cells = questions.lookup() if any(kind_of(model).needs_cells for model in plan.models) else None
    decisions = Decisions()
    endpoints, products = open_products(
        plan, cells=cells, connection=connection, ledger=ledger, journal=journal, decisions=decisions
    )
    behind = behind_of(plan, connection=connection, ledger=ledger)
    journal.keep_out(behind.secrets)
    with open_store(directory / TRIALS_FILE, plan_sha256=plan.sha256) as store, told_what_is_left(products, directory):
        if behind.deciders:
            decisions.keep_in(DecisionWriter(DecisionTable(store), secrets=behind.secrets))
        return execute(
            {
                name: questions.missing(
                    store, model=name, by_arm=plan.analysis.looks == 1 and endpoint.locality == "prefix"
                )
                for name, endpoint in endpoints.items()
            },
            endpoints=endpoints,
            store=store,
            outcome_of=outcomes_of(plan),
            limits=limits,
            listener=listener,
            behind=behind,
        )


def ask_in_looks(
    plan: Plan,
    directory: Path,
    *,
    connection: Connection = Connection(),
    limits: Limits = Limits(),
    listener: Listener | None = None,
) -> RunReport:
    """Ask up to each planned look, analyse what is there, and stop when the confirmatory tests settle the answer.

    Whole items are asked in random order, so that every look rests on a random sample of the items. A budget ends it
    as it ends any run.
    """
    total, looks = Crossing(plan).size(), plan.analysis.looks
    reports: list[RunReport] = []
    for look in range(1, looks + 1):
        stored = reports[-1].skipped + reports[-1].asked if reports else _stored(directory)
        wanted = total * look // looks - stored
        if wanted <= 0 and look < looks:
            continue
        left = None if limits.max_calls is None else limits.max_calls - sum(report.calls for report in reports)
        most = left if look == looks else wanted if left is None else min(wanted, left)
        reports.append(
            ask(
                plan,
                directory,
                connection=connection,
                limits=msgspec.structs.replace(limits, max_calls=most),
                listener=listener,
            )
        )
        ended = reports[-1].stopped
        if ended != "max_calls" or (left is not None and left <= wanted):
            return _together(reports, stopped=ended)
        if settled_by(analyse_run(plan, directory)):
            return _together(reports, stopped="decided")
    return _together(reports, stopped=reports[-1].stopped)


def settled_by(findings: Findings) -> bool:
    """Whether more answers could not change the answer: a confirmatory difference, or all of them equivalent."""
    verdicts = {finding.verdict for finding in findings.findings if finding.role == "confirmatory"}
    return "difference" in verdicts or verdicts == {"equivalent"}


def _stored(directory: Path) -> int:
    path = directory / TRIALS_FILE
    if not path.exists():
        return 0
    with open_trials(path) as trials:
        return trials.count()


def _together(reports: Sequence[RunReport], *, stopped: StopReason) -> RunReport:
    """Several runs of one plan as one."""
    outcomes: Counter[OutcomeName] = Counter()
    for report in reports:
        outcomes.update(report.outcomes)
    costs = [report.cost_usd for report in reports]
    return RunReport(
        stopped=stopped,
        skipped=reports[0].skipped,
        asked=sum(report.asked for report in reports),
        outcomes=dict(outcomes),
        calls=sum(report.calls for report in reports),
        input_tokens=sum(report.input_tokens for report in reports),
        output_tokens=sum(report.output_tokens for report in reports),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        seconds=sum(report.seconds for report in reports),
        halts=reports[-1].halts,
    )


def score(plan: Plan, directory: Path, *, out: Path | None = None) -> Scores:
    """Score the trials of a run and write `scores.parquet`.

    Args:
        plan: The run's plan.
        directory: The run directory; it is only read where `out` is given.
        out: Where the table goes; None: the run directory.

    Raises:
        StoreError: Nothing was asked yet, the store cannot be read, or the table cannot be written.
    """
    path = directory / TRIALS_FILE
    if not path.exists():
        raise StoreError(f"{str(directory)!r} holds no trials yet; ask first with `evenhand run {directory}`")
    with open_trials(path) as trials:  # the plain table is let go of at once: with many trials it is large
        scores = scores_from_frame(score_table(plan, trials), settings=plan.analysis, factors=plan_factors(plan))
    with _written(out or directory, SCORES_FILE, directory=directory) as target:
        write_scores(scores, path=target)
    return scores


def measure(plan: Plan, directory: Path, *, out: Path | None = None, labels: Path | None = None) -> Measurements:
    """Collect the numbers that answers state and write `measurements.parquet`, where there are any.

    Args:
        plan: The run's plan.
        directory: The run directory; it is only read where `out` is given.
        out: Where the table goes; None: the run directory.
        labels: People's ratings of some written answers, to correct a judge by.

    Raises:
        StoreError: The store cannot be read, or the table cannot be written.
        UsageError: The ratings cannot be used.
    """
    with open_trials(directory / TRIALS_FILE) as trials:
        given = None if labels is None else _labels(plan, trials, labels)
        memory = tuple(read_memory_events(directory / MEMORY_FILE))
        frame = measurement_table(plan, trials, labels=given, votes=votes_of(directory), memory=memory)
    measurements = measurements_from_frame(frame, settings=plan.analysis, factors=plan_factors(plan))
    if frame.height:
        with _written(out or directory, MEASUREMENTS_FILE, directory=directory) as target:
            write_measurements(measurements, path=target)
    return measurements


def _labels(plan: Plan, trials: TrialReader, path: Path) -> Labels:
    """People's ratings, checked against the answers of the run.

    Raises:
        UsageError: The run has no judge, or the file cannot be used.
    """
    if plan.rater is None:
        raise UsageError("--labels corrects a judge, and nobody judged this run; plan one with --judge MODEL")
    written = {row.cell.cell_key for row in trials.rows() if row.cell.condition.answer == "text"}
    return read_labels(path, criteria=plan.rater.criteria, cells=written)


@contextmanager
def _written(folder: Path, name: str, *, directory: Path) -> Iterator[Path]:
    """The path at which a table is written while the block runs.

    Raises:
        StoreError: It cannot be written.
    """
    target = folder / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield target
    except OSError as error:
        raise StoreError(
            f"cannot write {str(target)!r} ({error.strerror or error}); "
            f"choose a writable directory: `evenhand analyse {directory} --out DIR`"
        ) from error


def analyse_run(plan: Plan, directory: Path, *, out: Path | None = None, labels: Path | None = None) -> Findings:
    """Score and analyse a run directory.

    Args:
        plan: The run's plan.
        directory: The run directory.
        out: Where the tables go; None: the run directory, which then must be writable.
        labels: People's ratings of some written answers, to correct a judge by.
    """
    scores = score(plan, directory, out=out)
    measurements = measure(plan, directory, out=out, labels=labels)
    with open_trials(directory / TRIALS_FILE) as trials:
        summary = run_summary(plan, trials, directory=directory)
        examples = example_prompts(plan, trials)
        rater, pairwise = rater_checks(plan, trials), pairwise_checks(directory, trials)
        memory = tuple(read_memory_events(directory / MEMORY_FILE))
        retrievals = item_retrievals(plan, trials) if set(plan.design.placements) & {*PRODUCT_PLACEMENTS} else ()
        lost = trials.count() - scores.frame.height
        summary = msgspec.structs.replace(summary, interim=trials.count() < sum(m.planned for m in summary.models))
        findings = analyse(scores, measurements=measurements, run=summary, examples=examples)
        pairs = answer_pairs(worst_differences(findings), plan=plan, scores=scores, trials=trials)
        sample = answer_sample(plan=plan, scores=scores, trials=trials)
    planned = sum(model.planned for model in summary.models)
    asked = sum(sum(model.outcomes.values()) for model in summary.models)
    warnings = []
    if summary.interim:
        warnings.append(f"The run is unfinished: {asked:,} of {planned:,} planned cells were asked.")
    if lost:
        rows = "1 row" if lost == 1 else f"{lost:,} rows"
        warnings.append(f"{rows} of {TRIALS_FILE} cannot be read and are left out of every number.")
    return msgspec.structs.replace(
        findings,
        rater=rater,
        pairwise=pairwise,
        canaries=canary_summaries(plan, memory),
        retrievals=retrievals,
        pairs=pairs,
        sample=sample,
        warnings=(*warnings, *findings.warnings),
    )


def publish(findings: Findings, directory: Path) -> Path:
    """Write `findings.json` and the report; returns the path of the page.

    Raises:
        StoreError: The directory cannot be written.
    """
    write_json(findings_document(findings), directory / FINDINGS_FILE)
    return write_report(findings, directory)
