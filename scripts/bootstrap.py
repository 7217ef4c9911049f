"""Make the virtual environment and install what `uv.lock` says, hashes checked, with the extras named.

Usage: python3 scripts/bootstrap.py .venv dev,serving

Needs nothing but Python: pip, which every virtual environment has, brings uv in one version with its hashes
(`scripts/installer.txt`), and uv installs from the lock file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

LEAST = (3, 11)
INSTALLER = Path(__file__).with_name("installer.txt")
TORCH = "torch==2.13.0"
"""Outside the lock file: pip takes the CPU build where one is at hand (a folder or an index of the machine's own)."""
NEEDS_TORCH = {"serving", "hf", "train"}


def main() -> None:
    """Create the environment if it is not there, then install."""
    if sys.version_info < LEAST:
        sys.exit(f"Python {sys.version.split()[0]} is too old: evenhand needs 3.11 or newer; set PYTHON=python3.12")
    where, extras = Path(sys.argv[1]).absolute(), sys.argv[2].split(",")
    python = where / "bin" / "python"
    if not python.exists():
        create(where)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--require-hashes", "--requirement", str(INSTALLER)])
    if NEEDS_TORCH & set(extras):
        run([*pip, TORCH])
    chosen = [word for extra in extras for word in ("--extra", extra)]
    sync = [str(where / "bin" / "uv"), "sync", "--quiet", "--frozen", "--inexact", "--python", str(python), *chosen]
    run(sync, {**os.environ, "UV_PROJECT_ENVIRONMENT": str(where), "UV_PYTHON_DOWNLOADS": "never"})


def create(where: Path) -> None:
    """A virtual environment with pip."""
    try:
        venv.create(where, with_pip=True)
    except subprocess.CalledProcessError:
        sys.exit("this Python makes no virtual environments; on Debian and Ubuntu: apt-get install python3-venv")


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run it; where it fails, it has said why, and nothing needs to be added to that."""
    ended = subprocess.run(command, env=environment)
    if ended.returncode:
        sys.exit(ended.returncode)


if __name__ == "__main__":
    main()
