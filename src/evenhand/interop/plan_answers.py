"""Answers that another tool got to the questions of a plan, put into a run directory as if the run had asked them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from evenhand.design.cells import Crossing, Meeting
from evenhand.endpoints.redact import known_secrets
from evenhand.errors import TableError, UsageError, near_miss
from evenhand.interop.log import LoggedAnswer, ToolLog, Turn
from evenhand.plan.questions import Questions
from evenhand.plan.settling import TRIALS_FILE, settled
from evenhand.records.as_read import AsRead, LogRead, RepeatsRead
from evenhand.records.cell import Cell
from evenhand.records.plan import Plan
from evenhand.records.trial import Outcome
from evenhand.records.work import Work
from evenhand.run.secrets import secrets_of
from evenhand.scoring.extractors.choose import extractor_named
from evenhand.scoring.outcome import outcome_of
from evenhand.store.gate import Unfit, admitted, failed
from evenhand.store.rows import Row, row_of
from evenhand.store.store import open_store

__all__ = ["CELL_FIELD", "names_cells", "record_answers"]

CELL_FIELD = "cell_key"
"""Field of a log that names the cell of a plan an answer was given to."""
_BATCH = 500


class _Matched(Struct, frozen=True, kw_only=True):
    """Answers by the cell that they were given to."""

    answers: dict[str, LoggedAnswer]
    """Cell key -> the first answer to it."""
    unknown: int
    repeated: int


def names_cells(log: ToolLog) -> bool:
    """Whether answers of a log name cells of a plan."""
    return any(_cell_key(answer) is not None for answer in log.answers)


def record_answers(log: ToolLog, plan: Plan, directory: Path, *, model: str | None = None) -> AsRead:
    """Write the answers of a log into a run directory of the plan, each with the outcome that a run would give it.

    Args:
        log: Its answers have a field `cell_key`.
        plan: The plan that the questions were made from.
        directory: The run directory; made where it is missing.
        model: The plan's model that the log holds answers of; None: the only one.

    Returns:
        What was read.

    Raises:
        TableError: No answer names a cell of the plan, or a question was not the plan's.
        UsageError: The plan has several models and none is named.
        PlanError: The directory holds answers to another plan.
        StoreError: It cannot be written.
    """
    name = _model(plan, model)
    questions = Questions(plan)
    if plan.extractor == "llm_extract" or plan.rater is not None:
        raise UsageError("the plan has a second model read answers, which a log cannot do; plan one without it")
    wanted = {cell.cell_key: (cell, meeting) for cell, meeting in _cells(questions.crossing, plan, name)}
    matched = _matched(log, wanted)
    if not matched.answers:
        raise TableError(
            f"none of the {len(log.answers):,} answers of {log.name!r} names a cell of the plan {plan.sha256[:12]} "
            f"in a field {CELL_FIELD!r}; name the plan that the questions were exported from with --plan."
        )
    with settled(plan, directory), open_store(directory / TRIALS_FILE, plan_sha256=plan.sha256) as store:
        rows = _rows(log, plan, questions, wanted, matched)
        rows = (row for row in rows if not store.has(row.cell_key))
        while batch := list(islice(rows, _BATCH)):
            store.append(batch)
    return _as_read(log, wanted, matched)


def _model(plan: Plan, model: str | None) -> str:
    names = [one.name for one in plan.models]
    if model is None:
        if len(names) > 1:
            raise UsageError(
                f"the plan asks {len(names)} models ({', '.join(names)}); say with --model whose answers these are"
            )
        return names[0]
    if model not in names:
        raise UsageError(f"the plan asks no model {model!r}{near_miss(model, names)}; it asks {', '.join(names)}")
    return model


def _cells(crossing: Crossing, plan: Plan, name: str) -> Iterable[tuple[Cell, Meeting]]:
    return crossing.pairs([one for one in plan.models if one.name == name])


def _cell_key(answer: LoggedAnswer) -> str | None:
    return next((value for name, value in answer.fields.items() if name.rpartition(".")[2] == CELL_FIELD), None)


def _matched(log: ToolLog, wanted: dict[str, tuple[Cell, Meeting]]) -> _Matched:
    found: dict[str, LoggedAnswer] = {}
    unknown = repeated = 0
    for answer in log.answers:
        key = _cell_key(answer)
        if key is None or key not in wanted:
            unknown += 1
        elif key in found:
            repeated += 1
        else:
            found[key] = answer
    return _Matched(answers=found, unknown=unknown, repeated=repeated)


def _rows(
    log: ToolLog, plan: Plan, questions: Questions, wanted: dict[str, tuple[Cell, Meeting]], matched: _Matched
) -> Iterable[Row]:
    extract = extractor_named(plan.extractor, plan.extractor_options)
    secrets = secrets_of(known=known_secrets())
    for key, answer in matched.answers.items():
        cell, meeting = wanted[key]
        work = questions.work(cell, meeting)
        _require_asked(log, answer, work)
        outcome: Outcome
        reply = None
        if answer.reply is None:
            outcome = failed(answer.error or f"{log.name!r} holds no answer", secrets=secrets)
        else:
            kept = admitted(replace(answer.reply, note=_note(log, answer)), secrets=secrets)
            reply = None if isinstance(kept, Unfit) else kept
            outcome = (
                failed(kept.reason, secrets=secrets)
                if isinstance(kept, Unfit)
                else outcome_of(kept, item=meeting.item, cell=cell, extract=extract)
            )
        yield row_of(work, outcome, reply)


def _note(log: ToolLog, answer: LoggedAnswer) -> str:
    """What the report must mention of such an answer, with what it must mention anyway."""
    own = answer.reply.note if answer.reply is not None else None
    return f"asked by {log.tool}, and read from its log" + (f"; {own}" if own else "")


def _require_asked(log: ToolLog, answer: LoggedAnswer, work: Work) -> None:
    """Refuse an answer to other words than the plan's: it would be taken for an answer to these.

    Raises:
        TableError: The log does not hold what was asked, or it is something else.
    """
    if answer.asked is None:
        raise TableError(
            f"{log.name!r} does not hold what {answer.sample!r} was asked as a chat, so nobody can tell whether it was "
            f"the plan's question; with lm-eval, ask with --apply_chat_template."
        )
    wanted: tuple[Turn, ...] = tuple((turn.role, turn.content) for turn in work.request.messages)
    if answer.asked != wanted:
        place = next((n for n, (a, b) in enumerate(zip(answer.asked, wanted, strict=False)) if a != b), None)
        what = (
            f"{len(answer.asked)} turns instead of {len(wanted)}"
            if place is None
            else f"turn {place + 1} is {_short(answer.asked[place])} instead of {_short(wanted[place])}"
        )
        raise TableError(
            f"{log.name!r} holds an answer to another question than the plan's: in {answer.sample!r}, {what}; name the "
            f"plan that it was exported from with --plan, and ask its questions as they are."
        )


def _short(turn: Turn) -> str:
    text = f"{turn[0]}: {turn[1]}"
    return repr(text if len(text) <= 80 else f"{text[:76]} ...")


def _as_read(log: ToolLog, wanted: dict[str, tuple[Cell, Meeting]], matched: _Matched) -> AsRead:
    met = [wanted[key][0] for key in matched.answers]
    profiles = {cell.arm for cell, meeting in (wanted[key] for key in matched.answers) if meeting.arm.kind == "profile"}
    return AsRead(
        file=log.name,
        rows=len(met),
        items=len({cell.item for cell in met}),
        users=len(profiles),
        columns=(),
        repeats=RepeatsRead(most=1, cells=0),
        log=LogRead(
            tool=log.tool,
            version=log.version,
            models=tuple(dict.fromkeys(one.model for one in log.answers if one.model is not None)),
            rows=len(log.answers),
            failed=sum(one.error is not None for one in matched.answers.values()),
            notes=log.notes,
            by_plan=True,
            unknown=matched.unknown,
            repeated=matched.repeated,
        ),
    )
