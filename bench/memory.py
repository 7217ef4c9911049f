"""Peak memory of a run of 100,000 cells, against one of 5,000: it must hardly depend on the number."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.client_speed import letter
from bench.grid import work
from evenhand.endpoints.base import Locality
from evenhand.records.message import Reply, Request, Usage
from evenhand.run.execute import execute
from evenhand.store.store import open_store

FEW, MANY = 5_000, 100_000
MOST_MB = 300.0


class Echo:
    """Answers at once, in this process."""

    concurrency = 64
    locality: Locality = "any"

    async def reply(self, request: Request) -> Reply:
        """Always the same letter."""
        return Reply(text="B", finish="stop", usage=Usage(input_tokens=180, output_tokens=1))

    async def aclose(self) -> None:
        """Nothing to release."""


def one(cells: int) -> None:
    """Run so many cells and print this process's peak memory in MB."""
    with tempfile.TemporaryDirectory() as directory, open_store(Path(directory) / "t.sqlite", plan_sha256="b") as store:
        execute({"instant": work(cells)}, endpoints={"instant": Echo()}, store=store, outcome_of=letter)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0 if sys.platform != "darwin" else 1024.0**2))


def main() -> bool:
    """Print both peaks; whether they hold."""
    peaks = [
        float(
            subprocess.run([sys.executable, "-m", "bench.memory", str(cells)], capture_output=True, check=True).stdout
        )
        for cells in (FEW, MANY)
    ]
    print(
        f"peak memory: {peaks[0]:.0f} MB for {FEW} cells, {peaks[1]:.0f} MB for {MANY} cells (at most {MOST_MB:.0f} MB)"
    )
    return peaks[1] <= MOST_MB


if __name__ == "__main__":
    one(int(sys.argv[1]))
