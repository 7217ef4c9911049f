"""The limit of open files is raised where it may be, and otherwise fewer requests are sent at a time."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("resource")

_SCRIPT = """
import resource
from evenhand.endpoints.context import Connection
from evenhand.endpoints.names import fitted
from evenhand.records.plan import ModelSpec

resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
specs = [ModelSpec(name="vllm/a"), ModelSpec(name="vllm/b"), ModelSpec(name="simulated/null")]
connection, note = fitted(specs, Connection(concurrency={wished}))
print(connection.concurrency, resource.getrlimit(resource.RLIMIT_NOFILE)[0], note, sep="|")
"""


def fitted_under(soft: int, hard: int, wished: int) -> tuple[int, int, str]:
    script = _SCRIPT.format(soft=soft, hard=hard, wished=wished)
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    concurrency, limit, note = done.stdout.strip().split("|")
    return int(concurrency), int(limit), note


def test_the_soft_limit_is_raised_as_far_as_needed() -> None:
    concurrency, limit, note = fitted_under(100, 4000, 300)
    assert (concurrency, note) == (300, "None")
    assert 600 < limit < 800


def test_a_limit_that_is_wide_enough_is_left_alone() -> None:
    assert fitted_under(1000, 4000, 30) == (30, 1000, "None")


def test_under_a_hard_limit_the_models_share_what_there_is_and_a_note_says_so() -> None:
    concurrency, limit, note = fitted_under(100, 200, 300)
    assert limit == 200
    assert 40 < concurrency < 68  # two models, and 64 files kept free
    assert "of 600 requests are sent at a time, since this process may open 200 files only; `ulimit -n" in note


def test_there_is_always_room_for_one() -> None:
    assert fitted_under(70, 70, 300)[0] == 1
