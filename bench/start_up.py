"""Processor time of the commands that people wait for, against starting Python alone; warm."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROUNDS = 5
MOST_S = 0.4


def processor_s(*command: str) -> float:
    """Processor time of a command, in seconds, the median of several rounds."""
    times = []
    for _ in range(ROUNDS + 1):
        before = os.times()
        subprocess.run(command, capture_output=True, check=True)
        after = os.times()
        times.append(after.children_user - before.children_user + after.children_system - before.children_system)
    return median(times[1:])


def main() -> bool:
    """Print the times; whether they hold."""
    evenhand = str(Path(sys.executable).with_name("evenhand"))
    python = processor_s(sys.executable, "-c", "pass")
    help_text = processor_s(evenhand, "--help")
    with tempfile.TemporaryDirectory() as directory:
        plan = processor_s(evenhand, "plan", "simulated/null", "--preset", "quick", "--out", f"{directory}/run")
    print(f"processor time: python alone {python:.2f} s, evenhand --help {help_text:.2f} s, evenhand plan {plan:.2f} s")
    print(f"  (at most {MOST_S} s each)")
    return help_text <= MOST_S and plan <= MOST_S


if __name__ == "__main__":
    sys.exit(not main())
