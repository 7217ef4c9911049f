"""Peak memory of a whole audit of 131,000 cells, analysis and report included, beside that of the libraries alone.

The respondent is simulated, so that nothing but this program is measured. Takes minutes: about 100 s of processor time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

GOAL_MB, MOST_MB = 300.0, 450.0
"""The goal is not reached: the table of scores and the strata of the analysis are in memory as wholes."""
LIBRARIES = "import numpy, polars, scipy.stats, aiohttp"
AUDIT = """
import sys
from evenhand.audit import audit
from evenhand.plan.make import PlanRequest
from evenhand.records.plan import ModelSpec
run = audit(PlanRequest(models=(ModelSpec(name="simulated/tilted"),), preset="full"), sys.argv[1])
print(run.asked.asked)
"""
LAST = """
import resource, sys
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0 if sys.platform != "darwin" else 1024.0**2))
"""


def peak_mb(program: str, *arguments: str) -> tuple[str, float]:
    """What a program prints first, and its peak memory."""
    done = subprocess.run(
        [sys.executable, "-c", program + LAST, *arguments], capture_output=True, text=True, check=True
    )
    *said, peak = done.stdout.split()
    return " ".join(said), float(peak)


def main() -> bool:
    """Print both peaks; whether the claim holds."""
    _, bare = peak_mb(LIBRARIES)
    with tempfile.TemporaryDirectory() as directory:
        cells, whole = peak_mb(AUDIT, str(Path(directory) / "run"))
    print(f"peak memory: {whole:.0f} MB for a whole audit of {int(cells):,} cells")
    print(f"  (at most {MOST_MB:.0f} MB; the goal is {GOAL_MB:.0f} MB)")
    print(f"  the libraries alone: {bare:.0f} MB; the audit {whole / bare:.1f} times as much")
    return whole <= MOST_MB


if __name__ == "__main__":
    sys.exit(not main())
