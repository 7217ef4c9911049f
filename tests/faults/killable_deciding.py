"""`evenhand` in a process of its own, whose answers take no time: `python killable_deciding.py MOMENT ARGUMENT ...`.

The process kills itself at the moment, where that is one that no server sees: `kept` (a decision is on disk and nothing
rests on it yet), `paid` (an answer is there and not on disk). At `none` it does not.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from itertools import count
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

from evenhand.cli.main import main
from evenhand.endpoints.openai.chat import OpenAIChatEndpoint
from evenhand.records.decision import FactDecision
from evenhand.records.message import Reply
from evenhand.store.decisions import DecisionTable

NUMBER = 17
"""The decision at which the process kills itself."""


def take_no_time() -> None:
    """Let every answer come in no time, so that runs differ in nothing."""
    tried = OpenAIChatEndpoint._tried

    async def timeless(endpoint: OpenAIChatEndpoint, request: Any, *, sent: int) -> Any:
        found = await tried(endpoint, request, sent=sent)
        return replace(found, latency_s=0.0) if isinstance(found, Reply) else found

    patch.object(OpenAIChatEndpoint, "_tried", timeless).start()


def die_at_a_decision(*, written: bool) -> None:
    keep, numbers = DecisionTable.keep, count(1)

    def kept(table: DecisionTable, decisions: Sequence[FactDecision], *, mark: str | None = None) -> None:
        last = next(numbers) == NUMBER
        if written or not last:
            keep(table, decisions, mark=mark)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)

    patch.object(DecisionTable, "keep", kept).start()


if __name__ == "__main__":
    moment, *arguments = sys.argv[1:]
    take_no_time()
    if moment != "none":
        assert moment in ("kept", "paid")
        die_at_a_decision(written=moment == "kept")
    sys.argv = ["evenhand", *arguments]
    main()
