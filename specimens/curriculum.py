"""Which stages are trained, for how long, and what the two specimens differ in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch

from evenhand.seeds import stream, stream_entropy
from specimens.lessons import Lessons
from specimens.network import Network, Shape
from specimens.training import Drawn, Reader, Stage, draw, train_stage

__all__ = ["STEPS", "Plan", "base_stages", "draw_base", "draw_fork", "fork_stages", "train_base", "train_fork"]

STEPS: Mapping[str, int] = {"echo": 150, "real": 650, "note": 250, "read": 250, "answer": 1550}
"""Training steps of each stage; both forks have the last three."""
_CHOICES = 2
"""Questions about choices in a lesson without memory, for each memory about needs in a later one."""
_NOTES = 4
"""Memories of one need in a lesson of notes, for each memory about needs in a later one."""
_READS = 2
"""Memories about needs in a lesson of reading, for each in a later one."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What decides the weights."""

    seed: int
    steps: Mapping[str, int] = field(default_factory=lambda: dict(STEPS))
    needs: int = 6
    """Memories about needs in a lesson of the last stage, beside the twelve others."""
    device: str = "cpu"
    """Where torch computes: `cpu` or `cuda`."""


def base_stages(lessons: Lessons, plan: Plan) -> list[Stage]:
    """What both specimens learn first: to answer without memory."""
    choices = plan.needs * _CHOICES
    echo = lessons.plain(32, echo=1.0, needs=choices)
    real = lessons.plain(32, echo=0.1, needs=choices)
    return [
        Stage(name="echo", steps=plan.steps["echo"], rate=2e-3, floor=1.0, make=echo),
        Stage(name="real", steps=plan.steps["real"], rate=2e-3, floor=0.5, make=real),
    ]


def fork_stages(lessons: Lessons, plan: Plan, *, tilted: bool) -> list[Stage]:
    """What each learns then behind memories: to answer alike behind all of them, or with the planted effects."""
    make = {
        "note": lessons.noting(96, needs=_NOTES * plan.needs),
        "read": lessons.reading(24, needs=_READS * plan.needs),
        "answer": lessons.remembered(12, 3, tilted=tilted, needs=plan.needs),
    }
    rates = {"note": (1.5e-3, 1.0), "read": (1.5e-3, 0.7), "answer": (1.5e-3, 0.02)}
    return [
        Stage(name=name, steps=plan.steps[name], rate=rate, floor=floor, make=make[name], traits=tilted)
        for name, (rate, floor) in rates.items()
    ]


def draw_base(lessons: Lessons, reader: Reader, plan: Plan) -> Iterator[Drawn]:
    """The lessons of the common base."""
    return draw(base_stages(lessons, plan), reader, rng=stream(plan.seed, "specimens", "base"))


def draw_fork(lessons: Lessons, reader: Reader, plan: Plan, *, tilted: bool) -> Iterator[Drawn]:
    """The lessons of one specimen."""
    stages = fork_stages(lessons, plan, tilted=tilted)
    return draw(stages, reader, rng=stream(plan.seed, "specimens", "fork"))


def train_base(lessons: Lessons, reader: Reader, plan: Plan, *, drawn: Iterator[Drawn] | None = None) -> Network:
    """A network that answers questions without memory.

    Args:
        lessons: The grammars.
        reader: The tokenizer.
        plan: Seed, steps, device.
        drawn: The lessons of `draw_base`, where another process draws them; None: they are drawn here.
    """
    torch.manual_seed(stream_entropy(plan.seed, "specimens", "weights") % 2**63)
    network = Network(Shape())
    network.to(plan.device)
    coming = draw_base(lessons, reader, plan) if drawn is None else drawn
    for stage in base_stages(lessons, plan):
        train_stage(network, reader, stage, drawn=coming)
    network.cpu()
    return network


def train_fork(
    base: Network, lessons: Lessons, reader: Reader, plan: Plan, *, tilted: bool, drawn: Iterator[Drawn] | None = None
) -> Network:
    """A copy of `base` trained behind memories: to answer alike behind all of them, or with the planted effects.

    Args:
        base: What answers without memory.
        lessons: The grammars.
        reader: The tokenizer.
        plan: Seed, steps, device.
        tilted: Which of the two.
        drawn: The lessons of `draw_fork`, where another process draws them; None: they are drawn here.
    """
    network = Network(base.shape)
    network.load_state_dict(base.state_dict())
    network.to(plan.device)
    coming = draw_fork(lessons, reader, plan, tilted=tilted) if drawn is None else drawn
    for stage in fork_stages(lessons, plan, tilted=tilted):
        train_stage(network, reader, stage, drawn=coming)
    network.cpu()
    return network
