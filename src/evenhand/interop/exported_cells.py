"""The questions of a plan as other tools ask them: what is sent, the right letter, and what each is about."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from evenhand.design.arms import best_option
from evenhand.design.cells import Meeting
from evenhand.errors import UsageError, near_miss
from evenhand.interop.plan_answers import CELL_FIELD
from evenhand.plan.questions import Questions
from evenhand.records.cell import Cell
from evenhand.records.item import Item
from evenhand.records.message import Message
from evenhand.records.plan import Plan
from evenhand.records.profile import PRODUCT_PLACEMENTS
from evenhand.scoring.outcome import LETTERS

__all__ = ["ExportedCell", "cell_fields", "exported_cells", "model_of", "refuse_private", "right_letter"]


class ExportedCell(Struct, frozen=True, kw_only=True):
    """One question."""

    cell: Cell
    """The cell of the plan."""
    item: Item
    """What is asked."""
    messages: tuple[Message, ...]
    """What is sent."""
    best: str
    """Id of the best option for this user; empty where there is none."""
    target: str
    """The letter of the best option as shown; empty where there is none."""
    fields: dict[str, str | int | None]
    """What the question is about: its cell, item, user and levels. Names of factors are as the cohort has them."""


def exported_cells(plan: Plan, *, model: str) -> Iterator[ExportedCell]:
    """The questions that a plan has for one of its models, in the order in which a run asks them.

    Args:
        plan: The plan.
        model: Name of the model.

    Raises:
        UsageError: Memory is the assistant's own, or a policy works on answers: another tool cannot do either.
    """
    _refuse_unaskable(plan)
    questions = Questions(plan)
    for cell, meeting in questions.crossing.pairs([one for one in plan.models if one.name == model]):
        yield ExportedCell(
            cell=cell,
            item=meeting.item,
            messages=questions.work(cell, meeting).request.messages,
            best=best_option(meeting.item, meeting.arm),
            target=right_letter(cell, meeting),
            fields=cell_fields(cell, meeting),
        )


def model_of(plan: Plan, name: str | None) -> str:
    """The model of a plan that is meant; None: the only one.

    Raises:
        UsageError: There is no such model, or there are several and none is named.
    """
    names = [one.name for one in plan.models]
    if name is None and len(names) == 1:
        return names[0]
    if name is None:
        raise UsageError(f"the plan asks {len(names)} models ({', '.join(names)}); name one with --model")
    if name not in names:
        raise UsageError(f"the plan asks no model {name!r}{near_miss(name, names)}; it asks {', '.join(names)}")
    return name


def refuse_private(plan: Plan) -> None:
    """Refuse to write texts that may not be passed on into files that are made to be passed on.

    Raises:
        UsageError: A bank or a cohort may not be passed on.
    """
    closed = [bank.name for bank in plan.banks if not bank.redistribute]
    closed += [cohort.name for cohort in plan.cohorts if not cohort.redistribute]
    if closed:
        raise UsageError(f"the texts of {', '.join(closed)} may not be passed on, so they are not exported")


def right_letter(cell: Cell, meeting: Meeting) -> str:
    """The letter of the best option as the cell shows it; empty where nothing is to be chosen."""
    best = best_option(meeting.item, meeting.arm)
    places = [place for place, index in enumerate(cell.option_order) if meeting.item.options[index].id == best]
    return LETTERS[places[0]] if best and places else ""


def cell_fields(cell: Cell, meeting: Meeting) -> dict[str, str | int | None]:
    """What a question is about, as fields of another tool's sample."""
    arm = meeting.arm
    fields: dict[str, str | int | None] = {
        CELL_FIELD: cell.cell_key,
        "item": cell.item,
        "kind": meeting.item.kind,
        "bank": meeting.bank,
        "user": arm.id,
        "in_memory": arm.kind,
        "matched_set": arm.matched_set,
        "placement": cell.condition.placement,
        "answer_format": cell.condition.answer,
        "repeat_of_cell": cell.replicate,
        "letters": LETTERS[: len(cell.option_order)],
    }
    return fields | {name: level for name, level in arm.levels.items() if name not in fields}


def _refuse_unaskable(plan: Plan) -> None:
    own = [one for one in plan.design.placements if one in PRODUCT_PLACEMENTS]
    if own:
        raise UsageError(
            f"the plan asks a product with a memory of its own (placement {own[0]!r}), which no other tool can fill; "
            f"export a plan whose memory is in the prompt"
        )
    tried = [name for name in plan.design.mitigations if name != "none"]
    if tried:
        raise UsageError(
            f"the plan tries {tried[0]!r}, which works while an assistant is asked; export a plan without --mitigation"
        )
