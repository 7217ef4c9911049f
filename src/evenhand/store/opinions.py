"""Opinions of a judge on pairs of answers, kept in a file as they come in: what was stopped goes on where it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec
from msgspec import Struct

from evenhand.errors import StoreError
from evenhand.records.pairwise import PairwiseOpinion, PairwiseRater

__all__ = ["PAIRWISE_FILE", "OpinionFile", "OpinionsHead", "read_opinions"]

PAIRWISE_FILE = "pairwise.jsonl"
"""In the run directory."""


class OpinionsHead(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """First line of the file: whose opinions they are, on the answers of which plan."""

    schema: Literal["evenhand.pairwise/1"] = "evenhand.pairwise/1"
    plan_sha256: str
    rater: PairwiseRater


class OpinionFile:
    """`pairwise.jsonl`: one line per pair, on disk before the next is counted.

    Args:
        directory: The run directory.
        head: Whose opinions go into it.

    Raises:
        StoreError: It cannot be written, cannot be read, or holds opinions of another judge or another plan.
    """

    def __init__(self, directory: Path, head: OpinionsHead) -> None:
        self._path = directory / PAIRWISE_FILE
        self.kept: dict[tuple[str, str], PairwiseOpinion] = {}
        try:
            data = self._path.read_bytes() if self._path.exists() else b""
            whole = data[: data.rfind(b"\n") + 1]  # the last line may have been cut off by a kill
            if whole:
                found, opinions = _parsed(whole, path=self._path)
                if found != head:
                    raise StoreError(
                        f"{str(self._path)!r} holds opinions of another judge ({found.rater.model.name}, or other "
                        "criteria, number of pairs or seed); repeat the command that made it, or delete the file"
                    )
                self.kept = {(one.first, one.second): one for one in opinions}
            self._file = self._path.open("r+b" if self._path.exists() else "wb")
            self._file.truncate(len(whole))
            self._file.seek(len(whole))
            if not whole:
                self._write(head)
        except OSError as error:
            raise StoreError(
                f"cannot write {str(self._path)!r} ({error.strerror}); a run is judged where it can be written"
            ) from error

    def add(self, opinion: PairwiseOpinion) -> None:
        """Keep an opinion.

        Raises:
            StoreError: The file cannot be written.
        """
        try:
            self._write(opinion)
        except OSError as error:
            raise StoreError(f"cannot write {str(self._path)!r} ({error.strerror}); make room and go on") from error
        self.kept[opinion.first, opinion.second] = opinion

    def _write(self, record: Struct) -> None:
        self._file.write(msgspec.json.encode(record) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


def read_opinions(directory: Path) -> tuple[OpinionsHead, tuple[PairwiseOpinion, ...]] | None:
    """The opinions in a run directory; None where nobody compared its answers.

    Raises:
        StoreError: The file cannot be read.
    """
    path = directory / PAIRWISE_FILE
    try:
        data = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise StoreError(f"cannot read {str(path)!r} ({error.strerror}); restore it, or delete it") from error
    whole = data[: data.rfind(b"\n") + 1]
    if not whole:
        return None
    head, opinions = _parsed(whole, path=path)
    return head, tuple(opinions)


def _parsed(data: bytes, *, path: Path) -> tuple[OpinionsHead, Iterator[PairwiseOpinion]]:
    first, *lines = data.splitlines()
    try:
        head = msgspec.json.decode(first, type=OpinionsHead)
        opinions = [msgspec.json.decode(line, type=PairwiseOpinion) for line in lines]
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(f"{str(path)!r} cannot be read ({error}); delete it and judge anew") from error
    return head, iter(opinions)
