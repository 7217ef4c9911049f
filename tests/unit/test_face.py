from __future__ import annotations

import subprocess
import sys

import evenhand


def test_the_face_is_sorted_and_every_name_resolves() -> None:
    assert list(evenhand.__all__) == sorted(evenhand.__all__)
    for name in evenhand.__all__:
        assert getattr(evenhand, name) is not None


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "polars scipy numpy aiohttp jinja2"
    code = f"import sys, evenhand, evenhand.cli.main; print(sorted(set({heavy!r}.split()) & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
