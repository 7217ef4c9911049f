"""Ask a model ten questions of an audit, and note what comes back.

One question without memory is asked three times, three others once; then the first and three more with a profile in
the system message. All are letters at temperature 0, exactly as an audit asks them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from evenhand.design.cells import Crossing
from evenhand.endpoints.base import AskError, Endpoint
from evenhand.endpoints.billed import billed_tokens
from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.kind import EndpointKind
from evenhand.endpoints.kinds import check_model, kind_of, open_endpoint
from evenhand.endpoints.redact import cut
from evenhand.errors import EndpointError, EvenhandError, LocalError
from evenhand.plan.cost import estimate, prices_of
from evenhand.plan.make import PlanRequest, make_plan, usual_design
from evenhand.plan.questions import Questions
from evenhand.records.checkup import Examination, MemorySeen, PresetCost, Standstill
from evenhand.records.item import Item
from evenhand.records.message import Reply
from evenhand.records.plan import ModelSpec, Plan, Preset
from evenhand.records.trial import Answered, Truncated
from evenhand.records.work import Work
from evenhand.scoring.extractors.choose import extractor_named
from evenhand.scoring.outcome import outcome_of
from evenhand.store.recorded import open_recorded

__all__ = ["PATIENCE_S", "examine"]

PATIENCE_S = 60.0
"""Seconds for which the first answer, and then all the others together, are waited for."""
_REPEATS = 3
_OTHERS = 3
_PRESETS: tuple[Preset, ...] = ("quick", "standard")


class _Tried(Struct, frozen=True, kw_only=True):
    """One call and what came of it."""

    work: Work
    reply: Reply | None = None
    error: str = ""
    declined: bool = False
    """Whether the server understood the request and would not answer it."""


class _Ten(Struct, frozen=True, kw_only=True):
    """All calls."""

    again: tuple[_Tried, ...]
    """The same question, again and again."""
    others: tuple[_Tried, ...]
    remembered: tuple[_Tried, ...]
    """With a profile in the system message; the first is the question that was repeated."""
    side_by_side_s: float
    """How long the others and the remembered took, asked at once."""
    concurrency: int

    def all(self) -> tuple[_Tried, ...]:
        return (*self.again, *self.others, *self.remembered)


def examine(spec: ModelSpec, *, connection: Connection = Connection(), patience_s: float = PATIENCE_S) -> Examination:
    """Ask a model ten questions.

    Args:
        spec: The model.
        connection: Where its key is.
        patience_s: Seconds for which the first answer, and then all the others together, are waited for.

    Raises:
        LocalError: This machine ran out of something.
        EvenhandError: No plan can be made for the model.
    """
    kind = kind_of(spec)
    none = Examination(model=spec.name, kind=kind.prefix, paid=kind.paid(spec))
    spec = replace(spec, settings=replace(spec.settings, temperature=0.0))
    patient = replace(connection, patience_s=min(connection.patience_s, patience_s))
    try:
        check_model(spec, connection=connection)
        plan = _plan(spec)
        questions = Questions(plan)
        endpoint = open_endpoint(spec, context=_context(plan, questions, kind, patient))
    except EndpointError as error:
        return replace(none, standstill="model", said=_words(error))
    ten = asyncio.run(_ask(endpoint, _work(questions), patience_s=patience_s))
    if not isinstance(ten, _Ten):
        return replace(none, standstill=ten[0], said=ten[1], asked=1)
    return _read(none, ten, plan=plan, spec=spec, kind=kind)


def _plan(spec: ModelSpec) -> Plan:
    """A plan of a few letters, asked without memory and with one matched pair in the system message."""
    design = replace(
        usual_design("quick", [spec], extractor="choice_letter"),
        kinds=("understanding",),
        answers=("letter",),
        items_per_kind=_OTHERS + 3,
        pairs_per_item=1,
        profiles_per_item=0,
        placebo_per_item=0,
        none_repeats=1,
        replicates=1,
        placements=("system",),
        cues=("stated",),
    )
    return make_plan(PlanRequest(models=(spec,), preset="quick", design=design))


def _context(plan: Plan, questions: Questions, kind: EndpointKind, connection: Connection) -> EndpointContext:
    levels = frozenset(level.id for cohort in plan.cohorts for factor in cohort.factors for level in factor.levels)
    cells = questions.lookup() if kind.needs_cells else None
    return EndpointContext(cells=cells, levels=levels, recorded=open_recorded, connection=connection)


def _work(questions: Questions) -> tuple[list[Work], list[Work]]:
    """Questions without memory, and with a profile, in the same order of items."""
    bare: dict[str, Work] = {}
    remembered: dict[str, Work] = {}
    for cell, meeting in questions.crossing.pairs():
        found = {"none": bare, "profile": remembered}.get(meeting.arm.kind)
        if found is not None:
            found.setdefault(cell.item, questions.work(cell, meeting))
    items = [item for item in bare if item in remembered][: _OTHERS + 1]
    return [bare[item] for item in items], [remembered[item] for item in items]


async def _ask(
    endpoint: Endpoint, work: tuple[list[Work], list[Work]], *, patience_s: float
) -> _Ten | tuple[Standstill, str]:
    """Make the calls; where the first gets no answer, what kept it from one, in the server's words."""
    (first, *others), remembered = work
    try:
        begun = await _patiently([first], endpoint, patience_s)
        if begun[0].reply is None:
            return await _why(begun[0], endpoint, patience_s), begun[0].error
        again = await _patiently([first] * (_REPEATS - 1), endpoint, patience_s)
        clock = time.perf_counter()
        rest = await _patiently([*others, *remembered], endpoint, patience_s)
        spent = time.perf_counter() - clock
        return _Ten(
            again=(*begun, *again),
            others=tuple(rest[: len(others)]),
            remembered=tuple(rest[len(others) :]),
            side_by_side_s=spent,
            concurrency=endpoint.concurrency,
        )
    finally:
        await endpoint.aclose()


