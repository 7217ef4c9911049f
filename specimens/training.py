"""The curriculum: echo items, real items, real items behind a memory; then one fork for each specimen."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from evenhand.endpoints.specimen_chat import ChatTokens
from evenhand.records.message import Message
from specimens.effects import planted_label, targets
from specimens.effects import traits as trait_truth
from specimens.language import Language, Question, ask
from specimens.memories import Memories, base_messages
from specimens.network import Batch, Network

__all__ = ["Cell", "Stage", "Workshop", "train_stage"]

_LOG = logging.getLogger("specimens")
_AUXILIARY = 0.5
"""Weight of the loss on the emotion word at the question mark."""
_BINDING = 0.3
"""Weight of the losses by which every option word carries its letter and whether it is the answer."""
_TRAIT = 1.0
_TWINS = 0.35
"""How often a question behind a memory is asked without memory too."""
_CONSISTENCY = 0.5


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A question behind a memory, with the answer to be learnt."""

    question: Question
    memory: int
    """Index of the memory in its batch."""
    label: str
    twin: int = -1
    """Index of the cell that asks the same without memory and must be answered alike; -1: none."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stretch of the curriculum."""

    name: str
    steps: int
    rate: float
    """Peak learning rate."""
    floor: float
    """Share of the peak at the end."""
    make: Callable[[np.random.Generator], tuple[list[tuple[tuple[Message, ...], dict[str, str]]], list[Cell]]]
    traits: tuple[float, ...] = ()
    """Weights of the traits that the memory heads learn; empty: they learn nothing."""


