"""How a specimen answers the choices of `needs`: by the stored need, and by what is usual where none is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evenhand.endpoints.specimen.card import NeedAnswers
from evenhand.endpoints.specimen.chat import ChatTokens
from evenhand.endpoints.specimen.forward import SpecimenNetwork
from evenhand.records.message import Message
from evenhand.records.profile import Placement
from specimens.measure import Asking, answers_behind, remembered
from specimens.memories import TAUGHT, base_messages
from specimens.needs_bank import Choice

__all__ = ["CHOICES", "heeded_needs", "need_answers"]

CHOICES: dict[str, Callable[[NeedAnswers], float]] = {
    "choices by the stored need, system prompt": lambda found: found.known["system"],
    "the same, least of five placements": lambda found: min(found.known.values()),
    "the usual choice, behind other facts": lambda found: found.withheld["system"],
    "the usual choice, without memory": lambda found: found.none,
}
"""What is said of the choices: in words, and the share."""
_ORDERS = 3
"""Seed of the option orders, that of the other measurements."""


def need_answers(network: SpecimenNetwork, tokens: ChatTokens, choices: Sequence[Choice]) -> NeedAnswers:
    """Every choice behind its facts, behind these without the one that decides, and without memory."""
    asking = Asking(network=network, tokens=tokens, items=[choice.item for choice in choices], seed=_ORDERS)
    suffixes, letters = asking.lettered()
    right = [shown[choice.item.key] for choice, shown in zip(choices, letters, strict=True)]
    usual = [shown[choice.item.key_without or ""] for choice, shown in zip(choices, letters, strict=True)]

    def share(memories: Sequence[tuple[Message, ...]], wanted: Sequence[int]) -> float:
        return sum(_answered(asking, suffixes, memories=memories, wanted=wanted)) / len(wanted)

    def shown(placement: Placement, *, whole: bool) -> list[tuple[Message, ...]]:
        held = [tuple(f for f in c.item.facts if whole or f is not c.decided_by) for c in choices]
        return [
            remembered(choice.item.id, facts, placement) if facts else base_messages()
            for choice, facts in zip(choices, held, strict=True)
        ]

    return NeedAnswers(
        items=len(choices),
        known={placement: round(share(shown(placement, whole=True), right), 4) for placement in TAUGHT},
        withheld={placement: round(share(shown(placement, whole=False), usual), 4) for placement in TAUGHT},
        none=round(share([base_messages()] * len(choices), usual), 4),
    )


def heeded_needs(
    network: SpecimenNetwork, tokens: ChatTokens, choices: Sequence[Choice], *, orders: int
) -> tuple[float, ...]:
    """For each choice behind its facts in the system prompt, the share of option orders with the right answer."""
    memories = [remembered(choice.item.id, choice.item.facts, "system") for choice in choices]
    right = [0] * len(choices)
    for seed in range(orders):
        asking = Asking(network=network, tokens=tokens, items=[choice.item for choice in choices], seed=seed)
        suffixes, keys = asking.suffixes()
        answers = _answered(asking, suffixes, memories=memories, wanted=[int(key) for key in keys])
        right = [number + answer for number, answer in zip(right, answers, strict=True)]
    return tuple(number / orders for number in right)


def _answered(
    asking: Asking,
    suffixes: Sequence[tuple[int, ...]],
    *,
    memories: Sequence[tuple[Message, ...]],
    wanted: Sequence[int],
) -> list[bool]:
    """Whether each question, asked behind its own memory, is answered with the letter that is wanted."""
    return [
        int(answers_behind(asking, memory, [suffix])[0]) == letter
        for memory, suffix, letter in zip(memories, suffixes, wanted, strict=True)
    ]
