"""Audit and unit tests with the newest or the oldest versions that pyproject.toml allows, in an environment of its own.

Usage: python scripts/declared_versions.py highest|lowest-direct
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")
RESOLUTIONS = ("highest", "lowest-direct")
TESTS = ("tests/unit", "-n", "2", "-m", "not extras and not slow")


def main() -> None:
    """Make the environment anew, show what is in it, run an audit, run the unit tests."""
    if len(sys.argv) != 2 or sys.argv[1] not in RESOLUTIONS:
        sys.exit(f"usage: declared_versions.py {'|'.join(RESOLUTIONS)}")
    resolution = sys.argv[1]
    where = ROOT / "build" / f"versions-{resolution}"
    shutil.rmtree(where, ignore_errors=True)
    environment = {**os.environ, "VIRTUAL_ENV": str(where), "UV_PYTHON_DOWNLOADS": "never"}
    uv(["venv", "--quiet", "--python", sys.executable, str(where)], environment)
    uv(["pip", "install", "--quiet", "--resolution", resolution, "--upgrade", "--editable", ".[dev]"], environment)
    uv(["pip", "list", "--quiet"], environment)
    with tempfile.TemporaryDirectory() as folder:
        audit = [str(where / "bin" / "evenhand"), "audit", "--yes", "--out", str(Path(folder) / "run")]
        subprocess.run(audit, cwd=ROOT, check=True)
    subprocess.run([str(where / "bin" / "pytest"), *TESTS], cwd=ROOT, check=True)


def uv(arguments: list[str], environment: dict[str, str]) -> None:
    """Run uv in the repository."""
    subprocess.run([str(UV), *arguments], cwd=ROOT, env=environment, check=True)


if __name__ == "__main__":
    main()
