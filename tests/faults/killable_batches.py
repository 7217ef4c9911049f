"""`evenhand run` in a process of its own, at a quick pace: `python killable_batches.py MOMENT ARGUMENT ...`.

The process kills itself at the moment, where that is one that no server sees: `intent` (a batch is written down and
nothing of it is sent), `keeping` (some of its answers are kept, not all), `mark` (all are, and it is not marked as
collected). At `none` it does not.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any
from unittest.mock import patch

import evenhand.run.batches
from evenhand.cli.main import main
from evenhand.endpoints.anthropic.batch import AnthropicBatchEndpoint
from evenhand.endpoints.openai.batch import OpenAIBatchEndpoint
from evenhand.run import execute
from evenhand.run.committer import WritePace
from evenhand.store.jobs import JobTable
from evenhand.store.rows import Row
from evenhand.store.store import Store
from tests.support.batch_plan import QUICK


def _die(*_: object, **__: object) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_while_keeping() -> None:
    """Kill the process after the second transaction: the first holds the question that is asked one by one."""
    append, seen = Store.append, []

    def counted(store: Store, rows: Sequence[Row]) -> None:
        append(store, rows)
        seen.append(len(rows))
        if len(seen) == 2:
            _die()

    patch.object(Store, "append", counted).start()
    few = partial(execute.Run, pace=WritePace(most_rows=4))
    patch.object(execute, "Run", few).start()


def _die_before_the_mark() -> None:
    note = JobTable.note

    def noted(table: JobTable, job: Any, state: Any, **fields: Any) -> None:
        if state == "collected":
            _die()
        note(table, job, state, **fields)

    patch.object(JobTable, "note", noted).start()


if __name__ == "__main__":
    moment, *arguments = sys.argv[1:]
    patch.object(evenhand.run.batches, "USUAL_PACE", QUICK).start()
    match moment:
        case "intent":
            patch.object(OpenAIBatchEndpoint, "submit", _die).start()
            patch.object(AnthropicBatchEndpoint, "submit", _die).start()
        case "keeping":
            _die_while_keeping()
        case "mark":
            _die_before_the_mark()
        case _:
            assert moment == "none"
    sys.argv = ["evenhand", *arguments]
    main()
