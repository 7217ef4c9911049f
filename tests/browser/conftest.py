from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.browser import started


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as browser:
        yield browser
