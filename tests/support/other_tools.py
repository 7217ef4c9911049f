"""Other tools run from their own command lines, against loopback, where nothing else can be reached."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.support.chat_server import chat_body, chat_server

__all__ = ["LettersServer", "beside_python", "letters_server", "ran", "reached_outside"]

ROOT = Path(__file__).parents[2]
GUARD = ROOT / "tests" / "support" / "loopback_only"


class LettersServer(Struct, frozen=True):
    """A server that answers with a letter, which follows from the conversation alone."""

    url: str
    asked: list[dict[str, Any]]
    """Bodies of the requests, in the order in which they came."""

    def conversations(self) -> set[str]:
        """What was asked, each once."""
        return {json.dumps([[turn["role"], turn["content"]] for turn in one["messages"]]) for one in self.asked}


def letter(asked: dict[str, Any]) -> str:
    """One of the letters that the last turn shows; the same for the same conversation."""
    turns = [[turn["role"], turn["content"]] for turn in asked["messages"]]
    shown = [name for name in "ABCDEFGH" if f"\n{name}. " in turns[-1][1]] or ["A"]
    draw = hashlib.sha256(json.dumps(turns).encode()).digest()[0]
    return shown[draw % len(shown)]


@contextmanager
def letters_server() -> Iterator[LettersServer]:
    """Serve until the block ends."""
    asked: list[dict[str, Any]] = []

    def answering(body: dict[str, Any], _: Mapping[str, str]) -> tuple[int, bytes]:
        asked.append(body)
        usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
        return 200, chat_body(letter(body), created=1, usage=usage)

    with chat_server(answering) as url:
        yield LettersServer(url, asked)


def beside_python(name: str) -> Path:
    """A program that a package has installed beside this Python."""
    return Path(sys.executable).with_name(name)


def ran(
    *command: object, folder: Path, url: str, notes: Path, codes: tuple[int, ...] = (0,), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder; it fails the test where it ends otherwise than with one of some codes.

    Args:
        command: Program and arguments.
        folder: Where it runs.
        url: Address of the server, for the variables by which Inspect finds it.
        notes: Where addresses outside loopback are noted that it tried to reach.
        codes: Exit codes of a normal end.
        environment: Further variables.
    """
    known = {
        **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        **{
            "PYTHONPATH": f"{GUARD}{os.pathsep}{ROOT / 'src'}",
            "NODE_OPTIONS": f"--require {GUARD / 'loopback_only.cjs'}",
        },
        **{"LOOPBACK_ONLY_NOTES": str(notes), "EVENHAND_TEST_SOCKETS": str(notes)},
        **{"OPENAI_API_KEY": "none", "LOCAL_API_KEY": "none", "LOCAL_BASE_URL": url},
        **{"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "huggingface"), "INSPECT_DISPLAY": "none"},
        **environment,
    }
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=known, capture_output=True, text=True, timeout=280
    )
    assert done.returncode in codes, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done


def reached_outside(notes: Path) -> tuple[str, ...]:
    """What programs tried outside loopback: hosts as Node notes them, what Python's guard says."""
    lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
    return tuple(dict.fromkeys(line.split("\t")[1] if "\t" in line else line for line in lines))
