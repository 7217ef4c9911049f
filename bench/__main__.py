"""Run every bench: `python -m bench`, or some: `python -m bench client_speed memory`.

Ends with 1 when a claim does not hold. The calibration of the statistics is `make calibration`.
"""

from __future__ import annotations

import sys
from importlib import import_module

BENCHES = (
    "client_speed",
    "memory",
    "whole_run",
    "start_up",
    "specimen_speed",
    "local_weights",
    "judge_speed",
    "findings_speed",
    "default_audit",
    "table_speed",
    "report_size",
    "gateway_speed",
    "view_speed",
    "headroom",
)


def main(names: list[str]) -> bool:
    """Run the benches of these names, all of them by default; whether every claim holds."""
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"There is no bench {unknown[0]!r}; allowed: {', '.join(BENCHES)}.")
        return False
    held: dict[str, bool] = {}
    for name in names or BENCHES:
        print(f"== {name}", flush=True)
        held[name] = import_module(f"bench.{name}").main()
    failed = [name for name, holds in held.items() if not holds]
    print("every claim holds" if not failed else f"claims that do not hold: {', '.join(failed)}")
    return not failed


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
