"""Faults planted into the modules that decide what becomes a number are noticed by their own tests."""

from __future__ import annotations

import pytest

from tests.mutants.mutant import mutants_of
from tests.mutants.runner import ROOT, Target, run, told
from tests.mutants.targets import TARGETS

SOURCE = '''
"""A docstring."""
import re
__all__ = ["f"]
PATTERN = re.compile(r"^a(?!b)\\s*$")
def f(x: int = 1) -> str:
    """Another."""
    if x < 2 and not x == 5:
        raise ValueError("words")
    return "small"
'''


def test_each_mutant_differs_from_the_sound_source_in_one_place() -> None:
    mutants = mutants_of(SOURCE)
    faults = [mutant.fault for mutant in mutants]
    assert len({mutant.source for mutant in mutants}) == len(mutants)
    for expected in ("comparison turned round", "and for or", "not left out", "number off by one", "no result"):
        assert expected in faults
    assert {"pattern flips (?!", "pattern drops ^", "pattern drops $"} <= set(faults)


def test_what_nothing_depends_on_is_left_alone() -> None:
    for mutant in mutants_of(SOURCE):
        assert '"""A docstring."""' in mutant.source
        assert "ValueError('words')" in mutant.source
        assert "__all__ = ['f']" in mutant.source


def test_every_target_names_modules_and_tests_that_exist() -> None:
    for target in TARGETS:
        assert all((ROOT / path).exists() for path in target.tests), target.name
        assert all((ROOT / "src" / f"{module.replace('.', '/')}.py").exists() for module in target.modules), target.name


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_nine_in_ten_mutants_are_killed(target: Target) -> None:
    result = run(target)
    assert result.share >= target.least_killed, told(target, result)
