"""`evenhand preferences` and `evenhand train` as a person meets them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from evenhand.records.training import DpoSettings, GapReading, GuardReading, TrainingCard
from evenhand.train import dpo
from tests.support.command import Ended

Cli = Callable[..., Ended]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("specimen/tiltet",), 5, "no specimen 'tiltet'"),
        (("simulated/null",), 2, "answers cells of a plan, not free questions"),
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
        return GuardReading(step=at, none=0.98, behind=0.9, moved=abs(gap), gaps=gaps, recall={"joy": 0.9 + at / 100})

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


def test_before_and_after_are_shown_and_how_to_audit(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[DpoSettings] = []

    def trained(model: str, pairs: Path, out: Path, *, settings: DpoSettings) -> TrainingCard:
        asked.append(settings)
        return card(4)

    monkeypatch.setattr(dpo, "train_dpo", trained)
    ended = cli("train", "dpo", "--model", "specimen/tilted", "--pairs", "p", "--method", "full", "--margin", "0.04")
    assert ended.code == 0
    assert "age: 66+ minus 34-65" in ended.out
    assert "step 4 was kept" in ended.out
    assert "evenhand audit hf/trained/model" in ended.out
    (settings,) = asked
    assert (settings.learning_rate, settings.limits.margin, settings.limits.small) == (1e-5, 0.04, 0.02)
    ended = cli("train", "dpo", "--model", "specimen/tilted", "--pairs", "p", "--json")
    assert msgspec.json.decode(ended.out, type=TrainingCard) == card(4)
    assert asked[1].learning_rate == 1e-4


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
