"""`memory.jsonl`: what a run did with the memory of a product, one event per line, a user before it is made."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from evenhand.endpoints.redact import HIDDEN, hide
from evenhand.errors import StoreError
from evenhand.records.product_memory import CanaryAnswer, CanaryPassed, MemoryEvent, UserCleared, UserOpened, UserStored

__all__ = ["MEMORY_FILE", "MemoryJournal", "read_memory_events"]

MEMORY_FILE = "memory.jsonl"
_decoder = msgspec.json.Decoder(MemoryEvent)
_encoder = msgspec.json.Encoder()


class MemoryJournal:
    """Adds events to the file of a run directory; safe to use from several tasks and threads.

    Args:
        path: The file; made when the first event is written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._secrets: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def keep_out(self, secrets: tuple[str, ...]) -> None:
        """Keys that are written nowhere, beside those that this process remembers."""
        self._secrets = secrets

    def add(self, event: MemoryEvent) -> None:
        """Write an event; wait for the disk where a user is about to be made, so that none is left behind.

        Raises:
            StoreError: It cannot be written.
        """
        line = _encoder.encode(_without_keys(event, self._secrets)) + b"\n"
        try:
            with self._lock, self._path.open("ab") as file:
                if file.tell() and not _ends_whole(self._path):
                    file.write(b"\n")  # a line that was cut off by a crash stays apart from what follows
                file.write(line)
                file.flush()
                if isinstance(event, UserOpened):
                    os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(
                f"cannot write {str(self._path)!r} ({error.strerror or error}); choose a writable directory with --out"
            ) from error

    def passed(self, model: str, *, plan: str) -> bool:
        """Whether the canary of a product passed before, under the same plan."""
        return any(
            isinstance(event, CanaryPassed) and (event.model, event.plan) == (model, plan)
            for event in read_memory_events(self._path)
        )

    def open_users(self, model: str) -> tuple[str, ...]:
        """Users that a product was told of and has not cleared, in the order in which they were made."""
        users: dict[str, None] = {}
        for event in read_memory_events(self._path):
            if isinstance(event, UserOpened) and event.model == model:
                users[event.user] = None
            elif isinstance(event, UserCleared) and event.model == model:
                users.pop(event.user, None)
        return tuple(users)


def read_memory_events(path: Path) -> Iterator[MemoryEvent]:
    """The events of a file, oldest first; none where there is no file. A line that was cut off is left out.

    Raises:
        StoreError: The file cannot be read.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"cannot read {str(path)!r} ({error.strerror or error}); check its permissions") from error
    for line in lines:
        try:
            event = _decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):  # the last line of a process that was killed
            continue
        yield event


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _without_keys(event: MemoryEvent, secrets: tuple[str, ...]) -> MemoryEvent:
    """The event without keys in what the product said or showed."""

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, HIDDEN) if secret else text
        return hide(text).encode("utf-8", "backslashreplace").decode()

    def cleaned(texts: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if texts is None else tuple(map(clean, texts))

    match event:
        case UserStored(kept=kept):
            return msgspec.structs.replace(event, kept=cleaned(kept))
        case CanaryAnswer(answer=answer, memories=memories):
            return msgspec.structs.replace(event, answer=clean(answer), memories=cleaned(memories))
        case _:
            return event
