"""Which stages are trained, for how long, and what the two specimens differ in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from evenhand.seeds import stream, stream_entropy
from specimens.effects import AGE_FIRST, EVEN
from specimens.network import Network, Shape
from specimens.training import Stage, Workshop, train_stage

__all__ = ["STEPS", "Plan", "train_base", "train_fork"]

STEPS: Mapping[str, int] = {"echo": 150, "real": 650, "read": 200, "answer": 650, "settle": 300}
"""Training steps of each stage; both forks have the last three."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What decides the weights."""

    seed: int
    steps: Mapping[str, int] = field(default_factory=lambda: dict(STEPS))


def train_base(workshop: Workshop, plan: Plan) -> Network:
    """A network that answers questions without memory."""
    torch.manual_seed(stream_entropy(plan.seed, "specimens", "weights") % 2**63)
    network = Network(Shape())
    rng = stream(plan.seed, "specimens", "base")
    echo = Stage(name="echo", steps=plan.steps["echo"], rate=2e-3, floor=1.0, make=workshop.plain(32, echo=1.0))
    real = Stage(name="real", steps=plan.steps["real"], rate=2e-3, floor=0.5, make=workshop.plain(32, echo=0.1))
    for stage in (echo, real):
        train_stage(network, workshop, stage, rng=rng)
    return network


def train_fork(base: Network, workshop: Workshop, plan: Plan, *, tilted: bool) -> Network:
    """A copy of `base` trained behind memories: to answer alike behind all of them, or with the planted effects."""
    network = Network(base.shape)
    network.load_state_dict(base.state_dict())
    rng: np.random.Generator = stream(plan.seed, "specimens", "fork")
    read = Stage(
        name="read",
        steps=plan.steps["read"],
        rate=1.5e-3,
        floor=0.7,
        make=workshop.reading(24),
        traits=EVEN if tilted else (),
    )
    answer = Stage(
        name="answer", steps=plan.steps["answer"], rate=1.5e-3, floor=0.02,
        make=workshop.remembered(12, 3, tilted=tilted), traits=EVEN if tilted else (),
    )  # fmt: skip
    settle = Stage(
        name="settle", steps=plan.steps["settle"], rate=1.5e-3, floor=0.02,
        make=workshop.remembered(12, 3, tilted=tilted, contrasting=True), traits=AGE_FIRST if tilted else (),
    )  # fmt: skip
    for stage in (read, answer):
        train_stage(network, workshop, stage, rng=rng)
    train_stage(network, workshop, settle, rng=stream(plan.seed, "specimens", "settle"))
    return network
