"""Rows of the calibration page that are kept, and when they are made again."""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench import finished as finished_module
from bench.finished import Finished, Job, current, finished, kept_with, made, rule_of
from evenhand.analysis.estimators.shares import share_of_count

CEILING = "src/evenhand/selftest/ceiling.py"


def job(name: str = "a row", tables: int = 7) -> Job:
    def make() -> tuple[tuple[str, ...], ...]:
        low, high = share_of_count(3, 10, alpha=0.05)
        return ((name, f"{low:.3f}", f"{high:.3f}"),)

    return Job(section="rare", name=name, tables=tables, make=make)


@pytest.fixture
def small_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of two modules in the place of ours."""
    for path, text in {
        "src/evenhand/analysis/level.py": "def level():\n    return 0.05\n",
        "src/evenhand/selftest/draws.py": "def one():\n    return 1\n\n\ndef other():\n    return 2\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    monkeypatch.setattr(finished_module, "_ROOT", tmp_path)
    finished_module._fingerprint.cache_clear()
    yield tmp_path
    finished_module._fingerprint.cache_clear()


def code(root: Path, path: str, function: str) -> types.CodeType:
    module: dict[str, types.FunctionType] = {}
    exec(compile((root / path).read_text(encoding="utf-8"), root / path, "exec"), module)
    return module[function].__code__


def test_a_finished_row_is_taken_up_where_tables_seed_and_code_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "rows.json"
    assert finished(path) == Finished()
    row, rule = made(job(), seed=3)
    assert "src/evenhand/analysis/estimators/shares.py" in rule
    assert (row.tables, row.seed, row.lines[0][0]) == (7, 3, "a row")
    kept_with(path, row, rule)
    assert current(finished(path), job(), seed=3) == row
    assert current(finished(path), job(tables=8), seed=3) is None
    # A page may show a row of fewer tables until the whole one is there, and never one of more.
    assert current(finished(path), job(tables=8), seed=3, fewer=True) == row
    assert current(finished(path), job(tables=6), seed=3, fewer=True) is None
    assert current(finished(path), job(), seed=4) is None
    assert current(finished(path), job("another"), seed=3) is None


def test_a_row_that_is_made_again_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    row, rule = made(job(), seed=3)
    other, _ = made(job("other"), seed=3)
    for one in (row, other, replace(row, tables=9, rule="new")):
        kept_with(path, one, rule)
    kept = finished(path)
    assert [(one.name, one.tables) for one in kept.rows] == [("a row", 9), ("other", 7)]
    assert set(kept.rules) == {"new", other.rule}
    assert [entry.name for entry in tmp_path.iterdir()] == ["rows.json"]


def test_a_row_is_older_than_the_code_when_what_it_ran_through_changes(small_tree: Path) -> None:
    level, draws = "src/evenhand/analysis/level.py", "src/evenhand/selftest/draws.py"
    rule = rule_of([code(small_tree, level, "level"), code(small_tree, draws, "one")])
    assert set(rule) == {level, f"{draws}:one"}
    row, _ = made(job(), seed=1)
    kept = Finished(rules={row.rule: rule}, rows=(row,))

    def taken(path: str, text: str) -> bool:
        before = (small_tree / path).read_text(encoding="utf-8")
        (small_tree / path).write_text(text, encoding="utf-8")
        finished_module._fingerprint.cache_clear()
        try:
            return current(kept, job(), seed=1) is not None
        finally:
            (small_tree / path).write_text(before, encoding="utf-8")
            finished_module._fingerprint.cache_clear()

    sound = (small_tree / draws).read_text(encoding="utf-8")
    assert taken(level, (small_tree / level).read_text(encoding="utf-8"))
    assert taken(level, '"""What it is."""\n\n\ndef level():\n    """Says it."""\n    return 0.05  # points\n')
    assert not taken(level, "def level():\n    return 0.06\n")
    # Of simulations only the functions that were called count.
    assert taken(draws, sound.replace("return 2", "return 3"))
    assert not taken(draws, sound.replace("return 1", "return 3"))
    assert not taken(draws, "def other():\n    return 2\n")


def test_code_of_others_is_no_part_of_a_rule() -> None:
    assert rule_of([Path.joinpath.__code__]) == {}
