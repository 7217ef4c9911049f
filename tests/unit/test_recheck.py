"""`python -m bench.recheck` on a copy of the code in a repository of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.finished import Row, finished

ROOT = Path(__file__).parents[2]
MOMENTS = "src/evenhand/analysis/estimators/moments.py"
ROW = "small/8 sets x 8 items, plain"


def git(folder: Path, *given: str) -> None:
    names = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *names, *given], check=True, capture_output=True)


def bench(folder: Path, module: str, *given: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(folder / "src"), str(folder)])
    return subprocess.run(
        [sys.executable, "-P", "-m", f"bench.{module}", "--kept", "rows.json", "--rows", ROW, *given],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )


def changed(folder: Path, old: str, new: str) -> None:
    path = folder / MOMENTS
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def row(folder: Path) -> Row:
    (found,) = finished(folder / "rows.json").rows
    return found


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The modules in a repository, with a row that they made."""
    folder = tmp_path_factory.mktemp("copy")
    for source in [*ROOT.glob("bench/*.py"), *ROOT.glob("src/evenhand/**/*.py"), ROOT / "src/evenhand/__init__.pyi"]:
        target = folder / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    made = bench(folder, "calibration", "--simulations", "60")
    assert made.returncode == 0, made.stderr
    git(folder, "init")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "rows")
    return folder


def test_a_row_stands_where_the_code_changed_and_its_numbers_did_not_and_is_left_where_they_did(copy: Path) -> None:
    before = row(copy)
    assert before.agreed == 0
    nothing = bench(copy, "recheck")
    assert nothing.returncode == 0 and "0 of 0 rows agree" in nothing.stdout, nothing.stderr

    changed(copy, "parts = weights * residual", "parts = 1.0 * (weights * residual)")
    same = bench(copy, "recheck", "--page", "page.md")
    assert same.returncode == 0, same.stderr
    assert f"{ROW}: agrees on 20 tables, " in same.stdout and "1 of 1 rows agree" in same.stdout
    after = row(copy)
    assert (after.agreed, after.lines, after.tables) == (20, before.lines, 60)
    assert after.rule != before.rule
    page = (copy / "page.md").read_text(encoding="utf-8")
    assert "on the first 20 tables of each the code of today gives the same" in page
    kept = (copy / "rows.json").read_bytes()

    git(copy, "commit", "-a", "-m", "rows that were seen to agree")
    changed(copy, "df = max(1.0, ", "df = max(1.0, 1.000001 * ")
    moved = bench(copy, "recheck")
    assert moved.returncode == 1, moved.stderr
    assert f"{ROW}: has " in moved.stdout and "0 of 1 rows agree" in moved.stdout
    assert (copy / "rows.json").read_bytes() == kept
    nowhere = bench(copy, "recheck", "--commit", "no-such-name")
    assert nowhere.returncode == 1
    assert "git archive failed" in nowhere.stderr and "Traceback" not in nowhere.stderr


def test_a_file_that_is_in_no_commit_needs_one_named(copy: Path, tmp_path: Path) -> None:
    shutil.copy(copy / "rows.json", copy / "other.json")
    ended = bench(copy, "recheck", "--kept", "other.json")
    assert ended.returncode == 1
    assert "is in no commit" in ended.stderr and "Traceback" not in ended.stderr
