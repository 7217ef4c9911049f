"""A trial as pages show it: a line of a list, or everything that is known of it."""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct

from evenhand.endpoints.redact import hide
from evenhand.errors import StoreError
from evenhand.records.condition import Condition
from evenhand.records.trial import Answered, Failed, Outcome, Rated, Refused, Truncated, Unparsed, Written, outcome_name
from evenhand.report.blocks import NamedValue
from evenhand.report.numbers import count, decimal, duration, percent
from evenhand.store.reading import TrialReader
from evenhand.store.rows import StoredTrial
from evenhand.view.decided_facts import DecidedFact, decided_facts
from evenhand.view.index_build import searched_text
from evenhand.view.known_plan import KnownPlan
from evenhand.view.search import Piece, WordSearch, excerpt

__all__ = [
    "LONGEST_TEXT",
    "ShownTurn",
    "TrialLine",
    "TrialShown",
    "condition_words",
    "how_read",
    "part_of",
    "trial_line",
    "trial_shown",
]

LONGEST_TEXT = 20_000
"""Characters of one text that a page shows; the whole of it is behind a link."""
_LINE = 170


class TrialLine(Struct, frozen=True, kw_only=True):
    """One trial in a list."""

    key: str
    item: str
    arm: str
    who: str
    model: str
    how: str
    outcome: str
    best: bool | None
    """Whether the best option was chosen; None where no option was, or none is best."""
    answer: tuple[Piece, ...]


class ShownTurn(Struct, frozen=True, kw_only=True):
    """One turn of the conversation, or the answer."""

    part: str
    """What it is called in an address."""
    role: str
    text: str
    cut: int = 0
    """Characters that are left out."""


class TrialShown(Struct, frozen=True, kw_only=True):
    """Everything about one trial."""

    line: TrialLine
    kind: str
    facts: tuple[str, ...]
    """What is in memory."""
    decided: tuple[DecidedFact, ...] = ()
    """What the model of the trial's policy decided of these; empty where the policy asks none."""
    turns: tuple[ShownTurn, ...]
    """What the model saw."""
    replies: tuple[ShownTurn, ...]
    """The answer, and the thoughts before it."""
    read_as: str
    """How the answer was read, in a sentence."""
    numbers: tuple[NamedValue, ...]
    passed_on: bool
    """Whether its texts may be passed on."""


def condition_words(condition: Condition) -> str:
    """How memory was shown and the answer was asked for, in few words."""
    parts: list[str | None] = [condition.placement, condition.answer]
    parts += [condition.cue] if condition.cue not in (None, "stated") else []
    parts += [f"reader {condition.reader}"] if condition.reader != "none" else []
    parts += [condition.mitigation] if condition.mitigation != "none" else []
    return ", ".join(part for part in parts if part)


def trial_line(stored: StoredTrial, known: KnownPlan, *, search: WordSearch | None = None) -> TrialLine:
    """A trial as a line of a list."""
    cell, outcome, reply = stored.cell, stored.trial.outcome, stored.trial.reply
    choice = outcome.choice if isinstance(outcome, Answered) else None
    best = known.best(cell.item, cell.arm)
    said = outcome.error if isinstance(outcome, Failed) else ""
    text = said if reply is None else searched_text(reply)
    pieces = excerpt(hide(text), search, most=_LINE)
    if choice is not None and search is None:
        pieces = (Piece(known.option_text(cell.item, choice), marked=False),)
    return TrialLine(
        key=cell.cell_key,
        item=cell.item,
        arm=cell.arm,
        who=known.who(cell.arm),
        model=cell.model,
        how=condition_words(cell.condition),
        outcome=outcome_name(outcome),
        best=None if choice is None or best is None else choice == best,
        answer=pieces,
    )


def trial_shown(stored: StoredTrial, known: KnownPlan, trials: TrialReader) -> TrialShown:
    """Everything about a trial."""
    cell, reply = stored.cell, stored.trial.reply
    item = known.items.get(cell.item)
    replies: list[ShownTurn] = []
    if reply is not None:
        texts = [("answer", reply.text), ("thoughts", reply.reasoning or ""), ("refusal", reply.refusal or "")]
        replies = [_turn(part, part, text) for part, text in texts if text or part == "answer"]
    return TrialShown(
        line=trial_line(stored, known),
        kind=item.kind if item is not None else "",
        facts=tuple(fact.text for fact in known.facts(cell.arm, cell.item)),
        decided=tuple(decided_facts(stored, known, trials)),
        turns=tuple(
            _turn(str(place), turn.role, text)
            for place, (turn, text) in enumerate(zip(stored.asked, _sent(stored, trials), strict=True))
        ),
        replies=tuple(replies),
        read_as=how_read(stored, known),
        numbers=tuple(_numbers(stored)),
        passed_on=not known.hidden(cell.arm, cell.item),
    )