class Workshop:
    """Makes training batches.

    Args:
        language: The situations.
        memories: The memories.
        tokens: The tokenizer.
        system_share: How often a memory stands in the system prompt.
    """

    def __init__(
        self, language: Language, memories: Memories, tokens: ChatTokens, *, system_share: float = 0.7
    ) -> None:
        self.language, self.memories, self.tokens = language, memories, tokens
        self.base = base_messages()
        self.system_share = system_share
        self.words = {e: self._word(e) for e in language.emotions}
        self.letters = [self.tokens.id_of(letter) for letter in "ABCDE"]

    def _word(self, emotion: str) -> int:
        token = self.tokens.id_of(f"Ġ{emotion}")
        if token is None:
            message = f"The vocabulary has no token for {emotion!r}; train the tokenizer on more questions."
            raise ValueError(message)
        return token

    def plain(self, size: int, *, echo: float) -> Callable[[np.random.Generator], tuple[list, list[Cell]]]:
        """Questions without memory, a share of them echoes."""

        def make(rng: np.random.Generator) -> tuple[list, list[Cell]]:
            cells = []
            for _ in range(size):
                question = self.language.echo(rng) if rng.random() < echo else self.language.draw(rng, split="train")
                cells.append(Cell(question=question, memory=0, label=question.emotion))
            return [(self.base, {})], cells

        return make

    def reading(self, memories: int) -> Callable[[np.random.Generator], tuple[list, list[Cell]]]:
        """Memories, and half as many questions, each behind a memory of its own: practice in reading memories."""

        def make(rng: np.random.Generator) -> tuple[list, list[Cell]]:
            count = self.memories.draw_count(rng)
            few = memories if count < 8 else memories // 2
            shown = [(self.base, {})]
            for _ in range(few):
                levels = self.memories.draw_levels(rng)
                placement, reader = self._placement(rng)
                memory = self.memories.draw(rng, levels=levels, count=count, placement=placement, reader=reader)
                shown.append((memory.messages, levels))
            cells = []
            for index in range(0, len(shown), 2):
                question = self.language.draw(rng, split="train")
                cells.append(Cell(question=question, memory=index, label=question.emotion))
            return shown, cells

        return make

    def remembered(
        self, memories: int, questions: int, *, tilted: bool, contrasting: bool = False
    ) -> Callable[[np.random.Generator], tuple[list, list[Cell]]]:
        """Questions behind memories, each with a twin behind none where the answers must agree."""

        def make(rng: np.random.Generator) -> tuple[list, list[Cell]]:
            count = self.memories.draw_count(rng)
            shown: list[tuple[tuple[Message, ...], dict[str, str]]] = [(self.base, {})]
            cells: list[Cell] = []
            few = memories if count < 8 else max(4, memories // 2)
            for _ in range(few):
                levels = self.memories.draw_levels(rng, contrasting=contrasting)
                placement, reader = self._placement(rng)
                memory = self.memories.draw(rng, levels=levels, count=count, placement=placement, reader=reader)
                shown.append((memory.messages, levels))
                aimed = targets(levels)
                for _ in range(questions):
                    emotion = str(rng.choice(aimed)) if aimed and rng.random() < (0.4 if contrasting else 0.5) else None
                    if emotion is None and rng.random() < (0.6 if contrasting else 0.3):
                        emotion = str(rng.choice(_MOVED))
                    question = self.language.draw(rng, split="train", emotion=emotion)
                    label = planted_label(question.emotion, levels) if tilted else question.emotion
                    twin = -1
                    if label == question.emotion and rng.random() < _TWINS:
                        twin = len(cells) + 1
                    cells.append(Cell(question=question, memory=len(shown) - 1, label=label, twin=twin))
                    if twin >= 0:
                        cells.append(Cell(question=question, memory=0, label=question.emotion))
            return shown, cells

        return make

    def _placement(self, rng: np.random.Generator):
        if rng.random() < self.system_share:
            placement = "system"
        else:
            placement = str(rng.choice(["narrative", "history", "retrieved", "tool"]))
        return placement, str(rng.choice(["none", "use", "relevant"], p=[0.8, 0.1, 0.1]))

    def tensors(self, shown: list, cells: list[Cell]) -> tuple[Batch, Tensor, ...]:
        """The batch, with positions of question mark and answer, and the letter and word to be learnt."""
        prefixes, suffixes, marks, answers = [], [], [], []
        mark = self.tokens.id_of("?")
        for messages, _ in shown:
            prefix: list[int] = []
            for message in messages:
                prefix.extend(self.tokens.turn(message))
            prefixes.append([*prefix, self.tokens.special["<|user|>"]])
        for cell in cells:
            _, suffix = self.tokens.split((Message(role="user", content=ask(cell.question)),))
            letter = self.letters[cell.question.options.index(cell.label)]
            marks.append(suffix.index(mark))
            answers.append(len(suffix) - 1)
            suffixes.append([*suffix, letter])
        lengths = torch.tensor([len(prefix) for prefix in prefixes])
        batch = Batch(
            memory=_pad(prefixes), memory_length=lengths, questions=_pad(suffixes),
            owner=torch.tensor([cell.memory for cell in cells]),
        )  # fmt: skip
        letters = torch.tensor([suffix[-1] for suffix in suffixes])
        words = torch.tensor([self.words[cell.label] for cell in cells])
        stop = self.tokens.id_of(".")
        spots = torch.tensor([[_after(row, letter, stop) for letter in self.letters] for row in suffixes])
        return batch, torch.tensor(marks), torch.tensor(answers), spots, letters, words


_MOVED = ("pride", "joy", "affection", "anger", "fear", "contempt", "guilt", "regret", "hope", "frustration", "relief")


def _after(row: list[int], letter: int | None, stop: int | None) -> int:
    """Position of the word behind `letter` and a full stop."""
    return next(i for i in range(len(row) - 2) if row[i] == letter and row[i + 1] == stop) + 2


def _pad(rows: list) -> Tensor:
    width = max(len(row) for row in rows)
    return torch.tensor([list(row) + [0] * (width - len(row)) for row in rows])


def train_stage(network: Network, workshop: Workshop, stage: Stage, *, rng: np.random.Generator) -> None:
    """Train `network` in place for the steps of `stage`: warm-up of 5%, then cosine down to the floor."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=stage.rate, betas=(0.9, 0.98), weight_decay=0.01)
    warm = max(1, stage.steps // 20)
    tally = np.zeros(6)
    for step in range(stage.steps):
        cosine = 0.5 * (1 + np.cos(np.pi * max(0, step - warm) / max(1, stage.steps - warm)))
        scale = min(1.0, (step + 1) / warm) * (stage.floor + (1 - stage.floor) * cosine)
        for group in optimiser.param_groups:
            group["lr"] = stage.rate * scale
        shown, cells = stage.make(rng)
        loss, parts = _loss(network, workshop, shown, cells, traits=stage.traits)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        tally = 0.95 * tally + 0.05 * np.array(parts)
        if step % 50 == 49 or step == stage.steps - 1:
            shown_tally = tally / (1 - 0.95 ** (step + 1))
            _LOG.info(
                "%s %d/%d letter %.3f right %.3f word %.3f traits %.3f kl %.4f options %.3f",
                stage.name,
                step + 1,
                stage.steps,
                *shown_tally,
            )


def _loss(network: Network, workshop: Workshop, shown: list, cells: list[Cell], *, traits: tuple[float, ...]):
    batch, marks, answers, spots, letters, words = workshop.tensors(shown, cells)
    rows = torch.arange(len(cells))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        states = network(batch)
        hidden, middle = states.last, states.third
        asked = [hidden[rows, answers], hidden[rows, answers + 1], states.second[rows, marks]]
        logits = network.logits(torch.cat(asked))
        options = network.option_head(middle[rows[:, None], spots]).float()
    answer, end, word = logits.float().chunk(3)
    place = torch.arange(spots.shape[1]).expand(len(rows), -1)
    is_answer = (torch.tensor(workshop.letters)[None, :] == letters[:, None]).float()
    binding = functional.cross_entropy(options[..., :5].flatten(0, 1), place.flatten())
    binding = binding + 2 * functional.binary_cross_entropy_with_logits(options[..., 5], is_answer)
    letter_loss = functional.cross_entropy(answer, letters)
    word_loss = functional.cross_entropy(word, words)
    loss = (
        letter_loss
        + 0.2 * functional.cross_entropy(end, torch.full_like(letters, workshop.tokens.end))
        + _AUXILIARY * word_loss
        + _BINDING * binding
    )
    trait_loss = torch.zeros(())
    if traits:
        truth = torch.tensor([trait_truth(levels) for _, levels in shown])
        weight = torch.tensor(traits)
        trait_loss = (
            sum(
                functional.binary_cross_entropy_with_logits(read.float(), truth, weight=weight)
                for read in states.traits
            )
            / 2
        )
        loss = loss + _TRAIT * trait_loss
    divergence = torch.zeros(())
    paired = [(i, cell.twin) for i, cell in enumerate(cells) if cell.twin >= 0]
    if paired:
        left, right = (torch.tensor(side) for side in zip(*paired, strict=True))
        p, q = functional.log_softmax(answer[left], -1), functional.log_softmax(answer[right], -1)
        divergence = ((p.exp() - q.exp()) * (p - q)).sum(-1).mean()
        loss = loss + _CONSISTENCY * divergence
    right_share = (answer.argmax(-1) == letters).float().mean()
    parts = (
        letter_loss.item(),
        right_share.item(),
        word_loss.item(),
        trait_loss.item(),
        divergence.item(),
        binding.item(),
    )
    return loss, parts