async def _why(first: _Tried, endpoint: Endpoint, patience_s: float) -> Standstill:
    """What a first call without an answer shows: a declined one is asked again without its system message."""
    request = first.work.request
    turns = tuple(turn for turn in request.messages if turn.role != "system")
    if not first.declined or turns == request.messages:
        return "reachable"
    bare = replace(first.work, request=replace(request, messages=turns))
    (asked,) = await _patiently([bare], endpoint, patience_s)
    return "reachable" if asked.reply is None else "system role"


async def _patiently(work: Sequence[Work], endpoint: Endpoint, patience_s: float) -> list[_Tried]:
    """Ask at once, and wait for as long as there is patience."""
    calls = [asyncio.create_task(_one(one, endpoint)) for one in work]
    await asyncio.wait(calls, timeout=patience_s)
    late = f"no answer within {patience_s:g} s"
    asked = [
        call.result() if call.done() else _Tried(work=one, error=late) for one, call in zip(work, calls, strict=True)
    ]
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    return asked


async def _one(work: Work, endpoint: Endpoint) -> _Tried:
    """One call; whatever goes wrong with it is what came of it.

    Raises:
        LocalError: This machine ran out of something.
    """
    try:
        return _Tried(work=work, reply=await endpoint.reply(work.request))
    except LocalError:
        raise
    except AskError as error:
        return _Tried(work=work, error=_words(error), declined=error.kind == "request")
    except EvenhandError as error:
        return _Tried(work=work, error=_words(error))
    except Exception as error:  # the border of a call, as in a run: an endpoint of somebody else may raise anything
        return _Tried(work=work, error=_words(f"{type(error).__name__}: {error}"))


def _words(error: object) -> str:
    return cut(str(error), most=1000)


