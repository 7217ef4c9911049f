"""Faults planted into the modules that decide what becomes a number are noticed by their own tests."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from statsmodels.stats.proportion import proportion_confint

from tests.mutants.excused import excused, without_mutant
from tests.mutants.mutant import mutants_of
from tests.mutants.reach import AT_IMPORT, Reach, file_of, merged
from tests.mutants.runner import ROOT, Effort, Result, Target, least_share, run, told
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


def test_every_module_of_the_analysis_is_in_exactly_one_target() -> None:
    rooms = (ROOT / "src/evenhand/analysis").rglob("[!_]*.py")
    there = sorted(".".join(path.relative_to(ROOT / "src").with_suffix("").parts) for path in rooms)
    tried = [module for target in TARGETS for module in target.modules]
    assert sorted(module for module in tried if module.startswith("evenhand.analysis.")) == there
    assert len(tried) == len(set(tried))


def test_the_least_share_is_the_one_sided_bound_of_wilson() -> None:
    for killed, tried in ((0, 3), (18, 20), (260, 300), (40, 40)):
        both = proportion_confint(killed, tried, alpha=0.1, method="wilson")
        assert least_share(killed, tried) == pytest.approx(both[0], abs=1e-12)


def test_what_is_told_names_each_survivor_and_counts_the_excused_apart() -> None:
    result = Result(planted=90, tried=21, killed=18, excused=("m:2: f (why)",), survivors=("m:1: a", "m:3: b"))
    assert result.share == pytest.approx(18 / 20)
    target = Target(name="t", modules=("m",), tests=())
    assert told(target, result).split("\n") == [
        f"t: 18 of 21 killed, 1 excused: 90.0%, at least {least_share(18, 20):.1%} (of 90 mutants)",
        "  excused m:2: f (why)",
        "  m:1: a",
        "  m:3: b",
    ]


def test_what_processes_reached_is_put_together(tmp_path: Path) -> None:
    parts = (
        Reach(("", "a"), {"m": {1: (0,), 2: (1,)}}, {"a": 0.5}),
        Reach(("b", ""), {"m": {1: (1,), 2: (0,)}, "n": {7: (0,)}}, {"b": 0.25}),
    )
    for place, part in enumerate(parts):
        (tmp_path / f"gw{place}.json").write_bytes(msgspec.json.encode(part))
    whole = merged(tmp_path)
    assert whole.at("m", [1]) == {AT_IMPORT}
    assert whole.at("m", [2, 3]) == {"a", "b"}
    assert whole.at("n", range(10)) == {"b"}
    assert whole.at("absent", [1]) == set()
    assert whole.seconds == {"a": 0.5, "b": 0.25}


def test_every_excused_mutant_is_still_one_of_its_module() -> None:
    targeted = {module for target in TARGETS for module in target.modules}
    named = excused()
    assert {module for module, _ in named} <= targeted
    mutants = {
        module: {one.name for one in mutants_of(Path(file_of(module)).read_text(encoding="utf-8"))}
        for module in {module for module, _ in named}
    }
    assert without_mutant(named, mutants) == []
    assert all(why.strip() for why in named.values())


def test_an_excused_mutant_that_is_no_more_is_named_unless_its_module_is_not_tried() -> None:
    mutants = {"m": {"f: no result: `return 1` -> `return None`"}}
    gone = ("m", "f: no result: `return 2` -> `return None`")
    assert without_mutant([gone, ("other", "any")], mutants) == [gone]


def test_mutants_that_read_alike_have_names_of_their_own() -> None:
    names = [mutant.name for mutant in mutants_of("def f():\n    a = 1\n    b = 1\n    return a\n")]
    assert len(set(names)) == len(names)
    assert "f: number off by one: `1` -> `2` (no. 2)" in names


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_nine_in_ten_mutants_are_killed(target: Target) -> None:
    result = run(target, Effort())
    assert result.share >= target.least_killed, told(target, result)
