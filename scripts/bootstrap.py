"""Make the virtual environment and install the package with the extras named on the command line.

Usage: python3 scripts/bootstrap.py .venv dev,serving
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

LEAST = (3, 11)
TORCH = "torch==2.13.0"
"""Pinned so that the CPU build is taken where one is at hand, not the newest build with its CUDA packages."""


def main() -> None:
    """Create the environment if it is not there, then install."""
    if sys.version_info < LEAST:
        sys.exit(f"Python {sys.version.split()[0]} is too old: evenhand needs 3.11 or newer; set PYTHON=python3.12")
    where, extras = Path(sys.argv[1]), sys.argv[2]
    python = where / "bin" / "python"
    if not python.exists():
        venv.create(where, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if "serving" in extras or "hf" in extras:
        subprocess.run([*pip, TORCH], check=True)
    subprocess.run([*pip, "--editable", f".[{extras}]"], check=True)


if __name__ == "__main__":
    main()
