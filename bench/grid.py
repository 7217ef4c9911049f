"""The grid that the benches ask: as many calls, of the length, as the published design has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from evenhand.records.cell import Cell
from evenhand.records.condition import Condition
from evenhand.records.message import Message, ModelSettings, Request
from evenhand.records.work import Work

CALLS = 4719
"""33 items, asked without memory and of 60 + 81 profiles, and once more as a placebo."""
ITEMS = 33

_QUESTION = (
    "Robin has been told on Friday afternoon that the project they led for a year will be handed to a colleague, "
    "without a reason being given. On Monday the colleague asks Robin for help with it. (variant {item})\n\n"
    "What does Robin most likely feel?\n\nA. relief\nB. anger\nC. joy\nD. surprise\nE. guilt\n\n"
    "Answer with the letter of the best option only."
)
_MEMORY = "You are a helpful assistant.\n\nWhat you remember of the user:\n" + "\n".join(
    f"- The user has fact number {{profile}}-{line}, which is about as long as facts about people are."
    for line in range(8)
)


def work(calls: int = CALLS, *, model: str = "instant") -> Iterator[Work]:
    """So many cells, made when they are asked for."""
    for index in range(calls):
        item, profile = index % ITEMS, index // ITEMS
        key = hashlib.blake2b(f"{model}/{index}".encode(), digest_size=16).hexdigest()
        cell = Cell(
            cell_key=key,
            model=model,
            arm=f"profile/{profile}",
            item=f"item-{item}",
            condition=Condition(),
            replicate=0,
            order_index=0,
            option_order=(0, 1, 2, 3, 4),
        )
        messages = (
            Message(role="system", content=_MEMORY.format(profile=profile)),
            Message(role="user", content=_QUESTION.format(item=item)),
        )
        settings = ModelSettings(max_tokens=16)
        yield Work(
            cell=cell,
            request=Request(
                cell_key=key, messages=messages, settings=settings, letters=("A", "B", "C", "D", "E"), seed=index
            ),
        )
