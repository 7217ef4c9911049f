"""`evenhand preferences` and `evenhand train` as a person meets them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from evenhand.records.steering import SteeringCard
from evenhand.records.training import DpoSettings, GapReading, GuardReading, TrainingCard
from evenhand.train import dpo, steering
from tests.support.command import Ended

Cli = Callable[..., Ended]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("specimen/tiltet",), 5, "no specimen 'tiltet'"),
        (("simulated/null",), 2, "answers cells of a plan, not free questions"),
        (("specimen/tilted", "--set", "fold=er"), 5, "A specimen has no option 'fold'; it has `folder`"),
        (("specimen/tilted", "--set", "folder=nowhere"), 5, "nowhere"),
        (("specimen/tilted", "--set", "folder"), 2, "--set got 'folder'; it takes NAME=VALUE"),
        (("specimen/tilted", "--placement", "tool"), 2, "placement 'tool'"),
        (("specimen/tilted", "--questions", "nowhere.yaml"), 3, "'nowhere.yaml' cannot be read"),
        (("specimen/tilted", "--cohort", "explicit"), 3, "is one of the audit cohort 'explicit'"),
    ],
)
def test_what_cannot_be_built_is_one_sentence(
    cli: Cli, arguments: tuple[str, ...], code: int, message: str, tmp_path: Path
) -> None:
    ended = cli("preferences", "build", *arguments, "--out", tmp_path / "out")
    assert ended.code == code
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_money_is_not_spent_unasked(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-test")
    ended = cli("preferences", "build", "openai/gpt-5.1", "--out", tmp_path / "out")
    assert ended.code == 2
    assert "add --yes" in ended.err


def card(step: int) -> TrainingCard:
    def reading(at: int, gap: float) -> GuardReading:
        gaps = (GapReading(factor="age", level="66+", reference="34-65", gap=gap, error=0.01),)
        return GuardReading(
            step=at, none=0.98, behind=0.9, moved=abs(gap), drift=0.0, gaps=gaps, recall={"joy": 0.9 + at / 100}
        )

    return TrainingCard(
        evenhand="0",
        base="specimen/tilted",
        pairs_sha256="0",
        settings=DpoSettings(),
        libraries={},
        steps=4,
        ended="closed",
        kept_step=step,
        readings=(reading(0, -0.2), reading(2, -0.01), reading(4, -0.005)),
        cpu_seconds=12.0,
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[DpoSettings]:
    """The settings of every training that is asked for; none is run, and each is said to have kept step 4."""
    asked: list[DpoSettings] = []

    def trained(model: str, pairs: Path, out: Path, *, settings: DpoSettings) -> TrainingCard:
        asked.append(settings)
        return card(4)

    monkeypatch.setattr(dpo, "train_dpo", trained)
    return asked


def test_before_and_after_are_shown_and_how_to_audit(cli: Cli, asked: list[DpoSettings]) -> None:
    ended = cli("train", "dpo", "--model", "specimen/tilted", "--pairs", "p", "--method", "full", "--margin", "0.04")
    assert ended.code == 0
    assert "age: 66+ minus 34-65" in ended.out
    assert "step 4 was kept" in ended.out
    assert "evenhand audit hf/trained/model" in ended.out
    (settings,) = asked
    assert settings.stay > 0, "what memory does not move is held to, unless it is said otherwise"
    assert (settings.learning_rate, settings.limits.margin, settings.limits.small) == (1e-5, 0.04, 0.02)
    ended = cli("train", "dpo", "--model", "specimen/tilted", "--pairs", "p", "--json")
    assert msgspec.json.decode(ended.out, type=TrainingCard) == card(4)
    assert asked[1].learning_rate == 1e-4
    assert (asked[1].targets, asked[1].layers) == ("all", ())


def test_part_and_layers_of_what_is_trained_are_passed_on(cli: Cli, asked: list[DpoSettings]) -> None:
    arguments = ("train", "dpo", "--model", "m", "--pairs", "p", "--json")
    ended = cli(
        *arguments, "--targets", "attention", "--layer", 2, "--layer", 1, "--stay-answers", 48, "--reference", "none"
    )
    assert ended.code == 0
    (settings,) = asked
    assert (settings.targets, settings.layers, settings.stay_answers) == ("attention", (1, 2), 48)
    assert settings.reference == "none"
    assert DpoSettings().reference == "base"
    ended = cli(*arguments, "--targets", "atention")
    assert ended.code == 2
    assert "'atention' is not one of 'all', 'attention', 'feed_forward'" in " ".join(
        ended.err.replace("│", " ").split()
    )


def test_a_file_that_is_no_folder_of_pairs_is_one_sentence(cli: Cli, tmp_path: Path) -> None:
    ended = cli("train", "dpo", "--model", "specimen/tilted", "--pairs", tmp_path / "none", "--out", tmp_path / "o")
    assert ended.code == 3
    assert "--no-guard" in ended.err
    ended = cli(
        "train",
        "dpo",
        "--model",
        "specimen/tilted",
        "--pairs",
        tmp_path / "none",
        "--out",
        tmp_path / "o",
        "--no-guard",
    )
    assert ended.code == 3
    assert "make it with `evenhand preferences build`" in ended.err


def steering_card(base: str) -> SteeringCard:
    return SteeringCard(
        evenhand="0",
        base=base,
        place="layers.2",
        cohort="doses-medium",
        cohort_sha256="0",
        factor="position",
        level="disadvantaged",
        reference="advantaged",
        questions="general-questions",
        pairs=24,
        held_pairs=8,
        held_right=7,
        held_distance=0.634,
        seed=0,
        sha256="0",
    )


@pytest.mark.parametrize(
    ("model", "audited"),
    [("./mine", "hf/./mine"), ("hf/./mine", "hf/./mine"), ("specimen/tilted", "hf/out/s-base/tilted")],
)
def test_a_direction_is_told_with_how_well_it_tells_others_apart_and_how_to_audit(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, model: str, audited: str
) -> None:
    asked: list[steering.SteeringRequest] = []

    def built(request: steering.SteeringRequest) -> SteeringCard:
        asked.append(request)
        return steering_card(model)

    monkeypatch.setattr(steering, "build_steering", built)
    arguments = ("train", "steer", "--model", model, "--out", "out/s.pt", "--layer", 2, "--pairs", 32)
    ended = cli(*arguments)
    told = " ".join(ended.out.split())
    assert "Of 8 other users, it puts 7 the right way round, on average 0.63 times as far apart" in told
    assert f"evenhand audit {audited} '{audited}?steer=out/s.pt'" in told
    (request,) = asked
    assert (request.layer, request.pairs, request.out) == (2, 32, Path("out/s.pt"))
    assert msgspec.json.decode(cli(*arguments, "--json").out, type=SteeringCard) == steering_card(model)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--cohort", "factors-extra"), "does not contrast two versions of its users"),
        (("--cohort", "explicit"), "is one of the audit cohort 'explicit'"),
        (("--model", "./nowhere"), "there is no checkpoint at 'nowhere'"),
        (("--out", "steer.bin"), "does not end in .pt"),
    ],
)
def test_a_direction_that_cannot_be_found_is_one_sentence(
    cli: Cli, arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    ended = cli("train", "steer", "--model", "specimen/tilted", "--out", tmp_path / "s.pt", *arguments)
    assert ended.code == 3
    assert message in ended.err and "Traceback" not in ended.err
