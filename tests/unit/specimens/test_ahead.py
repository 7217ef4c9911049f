"""Work done ahead comes in order, ends when whoever takes it has enough, and fails aloud."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from specimens.ahead import ahead


def drawn(seed: int, count: int) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield rng.random(1000)


def broken() -> Iterator[int]:
    yield 1
    raise ValueError("no more")


def test_what_another_process_draws_is_what_this_one_would_draw() -> None:
    with ahead(drawn, 3, 5) as found:
        there = list(found)
    assert np.array_equal(np.array(there), np.array(list(drawn(3, 5))))


def test_whoever_has_enough_waits_for_nothing() -> None:
    with ahead(drawn, 3, 1_000_000) as found:
        first = next(found)
    assert np.array_equal(first, next(drawn(3, 1)))


def test_a_failure_there_is_an_error_here() -> None:
    with ahead(broken) as found:
        assert next(found) == 1
        with pytest.raises(ChildProcessError, match="exit code 1"):
            next(found)
