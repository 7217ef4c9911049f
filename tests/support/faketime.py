"""Sets the clock of a process of a test, by libfaketime."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

__all__ = ["SetClock"]


class SetClock:
    """The clock of processes that are started with its environment, and that may be set while they run.

    Args:
        folder: Where the file goes that the processes read their clock from.
        steady: Whether only the time of day is set; otherwise the clock that measures lengths of time is, too, as
            after a sleep of the whole machine.
    """

    def __init__(self, folder: Path, *, steady: bool) -> None:
        found = sorted(Path("/usr/lib").rglob("libfaketimeMT.so.1"))
        if not found:
            reason = "libfaketime is not there: run scripts/install-faketime.sh as root"
            if os.environ.get("EVENHAND_CI") == "1":
                pytest.fail(reason)
            pytest.skip(reason)
        self._file = folder / "clock"
        self.set("+0")
        self.environment = os.environ | {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1" if steady else "0",
        }

    def set(self, offset: str) -> None:
        """Set the clock ahead (`+1d`) or back (`-1h`) of the machine's."""
        new = self._file.with_suffix(".new")
        new.write_text(offset + "\n", encoding="ascii")
        new.replace(self._file)
