"""A real small language model, steered and trained on pairs of its own answers, from the command line, then audited.

What comes out is not known beforehand: the tests hold that the whole way is walked on real weights, that every number
of it can be read, and that both models differ from the one they came from.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import polars as pl
import pytest
from msgspec import Struct
from msgspec.structs import replace

pytest.importorskip("trl", reason="trl is not installed; `make test-extras` installs the extra train")

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.questions import load_questions
from evenhand.bank.write import write_cohort
from evenhand.records.preference import PreferenceCard, PreferencePair, UnmovedAnswer
from evenhand.records.steering import SteeringCard
from evenhand.records.training import TrainingCard
from evenhand.train.pair_files import read_lines
from tests.support.command import Ended, evenhand_apart

pytestmark = [
    pytest.mark.extras,
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("default"),  # other people's deprecations
]

PER_TOPIC = 4
USERS, PLACEBO = 12, 4


class Trained(Struct, frozen=True):
    """What the commands left behind."""

    pairs: Path
    preferences: PreferenceCard
    training: TrainingCard
    run: Path


def done(*arguments: object) -> Ended:
    ended = evenhand_apart(*arguments)
    assert ended.code == 0, ended.err[-2000:]
    return ended


def few_questions(path: Path) -> Path:
    """Some of every topic of the shipped set, to be answered shortly; one topic, so that few are held out."""
    asked = load_questions()
    met: Counter[str] = Counter()
    chosen = []
    for question in asked.questions:
        met[question.topic] += 1
        if met[question.topic] <= PER_TOPIC:
            text = f"{question.text} Answer in one short sentence."
            chosen.append(replace(question, topic="general", text=text))
    path.write_bytes(msgspec.json.encode(replace(asked, name="short-questions", questions=tuple(chosen))))
    return path


def few_users(path: Path) -> Path:
    """Users of whom income or education is known, and a few of whom neither is."""
    cohort = load_cohort("factors-extra")
    profiles = tuple(one for one in cohort.profiles if {"income", "education"} & set(one.levels))[:USERS]
    told = {factor for one in profiles for factor in one.levels}
    factors = tuple(factor for factor in cohort.factors if factor.id in told)
    few = replace(cohort, name="few", factors=factors, profiles=profiles, placebo=cohort.placebo[:PLACEBO])
    write_cohort(few, path)
    return path


@pytest.fixture(scope="module")
def trained(small_model_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Pairs of the model's own answers, a direction, a LoRA training, and one audit of all three models."""
    folder = tmp_path_factory.mktemp("real")
    base = small_model_checkpoint
    asked = ("--questions", few_questions(folder / "questions.json"), "--cohort", few_users(folder / "users.yaml"))
    sizes = ("--profiles", 3, "--draws", 1, "--max-tokens", 40, "--held", 0.1, "--pairs", 100)
    built = done("preferences", "build", f"hf/{base}", *asked, *sizes, "--out", folder / "pairs", "--json")
    steer = folder / "steer.pt"
    done("train", "steer", "--model", base, "--pairs", 8, "--out", steer, "--device", "cpu")
    steps = ("--epochs", 1, "--batch", 10, "--at-once", 5, "--check-every", 5, "--learning-rate", 2e-4)
    pairs = folder / "pairs"
    taught = done("train", "dpo", "--model", base, "--pairs", pairs, *steps, "--out", folder / "dpo", "--json")
    done(
        "audit",
        *(f"hf/{base}", f"hf/{base}?steer={steer}", f"hf/{folder / 'dpo' / 'model'}"),
        *("--kind", "understanding", "--answer", "letter", "--items", 6, "--pairs", 1, "--profiles", 0),
        *("--placebo", 0, "--none-repeats", 1, "--max-tokens", 8, "--set", "device=cpu", "--yes"),
        *("--out", folder / "run"),
    )
    card = msgspec.json.decode(steer.with_suffix(".json").read_bytes(), type=SteeringCard)
    assert (card.level, card.reference) == ("disadvantaged", "advantaged")
    return Trained(
        pairs=pairs,
        preferences=msgspec.json.decode(built.out, type=PreferenceCard),
        training=msgspec.json.decode(taught.out, type=TrainingCard),
        run=folder / "run",
    )


def test_about_a_hundred_pairs_come_of_its_own_written_answers(trained: Trained) -> None:
    card = trained.preferences
    assert card.pairs >= 60
    assert card.failed == 0
    pairs = read_lines(trained.pairs / "pairs.jsonl", PreferencePair)
    assert all(len(pair.chosen[0].content.split()) >= 1 for pair in pairs)
    assert len({pair.chosen[0].content for pair in pairs}) > card.pairs // 4, "whole answers, not one over and over"
    assert len(read_lines(trained.pairs / "unmoved.jsonl", UnmovedAnswer)) > 20


def test_a_lora_training_runs_to_its_end_and_is_read_before_and_after(trained: Trained) -> None:
    card = trained.training
    assert card.settings.method == "lora"
    assert card.kept_step > 0
    first, kept = card.readings[0], next(one for one in card.readings if one.step == card.kept_step)
    assert kept.moved + kept.drift < first.moved
    assert first.none - kept.none <= card.settings.limits.loss


def test_the_steered_and_the_trained_model_are_audited_beside_the_model_they_came_from(trained: Trained) -> None:
    scores = pl.read_parquet(trained.run / "scores.parquet")
    assert scores["model"].n_unique() == 3
    cells = scores.group_by("model").agg(pl.len(), pl.col("p_best").mean())
    assert cells["len"].n_unique() == 1
    assert cells["p_best"].n_unique() == 3, "each answers by weights or states of its own"
