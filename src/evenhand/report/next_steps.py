"""What to do next: steps that follow from the answer, each with its command."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import assert_never

from evenhand.records.estimate import Verdict
from evenhand.records.item import ItemKind
from evenhand.records.mitigation import MITIGATIONS, Mitigation
from evenhand.records.run_summary import RunSummary
from evenhand.records.tried import TriedPolicy
from evenhand.report.answer import ReportAnswer
from evenhand.report.blocks import Step
from evenhand.report.tried_words import best_repairs

__all__ = ["next_steps"]

_STEPS = 3
"""Steps that are shown."""


def next_steps(run: RunSummary, answer: ReportAnswer, tried: Iterable[TriedPolicy] = ()) -> tuple[Step, ...]:
    """Up to three steps after the answer of one model, the most useful first.

    Args:
        run: What was run.
        answer: The model's answer.
        tried: The policies that the run tried, on any model.
    """
    steps = [_own_assistant()] if run.specimen or run.simulated else []
    if run.interim:
        steps.append(_rest(run))
    steps += _after(run, answer, [one for one in tried if one.model == answer.model])
    return tuple(steps[:_STEPS])


def _after(run: RunSummary, answer: ReportAnswer, tried: Sequence[TriedPolicy]) -> list[Step]:
    verdict: Verdict | None = answer.verdict
    match verdict:
        case "difference":
            gate = _gate(run, "Let no build pass with it")
            return [*_repair(run, answer, tried), gate, _larger(run, answer, "See it finer"), *_finer(run, answer)]
        case "inconclusive":
            return [_larger(run, answer, "Ask more, until it is settled"), *_finer(run, answer), _gate(run, _KEEP)]
        case "not assessable":
            return [*_finer(run, answer), _look(run), _larger(run, answer, "Ask other questions")]
        case "equivalent":
            return [*_finer(run, answer), *_not_asked(answer), _gate(run, _KEEP), _larger(run, answer, "See it finer")]
        case None:
            return [_larger(run, answer, "Ask the question"), *_finer(run, answer), _look(run)]
        case _ as unreachable:
            assert_never(unreachable)


_KEEP = "Notice when it changes"
_FINER: tuple[ItemKind, ...] = ("intensity", "advice")
"""Kinds of items whose answers move by degrees."""


def _audit(answer: ReportAnswer, options: str) -> str:
    return f"evenhand audit {shlex.quote(answer.model)} {options}"


def _own_assistant() -> Step:
    return Step(
        "Audit your own assistant",
        "The page looks the same for a hosted model, a local server or an app with its own memory.",
        "evenhand audit openai/NAME --base-url https://HOST/v1",
    )


def _rest(run: RunSummary) -> Step:
    return Step(
        "Ask the rest",
        "What was answered is kept and is not paid for again.",
        f"evenhand run {shlex.quote(run.folder)}",
    )


def _repair(run: RunSummary, answer: ReportAnswer, tried: Sequence[TriedPolicy]) -> list[Step]:
    """What repaired it goes in front of the assistant; while nothing did, what was not tried yet may."""
    best = [one.policy for one in best_repairs(tried)]
    if best:
        return _deploy(run, best)
    untried = [policy for policy in MITIGATIONS if policy not in run.mitigations]
    if not untried:
        return []
    options = " ".join(f"--mitigation {policy}" for policy in untried[:2])
    return [
        Step(
            "Try what may repair it",
            "A policy on memory or prompt is measured in the same run, with what it costs.",
            _audit(answer, options),
        )
    ]


def _deploy(run: RunSummary, best: Sequence[Mitigation]) -> list[Step]:
    """The first of the best that a gateway carries as it was measured.

    Where none can be carried there is no step: an application has to build in what asks several times, and marks of
    facts are its own.
    """
    policy = next((each for each in run.policies if each.deployable and each.name in best), None)
    if policy is None:
        return []
    return [
        Step(
            "Put what repaired it in front of your assistant",
            f"The gateway applies {policy.name} to live requests by the same code that was measured here.",
            f"evenhand gateway --policy {shlex.quote(policy.written)} --upstream https://HOST/v1",
        )
    ]


def _gate(run: RunSummary, title: str) -> Step:
    return Step(
        title,
        "The gate ends with an exit code that a build can read, by a policy that you can edit.",
        f"evenhand gate {shlex.quote(run.folder)}",
    )


def _larger(run: RunSummary, answer: ReportAnswer, title: str) -> Step:
    if run.preset in ("quick", "custom"):
        return Step(title, "More users and items narrow every range.", _audit(answer, "--preset standard"))
    if run.preset == "full":
        return Step(
            title, "Every question in two more orders of its options.", _audit(answer, "--preset full --replicates 3")
        )
    return Step(
        title,
        "Every item behind every user, in every way of saying who the user is.",
        _audit(answer, "--preset full"),
    )


def _finer(run: RunSummary, answer: ReportAnswer) -> list[Step]:
    """Ways of asking that were not used; none for a specimen, which can answer by letters alone."""
    asked = {one.kind for one in answer.kinds}
    left = [kind for kind in _FINER if kind not in asked]
    if run.specimen or not left:
        return []
    return [
        Step(
            "Look for shifts that right and wrong cannot show",
            "Ratings of feelings and advice in writing move before answers turn wrong.",
            _audit(answer, " ".join(f"--kind {kind}" for kind in left)),
        )
    ]


def _look(run: RunSummary) -> Step:
    return Step(
        "Read what it answered",
        "The reasons of unusable answers and the raw replies are in the run.",
        f"evenhand report {shlex.quote(run.folder)}",
    )


def _not_asked(answer: ReportAnswer) -> list[Step]:
    if not answer.not_asked:
        return []
    return [
        Step(
            "Ask what was not asked",
            "Whether stored facts come up unasked, and for whom, is asked in writing.",
            _audit(answer, "--write leakage"),
        )
    ]
