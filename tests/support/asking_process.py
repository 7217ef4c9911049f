"""Asks a planned run in a process of its own, as `evenhand run` does: `asking_process.py RUN IN_FLIGHT`.

The analysis that follows in the command is left out, since it takes longer than a small run.
"""

from __future__ import annotations

import os
import select
import sys
import time
from pathlib import Path

from evenhand.audit import ask
from evenhand.endpoints.context import Connection
from evenhand.errors import EvenhandError
from evenhand.plan.file import read_plan

if __name__ == "__main__":
    if "libfaketime" in os.environ.get("LD_PRELOAD", ""):  # it refuses a sleep that would end a moment ago
        time.sleep = lambda seconds: select.select([], [], [], float(seconds)) and None
    run, in_flight = Path(sys.argv[1]), int(sys.argv[2])
    try:
        ask(read_plan(run), run, connection=Connection(concurrency=in_flight))
    except EvenhandError as error:
        sys.stderr.write(f"evenhand: {error}\n")
        sys.exit(error.exit_code)
