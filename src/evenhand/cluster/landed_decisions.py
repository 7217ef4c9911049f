"""What models decided of facts on several machines: files in the shared store, written before the answers after them.

A file holds JSON, one decision per line. A worker that starts uses what the others have written so far.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator

import msgspec

from evenhand.cluster.shared_store import SharedStore
from evenhand.errors import StoreError
from evenhand.records.decision import FactDecision
from evenhand.run.decision_writer import without_keys

__all__ = ["LandedDecisions", "read_decisions"]

_decoder = msgspec.json.Decoder(FactDecision)
_encoder = msgspec.json.Encoder()


class LandedDecisions:
    """The `DecisionBook` of one worker: decisions wait for the next answers, and go to the shared store before them.

    Args:
        shared: The shared store.
        driver: Number of the driver that the worker works for.
        hidden: Keys that are kept out of errors; answers come without them.
    """

    def __init__(self, shared: SharedStore, *, driver: int, hidden: tuple[str, ...] = ()) -> None:
        self._shared = shared
        self._hidden = hidden
        self._begin = f"{driver:06d}-{secrets.token_hex(4)}"
        self._files = 0
        self._waiting: list[FactDecision] = []
        self._lock = threading.Lock()

    def known(self) -> Iterator[FactDecision]:
        """What any worker has written, in the order of the files' names.

        Raises:
            StoreError: A file cannot be read.
        """
        for name in self._shared.decision_files():
            yield from read_decisions(self._shared, name)

    async def keep(self, decision: FactDecision) -> None:
        """Have the decision written before the next answers."""
        clean = without_keys(decision, secrets=self._hidden)
        with self._lock:
            self._waiting.append(clean)

    async def settle(self) -> None:
        """Write what waits.

        Raises:
            StoreError: It cannot be written.
        """
        self.land()

    def land(self) -> None:
        """Write what waits; when this returns it is durable. Safe to be called from the thread that writes answers.

        Raises:
            StoreError: It cannot be written.
        """
        with self._lock:
            if not self._waiting:
                return
            self._files += 1
            lines = b"".join(_encoder.encode(decision) + b"\n" for decision in self._waiting)
            self._shared.add_decisions(f"{self._begin}-{self._files:06d}.jsonl", lines)
            self._waiting = []


def read_decisions(shared: SharedStore, name: str) -> Iterator[FactDecision]:
    """The decisions of a file.

    Raises:
        StoreError: It cannot be read.
    """
    for line in shared.decisions(name).splitlines():
        try:
            yield _decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StoreError(
                f"decisions/{name} in {shared.place.address!r} cannot be read ({error}); restore it from a copy"
            ) from error
