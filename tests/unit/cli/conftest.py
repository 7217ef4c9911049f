from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import SMALL, Audited, Ended, evenhand, evenhand_apart


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """`cli("plan", "simulated/null")` runs that command."""

    def run(*arguments: object) -> Ended:
        return evenhand(*arguments, capsys=capsys, monkeypatch=monkeypatch)

    return run


def _audited(model: str, folder: Path) -> Audited:
    ended = evenhand_apart("audit", model, "--out", folder / "r", *SMALL)
    assert ended.code == 0, ended.err
    return Audited(ended, folder / "r")


@pytest.fixture(scope="session")
def audited_null(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """An audit of a respondent without any effect."""
    return _audited("simulated/null", tmp_path_factory.mktemp("null"))


@pytest.fixture(scope="session")
def audited_tilted(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """An audit of a respondent with a gap."""
    return _audited("simulated/tilted", tmp_path_factory.mktemp("tilted"))
