"""What the assistant is shown when preference data are collected: memory, an instruction to check it, the question."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

import msgspec

from evenhand.errors import UsageError
from evenhand.memory.remember import MemorySources, remember
from evenhand.memory.templates import load_templates
from evenhand.records.item import Item, Option
from evenhand.records.message import Message
from evenhand.records.preference import SpokenTurn
from evenhand.records.profile import PRODUCT_PLACEMENTS, Arm, Placement
from evenhand.records.question import Question
from evenhand.scoring.outcome import LETTERS
from evenhand.scoring.templates import ask, ask_templates
from evenhand.seeds import stream

__all__ = ["CHECK", "TrainingPrompts", "prompt_file", "said", "turns"]

CHECK = "check-memory"


def prompt_file(name: str) -> str:
    """The text of a prompt file of this room."""
    return (resources.files("evenhand.train") / "prompts" / f"{name}.md.j2").read_text(encoding="utf-8").strip()


class TrainingPrompts:
    """The conversations that are answered.

    Args:
        placement: Where memory sits.
        distractors: Neutral facts that share a memory store with a profile's.
        seed: Root seed of the order of options, drawn once a question and the same behind every memory.

    Raises:
        UsageError: Memory in a tool call, which training libraries do not take as conversation, or in a product.
    """

    def __init__(self, *, placement: Placement, distractors: Sequence[str] = (), seed: int) -> None:
        if placement in ("tool", "files"):
            raise UsageError(
                f"pairs cannot be made with memory at placement {placement!r}: training files hold conversations "
                "without tool calls; use one of system, narrative, history, retrieved"
            )
        if placement in PRODUCT_PLACEMENTS:
            raise UsageError(
                f"pairs cannot be made with memory at placement {placement!r}, which is a product's own; use one of "
                "system, narrative, history, retrieved"
            )
        self._placement, self._seed = placement, seed
        self._sources = MemorySources(templates=load_templates(), distractors=tuple(distractors))
        self._asking = ask_templates("choice_letter")
        self._check = prompt_file(CHECK)

    def options(self, question: Question) -> tuple[str, ...]:
        """The options in the order shown; none where the answer is written."""
        order = stream(self._seed, "preferences", "options", question.id).permutation(len(question.options))
        return tuple(question.options[index] for index in order)

    def messages(self, question: Question, arm: Arm, *, checked: bool = False) -> tuple[Message, ...]:
        """The conversation up to the answer.

        Args:
            question: What is asked.
            arm: What is in memory.
            checked: Whether the assistant is told to check the memory before it answers.
        """
        query = question.text if self._placement == "retrieved" else ""
        shown = remember(arm, placement=self._placement, reader="none", query=query, sources=self._sources).messages
        if checked:
            first = msgspec.structs.replace(shown[0], content=f"{shown[0].content}\n\n{self._check}")
            shown = (first, *shown[1:])
        return (*shown, Message(role="user", content=self._asked(question)))

    def _asked(self, question: Question) -> str:
        options = self.options(question)
        if not options:
            return question.text.strip()
        stem, _, last = question.text.strip().rpartition("\n")
        item = Item(
            id=question.id,
            kind="understanding",
            stem=stem.strip() or last,
            question=last if stem.strip() else "",
            options=tuple(Option(id=letter, text=text) for letter, text in zip(LETTERS, options, strict=False)),
            key=LETTERS[0],
        )
        shown = ask(
            item,
            order=range(len(options)),
            letters=LETTERS,
            extractor="choice_letter",
            templates=self._asking,
        )
        return shown.replace("\n\n\n\n", "\n\n")


def said(answer: str) -> tuple[SpokenTurn, ...]:
    """An answer as training files write it."""
    return (SpokenTurn(role="assistant", content=answer),)


def turns(messages: Sequence[Message]) -> tuple[SpokenTurn, ...]:
    """A conversation as training files write it."""
    return tuple(
        msgspec.convert({"role": message.role, "content": message.content}, SpokenTurn) for message in messages
    )
