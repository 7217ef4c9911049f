"""The same table and seed give the same findings in every version: numbers, draws, order, methods and notes.

An auditor who analyses a kept score table again must find what the report says. The tables are small, so that each part
of the analysis is compared by itself. What the numbers should be is tested module by module; here they may not move.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from evenhand.analysis.findings.accuracy import accuracy_findings
from evenhand.analysis.findings.benefit_findings import benefit_findings
from evenhand.analysis.findings.dose_trend import dose_findings
from evenhand.analysis.findings.emotions import keyed_emotions
from evenhand.analysis.findings.factor_gaps import factor_findings, interaction_findings
from evenhand.analysis.findings.flips import flip_findings
from evenhand.analysis.findings.gaps import gap_findings
from evenhand.analysis.findings.intersections import intersections
from evenhand.analysis.findings.item_factor_gaps import item_factor_findings
from evenhand.analysis.findings.item_functioning import item_functioning
from evenhand.analysis.findings.leakage_findings import fact_mentions, leakage_findings
from evenhand.analysis.findings.memory_effect import memory_findings
from evenhand.analysis.findings.missingness import missing_findings, outcome_counts
from evenhand.analysis.findings.mixed_check import mixed_check
from evenhand.analysis.findings.option_shift import option_findings, option_shares
from evenhand.analysis.findings.pilot import design_power
from evenhand.analysis.findings.published_comparison import published_findings
from evenhand.analysis.findings.within_factor_gaps import within_factor_findings
from evenhand.analysis.table.stratum import Stratum, strata
from tests.support.stated import CLOSE, SEARCHED, assert_stated
from tests.support.stated_tables import TABLES, scores_of

PARTS: dict[str, Callable[[Stratum], object]] = {
    "accuracy": accuracy_findings,
    "benefit": benefit_findings,
    "dose": dose_findings,
    "emotions": keyed_emotions,
    "factor": factor_findings,
    "interaction": interaction_findings,
    "flip": flip_findings,
    "gap": gap_findings,
    "intersections": intersections,
    "item factor": item_factor_findings,
    "item functioning": item_functioning,
    "leakage": leakage_findings,
    "mentions": fact_mentions,
    "memory": memory_findings,
    "missing": missing_findings,
    "outcomes": outcome_counts,
    "mixed": mixed_check,
    "option": option_findings,
    "shares": option_shares,
    "power": design_power,
    "published": published_findings,
    "within": within_factor_findings,
}
SEARCHES = {"mixed", "intersections", "published", "power"}
"""Parts whose numbers come from a search."""
CASES = [
    (table, part)
    for table in TABLES
    for part in PARTS
    if (table != "readers" or part in {"gap", "memory", "flip", "missing", "outcomes"})
    and (table, part) != ("two units", "power")
]
"""Several readers and kinds beside each other are strata of their own, whatever is made of them. The variance of two
units, which power rests on, is nothing but rounding."""


@pytest.mark.parametrize(("table", "part"), CASES)
def test_a_part_of_the_findings_of_a_table_is_as_it_was_stated(table: str, part: str) -> None:
    found = [PARTS[part](stratum) for stratum in strata(scores_of(table))]
    within = SEARCHED if part in SEARCHES else CLOSE
    assert_stated(table.replace(" ", "-"), part, found, within=within)
