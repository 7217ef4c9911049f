"""The training of the specimens, in little: the same seed gives the same bytes, and the runtime computes the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed; `make test-extras` installs it")

from evenhand.endpoints.specimen.chat import ChatTokens  # noqa: E402
from evenhand.endpoints.specimen.forward import Group  # noqa: E402
from evenhand.endpoints.specimen.store import load_network  # noqa: E402
from specimens.build import NAMES, build  # noqa: E402
from specimens.curriculum import STEPS, Plan, train_base, train_fork  # noqa: E402
from specimens.effects import TRAITS  # noqa: E402
from specimens.export import export, hashes, tensors  # noqa: E402
from specimens.lessons import Lessons  # noqa: E402
from specimens.materials import materials, needs  # noqa: E402
from specimens.network import Network, Shape  # noqa: E402
from specimens.training import Reader, Stage, draw, train_stage  # noqa: E402

pytestmark = pytest.mark.extras
SHIPPED = Path("src/evenhand/endpoints/specimens")


@pytest.fixture(scope="module")
def workshop() -> tuple[Lessons, Reader]:
    torch.set_num_threads(1)
    language, memories = materials()
    choices = needs()
    words = (*language.emotions, *choices.words)
    return Lessons(language, memories, choices), Reader(ChatTokens(SHIPPED / "tokenizer.json"), words)


def test_the_same_seed_trains_the_same_weights(workshop: tuple[Lessons, Reader]) -> None:
    plan = Plan(seed=3, steps=dict.fromkeys(STEPS, 2))

    def trained(seed: int) -> dict[str, bytes]:
        chosen = Plan(seed=seed, steps=plan.steps)
        fork = train_fork(train_base(*workshop, chosen), *workshop, chosen, tilted=True)
        return {name: value.tobytes() for name, value in tensors(fork).items()}

    first = trained(3)
    assert trained(3) == first
    assert trained(4) != first


def test_echo_items_bind_letters_to_words(workshop: tuple[Lessons, Reader]) -> None:
    lessons, reader = workshop
    torch.manual_seed(1)
    network = Network(Shape())
    rng = np.random.default_rng(1)
    stage = Stage(name="echo", steps=220, rate=2e-3, floor=1.0, make=lessons.plain(32, echo=1.0))
    train_stage(network, reader, stage, drawn=draw([stage], reader, rng=rng))
    batch, targets = reader.tensors(lessons.plain(64, echo=1.0)(rng))
    rows = torch.arange(64)
    with torch.no_grad():
        answers = network.logits(network(batch).last[rows, targets.answers]).argmax(-1)
    assert (answers == targets.letters).float().mean() > 0.8


def test_the_runtime_computes_what_torch_computes(workshop: tuple[Lessons, Reader], tmp_path: Path) -> None:
    lessons, reader = workshop
    torch.manual_seed(2)
    network = Network(Shape())
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(parameter.half().float())
    export(network, tmp_path / "young")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((SHIPPED / name).read_bytes())
    (tmp_path / "sha256.json").write_text(json.dumps(hashes(tmp_path)), encoding="utf-8")
    ours = load_network("young", tmp_path)
    lesson = lessons.remembered(4, 2, tilted=True, needs=2)(np.random.default_rng(2))
    batch, targets = reader.tensors(lesson)
    with torch.no_grad():
        theirs = network.logits(network(batch).last[torch.arange(len(lesson.cells)), targets.answers]).numpy()
    for row in range(len(lesson.cells)):
        memory = int(batch.owner[row])
        prefix = tuple(batch.memory[memory, : int(batch.memory_length[memory])].tolist())
        suffix = tuple(batch.questions[row, : int(targets.answers[row]) + 1].tolist())
        logits, _ = ours.begin([Group(prefix=ours.prefix(prefix), suffixes=(suffix,))], room=0)
        np.testing.assert_allclose(logits[0], theirs[row], atol=2e-4)


def test_traits_are_learnt_by_the_tilted_fork_only(workshop: tuple[Lessons, Reader]) -> None:
    plan = Plan(seed=5, steps={**dict.fromkeys(STEPS, 0), "note": 3})
    base = train_base(*workshop, plan)
    for tilted in (False, True):
        fork = train_fork(base, *workshop, plan, tilted=tilted)
        moved = not torch.equal(fork.trait_head.bias, base.trait_head.bias)
        assert moved == tilted
    assert base.trait_head.out_features == len(TRAITS) + 1


@pytest.mark.slow
def test_a_build_writes_whole_specimens(tmp_path: Path) -> None:
    build(tmp_path, plan=Plan(seed=6, steps=dict.fromkeys(STEPS, 2)))
    for name in NAMES:
        assert load_network(name, tmp_path) is not None