def part_of(stored: StoredTrial, trials: TrialReader, part: str) -> str | None:
    """One text of a trial, whole: a turn by its number, `answer`, `thoughts` or `refusal`; None where there is none."""
    reply = stored.trial.reply
    match part:
        case "answer":
            return None if reply is None else hide(reply.text)
        case "thoughts":
            return None if reply is None or reply.reasoning is None else hide(reply.reasoning)
        case "refusal":
            return None if reply is None or reply.refusal is None else hide(reply.refusal)
        case _:
            if not part.isascii() or not part.isdecimal() or len(part) > 6 or int(part) >= len(stored.asked):
                return None
            return _sent(stored, trials)[int(part)]


def _sent(stored: StoredTrial, trials: TrialReader) -> list[str]:
    """The texts of the turns; of a damaged store, a sentence in place of a text that is missing."""
    texts = []
    for turn in stored.asked:
        try:
            text = trials.text(turn.sha)
        except StoreError:
            text = f"[the store lacks this text, {turn.sha}]"
        call = f"\n{turn.tool_name}({turn.tool_arguments})" if turn.tool_arguments is not None else ""
        texts.append(hide(text + call))
    return texts


def _turn(part: str, role: str, text: str) -> ShownTurn:
    return ShownTurn(part=part, role=role, text=hide(text)[:LONGEST_TEXT], cut=max(0, len(text) - LONGEST_TEXT))


def how_read(stored: StoredTrial, known: KnownPlan) -> str:
    """How the answer was read, in a sentence."""
    outcome: Outcome = stored.trial.outcome
    cell = stored.cell
    match outcome:
        case Answered(choice=choice, stated=stated):
            said = f"Read as: {known.option_text(cell.item, choice)}"
            best = known.best(cell.item, cell.arm)
            if best is not None:
                said += ", the best option" if choice == best else f"; best is: {known.option_text(cell.item, best)}"
            shares = {} if stated is None else stated
            listed = "; ".join(f"{known.option_text(cell.item, one)} {percent(share)}" for one, share in shares.items())
            return f"{said}. {f'Stated: {listed}.' if listed else ''}".strip()
        case Rated(ratings=ratings):
            listed = "; ".join(
                f"{known.option_text(cell.item, one)} {decimal(n, digits=1)}" for one, n in ratings.items()
            )
            return f"Read as ratings from 0 to 10: {listed}."
        case Written():
            return "A written answer: its words are measured, nothing is read from it as right or wrong."
        case Refused(by=by):
            return f"Refused by the {by}."
        case Truncated():
            return "Cut off before it was complete, so nothing was read from it."
        case Unparsed(reason=reason):
            return f"No option could be read: {hide(reason)}"
        case Failed(error=error, attempts=attempts):
            return f"No answer after {attempts} {'attempt' if attempts == 1 else 'attempts'}: {hide(error)}"
        case _ as unreachable:
            assert_never(unreachable)


def _numbers(stored: StoredTrial) -> list[NamedValue]:
    """What else is known of a trial."""
    cell, reply = stored.cell, stored.trial.reply
    found = [
        NamedValue("Replicate", str(cell.replicate + 1)),
        NamedValue("Option order", " ".join(str(place + 1) for place in cell.option_order) or "none"),
    ]
    if stored.retrieved is not None:
        found.append(NamedValue("Facts retrieved", ", ".join(str(place + 1) for place in stored.retrieved) or "none"))
    if reply is not None:
        usage = reply.usage
        found += [
            NamedValue("Ended by", reply.finish),
            NamedValue("Tokens read", count(usage.input_tokens)),
            NamedValue("Tokens written", count(usage.output_tokens)),
            NamedValue("Took", duration(reply.latency_s)),
            NamedValue("Attempts", str(reply.attempts)),
        ]
        found += [NamedValue("Answered by", reply.model)] if reply.model else []
        found += [NamedValue("Read by a second model as", reply.extracted)] if reply.extracted else []
        found += [NamedValue("Note", reply.note)] if reply.note else []
        if reply.top:
            likely = sorted(reply.top, key=lambda one: -one.logprob)[:5]
            found.append(
                NamedValue("Likeliest first tokens", ", ".join(f"{one.token!r} {one.logprob:.2f}" for one in likely))
            )
    found.append(NamedValue("Cell key", cell.cell_key))
    return found
