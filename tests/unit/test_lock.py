"""The lock file is whole: each file has a hash, comes from the public registry, and answers pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
LOCK: dict[str, Any] = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def locked_files() -> list[dict[str, Any]]:
    return [
        file
        for package in LOCK["package"]
        for file in (*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ()))
    ]


def test_every_file_has_a_hash_and_comes_from_the_public_registry() -> None:
    files = locked_files()
    assert len(files) > 500
    assert all(file["hash"].startswith("sha256:") for file in files)
    assert {urlsplit(file["url"]).hostname for file in files} == {"files.pythonhosted.org"}
    sources = {package["source"].get("registry") for package in LOCK["package"] if package["name"] != "evenhand"}
    assert sources == {"https://pypi.org/simple"}


def test_the_lock_answers_the_bounds_of_the_project() -> None:
    """Change a bound and the lock is stale: `.venv/bin/uv lock` makes it anew."""
    asked = [*PROJECT["dependencies"], *(one for extra in PROJECT["optional-dependencies"].values() for one in extra)]
    wanted = set()
    for text in asked:
        name, bound = re.match(r"([A-Za-z0-9_.-]+)(?:\[[^]]*\])?\s*([^;]*)", text).groups()  # type: ignore[union-attr]
        wanted.add((re.sub(r"[-_.]+", "-", name).lower(), bound.strip()))
    (own,) = (package for package in LOCK["package"] if package["name"] == "evenhand")
    assert {(entry["name"], entry.get("specifier", "")) for entry in own["metadata"]["requires-dist"]} == wanted


def test_torch_is_not_in_the_lock() -> None:
    """Its build depends on the machine; scripts/bootstrap.py installs it."""
    assert not {package["name"] for package in LOCK["package"]} & {"torch", "triton"}


def test_the_installer_has_hashes() -> None:
    text = (ROOT / "scripts" / "installer.txt").read_text(encoding="utf-8")
    assert re.search(r"^uv==\d[\d.]* \\$", text, re.MULTILINE)
    assert text.count("--hash=sha256:") >= 10
