"""What is refused before a training process starts; no torch is needed to be told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from evenhand.errors import EvenhandError, InputError, MissingExtraError, StoreError
from evenhand.records.preference import PreferencePair, SpokenTurn, UnmovedAnswer, ValidationCase
from evenhand.records.training import DpoSettings
from evenhand.train import dpo
from evenhand.train.pair_files import PAIRS, UNMOVED, VALIDATION, write_lines

PAIR = PreferencePair(
    prompt=(SpokenTurn(role="user", content="How do I fold a shirt?"),),
    chosen=(SpokenTurn(role="assistant", content="Flat."),),
    rejected=(SpokenTurn(role="assistant", content="Round."),),
    rejected_kind="moved",
    question="fold",
    text="How do I fold a shirt?",
    arm="none",
    chosen_agreement=1.0,
    rejected_agreement=0.0,
)
CASE = ValidationCase(
    prompt=PAIR.prompt, answers=("A", "B"), best=0, question="other", text="How do I boil an egg?", arm="none"
)


def folder(path: Path, pair: PreferencePair = PAIR, case: ValidationCase = CASE) -> Path:
    write_lines([pair], path / PAIRS)
    write_lines([case], path / VALIDATION)
    return path


def refused(model: str, pairs: Path, out: Path, **settings: object) -> None:
    dpo.train_dpo(model, pairs, out, settings=msgspec.structs.replace(DpoSettings(), **settings))


def test_a_missing_library_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dpo, "find_spec", lambda name: None if name == "trl" else object())
    with pytest.raises(MissingExtraError, match=r"training needs 'trl', of the extra 'train'.*evenhand\[train\]"):
        refused("specimen/tilted", folder(tmp_path), tmp_path / "out")


def test_pairs_with_leakage_are_refused(tmp_path: Path) -> None:
    text = "Irma earned praise from everyone for the client list, a success of hard work and skill."
    near = msgspec.structs.replace(PAIR, text=text)
    with pytest.raises(InputError, match="question 'fold' is near item 's-pride-01' of the bank 'situations'"):
        refused("specimen/tilted", folder(tmp_path, near), tmp_path / "out")


def test_a_question_in_both_splits_is_refused(tmp_path: Path) -> None:
    both = msgspec.structs.replace(CASE, question="fold")
    with pytest.raises(InputError, match="question 'fold' is trained on and in the validation split"):
        refused("specimen/tilted", folder(tmp_path, case=both), tmp_path / "out")


def test_answers_that_are_held_to_are_of_the_training_split(tmp_path: Path) -> None:
    pairs = folder(tmp_path)
    held = UnmovedAnswer(prompt=PAIR.prompt, completion=PAIR.chosen, question="other", text=CASE.text, arm="none")
    write_lines([held], pairs / UNMOVED)
    with pytest.raises(InputError, match="question 'other' is trained on and in the validation split"):
        refused("specimen/tilted", pairs, tmp_path / "out")


def test_a_file_without_validation_needs_to_be_told_so(tmp_path: Path) -> None:
    file = folder(tmp_path) / PAIRS
    with pytest.raises(InputError, match=r"no guard can read along.*--no-guard"):
        refused("specimen/tilted", file, tmp_path / "out")


def test_a_folder_without_its_validation_split_is_refused(tmp_path: Path) -> None:
    (folder(tmp_path) / VALIDATION).unlink()
    with pytest.raises(InputError, match=r"validation\.jsonl' cannot be read .no such file"):
        refused("specimen/tilted", tmp_path, tmp_path / "out")


def test_another_training_in_the_folder_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dpo, "find_spec", lambda name: object())
    monkeypatch.setattr(dpo, "_run", lambda out: (_ for _ in ()).throw(EvenhandError("stopped")))
    with pytest.raises(EvenhandError, match="stopped"):
        refused("specimen/tilted", folder(tmp_path), tmp_path / "out")
    with pytest.raises(StoreError, match="holds another training"):
        refused("specimen/tilted", tmp_path, tmp_path / "out", seed=2)


def test_a_process_that_dies_is_told_by_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ended:
        returncode = 1

    def die(command: list[str], **given: object) -> Ended:
        given["stderr"].write(b"Traceback\nMemoryError: none left\n")  # type: ignore[attr-defined]
        return Ended()

    monkeypatch.setattr(subprocess, "run", die)
    with pytest.raises(EvenhandError, match=r"MemoryError: none left \(the training process; its log"):
        dpo._run(tmp_path)


def test_the_room_loads_no_torch() -> None:
    code = "import sys, evenhand.train.dpo, evenhand.train.build; print(*{'torch', 'trl', 'peft'} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == ""
