"""A real small model, trained on pairs of its own answers and steered, then audited again: all from the command line.

What comes out is not known beforehand. The tests hold that the whole way is walked on real weights, that every number
of it can be read, that both changed models differ from the one they came from, and that the report says of every way
of asking what it shows, or why it shows nothing.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import polars as pl
import pytest
from msgspec import Struct

pytest.importorskip("trl", reason="trl is not installed; `make test-extras` installs the extra train")

from evenhand.records.preference import PreferenceCard, PreferencePair, UnmovedAnswer, ValidationCase
from evenhand.records.steering import SteeringCard
from evenhand.records.training import TrainingCard
from evenhand.train.pair_files import read_lines
from scripts.short_questions import write_questions, write_users
from tests.support.command import Ended, evenhand_apart
from tests.support.judged_run import every_policy_is_judged, every_way_is_judged

pytestmark = [
    pytest.mark.extras,
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("default"),  # other people's deprecations
]

PER_TOPIC = 2
"""Questions of each of 13 topics; the training that docs/training.md tells of had 8."""
PAIRS = 12
"""Pairs at most; that training had 100."""
EVERY = 2
"""Steps between readings."""


class Trained(Struct, frozen=True):
    """What the commands left behind."""

    base: Path
    folder: Path
    preferences: PreferenceCard
    training: TrainingCard
    steering: SteeringCard


def done(*arguments: object) -> Ended:
    ended = evenhand_apart(*arguments)
    assert ended.code == 0, ended.err[-2000:]
    return ended


@pytest.fixture(scope="module")
def trained(small_model_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Pairs of the model's own answers, a direction, a LoRA training, and one audit of all three models."""
    folder = tmp_path_factory.mktemp("real")
    write_questions(folder / "questions.json", per_topic=PER_TOPIC)
    write_users(folder / "users.yaml")
    base, pairs, steer = small_model_checkpoint, folder / "pairs", folder / "steer.pt"
    built = done(
        *("preferences", "build", f"hf/{base}"),
        *("--questions", folder / "questions.json", "--cohort", folder / "users.yaml"),
        *("--profiles", 1, "--draws", 3, "--max-tokens", 48, "--held", 0.08, "--pairs", PAIRS),
        *("--set", "device=cpu", "--out", pairs, "--json"),
    )
    found = done("train", "steer", "--model", base, "--pairs", 8, "--out", steer, "--device", "cpu", "--json")
    taught = done(
        *("train", "dpo", "--model", base, "--pairs", pairs, "--method", "lora", "--no-guard", "--epochs", 1),
        *("--batch", 4, "--at-once", 2, "--check-every", EVERY, "--out", folder / "dpo", "--json"),
    )
    done(
        *("audit", f"hf/{base}", f"hf/{base}?steer={steer}", f"hf/{folder / 'dpo' / 'model'}"),
        *("--preset", "quick", "--items", 1, "--pairs", 1, "--profiles", 0, "--placebo", 0, "--none-repeats", 1),
        *("--max-tokens", 24, "--mitigation", "redact", "--set", "device=cpu", "--yes", "--out", folder / "run"),
    )
    return Trained(
        base=base,
        folder=folder,
        preferences=msgspec.json.decode(built.out, type=PreferenceCard),
        training=msgspec.json.decode(taught.out, type=TrainingCard),
        steering=msgspec.json.decode(found.out, type=SteeringCard),
    )


def test_pairs_come_of_its_own_written_answers(trained: Trained) -> None:
    card = trained.preferences
    assert card.failed == 0
    assert card.options == {"device": "cpu"}
    assert card.pairs == PAIRS
    assert card.kinds["other"] == PAIRS // 2, "half are controls"
    pairs = read_lines(trained.folder / "pairs" / "pairs.jsonl", PreferencePair)
    assert len(pairs) == card.pairs
    for pair in pairs:
        short, long = sorted((len(pair.chosen[0].content), len(pair.rejected[0].content)))
        assert long <= 1.5 * short
        assert (pair.arm == "none") == (pair.rejected_kind == "other")
    assert len({pair.chosen[0].content for pair in pairs}) > PAIRS // 2, "answers, not one over and over"
    assert len(read_lines(trained.folder / "pairs" / "unmoved.jsonl", UnmovedAnswer)) > 10
    held = {case.question for case in read_lines(trained.folder / "pairs" / "validation.jsonl", ValidationCase)}
    assert held and not held & {pair.question for pair in pairs}


def test_lora_changes_its_weights_and_the_guard_reads_along(trained: Trained) -> None:
    from safetensors.numpy import load_file

    card = trained.training
    assert card.settings.method == "lora"
    assert card.ended == "all_steps"
    assert card.kept_step == card.steps == PAIRS // 4
    assert [one.step for one in card.readings] == [0, EVERY, card.steps]
    assert card.readings[0].drift == 0.0 < card.readings[-1].drift
    assert all(0 < one.none < 1 and one.moved > 0 for one in card.readings)
    assert card.readings[0].behind != card.readings[-1].behind
    before = load_file(trained.base / "model.safetensors")
    after = load_file(trained.folder / "dpo" / "model" / "model.safetensors")
    assert set(after) <= set(before) | {"lm_head.weight"}
    changed = {name for name, weights in after.items() if name in before and (weights != before[name]).any()}
    assert {name.rpartition(".layers.")[2].split(".")[0] for name in changed if ".layers." in name} == {
        str(layer) for layer in range(30)
    }
    assert not any("embed" in name or "norm" in name for name in changed), "LoRA is at the linear layers alone"


def test_the_direction_is_from_some_users_and_tried_on_others(trained: Trained) -> None:
    card = trained.steering
    assert (card.pairs, card.held_pairs) == (6, 2)
    assert (card.level, card.reference) == ("disadvantaged", "advantaged")
    assert card.place == "layers.15"
    assert hashlib.sha256((trained.folder / "steer.pt").read_bytes()).hexdigest() == card.sha256


def test_all_three_are_audited_again_and_the_report_says_what_was_tried(trained: Trained) -> None:
    run = trained.folder / "run"
    every_way_is_judged(run)
    every_policy_is_judged(run, "redact")
    scores = pl.read_parquet(run / "scores.parquet")
    said = scores.sort("item", "answer", "arm", "mitigation").select(
        "model", "item", "outcome", "choice", "p_best", "answer_characters"
    )
    answers = {name: rows.drop("model").rows() for (name,), rows in said.partition_by("model", as_dict=True).items()}
    assert len(answers) == 3
    assert len({tuple(rows) for rows in answers.values()}) == 3, "each answers by weights or states of its own"
