"""Preference data of the shipped specimen, a real training on them, and the guard seen to act."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

pytest.importorskip("trl", reason="trl is not installed; `make test-extras` installs the extra train")

from evenhand.bank.load import load_bank
from evenhand.bank.write import write_cohort
from evenhand.endpoints.kinds import open_endpoint
from evenhand.endpoints.specimen.store import load_network
from evenhand.errors import InputError
from evenhand.records.message import Message, ModelSettings, Request
from evenhand.records.model_spec import ModelSpec
from evenhand.records.preference import ValidationCase
from evenhand.records.training import DpoSettings, GuardLimits, TrainingCard
from evenhand.seeds import stream
from evenhand.train.build import PreferencesRequest, build_preferences
from evenhand.train.dpo import train_dpo
from evenhand.train.pair_files import read_lines
from specimens.materials import materials
from specimens.practice import practice_profiles, practice_questions
from specimens.trained import measured, trained_network

pytestmark = [pytest.mark.extras, pytest.mark.timeout(1200), pytest.mark.filterwarnings("default")]

WIDE = GuardLimits(loss=0.05, recall_loss=0.2)
"""Half of what is validated is new to the specimen or strange, and a training that closes the gaps moves it."""
SETTINGS = DpoSettings(
    method="full", learning_rate=1e-3, epochs=1, batch=8, at_once=8, check_every=10, stay=10.0, limits=WIDE, seed=1
)
RECIPE = msgspec.structs.replace(SETTINGS, epochs=1.4)
"""The command line in docs/training.md."""
LETTER = ModelSettings(temperature=0.0, max_tokens=4)


def practised(folder: Path, *, per_emotion: int, seed: int) -> Path:
    """Questions and profiles in a folder."""
    language, memories = materials()
    questions = practice_questions(language, per_emotion=per_emotion, rng=stream(seed, "practice", "questions"))
    (folder / "questions.json").write_bytes(msgspec.json.encode(questions))
    cohort = practice_profiles(memories, positions=80, crossed=120, neutral=24, seed=seed)
    write_cohort(cohort, folder / "profiles.yaml")
    return folder


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return practised(tmp_path_factory.mktemp("practice"), per_emotion=12, seed=1)


def built(practice: Path, out: Path, *, controls: float, pairs: int = 160, behind: int = 4) -> Path:
    request = PreferencesRequest(
        model=ModelSpec(name="specimen/tilted", settings=LETTER),
        questions=str(practice / "questions.json"),
        cohorts=(str(practice / "profiles.yaml"),),
        pairs=pairs,
        controls=controls,
        draws=1,
        held_questions=0.2,
        held_behind=behind,
        seed=1,
    )
    build_preferences(request, out)
    return out


@pytest.fixture(scope="module")
def pairs(practice: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(practice, tmp_path_factory.mktemp("pairs"), controls=0.5)


@pytest.fixture(scope="module")
def trained(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainingCard]:
    out = tmp_path_factory.mktemp("trained")
    return out, train_dpo("specimen/tilted", pairs, out, settings=msgspec.structs.replace(SETTINGS, guarded=False))


def test_training_makes_memory_move_less(trained: tuple[Path, TrainingCard]) -> None:
    card = trained[1]
    first, last = card.readings[0], card.readings[-1]
    assert card.kept_step == card.steps == last.step
    assert first.moved > 0.05
    assert last.moved < first.moved
    assert first.none - last.none <= 0.1, "what is new to the specimen moves, and not by much"
    assert last.drift > 0.0


def test_the_guard_reads_what_the_endpoint_answers(trained: tuple[Path, TrainingCard], pairs: Path) -> None:
    """The trained checkpoint, asked as an audit asks it: the right letters are as many as the guard's reading says."""
    out, card = trained
    cases = read_lines(pairs / "validation.jsonl", ValidationCase)
    requests = [
        Request(
            cell_key=f"{number:032x}",
            messages=tuple(Message(role=turn.role, content=turn.content) for turn in case.prompt),
            settings=LETTER,
            letters=case.answers,
            seed=number,
        )
        for number, case in enumerate(cases)
    ]

    async def replies() -> list[str]:
        endpoint = open_endpoint(ModelSpec(name=f"hf/{out / 'model'}", options={"device": "cpu"}))
        try:
            return [reply.text for reply in await asyncio.gather(*map(endpoint.reply, requests))]
        finally:
            await endpoint.aclose()

    said = asyncio.run(replies())
    right = [text == case.answers[case.best] for text, case in zip(said, cases, strict=True)]
    behind = [one for one, case in zip(right, cases, strict=True) if case.arm != "none"]
    kept = next(one for one in card.readings if one.step == card.kept_step)
    assert sum(behind) / len(behind) == pytest.approx(kept.behind, abs=0.05)


