from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import evenhand

ROOT = Path(__file__).parents[2]


def test_the_face_is_sorted_and_every_name_resolves() -> None:
    assert list(evenhand.__all__) == sorted(evenhand.__all__)
    for name in evenhand.__all__:
        assert getattr(evenhand, name) is not None


def test_every_name_of_the_face_has_a_reason() -> None:
    """About fifteen names, each in the table of the decision once."""
    decision = (ROOT / "docs" / "adr" / "0002-the-face-loads-lazily.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?`) \| .+ \|$", decision, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(evenhand.__all__)
    assert len(evenhand.__all__) <= 16


def test_the_page_describes_every_name_of_the_face_and_nothing_that_is_not_there() -> None:
    page = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    described = re.findall(r"^::: ([\w.]+)$", page, re.MULTILINE)
    face = [name for name in described if name.count(".") == 1]
    assert face == [f"evenhand.{name}" for name in evenhand.__all__]
    for module, _, name in (whole.rpartition(".") for whole in described):
        assert hasattr(importlib.import_module(module), name), (module, name)


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "polars scipy numpy aiohttp jinja2"
    code = f"import sys, evenhand, evenhand.cli.main; print(sorted(set({heavy!r}.split()) & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
