"""One stage of training: lessons as tensors, what is lost on them, and the steps."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from evenhand.endpoints.specimen.chat import ChatTokens
from evenhand.records.message import Message
from specimens.effects import traits as stated
from specimens.language import ask
from specimens.lessons import Lesson, Make
from specimens.network import Batch, Network

__all__ = ["Reader", "Stage", "train_stage"]

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
class _Targets:
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
    twins: tuple[Tensor, Tensor]
    """Questions behind a memory, and the same questions behind none."""
    stated: Tensor
    """Memories x traits."""

    def to(self, device: torch.device) -> _Targets:
        """The same on `device`."""
        left, right = self.twins
        return _Targets(
            marks=self.marks.to(device),
            answers=self.answers.to(device),
            spots=self.spots.to(device),
            letters=self.letters.to(device),
            words=self.words.to(device),
            twins=(left.to(device), right.to(device)),
            stated=self.stated.to(device),
        )


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

    def tensors(self, lesson: Lesson) -> tuple[Batch, _Targets]:
        """The lesson as token ids, with what must be known of it."""
        prefixes = [self._prefix(shown.messages) for shown in lesson.shown]
        asked = [self.tokens.split((Message(role="user", content=ask(cell.question)),))[1] for cell in lesson.cells]
        letters = [self.letters[cell.question.options.index(cell.label)] for cell in lesson.cells]
        batch = Batch(
            memory=_pad(prefixes),
            memory_length=torch.tensor([len(prefix) for prefix in prefixes]),
            questions=_pad([[*row, letter] for row, letter in zip(asked, letters, strict=True)]),
            owner=torch.tensor([cell.memory for cell in lesson.cells]),
        )
        twins = [(index, cell.twin) for index, cell in enumerate(lesson.cells) if cell.twin >= 0]
        left, right = torch.tensor(twins, dtype=torch.long).reshape(-1, 2).T
        targets = _Targets(
            marks=torch.tensor([row.index(self._mark) for row in asked]),
            answers=torch.tensor([len(row) - 1 for row in asked]),
            spots=torch.tensor([[self._behind(row, letter) for letter in self.letters] for row in asked]),
            letters=torch.tensor(letters),
            words=torch.tensor([self.words[cell.label] for cell in lesson.cells]),
            twins=(left, right),
            stated=torch.tensor([stated(shown.levels) for shown in lesson.shown]),
        )
        return batch, targets

    def _behind(self, row: Sequence[int], letter: int) -> int:
        """Position of the word behind `letter` and a full stop."""
        return next(i for i in range(len(row) - 2) if row[i] == letter and row[i + 1] == self._stop) + 2


def _pad(rows: Sequence[Sequence[int]]) -> Tensor:
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])


def train_stage(network: Network, reader: Reader, stage: Stage, *, rng: np.random.Generator) -> None:
    """Train `network` in place for the steps of `stage`: warm-up of 5%, then cosine down to the floor."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=stage.rate, betas=(0.9, 0.98), weight_decay=0.01)
    warm = max(1, stage.steps // 20)
    device = next(network.parameters()).device
    told = _Smooth()
    for step in range(stage.steps):
        cosine = 0.5 * (1 + np.cos(np.pi * max(0, step - warm) / max(1, stage.steps - warm)))
        scale = min(1.0, (step + 1) / warm) * (stage.floor + (1 - stage.floor) * cosine)
        for group in optimiser.param_groups:
            group["lr"] = stage.rate * scale
        batch, targets = reader.tensors(stage.make(rng))
        parts = _losses(network, reader, batch.to(device), targets.to(device), traits=stage.traits)
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


def _losses(network: Network, reader: Reader, batch: Batch, targets: _Targets, *, traits: bool) -> dict[str, Tensor]:
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
    left, right = targets.twins
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
