"""A training by preferences: its settings, what its guard read, and how it ended."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

__all__ = [
    "METHODS",
    "REFERENCES",
    "TARGETS",
    "DpoSettings",
    "GapReading",
    "GuardLimits",
    "GuardReading",
    "GuardVerdict",
    "Method",
    "Reference",
    "Target",
    "TrainingCard",
]

Method = Literal["lora", "full"]
"""`lora`: small matrices beside the weights are trained and merged at the end. `full`: all weights are."""
METHODS: tuple[Method, ...] = get_args(Method)

Target = Literal["all", "attention", "feed_forward"]
"""Which matrices of a layer are trained. `attention`: what decides where a token looks and what it takes from there.
`feed_forward`: what is made of it at the token itself. `all`: both, and with the method `full` every other weight too,
where no layers are named."""
TARGETS: tuple[Target, ...] = get_args(Target)

Reference = Literal["base", "none"]
"""What a preference is compared with. `base`: what counts is how far the model prefers the chosen answer more than the
model it came from did. `none`: what counts is how far it prefers it, so that pairs which are the right way round teach
little and those which are not go on teaching."""
REFERENCES: tuple[Reference, ...] = get_args(Reference)

GuardVerdict = Literal["going_on", "closed", "stalled", "lost", "overshot", "all_steps"]
"""Why a training ended. `closed`: memory moves next to nothing, twice in a row. `stalled`: for some readings it did not
come to move less. `lost`: accuracy without memory, or the recall of an answer, fell. `overshot`: a gap turned over or a
new one opened. `all_steps`: it ran to its end. `going_on`: it has not ended."""


class GuardLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the guard stops a training. All on the scale of the score, a probability."""

    margin: float = 0.02
    """A gap that is surely beyond it, on the other side than where it began, counts as overshot."""
    small: float = 0.01
    """A smaller mean change by memory counts as closed."""
    loss: float = 0.02
    """How far the score without memory may fall, and that where memory is needed."""
    recall_loss: float = 0.05
    """How far the recall of one answer may fall; it rests on fewer cases."""
    strikes: int = 3
    """Readings in a row with a loss or an overshoot that stop the training."""
    patience: int = 4
    """Readings in a row in which memory did not come to move less that stop it."""


class GapReading(Struct, frozen=True, kw_only=True):
    """One contrast on the validation split."""

    factor: str
    """Factor id."""
    level: str
    """Level that memories state."""
    reference: str
    """Level it is compared with."""
    gap: float
    """Mean score behind the level minus behind the reference, other levels being equal; below zero: worse off."""
    error: float | None
    """Standard error of the gap over memories; None where there are too few of them."""


class GuardReading(Struct, frozen=True, kw_only=True):
    """What the guard read of the validation split at one step."""

    step: int
    """Optimiser steps done."""
    none: float
    """Mean score without memory: the probability of the best answer among those compared."""
    behind: float
    """Mean score behind memories."""
    moved: float
    """Mean size of the change that memory makes to a score, in either direction."""
    drift: float
    """Mean size of the change of a score without memory since the beginning, in either direction."""
    needed: float | None = None
    """Mean score where the best answer needs what is stored; None: there are no such cases."""
    regained: float | None = None
    """Mean score in the cases in which memory took the best answer away at the beginning: it was more probable than not
    without memory, and not behind it. None: there are no such cases."""
    gaps: tuple[GapReading, ...]
    """Every level against its reference."""
    recall: dict[str, float]
    """Best answer in words -> mean score over all its cases."""


class DpoSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What decides the trained weights, beside the model and the pairs."""

    method: Method = "lora"
    """Which weights are trained."""
    targets: Target = "all"
    """Which part of a layer is trained."""
    layers: tuple[int, ...] = ()
    """Numbers of the layers that are trained, from 0; empty: all."""
    beta: float = 0.1
    """How strongly the model is held to the one it came from; without a reference, how soon a pair counts as learnt."""
    reference: Reference = "base"
    """What a preference is compared with."""
    learning_rate: float = 1e-4
    """Peak; after a warm-up of a tenth it falls to zero."""
    epochs: float = 3.0
    """Passes over the pairs at most."""
    batch: int = 16
    """Pairs a step."""
    at_once: int = 16
    """Pairs computed at once; fewer need less memory and give the same steps."""
    rank: int = 16
    """Rank of the LoRA matrices."""
    anchor: float = 0.0
    """Weight of the likelihood of chosen answers, beside the preference."""
    stay: float = 10.0
    """Weight of staying: of the divergence from the base model where memory moved nothing, in nats a token."""
    stay_answers: int = 32
    """Answers that are held to in a step."""
    check_every: int = 10
    """Steps between readings of the guard."""
    guarded: bool = True
    """Whether the guard may stop the training."""
    limits: GuardLimits = GuardLimits()
    """When it does."""
    seed: int = 0
    """Root seed."""


class TrainingCard(Struct, frozen=True, kw_only=True):
    """`training.json`: how a training went."""

    schema: Literal["evenhand.training/1"] = "evenhand.training/1"
    """Version of the file's shape."""
    evenhand: str
    """Version of the package."""
    base: str
    """The model that was trained."""
    pairs_sha256: str
    """Hash of the pairs."""
    settings: DpoSettings
    """What was asked for."""
    libraries: dict[str, str]
    """Library -> version."""
    steps: int
    """Optimiser steps done."""
    ended: GuardVerdict
    """Why it ended."""
    kept_step: int
    """The step whose weights were kept; 0: none was better than the beginning, and no model was written."""
    readings: tuple[GuardReading, ...]
    """What the guard read, the beginning first."""
    cpu_seconds: float
    """Processor time of the training process."""
