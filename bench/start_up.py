"""Processor time of the commands that people wait for, against loading what a command line is made of.

Every ratio is to another program of the same run: `import typer, rich` for the help, the help for a plan. Programs take
turns, so that what else the machine does falls on all alike.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

ROUNDS = 7
MOST_HELP, MOST_PLAN = 1.5, 14.0
"""Times `import typer, rich`, and times the help. A plan loads numpy and pydantic, which alone are twice the help."""


def processor_s(programs: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Processor time of each program in seconds, the median of several rounds after one that warms the files."""
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS + 1):
        for name, command in programs.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, capture_output=True, check=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times[name].append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return {name: median(found[1:]) for name, found in times.items()}


def main() -> bool:
    """Print the times and ratios; whether they hold."""
    evenhand = str(Path(sys.executable).with_name("evenhand"))
    with tempfile.TemporaryDirectory() as directory:
        plan = (evenhand, "plan", "simulated/null", "--preset", "quick", "--out", f"{directory}/run")
        took = processor_s(
            {
                "import typer, rich": (sys.executable, "-c", "import typer, rich"),
                "evenhand --help": (evenhand, "--help"),
                "import typer, pydantic, numpy": (sys.executable, "-c", "import typer, pydantic, numpy"),
                "evenhand plan --help": (evenhand, "plan", "--help"),
                "evenhand plan": plan,
            }
        )
    for name, seconds in took.items():
        print(f"  {name:<30} {seconds:.3f} s")
    help_ratio = took["evenhand --help"] / took["import typer, rich"]
    plan_ratio = took["evenhand plan"] / took["evenhand --help"]
    print(f"help over `import typer, rich` {help_ratio:.2f}x (at most {MOST_HELP}x)")
    print(f"plan over help {plan_ratio:.1f}x (at most {MOST_PLAN}x)")
    return help_ratio <= MOST_HELP and plan_ratio <= MOST_PLAN


if __name__ == "__main__":
    sys.exit(not main())
