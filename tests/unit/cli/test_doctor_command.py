"""`evenhand doctor` at the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.chat_server import chat_body, chat_server
from tests.support.command import Ended

Cli = Callable[..., Ended]


def test_every_check_says_what_it_means_and_what_to_do(cli: Cli) -> None:
    with chat_server(lambda asked, headers: (200, chat_body("A"))) as url:
        ended = cli("doctor", "vllm/m", "--base-url", url)
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    checks = [line.split(".")[0].strip() for line in lines if line.startswith("  ") and not line.startswith("      ")]
    assert checks == [
        "fine: model",
        "fine: reachable",
        "fine: answers",
        "note: log-probabilities",
        "note: system role",
        "fine: repeats",
        "fine: speed",
        "fine: cost of ten calls",
    ]
    assert sum(line.startswith("      What to do: ") for line in lines) == 2, "where there is something to do"
    assert sum(line.startswith("      ") for line in lines) == 8 + 2


def test_what_cannot_be_audited_ends_with_exit_code_5_and_names_the_check(cli: Cli) -> None:
    with chat_server(lambda asked, headers: (200, chat_body("I cannot say."))) as url:
        ended = cli("doctor", "vllm/m", "--base-url", url, "--json")
    assert ended.code == 5
    assert "'vllm/m' (answers)" in ended.err
    (told,) = json.loads(ended.out)
    by_name = {check["name"]: check for check in told["checks"]}
    assert by_name["answers"]["result"] == "failed"
    assert (told["seen"]["readable"], told["seen"]["asked"]) == (0, 10)


def test_several_models_are_looked_at_and_all_that_fail_are_named(cli: Cli) -> None:
    ended = cli("doctor", "simulated/null", "python:no_such_module:reply", "python:none_either:reply")
    assert ended.code == 5
    assert "'python:no_such_module:reply' (model); 'python:none_either:reply' (model)" in ended.err
    assert "simulated/null\n  fine: model." in ended.out


def test_the_model_of_a_file_of_settings_is_looked_at(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with chat_server(lambda asked, headers: (200, chat_body("A"))) as url:
        (tmp_path / "evenhand.toml").write_text(
            f'models = ["vllm/m"]\nbase-url = "{url}"\npairs = 3\n', encoding="utf-8"
        )
        ended = cli("doctor")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("vllm/m\n")
    assert "Settings of evenhand.toml: models, base-url" in ended.err
