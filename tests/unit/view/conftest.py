from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def index_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Indexes of the tests are kept beside their runs."""
    place = tmp_path / "cache"
    monkeypatch.setenv("EVENHAND_CACHE", str(place))
    yield place
