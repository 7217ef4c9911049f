"""Found by every Python process that a test starts: no socket leaves this machine (`tests/support/loopback.py`)."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

_GUARD = Path(__file__).parents[1] / "loopback.py"


def _guard() -> None:
    record = os.environ.get("EVENHAND_TEST_SOCKETS")
    if record is None:
        return
    spec = importlib.util.spec_from_file_location("evenhand_loopback_guard", _GUARD)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.guard(Path(record))


_guard()