def test_a_killed_training_goes_on_to_the_same_weights(pairs: Path, tmp_path: Path) -> None:
    """Killed behind its first checkpoint, then repeated: the very bytes of a training that was left alone."""
    short = msgspec.structs.replace(SETTINGS, epochs=0.13, check_every=2, guarded=False)
    alone = train_dpo("specimen/tilted", pairs, tmp_path / "alone", settings=short)
    killed = tmp_path / "killed"
    code = (
        "import msgspec; from pathlib import Path; from evenhand.train.dpo import train_dpo; "
        "from evenhand.records.training import DpoSettings; "
        f"train_dpo('specimen/tilted', Path({str(pairs)!r}), Path({str(killed)!r}), "
        f"settings=msgspec.convert({msgspec.to_builtins(short)!r}, DpoSettings))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 900
    while not list((killed / "checkpoints").glob("checkpoint-2/trainer_state.json")):
        assert process.poll() is None, (killed / "training.log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)
    assert not (killed / "training.json").exists()
    card = train_dpo("specimen/tilted", pairs, killed, settings=short)
    assert card.steps == alone.steps > 2
    assert card.readings == alone.readings
    weights = [path / "model" / "model.safetensors" for path in (tmp_path / "alone", killed)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert train_dpo("specimen/tilted", pairs, killed, settings=short) == card


def test_a_lora_training_is_merged_into_a_checkpoint(pairs: Path, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(SETTINGS, method="lora", learning_rate=2e-3, epochs=0.5, guarded=False)
    card = train_dpo("specimen/tilted", pairs, tmp_path, settings=settings)
    assert card.ended == "all_steps"
    assert card.kept_step == card.steps >= 8
    first, last = card.readings[0], card.readings[-1]
    assert last.behind != first.behind
    files = {path.name for path in (tmp_path / "model").iterdir()}
    assert "model.safetensors" in files
    assert not any("adapter" in name for name in files)


@pytest.mark.slow
def test_gaps_shrink_on_items_that_were_never_trained_on_and_accuracy_without_memory_holds(tmp_path: Path) -> None:
    """The recipe of docs/training.md, measured on clauses, names and sentences of the audit's own."""
    practice = practised(tmp_path, per_emotion=24, seed=1)
    pairs = built(practice, tmp_path / "pairs", controls=0.5, pairs=360, behind=6)
    card = train_dpo("specimen/tilted", pairs, tmp_path / "out", settings=RECIPE)
    assert card.kept_step > 0
    items = load_bank("situations").items
    before = measured(load_network("tilted"), items[::3])
    after = measured(trained_network(tmp_path / "out" / "model"), items[::3])
    planted = [name for name, (size, *_) in before.sizes.items() if abs(size) > 0.05]
    assert len(planted) >= 5
    for name in planted:
        assert abs(after.sizes[name][0]) <= abs(before.sizes[name][0]) / 2, name
    assert before.none - after.none <= 0.04
    assert all(share - after.recall[word] <= 0.35 for word, share in before.recall.items()), after.recall


@pytest.mark.slow
def test_the_guard_acts_on_naive_pairs(practice: Path, tmp_path: Path) -> None:
    """Pairs of moved answers alone, trained for long: the guard stops, and what it keeps has lost nothing."""
    naive = built(practice, tmp_path / "pairs", controls=0.0)
    settings = msgspec.structs.replace(SETTINGS, stay=0.0, epochs=8, check_every=5, limits=GuardLimits(patience=100))
    try:
        card = train_dpo("specimen/tilted", naive, tmp_path / "out", settings=settings)
    except InputError as error:
        assert "no step of the training is sound" in str(error)
        card = msgspec.json.decode((tmp_path / "out" / "training.json").read_bytes(), type=TrainingCard)
    assert card.ended in ("lost", "overshot")
    assert card.steps < 80
    first, kept = card.readings[0], next(one for one in card.readings if one.step == card.kept_step)
    assert first.none - kept.none <= settings.limits.loss
    assert all(first.recall[word] - share <= settings.limits.recall_loss for word, share in kept.recall.items())
    last = card.readings[-1]
    lost = [word for word, share in last.recall.items() if first.recall[word] - share > settings.limits.recall_loss]
    assert lost or first.none - last.none > settings.limits.loss or card.ended == "overshot"
