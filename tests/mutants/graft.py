"""A pytest plug-in that puts a mutant in the place of one module.

`python -m pytest -p tests.mutants.graft TESTS` with `EVENHAND_MUTANT=evenhand.room.module=/path/to/mutant.py` imports
the mutant under the module's name. A session in which no test imports the module ends with `NOT_IMPORTED`, so that a
mutant nobody looked at is not taken for one that survived.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType

import pytest

NOT_IMPORTED = 70
_NAME, _, _PATH = os.environ.get("EVENHAND_MUTANT", "").partition("=")


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_file_location(fullname, _PATH) if fullname == _NAME else None


if _NAME:
    assert _NAME not in sys.modules, f"{_NAME} was imported before its mutant could take its place"
    sys.meta_path.insert(0, _Finder())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if _NAME and session.testscollected and _NAME not in sys.modules:
        session.exitstatus = NOT_IMPORTED