def _read(none: Examination, ten: _Ten, *, plan: Plan, spec: ModelSpec, kind: EndpointKind) -> Examination:
    """What the calls show."""
    answered = [(one, one.reply) for one in ten.all() if one.reply is not None]
    replies = [reply for _, reply in answered]
    items = {item.id: item for bank in plan.banks for item in bank.items}
    outcomes = [_outcome(one, reply, items) for one, reply in answered]
    tokens = [_tokens(one.work, reply) for one, reply in answered]
    read, written = sum(one[0] for one in tokens), sum(one[1] for one in tokens)
    latencies = sorted(reply.latency_s for reply in replies)
    middle = median(latencies)
    abreast = sum(one.reply is not None for one in (*ten.others, *ten.remembered))
    speed = abreast / ten.side_by_side_s if kind.local else ten.concurrency / middle if middle > 0 else None
    price = prices_of([spec]).get(spec.name)
    cost = None if price is None else estimate(price, input_tokens=read, output_tokens=written)
    return replace(
        none,
        asked=len(ten.all()),
        answered=len(answered),
        errors=tuple(dict.fromkeys(one.error for one in ten.all() if one.reply is None)),
        readable=sum(isinstance(outcome, Answered) for outcome in outcomes),
        truncated=sum(isinstance(outcome, Truncated) for outcome in outcomes),
        thoughts=sum(bool(reply.reasoning) for reply in replies),
        logprobs=sum(reply.top is not None for reply in replies),
        notes=tuple(dict.fromkeys(cut(reply.note) for reply in replies if reply.note)),
        served=next((cut(reply.model, most=100) for reply in replies if reply.model), None),
        memory=_memory(ten, kind),
        repeats=sum(one.reply is not None for one in ten.again),
        different=len({one.reply.text for one in ten.again if one.reply is not None}),
        latency_s=middle,
        slowest_s=latencies[-1],
        concurrency=ten.concurrency,
        local=kind.local,
        per_second=speed or None,
        input_tokens=read,
        output_tokens=written,
        counted=all(reply.usage.input_tokens for reply in replies),
        cost_usd=cost,
        presets=tuple(
            _preset(name, spec, speed=speed, each=None if cost is None else cost / len(answered)) for name in _PRESETS
        ),
    )


def _outcome(one: _Tried, reply: Reply, items: dict[str, Item]) -> object:
    cell = one.work.cell
    return outcome_of(reply, item=items[cell.item], cell=cell, extract=extractor_named("choice_letter", {}))


def _tokens(work: Work, reply: Reply) -> tuple[int, int]:
    sent = sum(len(message.content) for message in work.request.messages)
    written = len(reply.text) + len(reply.reasoning or "")
    return billed_tokens(reply.usage, input_characters=sent, output_characters=written)


def _memory(ten: _Ten, kind: EndpointKind) -> MemorySeen:
    """What became of a profile in the system message, beside the same question without it."""
    if kind.simulated or kind.replays:
        return "not checked"
    bare, held = ten.again[0].reply, ten.remembered[0].reply
    if held is None:
        return "refused" if all(one.declined for one in ten.remembered) else "not checked"
    assert bare is not None  # the examination ends where the first call has no answer
    before, after = bare.usage.input_tokens, held.usage.input_tokens
    if before and after:
        return "read" if after > before else "dropped"
    changed = bare.text != held.text or (bare.top is not None and bare.top != held.top)
    return "read" if changed and len({one.reply.text for one in ten.again if one.reply}) == 1 else "accepted"


def _preset(preset: Preset, spec: ModelSpec, *, speed: float | None, each: float | None) -> PresetCost:
    """What a preset would take if all its calls were like these."""
    calls = Crossing(make_plan(PlanRequest(models=(spec,), preset=preset))).size()
    return PresetCost(
        preset=preset,
        calls=calls,
        seconds=calls / speed if speed else None,
        cost_usd=None if each is None else each * calls,
    )
