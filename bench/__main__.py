"""Run every bench: `python -m bench`. Ends with 1 when a claim does not hold."""

from __future__ import annotations

import sys

from bench import client_speed, memory, start_up

held = [bench.main() for bench in (client_speed, memory, start_up)]
sys.exit(not all(held))
