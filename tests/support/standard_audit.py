"""The audit that `evenhand audit` does unless it is told otherwise, of a specimen."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

__all__ = ["StandardAudit", "standard_audit"]


class StandardAudit(Struct, frozen=True):
    """A finished audit of the standard design."""

    run: Path
    cpu_s: float
    """Processor time of the whole command."""


def standard_audit(specimen: str, run: Path) -> StandardAudit:
    """Audit a specimen as a newcomer does, in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    command = [sys.executable, "-m", "evenhand.cli.main", "audit", specimen, "--yes", "--out", str(run)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return StandardAudit(run, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
