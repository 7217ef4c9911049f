"""Run a command and say what it cost, as JSON: exit code, processor time, peak memory of it and what it started.

Run as a script, by a small process of its own: the peak of a child begins with the size of the process that forks it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys


def end_in_time() -> None:
    """A command that does not end by itself is ended by the system."""
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
    resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 2 << 30))


def measure(command: list[str]) -> dict[str, float | str]:
    """Run it with what it says going to `said.txt` here."""
    with open("said.txt", "w+b") as said:  # noqa: PTH123  # pathlib would double the size of this process
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, preexec_fn=end_in_time)
        _, status, cost = os.wait4(process.pid, 0)
        said.seek(0)
        text = said.read().decode(errors="replace")
    return {
        "code": os.waitstatus_to_exitcode(status),
        "said": text,
        "cpu_s": cost.ru_utime + cost.ru_stime,
        "peak_mb": cost.ru_maxrss / 1024,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1:])))
