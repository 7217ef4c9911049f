"""From an examination to checks: what was found, what it means, what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from evenhand.records.checkup import DoctorCheck, Examination, PresetCost

__all__ = ["checks_of"]

_LONG_S = 2 * 3600.0
"""A quick audit that takes longer than this is worth a word."""


def checks_of(seen: Examination) -> tuple[DoctorCheck, ...]:
    """The checks, in the order in which they matter; those that a failed one makes impossible are left out."""
    if seen.standstill == "model":
        return (_model(seen),)
    if seen.standstill == "reachable":
        return (_model(seen), _reachable(seen))
    if seen.standstill == "system role":
        return (_model(seen), _declined(seen))
    rest: tuple[Callable[[Examination], DoctorCheck], ...] = (_answers, _logprobs, _memory, _repeats, _speed, _cost)
    return (_model(seen), _reachable(seen), *(check(seen) for check in rest))


def _model(seen: Examination) -> DoctorCheck:
    means = "The name says which endpoint is asked; its key and what it needs to be installed are looked up here."
    if seen.standstill == "model":
        return DoctorCheck(
            name="model", result="failed", found=seen.said or "", means=means, do="what the sentence says"
        )
    found = f"{seen.model} is asked through the endpoint {seen.kind!r}, and what that needs is there."
    return DoctorCheck(name="model", result="fine", found=found, means=means, do=None)


def _reachable(seen: Examination) -> DoctorCheck:
    means = "A question of an audit got an answer. Nothing can be audited before this works."
    if seen.standstill == "reachable":
        return DoctorCheck(
            name="reachable",
            result="failed",
            found=f"The first call got no answer: {seen.said}",
            means="Nothing can be audited before a question gets an answer.",
            do="make sure that the server runs and that --base-url, the model's name and the key are right",
        )
    served = "" if seen.served is None else f" The server calls the model {seen.served!r}."
    return DoctorCheck(
        name="reachable",
        result="fine",
        found=f"{seen.answered} of {seen.asked} calls were answered.{served}",
        means=means,
        do=None,
    )


def _declined(seen: Examination) -> DoctorCheck:
    return DoctorCheck(
        name="system role",
        result="failed",
        found=f"A question with a system message was declined, and answered without one: {seen.said}",
        means="Every question of an audit has a system message: it is where an assistant is told what it is.",
        do="serve the model with a chat template that takes the system role, or wrap it in a function (python:)",
    )


def _answers(seen: Examination) -> DoctorCheck:
    found = f"An option could be read from {seen.readable} of {seen.asked} answers."
    means = "What cannot be read is missing from the audit, and many missing answers make it say nothing."
    do = None
    if seen.truncated:
        found += f" {seen.truncated} ran into the limit of tokens."
        do = "raise --max-tokens; models that think need 16384 or so"
    elif seen.errors:
        found += f" Instead of an answer came: {'; '.join(seen.errors)}"
        do = "look at the server's log; lower --concurrency if it is overloaded"
    elif seen.readable < seen.asked:
        do = "look at the answers of a small run (--items 5), or have a model read them: --extractor llm_extract"
    if seen.thoughts and do is None:
        found += f" {seen.thoughts} came with thoughts, which are kept apart and cost tokens."
    result = "fine" if seen.readable == seen.asked else "note" if 2 * seen.readable > seen.asked else "failed"
    return DoctorCheck(name="answers", result=result, found=found, means=means, do=do)  # type: ignore[arg-type]


def _logprobs(seen: Examination) -> DoctorCheck:
    means = (
        "With log-probabilities a score is the share of probability on the best option instead of right or wrong: the "
        "same calls find smaller gaps. Without them the audit works on the answers alone."
    )
    found = f"{seen.logprobs} of {seen.answered} answers came with log-probabilities."
    if seen.logprobs == seen.answered:
        return DoctorCheck(name="log-probabilities", result="fine", found=found, means=means, do=None)
    do = "nothing, or more --pairs; vLLM, llama.cpp and local weights (hf/) give them"
    if seen.notes:
        found += f" {'; '.join(seen.notes)}"
    return DoctorCheck(name="log-probabilities", result="note", found=found, means=means, do=do)


def _memory(seen: Examination) -> DoctorCheck:
    means = "Stored facts reach the assistant in a system message unless --placement says otherwise."
    match seen.memory:
        case "read":
            result, found, do = "fine", "A profile in the system message was read.", None
        case "accepted":
            result, do = "note", "compare by hand what the assistant answers with and without a system message"
            found = "A profile in the system message was accepted; nothing the server says shows whether it was read."
        case "dropped":
            result, do = (
                "failed",
                "have the server pass system messages on; they hold memory unless --placement says otherwise",
            )
            found = "The server counted no more tokens with a profile in the system message than without: it drops it."
        case "refused":
            result, do = "failed", "put memory elsewhere, as in --placement history"
            found = f"A question with a system message was declined: {'; '.join(seen.errors)}"
        case "not checked":
            result, do = "not checked", None
            found = "This endpoint reads no messages, or the question with memory got no answer."
        case _ as unreachable:
            assert_never(unreachable)
    return DoctorCheck(name="system role", result=result, found=found, means=means, do=do)  # type: ignore[arg-type]


def _repeats(seen: Examination) -> DoctorCheck:
    means = (
        "A model that answers the same question differently has noise of its own; the audit measures it by repeating "
        "the questions without memory, and reads every changed answer against it."
    )
    if seen.repeats < 2:
        found = "The question that was to be repeated got too few answers."
        return DoctorCheck(name="repeats", result="not checked", found=found, means=means, do=None)
    if seen.different == 1:
        found = f"One question, asked {seen.repeats} times at temperature 0, got the same answer each time."
        return DoctorCheck(name="repeats", result="fine", found=found, means=means, do=None)
    found = f"One question, asked {seen.repeats} times at temperature 0, got {seen.different} different answers."
    return DoctorCheck(
        name="repeats", result="note", found=found, means=means, do="keep --none-repeats at 2 or more, as presets do"
    )


def _speed(seen: Examination) -> DoctorCheck:
    means = "How long an audit takes, if its calls are like these."
    if seen.latency_s is None or seen.per_second is None:
        return DoctorCheck(name="speed", result="not checked", found="The calls took no time.", means=means, do=None)
    spans = ", ".join(f"{one.preset} ({one.calls:,} calls) {_span(one.seconds)}" for one in seen.presets)
    pace = (
        f"at once they came at {seen.per_second:.1f} per second, and a run gathers more at a time. At most"
        if seen.local
        else f"with {seen.concurrency} in flight about {seen.per_second:.1f} per second. That makes"
    )
    found = f"A call takes {seen.latency_s:.2f} s (the slowest {seen.slowest_s:.2f} s); {pace} {spans}."
    long = any(one.preset == "quick" and (one.seconds or 0) > _LONG_S for one in seen.presets)
    do = "fewer questions (--items), more in flight (--concurrency), or a night (a run goes on where it stopped)"
    return DoctorCheck(
        name="speed", result="note" if long else "fine", found=found, means=means, do=do if long else None
    )


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _cost(seen: Examination) -> DoctorCheck:
    means = (
        "What an audit costs, if its calls are like these; `evenhand plan` counts a whole design before it is asked."
    )
    how = "reported by the server" if seen.counted else "counted from the characters"
    found = f"{seen.answered} calls read {seen.input_tokens:,} tokens and wrote {seen.output_tokens:,} ({how})"
    if not seen.paid:
        return DoctorCheck(
            name="cost of ten calls",
            result="fine",
            found=f"{found}; this endpoint is not billed by the call.",
            means=means,
            do=None,
        )
    if seen.cost_usd is None:
        do = "multiply by your provider's price, and set a budget in calls: --max-calls"
        return DoctorCheck(
            name="cost of ten calls", result="note", found=f"{found}; their price is not known.", means=means, do=do
        )
    wholes = ", ".join(f"{one.preset} {_dollars(one)}" for one in seen.presets)
    found = f"{found}: ${seen.cost_usd:.4f}; {wholes}."
    return DoctorCheck(
        name="cost of ten calls", result="fine", found=found, means=means, do="set a budget with --max-cost"
    )


def _dollars(one: PresetCost) -> str:
    return "unknown" if one.cost_usd is None else f"${one.cost_usd:,.2f} for {one.calls:,} calls"
