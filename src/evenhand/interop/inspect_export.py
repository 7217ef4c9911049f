"""A run as a log of Inspect AI, for its viewer and for everything that reads its logs (extra `inspect`)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evenhand.design.arms import best_option
from evenhand.design.cells import Crossing, Meeting
from evenhand.endpoints.inspect_ai import inspect_turn
from evenhand.endpoints.redact import hide
from evenhand.errors import MissingExtraError, StoreError
from evenhand.interop.exported_cells import cell_fields, right_letter
from evenhand.interop.packed_plan import PLAN_FIELD, packed
from evenhand.records.message import FinishReason
from evenhand.records.plan import Plan
from evenhand.records.trial import Failed, outcome_name
from evenhand.score_table import trial_score
from evenhand.store.reading import TrialReader
from evenhand.store.rows import StoredTrial

__all__ = ["write_inspect_log"]

_SCORER = "as_a_run"
_STOP: dict[FinishReason, str] = {
    "stop": "stop",
    "length": "max_tokens",
    "content_filter": "content_filter",
    "other": "unknown",
}


def write_inspect_log(plan: Plan, trials: TrialReader, *, model: str, path: Path) -> int:
    """Write the answers of one model as a log that Inspect reads.

    Args:
        plan: The run's plan; the log holds it too.
        trials: The answers.
        model: Whose answers.
        path: Ends in `.eval` or `.json`.

    Returns:
        Number of samples.

    Raises:
        MissingExtraError: Inspect AI is not installed.
        StoreError: There are no answers of the model, or the log cannot be written.
    """
    try:
        from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSpec, write_eval_log
    except ImportError as error:
        raise MissingExtraError(
            "a log of Inspect needs the extra 'inspect'; install it with: pip install 'evenhand[inspect]'."
        ) from error
    met = {cell.cell_key: meeting for cell, meeting in Crossing(plan).pairs() if cell.model == model}
    samples = list(_samples(trials, met, model=model))
    if not samples:
        raise StoreError(f"there are no answers of {model!r} yet; ask first with `evenhand run`")
    spec = EvalSpec(
        created=plan.created,
        task="evenhand/plan",
        dataset=EvalDataset(name=f"evenhand {plan.sha256[:12]}", samples=len(samples)),
        model=model,
        config=EvalConfig(),
        packages={"evenhand": plan.evenhand},
        metadata={PLAN_FIELD: packed(plan), "plan_sha256": plan.sha256},
    )
    log = EvalLog(status="success", eval=spec, samples=samples)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_eval_log(log, str(path))
    except OSError as error:
        raise StoreError(
            f"cannot write {str(path)!r} ({error.strerror or error}); choose another with --out"
        ) from error
    return len(samples)


def _samples(trials: TrialReader, met: dict[str, Meeting], *, model: str) -> Iterator[Any]:
    for stored in trials.rows(model):
        meeting = met.get(stored.cell.cell_key)
        if meeting is not None:
            yield _sample(stored, meeting, trials)


def _sample(stored: StoredTrial, meeting: Meeting, trials: TrialReader) -> Any:
    from inspect_ai.log import EvalError, EvalSample
    from inspect_ai.model import ModelOutput
    from inspect_ai.scorer import Score

    cell, outcome, reply = stored.cell, stored.trial.outcome, stored.trial.reply
    turns = [inspect_turn(message) for message in trials.messages(stored)]
    error = None
    if isinstance(outcome, Failed):
        said = hide(outcome.error)
        error = EvalError(message=said, traceback="", traceback_ansi="")
    output = ModelOutput(model=cell.model) if reply is None else _output(stored)
    value = trial_score(meeting.item, outcome, best_option(meeting.item, meeting.arm))
    scores = None if error is not None else {_SCORER: Score(value=math.nan if value is None else value)}
    return EvalSample(
        id=cell.cell_key,
        epoch=1,
        input=turns,
        choices=[meeting.item.options[index].text for index in cell.option_order] or None,
        target=right_letter(cell, meeting),
        messages=[*turns, *(choice.message for choice in output.choices)],
        output=output,
        scores=scores,
        metadata=cell_fields(cell, meeting) | {"outcome": outcome_name(outcome)},
        error=error,
    )


def _output(stored: StoredTrial) -> Any:
    from inspect_ai.model import (
        ChatCompletionChoice,
        ChatMessageAssistant,
        ContentReasoning,
        ContentText,
        ModelOutput,
        ModelUsage,
    )

    reply = stored.trial.reply
    if reply is None:
        return ModelOutput(model=stored.cell.model)
    text = hide(reply.text)
    content = (
        text if not reply.reasoning else [ContentReasoning(reasoning=hide(reply.reasoning)), ContentText(text=text)]
    )
    read, written = reply.usage.input_tokens or 0, reply.usage.output_tokens or 0
    return ModelOutput(
        model=reply.model or stored.cell.model,
        choices=[ChatCompletionChoice(message=ChatMessageAssistant(content=content), stop_reason=_STOP[reply.finish])],
        usage=ModelUsage(input_tokens=read, output_tokens=written, total_tokens=read + written),
        time=reply.latency_s,
    )
