"""`make calibration` and the page that it writes."""

from __future__ import annotations

from pathlib import Path

from bench.calibration import CLOSING, INTRODUCTION, SECTIONS, kept_sections, size_line, write
from bench.rows import inside, percent
from evenhand.selftest.calibration import rate

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "methods" / "calibration.md"


def test_the_page_says_what_the_bench_would_say_around_its_tables() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.startswith(INTRODUCTION)
    assert text.endswith(CLOSING)
    titles = [title for title, _ in SECTIONS.values()]
    assert list(kept_sections(PAGE)) == titles


def test_make_calibration_runs_the_bench() -> None:
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    assert lines[lines.index(next(line for line in lines if line.startswith("calibration:"))) + 1].endswith(
        "python -m bench.calibration"
    )


def test_sections_that_are_not_made_again_are_kept(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    first, second = (SECTIONS[name][0] for name in ("paired", "rare"))
    write(page, {first: "| a | b |", second: "| c | d |"}, size_line(2000, 1))
    assert kept_sections(page) == {first: "| a | b |", second: "| c | d |"}
    assert "Root seed 1; 2000 tables per row" in page.read_text(encoding="utf-8")
    assert kept_sections(tmp_path / "none.md") == {}


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
