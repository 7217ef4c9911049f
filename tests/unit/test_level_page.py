"""`python -m bench.level` and the page that it writes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from bench.level import (
    CLOSING,
    NULL,
    PAGE,
    PLANTED,
    RIVALS,
    Case,
    both,
    held,
    ours,
    page,
    published_likelihood,
    simulate,
)
from evenhand.seeds import stream
from evenhand.selftest.calibration import Rate

TEXT = PAGE.read_text(encoding="utf-8")


def lines_of(section: str) -> list[list[str]]:
    part = TEXT.split(f"## {section}")[1].split("\n## ")[0]
    rows = [line for line in part.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_page_has_a_line_for_every_case_and_a_column_for_every_analysis() -> None:
    for section, cases in (("False alarms", NULL), ("Power", PLANTED)):
        found = lines_of(section)
        assert [row[:2] for row in found] == [[case.words, case.design.label] for case in cases]
        assert {len(row) for row in found} == {2 + len(RIVALS)}
    assert all(rival.title in TEXT for rival in RIVALS)
    assert TEXT.endswith(CLOSING)


def test_the_page_names_the_versions_and_how_many_tables_were_made() -> None:
    assert re.search(r"errorbars \d+\.\d+\.\d+ and evalstats \d+\.\d+\.\d+", TEXT)
    assert re.search(r"Share of 1,000 tables \(variational Bayes: 100\)", TEXT)


def test_what_the_page_says_of_level_follows_from_its_rates() -> None:
    low, high = Rate(0.05, 0.007, 1000), Rate(0.2, 0.013, 1000)
    null = [tuple(high if rival.slow else low for rival in RIVALS) for _ in NULL]
    text = page(null, null[: len(PLANTED)], tables=1000, seed=3)
    kept, lost = re.search(r"errors: (.*)\. More in at least one: (.*)\.\n", text).groups()  # type: ignore[union-attr]
    assert kept.split(", ")[0] == "evenhand"
    assert lost == "published kind, variational Bayes (up to 20.0%)"
    assert text.count("**20.0 ± 1.3**") == len(NULL)
    assert held(Rate(0.073, 0.0066, 1000))
    assert not held(Rate(0.075, 0.0066, 1000))


@pytest.mark.parametrize("case", [NULL[0], both(Case(words="x", accuracy=0.9, gap=0.06, copied=True))])
def test_simulated_answers_have_the_stated_accuracy_and_gap(case: Case) -> None:
    rng = stream(5, "level test", case.words)
    tables = [simulate(case, rng=rng) for _ in range(150)]
    gaps = [float(np.nanmean(one.advantaged - one.disadvantaged)) for one in tables]
    right = [float(np.nanmean(one.advantaged + one.disadvantaged)) / 2 for one in tables]
    assert abs(np.mean(gaps) - case.gap) < 3 * stats.sem(gaps)
    assert abs(np.mean(right) - case.accuracy) < 0.02


def test_a_large_gap_is_seen_and_an_exchange_of_arms_changes_nothing() -> None:
    case = both(Case(words="seen", accuracy=0.8, gap=0.15))
    answers = simulate(case, rng=stream(5, "level test"))
    turned = type(answers)(advantaged=answers.disadvantaged, disadvantaged=answers.advantaged)
    for p in (ours, published_likelihood):
        assert p(answers) < 0.01
        assert p(answers) == pytest.approx(p(turned), rel=1e-3)


def test_the_page_is_in_the_docs() -> None:
    nav = (Path(__file__).parents[2] / "mkdocs.yml").read_text(encoding="utf-8")
    assert "methods/level.md" in nav
