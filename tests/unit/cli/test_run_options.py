"""Options of a connection on the command line: what is refused before anything is sent or written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import Ended

Cli = Callable[..., Ended]
SMALL = (
    "--kind",
    "understanding",
    "--answer",
    "letter",
    "--pairs",
    "1",
    "--placebo",
    "0",
    "--none-repeats",
    "1",
    "--preset",
    "quick",
    "--yes",
)


def refused(ended: Ended, code: int, *words: str) -> None:
    assert ended.code == code, ended
    assert "Traceback" not in ended.err
    assert "canary" not in ended.err + ended.out
    for word in words:
        assert word in ended.err, ended.err


@pytest.mark.parametrize(
    "url", ["https://user:canary01@models.example.test/v1", "http://h.example.test/v1?key=canary01"]
)
@pytest.mark.parametrize("command", ["plan", "audit"])
def test_credentials_in_an_address_are_refused_and_no_plan_is_left(
    cli: Cli, tmp_path: Path, url: str, command: str
) -> None:
    ended = cli(
        command, "openai/x", "--base-url", url, *SMALL[: None if command == "audit" else -1], "--out", tmp_path / "r"
    )
    refused(ended, 5, "--api-key-env", "--header NAME=VARIABLE")
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("option", "code", "words"),
    [
        (("--header", "canary-without-a-name"), 2, ("NAME=VARIABLE",)),
        (("--header", "X-Team=canary of the team"), 5, ("names no variable",)),
        (("--header", "Host=HOME"), 5, ("cannot be set",)),
        (("--api-key-env", "canary-of-the-key-0123456789"), 5, ("which is not set",)),
    ],
)
def test_what_cannot_be_sent_is_refused_before_a_plan_is_written(
    cli: Cli, tmp_path: Path, option: tuple[str, str], code: int, words: tuple[str, ...]
) -> None:
    ended = cli(
        "audit", "vllm/x", "--base-url", "http://127.0.0.1:9/v1", *SMALL, "--yes", *option, "--out", tmp_path / "r"
    )
    refused(ended, code, *words)
    assert not (tmp_path / "r" / "plan.json").exists()


def test_one_key_for_two_servers_is_refused(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "MY_KEY"):
        monkeypatch.setenv(name, "canary-0123456789")
    ended = cli(
        "audit", "openai/x", "openrouter/y", *SMALL, "--yes", "--api-key-env", "MY_KEY", "--out", tmp_path / "r"
    )
    refused(ended, 5, "--api-key-env names what one server may know")
    assert not (tmp_path / "r" / "plan.json").exists()
