"""`evenhand init`: two commented files, by asking or by defaults, over nothing that is there."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from evenhand.cli.config import read_settings, settings
from evenhand.cli.init import Wish, settings_text
from evenhand.gate.policy_file import policy_text
from evenhand.records.answer_format import CHOICE_FORMATS
from evenhand.records.item import ITEM_KINDS
from evenhand.records.language import LANGUAGES
from evenhand.records.mitigation import known_mitigations
from evenhand.records.profile import CUES, PLACEMENTS, READERS
from tests.support.command import Ended

Cli = Callable[..., Ended]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_terminal_the_defaults_are_written(folder: Path, cli: Cli) -> None:
    ended = cli("init")
    assert ended.code == 0, ended.err
    assert read_settings(folder / "evenhand.toml", profile=None) == {"models": ["specimen/tilted"], "preset": "quick"}
    assert (folder / "policy.toml").read_text(encoding="utf-8") == policy_text()
    plan = cli("plan", "--out", "run")
    assert plan.code == 0, plan.err
    assert "Settings of evenhand.toml: models, preset" in plan.err


def test_options_answer_ahead(folder: Path, cli: Cli) -> None:
    words = "init --yes --model vllm/a --base-url http://127.0.0.1:9/v1 --preset full --kind advice --max-calls 7"
    assert cli(*words.split()).code == 0
    assert read_settings(folder / "evenhand.toml", profile=None) == {
        "models": ["vllm/a"],
        "base_url": "http://127.0.0.1:9/v1",
        "preset": "full",
        "kind": ["advice"],
        "max_calls": 7,
    }


def test_nothing_is_overwritten(folder: Path, cli: Cli) -> None:
    (folder / "policy.toml").write_text("mine", encoding="utf-8")
    first = cli("init", "--yes")
    assert first.code == 0
    assert "policy.toml (it was there before and is left as it is)" in first.out
    assert (folder / "policy.toml").read_text(encoding="utf-8") == "mine"
    (folder / "evenhand.toml").write_text("seed = 3", encoding="utf-8")
    second = cli("init", "--yes")
    assert second.code == 2
    assert "'evenhand.toml' exists and is not overwritten" in second.err
    assert (folder / "evenhand.toml").read_text(encoding="utf-8") == "seed = 3"


def test_a_model_that_cannot_be_meant_is_refused_before_anything_is_written(folder: Path, cli: Cli) -> None:
    ended = cli("init", "--yes", "--model", "opnai/x")
    assert ended.code == 5
    assert "did you mean 'openai'?" in ended.err
    assert list(folder.iterdir()) == []


def test_at_a_terminal_it_asks_again_until_it_has_an_answer(folder: Path) -> None:
    ours, theirs = pty.openpty()
    model, address = ("opnai/x", "openai/a-model-of-unknown-price"), ("http://models.example/v1",)
    lines = (*model, *address, "big", "full", "advise", "advice, intensity", "0", "12")
    os.write(ours, "".join(f"{line}\n" for line in lines).encode())
    done = subprocess.run(
        [sys.executable, "-m", "evenhand.cli.main", "init"],
        cwd=folder,
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    for said in ("did you mean 'openai'?", "'big' is none of them", "did you mean 'advice'?", "a number above 0"):
        assert said in done.stderr
    assert read_settings(folder / "evenhand.toml", profile=None) == {
        "models": ["openai/a-model-of-unknown-price"],
        "base_url": "http://models.example/v1",
        "preset": "full",
        "kind": ["advice", "intensity"],
        "max_calls": 12,
    }


def test_every_setting_is_explained_and_every_line_of_it_can_be_used(tmp_path: Path) -> None:
    text = settings_text(Wish())
    lines = [found[1] if (found := re.fullmatch(r"# ([a-z-]+ = .*)", line)) else line for line in text.splitlines()]
    path = tmp_path / "all.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    read = read_settings(path, profile="nightly", environment={})
    assert set(read) == {one.parameter for one in settings().values()}
    words: dict[str, Sequence[str]] = {
        "kind": ITEM_KINDS,
        "write": ITEM_KINDS,
        "placement": PLACEMENTS,
        "reader": READERS,
        "cue": CUES,
        "answer": CHOICE_FORMATS,
        "mitigation": known_mitigations(),
    }
    for parameter, allowed in words.items():
        assert set(read[parameter]) <= set(allowed), parameter
    assert read["instructions"] in LANGUAGES


@pytest.mark.parametrize("name", ['python:a:b"c', "python:a\\b:c", "python:ä:\x7f", "python:\u2028:x"])
def test_names_are_quoted_as_toml_has_it(name: str) -> None:
    assert tomllib.loads(settings_text(Wish(model=name)))["models"] == [name]
