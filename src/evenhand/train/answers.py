"""Answers that pairs are made of, kept in a file as they come in, so that a stopped collection goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec
from msgspec import Struct

from evenhand.errors import InputError, StoreError

__all__ = ["AnswerFile", "AnswerKey", "GivenAnswer"]


class AnswerKey(Struct, frozen=True, kw_only=True, order=True):
    """Which answer it is."""

    arm: str
    question: str
    checked: bool
    """Whether the assistant was told to check the memory first."""
    draw: int


class GivenAnswer(Struct, frozen=True, kw_only=True):
    """One answer as it came."""

    key: AnswerKey
    text: str
    """Without thoughts."""
    ended: Literal["stop", "length", "content_filter", "other"]


class _AnswersHead(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """First line of the file."""

    schema: Literal["evenhand.preference-answers/1"]
    setup: str
    """Hash of everything that decides the answers."""


class AnswerFile:
    """`answers.jsonl`: one line per answer, written at once.

    Args:
        path: The file; it is made where it is missing.
        setup: Hash of everything that decides the answers.

    Raises:
        StoreError: It cannot be written, or holds answers of another setup.
        InputError: A line cannot be read.
    """

    def __init__(self, path: Path, *, setup: str) -> None:
        self._path = path
        self.kept: dict[AnswerKey, GivenAnswer] = {}
        whole = b""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                data = path.read_bytes()
                whole = data[: data.rfind(b"\n") + 1]  # the last line may have been cut off by a kill
                for answer in _read(whole, path=path, setup=setup):
                    self.kept[answer.key] = answer
            self._file = path.open("r+b" if path.exists() else "wb")
            self._file.truncate(len(whole))
            self._file.seek(len(whole))
            if not whole:
                self._write(_AnswersHead(schema="evenhand.preference-answers/1", setup=setup))
        except OSError as error:
            raise StoreError(f"cannot write {str(path)!r} ({error.strerror}); choose another --out") from error

    def add(self, answer: GivenAnswer) -> None:
        """Keep an answer.

        Raises:
            StoreError: The file cannot be written.
        """
        self.kept[answer.key] = answer
        try:
            self._write(answer)
        except OSError as error:
            raise StoreError(f"cannot write {str(self._path)!r} ({error.strerror}); make room and go on") from error

    def _write(self, record: Struct) -> None:
        self._file.write(msgspec.json.encode(record) + b"\n")
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


def _read(data: bytes, *, path: Path, setup: str) -> Iterator[GivenAnswer]:
    lines = data.splitlines()
    if not lines:
        return
    try:
        head = msgspec.json.decode(lines[0], type=_AnswersHead)
        if head.setup != setup:
            raise StoreError(
                f"{str(path)!r} holds answers to another collection (another model, question set, cohort, seed or "
                "number of draws); choose another --out, or repeat the command that made it"
            )
        yield from (msgspec.json.decode(line, type=GivenAnswer) for line in lines[1:])
    except msgspec.DecodeError as error:
        raise InputError(f"{str(path)!r} cannot be read ({error}); delete it to ask anew") from error
