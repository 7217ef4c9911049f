"""One stage of training: lessons as tensors, what is lost on them, and the steps."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from evenhand.endpoints.specimen.chat import ChatTokens
from evenhand.records.message import Message
from specimens.effects import traits as stated
from specimens.language import ask
from specimens.lessons import Lesson, Make
from specimens.network import Batch, Network

__all__ = ["Drawn", "Reader", "Stage", "Targets", "draw", "tensors_of", "train_stage"]

_LOG = logging.getLogger("specimens")
_END = 0.2
"""Weight of the loss on `<|end|>` behind the letter."""
_WORD = 0.5
"""Weight of the loss on the word of the right option at the question mark."""
_BINDING = 0.3
"""Weight of the losses by which every option word carries its letter and whether it is the answer."""
_CONSISTENCY = 0.5
"""Weight of the divergence between twins."""
_SMOOTHING = 0.95
_REPORT_EVERY = 50
_LETTERS = "ABCDE"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stretch of the curriculum."""

    name: str
    steps: int
    rate: float
    """Peak learning rate."""
    floor: float
    """Share of the peak at the end."""
    make: Make
    traits: bool = False
    """Whether the memory heads learn what a memory states."""


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Where in the questions something must be known, and what."""

    marks: Tensor
    """Position of the question mark, one a question."""
    answers: Tensor
    """Position before the answer."""
    spots: Tensor
    """Positions of the option words, questions x options."""
    letters: Tensor
    """Token of the right letter."""
    words: Tensor
    """Token of the right option's word."""
    twins: Tensor
    """Pairs x 2: a question behind a memory, and the same question behind none."""
    stated: Tensor
    """Memories x traits."""


Drawn = Mapping[str, NDArray[np.generic]]
"""A lesson as token ids, with what must be known of it: the fields of a `Batch` and of its `Targets`."""


def tensors_of(drawn: Drawn, device: torch.device) -> tuple[Batch, Targets]:
    """The same on `device`."""
    found = {name: torch.from_numpy(array).to(device) for name, array in drawn.items()}
    batch = Batch(**{name: found.pop(name) for name in ("memory", "memory_length", "questions", "owner")})
    return batch, Targets(**found)


class Reader:
    """Turns lessons into tensors.

    Args:
        tokens: The tokenizer.
        words: Every word that can be an option.

    Raises:
        ValueError: The vocabulary has no token for an option, a letter or a sign.
    """

    def __init__(self, tokens: ChatTokens, words: Sequence[str]) -> None:
        self.tokens = tokens
        self.words = {word: self._token(f"Ġ{word}") for word in words}
        self.letters = [self._token(letter) for letter in _LETTERS]
        self._mark, self._stop = self._token("?"), self._token(".")

    def _token(self, text: str) -> int:
        token = self.tokens.id_of(text)
        if token is None:
            message = f"The vocabulary has no token for {text!r}; train the tokenizer on more questions."
            raise ValueError(message)
        return token

    def _prefix(self, messages: Sequence[Message]) -> list[int]:
        ids = [token for message in messages for token in self.tokens.turn(message)]
        return [*ids, self.tokens.special["<|user|>"]]

    def arrays(self, lesson: Lesson) -> Drawn:
        """The lesson as token ids, with what must be known of it."""
        prefixes = [self._prefix(shown.messages) for shown in lesson.shown]
        asked = [self.tokens.split((Message(role="user", content=ask(cell.question)),))[1] for cell in lesson.cells]
        letters = [self.letters[cell.question.options.index(cell.label)] for cell in lesson.cells]
        twins = [(index, cell.twin) for index, cell in enumerate(lesson.cells) if cell.twin >= 0]
        return {
            "memory": _pad(prefixes),
            "memory_length": np.array([len(prefix) for prefix in prefixes]),
            "questions": _pad([[*row, letter] for row, letter in zip(asked, letters, strict=True)]),
            "owner": np.array([cell.memory for cell in lesson.cells]),
            "marks": np.array([row.index(self._mark) for row in asked]),
            "answers": np.array([len(row) - 1 for row in asked]),
            "spots": np.array([[self._behind(row, letter) for letter in self.letters] for row in asked]),
            "letters": np.array(letters),
            "words": np.array([self.words[cell.label] for cell in lesson.cells]),
            "twins": np.array(twins, dtype=np.int64).reshape(-1, 2),
            "stated": np.array([stated(shown.levels) for shown in lesson.shown], dtype=np.float32),
        }

    def tensors(self, lesson: Lesson) -> tuple[Batch, Targets]:
        """The same as tensors, where torch computes by itself."""
        return tensors_of(self.arrays(lesson), torch.device("cpu"))

    def _behind(self, row: Sequence[int], letter: int) -> int:
        """Position of the word behind `letter` and a full stop."""
        return next(i for i in range(len(row) - 2) if row[i] == letter and row[i + 1] == self._stop) + 2


