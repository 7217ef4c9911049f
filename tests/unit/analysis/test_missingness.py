"""Missing answers as an outcome."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.analyse import analyse
from evenhand.analysis.missingness import missing_findings, outcome_table
from evenhand.analysis.respondents import Respondent, SimulatedDesign, simulated_scores
from evenhand.analysis.stratum import Stratum, strata
from evenhand.records.finding import Finding


def stratum(respondent: Respondent, seed: int = 0) -> Stratum:
    design = SimulatedDesign(items=20, sets=10)
    return strata(simulated_scores(respondent, design=design, rng=np.random.default_rng(seed)))[0]


def named(part: Stratum) -> dict[str, Finding]:
    return {found.id.rsplit("/", 1)[-1]: found for found in missing_findings(part)}


def test_nothing_missing_is_a_rate_of_zero_with_an_exact_upper_end_and_no_gap() -> None:
    found = named(stratum(Respondent()))
    assert {one.measure for one in found.values()} == {"missing_rate"}
    # Ten matched sets and none of them with a missing answer: 1 - 0.05^(1/10).
    assert found["profile"].estimate == 0.0
    assert found["profile"].high == pytest.approx(1 - 0.05**0.1)


def test_refusals_that_depend_on_the_user_are_found() -> None:
    found = named(stratum(Respondent(missing={"disadvantaged": 0.3})))
    assert not any("unparsed" in name for name in found)
    for name in ("missing-advantaged-disadvantaged", "refused-advantaged-disadvantaged"):
        one = found[name]
        assert one.estimate is not None and -0.4 < one.estimate < -0.2
        assert one.p is not None and one.p < 1e-4
    assert found["missing-any-profile-no-memory"].estimate == pytest.approx(0.15, abs=0.04)


def test_refusals_that_do_not_depend_on_the_user_are_no_gap() -> None:
    found = named(stratum(Respondent(missing=dict.fromkeys(("advantaged", "disadvantaged", "none", "placebo"), 0.2))))
    p = found["missing-advantaged-disadvantaged"].p
    assert p is not None and p > 0.01


def test_the_table_counts_every_trial_once() -> None:
    part = stratum(Respondent(missing={"none": 0.5}))
    table = outcome_table([part], model="simulated/model")
    counts = {row[2]: [int(cell or 0) for cell in row[3:8]] for row in table.rows}
    assert sum(counts["none"]) == 40
    assert sum(counts["profile"]) == sum(counts["advantaged"]) + sum(counts["disadvantaged"]) == 400
    assert counts["none"][0] + counts["none"][1] == 40


def test_answers_that_cannot_be_read_are_compared_between_arms_and_put_a_caution_on_the_gap() -> None:
    scores = simulated_scores(
        Respondent(missing={"disadvantaged": 0.3}),
        design=SimulatedDesign(items=20, sets=10),
        rng=np.random.default_rng(0),
    )
    outcome = pl.col("outcome").cast(pl.String)
    unread = pl.when(outcome == "refused").then(pl.lit("unparsed")).otherwise(outcome)
    scores = replace(
        scores, frame=scores.frame.with_columns(unread.cast(scores.frame["outcome"].dtype).alias("outcome"))
    )
    found = named(strata(scores)[0])
    assert found["unparsed-advantaged-disadvantaged"].estimate == found["missing-advantaged-disadvantaged"].estimate
    findings = analyse(scores)
    gap = next(one for one in findings.findings if one.measure == "gap" and one.family == "confirmatory")
    assert gap.missing is not None
    assert gap.missing.differs
    assert gap.missing.first == 0.0
    assert gap.missing.second == pytest.approx(0.3, abs=0.06)
    assert findings.warnings[0].startswith(f"{gap.model}: missing answers could have made or hidden")
