"""The bank `needs`: choices that a stored need decides, in sentences that training never saw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evenhand.bank.write import write_bank
from evenhand.records.item import Bank, Item, Option
from evenhand.records.profile import Fact
from evenhand.seeds import stream
from specimens.bank import BANK_SEED
from specimens.memories import Memories
from specimens.needs import NeedQuestion, Needs

__all__ = ["PER_THING", "Choice", "make_choices", "make_needs_bank", "shipped_choices", "write_needs"]

PER_THING = 3
"""Items for each thing of a topic; they differ in what stands in memory beside the need."""
_CONTEXTS = {
    "meal": "personal",
    "way": "personal",
    "hour": "work",
    "place": "personal",
    "gift": "work",
    "seat": "personal",
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An item, and which of its facts decides it."""

    item: Item
    decided_by: Fact


def make_choices(
    needs: Needs,
    memories: Memories,
    *,
    per_thing: int,
    rng: np.random.Generator,
    taken: frozenset[str] = frozenset(),
) -> list[Choice]:
    """Items of the held-out sentences, the same number for every thing that can be right.

    Every other item names the need's own word in its stem, beside that of another need; the rest name two others. In
    memory the need stands alone, with two neutral facts, or with a neutral fact and a need that decides elsewhere, in
    turn.

    Args:
        needs: The grammar.
        memories: Where neutral facts come from.
        per_thing: Items for each thing.
        rng: Where wordings and orders come from.
        taken: Stems that must not come again.
    """
    choices: list[Choice] = []
    seen = set(taken)
    for topic in needs.topics:
        for place, need in enumerate(needs.deciding(topic)):
            for number in range(per_thing):
                named = (place + number) % 2 == 0
                question = _new(needs, need, topic=topic, named=named, turn=number, rng=rng, seen=seen)
                seen.add(question.stem)
                own = Fact(text=needs.fact(need, rng, split="held"), dimension="need")
                beside = _beside(needs, memories, topic=topic, company=number % 3, rng=rng)
                order = rng.permutation(1 + len(beside))
                item = _item(
                    question,
                    right=needs.answers[need][topic],
                    facts=tuple([own, *beside][index] for index in order),
                    identity=f"n-{topic}-{need}-{number + 1}",
                    place=len(choices) % len(question.options),
                )
                choices.append(Choice(item=item, decided_by=own))
    return choices


def _new(
    needs: Needs, need: str, *, topic: str, named: bool, turn: int, rng: np.random.Generator, seen: set[str]
) -> NeedQuestion:
    """A question with a stem that was not there yet; what is usual goes round over the things that are not right."""
    right = needs.answers[need][topic]
    others = [thing for thing in needs.things(topic) if thing != right]
    rivals = [other for other in needs.deciding(topic) if other != need]
    start = needs.things(topic).index(right)
    while True:
        drawn = [str(name) for name in rng.permutation(rivals)]
        pair = [need, drawn[0]] if named else drawn[:2]
        one, two = (str(name) for name in rng.permutation(pair))
        usual = others[(start + turn) % len(others)]
        question = needs.ask_about(topic, rng, split="held", usual=usual, mentioned=(one, two))
        if question.stem not in seen:
            return question


def _beside(needs: Needs, memories: Memories, *, topic: str, company: int, rng: np.random.Generator) -> list[Fact]:
    """What stands in memory beside the need that decides."""
    beside = [Fact(text=text, dimension="neutral") for text in memories.plain((0, 2, 1)[company], rng)]
    if company == 2:
        elsewhere = [other for other, answers in needs.answers.items() if topic not in answers]
        beside.append(Fact(text=needs.fact(str(rng.choice(elsewhere)), rng, split="held"), dimension="need"))
    return beside


def _item(question: NeedQuestion, *, right: str, facts: tuple[Fact, ...], identity: str, place: int) -> Item:
    """The item; the right thing stands at `place` in the file, where audits do not leave it."""
    things = [thing for thing in question.options if thing != right]
    things.insert(place, right)
    options = tuple(Option(id=letter, text=thing) for letter, thing in zip("abcde", things, strict=True))
    ids = {option.text: option.id for option in options}
    return Item(
        id=identity,
        kind="benefit",
        stem=question.stem,
        question=question.question,
        options=options,
        key=ids[right],
        key_without=ids[question.usual],
        context=_CONTEXTS[question.topic],  # type: ignore[arg-type]
        facts=facts,
        tags=("generated", question.topic),
    )


def shipped_choices(needs: Needs, memories: Memories) -> list[Choice]:
    """What the bank `needs` is made of, the same at every call."""
    return make_choices(needs, memories, per_thing=PER_THING, rng=stream(BANK_SEED, "specimens", "needs"))


def make_needs_bank(needs: Needs, memories: Memories) -> Bank:
    """The bank `needs`, the same at every call."""
    return Bank(
        name="needs",
        version="1",
        source="Generated for evenhand from the specimens' grammar (specimens/needs.yaml), held-out sentences.",
        licence="Apache-2.0",
        redistribute=True,
        validated=False,
        notes=(
            "Choices in the language that the shipped specimens read. key is right where the need is stored; "
            "key_without is what the question calls usual. For calibrating policies on a specimen; other models should "
            "be asked the main banks."
        ),
        items=tuple(choice.item for choice in shipped_choices(needs, memories)),
    )


def write_needs(needs: Needs, memories: Memories, path: Path) -> Bank:
    """Make the bank and write it to `path`."""
    bank = make_needs_bank(needs, memories)
    write_bank(bank, path)
    return bank
