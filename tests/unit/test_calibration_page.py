"""`make calibration` and the page that it writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.calibration import CLOSING, INTRODUCTION, KEPT, PAGE, SECTIONS, SIZE, main, page, size_line
from bench.finished import Row, finished
from bench.rows import inside, percent
from evenhand.selftest.calibration import rate

ROOT = Path(__file__).parents[2]


def row(section: str, name: str, *, tables: int = SIZE) -> Row:
    return Row(section=section, name=name, lines=(("a", name),), tables=tables, seed=1, rule="r", cpu=1.0)


def test_the_page_is_what_the_bench_makes_of_the_kept_rows() -> None:
    kept = {(one.section, one.name): one for one in finished(KEPT).rows if one.seed == 1}
    rows = {name: [kept.get((name, job.name)) for job in section.jobs(SIZE, 1)] for name, section in SECTIONS.items()}
    assert PAGE.read_text(encoding="utf-8") == page(rows, seed=1)


def test_every_section_of_the_page_says_its_seed_and_how_many_tables_its_rows_have() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.startswith(INTRODUCTION)
    assert text.endswith(CLOSING)
    parts = text.split("\n---\n")[0].split("\n## ")[1:]
    titles = [section.title for section in SECTIONS.values()]
    assert [part.partition("\n")[0] for part in parts] == titles
    for part in parts:
        made = re.search(r"^Seed 1; at least ([\d,]+) tables per row", part, flags=re.MULTILINE)
        lines = [line for line in part.splitlines() if line.startswith("| ")][2:]
        assert (made is not None) == bool(lines), part[:80]
        if made is None:
            assert "rows are still to be made with the code of today" in part, part[:80]
            continue
        numbers = [int(line.split("|")[-2].replace(",", "")) for line in lines]
        assert min(numbers) == int(made[1].replace(",", "")), part[:80]


def test_rows_that_are_missing_are_counted_and_rows_of_another_size_are_named() -> None:
    rows: dict[str, list[Row | None]] = {name: [] for name in SECTIONS}
    rows["small"] = [row("small", "first"), None, row("small", "third"), row("small", "fourth", tables=500)]
    text = page(rows, seed=1)
    assert text.count("\n## ") == len(SECTIONS)
    assert text.count("rows are still to be made with the code of today; older figures are not shown.") == 1
    assert "Seed 1; at least 500 tables per row. 1 of 4 rows are still to be made" in text
    assert (
        text.index("| a | first | 2,000 |") < text.index("| a | third | 2,000 |") < text.index("| a | fourth | 500 |")
    )
    assert size_line([row("small", "x")], seed=1) == "Seed 1; at least 2,000 tables per row."


def test_rows_that_older_code_made_say_on_how_many_tables_both_agree() -> None:
    older = replace(row("small", "x"), agreed=60)
    assert "The rows were made by older code; on the first 60 tables of each" in size_line([older], seed=1)
    said = size_line([row("small", "y"), older, replace(older, agreed=15)], seed=1)
    assert "2 of 3 rows were made by older code; on the first 15 tables of each" in said


def test_no_two_rows_of_a_section_have_one_name() -> None:
    for name, section in SECTIONS.items():
        jobs = list(section.jobs(SIZE, 1))
        assert {job.section for job in jobs} == {name}
        assert len({job.name for job in jobs}) == len(jobs)
        # Mixed models of the crossing are for description only, and a table of reports is a whole report.
        assert min(job.tables for job in jobs) >= {"reports": 200, "mixed": SIZE // 2}.get(name, SIZE)


def test_a_stopped_run_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, written = tmp_path / "rows.json", tmp_path / "page.md"
    given = ["bench", "--simulations", "4", "--kept", str(kept), "--page", str(written), "--rows", "small/8*"]
    monkeypatch.setattr("sys.argv", [*given[:-1], "small/8*plain"])
    assert main() == 0
    first = finished(kept).rows
    assert [one.name for one in first] == ["8 sets x 8 items, plain"]
    monkeypatch.setattr("sys.argv", [*given, "--check"])
    assert main() == 1
    assert "to be made: small/8 sets x 8 items, both do" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", given)
    assert main() == 0
    assert "[1 of 4, " in capsys.readouterr().out
    assert first[0] in finished(kept).rows and len(finished(kept).rows) == 5
    assert "Seed 1; at least 4 tables per row. 5 of 10 rows are still to be made" in written.read_text(encoding="utf-8")


def test_control_c_keeps_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "rows.json"

    def pressed(job: object, *, seed: int) -> None:
        del job, seed
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.calibration.made", pressed)
    monkeypatch.setattr("sys.argv", ["bench", "--kept", str(kept), "--rows", "small/*"])
    assert main() == 130
    assert "the same command goes on" in capsys.readouterr().out


def test_make_calibration_runs_the_bench() -> None:
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    assert lines[lines.index(next(line for line in lines if line.startswith("calibration:"))) + 1].endswith(
        "python -m bench.calibration"
    )


def test_every_rate_says_its_monte_carlo_error_or_its_bound() -> None:
    assert percent(rate([True] * 5 + [False] * 95)) == "5.0 ± 2.2"
    assert percent(rate([True] * 5 + [False] * 9995)) == "0.05 ± 0.02"
    assert percent(rate([False] * 300)) == "0.0 (at most 1.0)"
    assert percent(rate([True] * 300)) == "100.0 (at least 99.0)"
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        assert "± 0.0 |" not in line


def test_a_target_is_kept_missed_or_missed_within_error() -> None:
    near, far = rate([True] * 7 + [False] * 93), rate([True] * 20 + [False] * 80)
    assert [inside(one, 0.0, 0.06) for one in (rate([False] * 9), near, far)] == ["yes", "within error", "**no**"]