def _pad(rows: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    padded = np.zeros((len(rows), max(len(row) for row in rows)), dtype=np.int64)
    for place, row in enumerate(rows):
        padded[place, : len(row)] = row
    return padded


def draw(stages: Sequence[Stage], reader: Reader, *, rng: np.random.Generator) -> Iterator[Drawn]:
    """The lessons of all stages, one a step."""
    for stage in stages:
        for _ in range(stage.steps):
            yield reader.arrays(stage.make(rng))


def train_stage(network: Network, reader: Reader, stage: Stage, *, drawn: Iterator[Drawn]) -> None:
    """Train `network` in place for the steps of `stage`: warm-up of 5%, then cosine down to the floor.

    Args:
        network: What is trained, where it lies.
        reader: What made the lessons.
        stage: How it is trained.
        drawn: Where the next lessons come from.
    """
    optimiser = torch.optim.AdamW(network.parameters(), lr=stage.rate, betas=(0.9, 0.98), weight_decay=0.01)
    warm = max(1, stage.steps // 20)
    device = next(network.parameters()).device
    told = _Smooth()
    for step in range(stage.steps):
        cosine = 0.5 * (1 + np.cos(np.pi * max(0, step - warm) / max(1, stage.steps - warm)))
        scale = min(1.0, (step + 1) / warm) * (stage.floor + (1 - stage.floor) * cosine)
        for group in optimiser.param_groups:
            group["lr"] = stage.rate * scale
        batch, targets = tensors_of(next(drawn), device)
        parts = _losses(network, reader, batch, targets, traits=stage.traits)
        optimiser.zero_grad(set_to_none=True)
        sum(_WEIGHTS[name] * part for name, part in parts.items() if name in _WEIGHTS).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        told.add(parts)
        if (step + 1) % _REPORT_EVERY == 0 or step == stage.steps - 1:
            _LOG.info("%s %d/%d %s", stage.name, step + 1, stage.steps, told)


class _Smooth:
    """Running means of the parts of the loss; they stay where they are computed until they are told."""

    def __init__(self) -> None:
        self._means: dict[str, Tensor] = {}

    def add(self, parts: Mapping[str, Tensor]) -> None:
        for name, part in parts.items():
            value = part.detach()
            self._means[name] = torch.lerp(value, self._means.get(name, value), _SMOOTHING)

    def __str__(self) -> str:
        return " ".join(f"{name} {value.item():.3f}" for name, value in self._means.items())


_WEIGHTS = {"letter": 1.0, "end": _END, "word": _WORD, "binding": _BINDING, "traits": 1.0, "twins": _CONSISTENCY}


def _losses(network: Network, reader: Reader, batch: Batch, targets: Targets, *, traits: bool) -> dict[str, Tensor]:
    """Every part of the loss by its name, and the share of right letters."""
    device = batch.owner.device
    rows = torch.arange(len(batch.owner), device=device)
    with torch.autocast(device.type, dtype=torch.bfloat16):
        states = network(batch)
        asked = [
            states.last[rows, targets.answers],
            states.last[rows, targets.answers + 1],
            states.word[rows, targets.marks],
        ]
        logits = network.logits(torch.cat(asked))
        options = network.option_head(states.option[rows[:, None], targets.spots]).float()
    answer, end, word = logits.float().chunk(3)
    parts = {
        "letter": functional.cross_entropy(answer, targets.letters),
        "right": (answer.argmax(-1) == targets.letters).float().mean(),
        "end": functional.cross_entropy(end, torch.full_like(targets.letters, reader.tokens.end)),
        "word": functional.cross_entropy(word, targets.words),
        "binding": _binding(options, torch.tensor(reader.letters, device=device)[None, :] == targets.letters[:, None]),
    }
    if traits:
        read = [functional.binary_cross_entropy_with_logits(r.float(), targets.stated) for r in states.traits]
        parts["traits"] = torch.stack(read).mean()
    left, right = targets.twins.T
    if len(left) > 0:
        parts["twins"] = _divergence(answer[left], answer[right])
    return parts


def _binding(options: Tensor, is_answer: Tensor) -> Tensor:
    """Every option word must know its letter (five logits) and whether it is the answer (the sixth)."""
    place = torch.arange(options.shape[1], device=options.device).expand(len(options), -1)
    letter = functional.cross_entropy(options[..., :-1].flatten(0, 1), place.flatten())
    return letter + 2 * functional.binary_cross_entropy_with_logits(options[..., -1], is_answer.float())


def _divergence(left: Tensor, right: Tensor) -> Tensor:
    """Symmetric Kullback-Leibler divergence of the answers of twins, in nats."""
    p, q = functional.log_softmax(left, -1), functional.log_softmax(right, -1)
    return ((p.exp() - q.exp()) * (p - q)).sum(-1).mean()
