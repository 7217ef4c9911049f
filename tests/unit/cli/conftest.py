from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.command import Ended, evenhand


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """`cli("plan", "simulated/null")` runs that command."""

    def run(*arguments: object) -> Ended:
        return evenhand(*arguments, capsys=capsys, monkeypatch=monkeypatch)

    return run
