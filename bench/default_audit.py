"""CPU time of the default audit, offline, against that of asking its cells alone.

The audit that `evenhand audit` does without any argument: the shipped specimen, the preset that is the default for
models that cost nothing, everything on this machine. The simulated assistant is shown beside it: it answers for next to
nothing, so that the rest of an audit stands alone there.

Run: python -m bench.default_audit
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from evenhand.audit import analyse_run, ask, publish
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.plan.settling import settled

BUDGET_RATIO = 3.0
"""CPU of planning, asking, scoring, analysis and report over that of asking."""
DEFAULT = "specimen/tilted"
SIMULATED = "simulated/null"


def measure(model: str) -> bool:
    """Audit one model, print what the steps cost; whether the budget held."""
    started = time.process_time()
    plan = make_plan(PlanRequest(models=(model,)))
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with settled(plan, directory):
            before = time.process_time()
            done = ask(plan, directory)
            asking = time.process_time() - before
        before = time.process_time()
        findings = analyse_run(plan, directory)
        analysis = time.process_time() - before
        publish(findings, directory)
    whole = time.process_time() - started
    ratio = whole / asking
    print(
        f"{model:<18} {done.asked:>7,} cells  asking {asking:>6.1f} s  scores and findings {analysis:>5.1f} s  "
        f"whole audit {whole:>6.1f} s  ratio {ratio:>5.2f} x",
        flush=True,
    )
    return ratio <= BUDGET_RATIO


def main() -> bool:
    """Measure either model in a process of its own; whether the default audit keeps its budget."""
    held = {
        model: subprocess.run([sys.executable, "-m", "bench.default_audit", model], check=False).returncode == 0
        for model in (DEFAULT, SIMULATED)
    }
    print(f"default audit: at most {BUDGET_RATIO:.0f} times the CPU of asking: {'met' if held[DEFAULT] else 'MISSED'}")
    return held[DEFAULT]


if __name__ == "__main__":
    sys.exit(not (measure(sys.argv[1]) if len(sys.argv) > 1 else main()))
