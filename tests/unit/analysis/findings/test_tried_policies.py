"""Policies against none: planted changes are recovered, nothing is found where nothing was planted."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.analyse import analyse
from evenhand.analysis.findings.tried_policies import tried_policies
from evenhand.analysis.table.scores import Scores
from evenhand.records.tried import PolicyChange, TriedPolicy
from evenhand.seeds import stream
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

DESIGN = SimulatedDesign(items=60, sets=40)


def tried_scores(*, seed: int, gap: float, **under: float) -> Scores:
    """One respondent as it is, and its answers under policies that plant other gaps."""
    whole = simulated_scores(Respondent(gap=gap), design=DESIGN, rng=stream(seed, "tried"))
    frames = [whole.frame]
    for policy, planted in under.items():
        # The same stream: item, persona and cell terms are shared, as they are where one model answers twice.
        own = simulated_scores(Respondent(gap=planted), design=DESIGN, rng=stream(seed, "tried")).frame
        named = own.filter(pl.col("arm_kind") != "none").with_columns(
            pl.lit(policy).cast(own["mitigation"].dtype).alias("mitigation"),
            (pl.col("cell_key").cast(pl.String) + policy).cast(own["cell_key"].dtype).alias("cell_key"),
        )
        frames.append(named)
    return replace(whole, frame=pl.concat(frames))


def main_gap(policy: TriedPolicy) -> PolicyChange:
    return next(change for change in policy.changes if change.aspect == "gap")


def test_a_planted_repair_is_seen_and_a_policy_without_effect_is_not() -> None:
    found = analyse(tried_scores(seed=1, gap=1.6, redact=0.0, instruct=1.6), published=False)
    instruct, redact = found.tried
    assert (instruct.policy, redact.policy) == ("instruct", "redact")
    assert instruct.verdict == "no effect shown"
    assert main_gap(instruct).after == main_gap(instruct).before
    assert redact.verdict == "reduced"  # nobody asked about benefit, so nothing is called repaired
    assert main_gap(redact).change_verdict == "difference"
    assert redact.pareto


def test_an_overshot_gap_is_called_so() -> None:
    (policy,) = analyse(tried_scores(seed=2, gap=1.6, redact=-1.6), published=False).tried
    assert policy.verdict == "overshot"


def test_a_gap_that_a_policy_makes_is_harmful() -> None:
    (policy,) = analyse(tried_scores(seed=3, gap=0.0, gate=2.0), published=False).tried
    assert policy.verdict == "harmful"


def test_the_findings_about_none_do_not_move_when_policies_are_tried() -> None:
    with_policies = analyse(tried_scores(seed=4, gap=1.0, redact=0.0, gate=0.4), published=False)
    alone = analyse(tried_scores(seed=4, gap=1.0), published=False)
    none = tuple(finding for finding in with_policies.findings if finding.where.mitigation == "none")
    assert none == alone.findings
    assert with_policies.validity == alone.validity
    assert len(with_policies.findings) > len(none)


@pytest.mark.parametrize(("gap", "planted"), [(1.5, 0.3), (0.0, 0.0)])
def test_intervals_of_the_change_cover_what_was_planted(gap: float, planted: float) -> None:
    """Over simulations the 95% interval of the change covers the mean change, and level is level."""
    estimates, covered, shown = [], 0, 0
    runs = 24
    changes = []
    for seed in range(runs):
        tried = tried_policies(tried_scores(seed=100 + seed, gap=gap, gate=planted), made=(), interim=False)
        change = main_gap(tried.policies[0])
        assert change.before is not None
        assert change.after is not None
        estimates.append(change.after - change.before)
        changes.append(change)
    truth = float(np.mean(estimates))
    for change in changes:
        spread = getattr(change.change, "spread", None)
        assert spread is not None
        covered += spread.low <= truth <= spread.high
        shown += change.change_verdict == "difference"
    assert covered >= runs - 4  # fewer than 20 of 24 happens once in 170 where 95% cover
    if gap == planted == 0.0:
        assert shown == 0  # the two sides are the same answers
    else:
        assert shown >= 20


def test_no_policy_no_record() -> None:
    assert analyse(tried_scores(seed=5, gap=0.5), published=False).tried == ()
