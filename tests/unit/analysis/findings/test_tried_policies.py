"""Policies against none: planted changes are recovered, nothing is found where nothing was planted."""

from __future__ import annotations

import functools

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.analyse import analyse
from evenhand.analysis.estimators.ratio import ratio_of_means
from evenhand.analysis.findings.tried_policies import (
    _kept,
    _remaining,
    _with_pareto,
    tried_policies,
    without_policies,
)
from evenhand.analysis.table.scores import Scores
from evenhand.records.tried import PolicyChange, Share, TriedPolicy
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


def reported(scores: Scores) -> Scores:
    """The table with what every answer took: a policy doubles the tokens, and halves the time on half of the items."""
    under = pl.col("mitigation").cast(pl.String) != "none"
    number_of = pl.col("item").cast(pl.String).str.slice(5).cast(pl.Int64)
    frame = scores.frame.with_columns(
        input_tokens=(pl.when(under).then(200).otherwise(100) + number_of).cast(pl.Int64),
        output_tokens=pl.lit(None, dtype=pl.Int64),
        latency_s=pl.when(under & (number_of % 2 == 0)).then(0.5).otherwise(1.0),
    )
    return replace(scores, frame=frame)


def test_what_an_answer_takes_is_a_ratio_over_items_of_what_is_reported_on_both_sides() -> None:
    table = reported(tried_scores(seed=6, gap=0.5, gate=0.5))
    # The no-memory arm is asked once, whatever the policy; it says nothing of a policy's cost.
    none = pl.col("arm_kind").cast(pl.String) == "none"
    tokens_of = pl.when(none).then(9_999).otherwise("input_tokens")
    table = replace(table, frame=table.frame.with_columns(input_tokens=tokens_of))
    (policy,) = tried_policies(table, made=(), interim=False).policies
    tokens, latency = policy.multiples
    numbers = np.arange(60, dtype=np.float64)
    expected = ratio_of_means(np.asarray(200 + numbers), np.asarray(100 + numbers), confidence=0.95)
    assert (tokens.name, latency.name) == ("input_tokens", "latency")
    assert (tokens.value, tokens.low, tokens.high) == pytest.approx((expected.value, expected.low, expected.high))
    assert latency.value == pytest.approx(0.75)


@pytest.mark.parametrize("side", ["none", "redact"])
def test_probabilities_on_one_side_alone_leave_nothing_to_compare(side: str) -> None:
    """A small model behind a policy on its answers: letters without probabilities on one side, or none usable there."""
    whole = tried_scores(seed=4, gap=0.5, redact=0.0)
    here = pl.col("mitigation").cast(pl.String) == side
    frame = whole.frame.with_columns(
        pl.lit("leakage").cast(whole.frame["kind"].dtype).alias("kind"),
        pl.when(here).then("score").otherwise(None).cast(whole.frame["p_score"].dtype).alias("p_score"),
    )
    scores = replace(whole, frame=frame, settings=replace(whole.settings, outcome="option_probabilities"))
    (policy,) = tried_policies(scores, made=(), interim=False).policies
    assert main_gap(policy).before is main_gap(policy).after is None
    assert policy.verdict not in ("repaired", "reduced")


def test_no_answer_is_said_to_take_less_than_nothing() -> None:
    """Few items of very different length: the interval of a ratio of means then reaches below zero."""
    table = reported(tried_scores(seed=6, gap=0.5, gate=0.5))
    under = pl.col("mitigation").cast(pl.String) != "none"
    number_of = pl.col("item").cast(pl.String).str.slice(5).cast(pl.Int64)
    few = table.frame.filter(number_of < 4)
    frame = few.with_columns(
        input_tokens=pl.when(under).then(pl.when(number_of == 0).then(900).otherwise(1)).otherwise(100 + number_of)
    )
    (policy,) = tried_policies(replace(table, frame=frame), made=(), interim=False).policies
    tokens = policy.multiples[0]
    raw = ratio_of_means(np.array([900.0, 1, 1, 1]), np.array([100.0, 101, 102, 103]))
    assert tokens.value == pytest.approx(raw.value)
    assert raw.low is not None and raw.low < 0.0
    assert tokens.low == 0.0


def test_what_was_not_reported_for_an_answer_of_either_side_is_left_out() -> None:
    table = reported(tried_scores(seed=6, gap=0.5, gate=0.5))
    under = pl.col("mitigation").cast(pl.String) != "none"
    odd = pl.int_range(pl.len()) % 2 == 1
    frame = table.frame.with_columns(
        latency_s=pl.when(under & odd).then(None).otherwise(pl.when(odd & ~under).then(50.0).otherwise("latency_s"))
    )
    shown = replace(table, frame=frame)
    multiples = {one.name: one.value for one in tried_policies(shown, made=(), interim=False).policies[0].multiples}
    assert set(multiples) == {"input_tokens", "latency"}
    silent = replace(
        table, frame=table.frame.with_columns(latency_s=pl.lit(0.0), input_tokens=pl.lit(None, dtype=pl.Int64))
    )
    assert tried_policies(silent, made=(), interim=False).policies[0].multiples == ()


def test_every_change_has_the_verdicts_of_both_sides_and_where_it_was_seen() -> None:
    table = tried_scores(seed=1, gap=1.6, redact=0.0)
    whole = analyse(table, published=False)
    (policy,) = whole.tried
    gap = main_gap(policy)
    gaps = {
        one.where.mitigation: one for one in whole.findings if one.measure == "gap" and one.quantity.name == "score"
    }
    assert (gap.before_verdict, gap.after_verdict) == (gaps["none"].verdict, gaps["redact"].verdict)
    assert gap.before_verdict == "difference" != gap.after_verdict
    assert gap.after_spread == gaps["redact"].spread
    assert (gap.where.mitigation, gap.kind) == ("redact", "understanding")
    assert gap.contrast == gaps["none"].contrast
    assert gap.before == pytest.approx(gaps["none"].value) and gap.after == pytest.approx(gaps["redact"].value)
    others = [change for change in policy.changes if change.aspect != "gap"]
    assert {change.aspect for change in others} == {"flips", "accuracy"}
    assert all(
        (change.before_verdict, change.after_verdict, change.after_spread) == (None, None, None) for change in others
    )
    assert policy.benefit_kept is None and policy.model == "simulated/model"


def test_while_questions_are_open_a_policy_has_no_word() -> None:
    table = tried_scores(seed=1, gap=1.6, redact=0.0)
    (done,) = tried_policies(table, made=(), interim=False).policies
    (open_,) = tried_policies(table, made=(), interim=True).policies
    assert done.verdict is not None and open_.verdict is None
    assert open_.changes == done.changes


def test_findings_under_a_policy_are_those_of_its_trials_and_of_no_memory() -> None:
    found = tried_policies(tried_scores(seed=2, gap=1.0, redact=0.0), made=(), interim=False).findings
    assert {one.where.mitigation for one in found} <= {"redact", "none"}
    assert {"gap", "memory_effect", "accuracy", "flip_excess"} <= {one.measure for one in found}
    plain = without_policies(tried_scores(seed=2, gap=1.0, redact=0.0))
    assert plain.frame["mitigation"].cast(pl.String).unique().to_list() == ["none"]
    assert without_policies(plain) is plain


@functools.cache
def any_policy() -> TriedPolicy:
    (made,) = tried_policies(tried_scores(seed=7, gap=0.5, gate=0.5), made=(), interim=False).policies
    return made


def policy(
    name: str, *, gap: float | None, kept: float | None, model: str = "m", accuracy: float | None = None
) -> TriedPolicy:
    """A policy that leaves a gap and keeps a share of the benefit, or an accuracy."""
    made = any_policy()
    template = main_gap(made)
    changes = [replace(template, after=gap)]
    changes += [] if accuracy is None else [replace(template, aspect="accuracy", after=accuracy)]
    share = None if kept is None else Share(value=kept, low=None, high=None)
    return replace(made, model=model, policy=name, changes=tuple(changes), benefit_kept=share)


def test_a_policy_is_marked_that_no_other_beats_on_the_remaining_gap_and_on_the_benefit() -> None:
    placed = [
        policy("best gap", gap=-0.01, kept=0.5),
        policy("best benefit", gap=0.05, kept=0.9),
        policy("beaten", gap=0.05, kept=0.8),
        policy("beaten too", gap=-0.06, kept=0.9),
        policy("as good", gap=0.05, kept=0.9),
        policy("no gap", gap=None, kept=0.9),
        policy("another model", gap=0.9, kept=0.1, model="n"),
        policy("by accuracy", gap=0.3, kept=None, accuracy=0.95),
        policy("nothing kept", gap=0.0, kept=None),
    ]
    assert [one.policy for one in _with_pareto(placed) if one.pareto] == [
        *("best gap", "best benefit", "as good", "another model"),
        "by accuracy",
    ]


def test_the_largest_gap_and_the_lowest_accuracy_of_a_policy_are_its_place() -> None:
    one = policy("p", gap=0.1, kept=None, accuracy=0.9)
    more = replace(one, changes=(*one.changes, replace(one.changes[0], after=-0.2), replace(one.changes[1], after=0.7)))
    assert (_remaining(more), _kept(more)) == (0.2, 0.7)
    assert _kept(policy("p", gap=0.1, kept=0.4, accuracy=0.9)) == 0.4


def crossed_scores(*, seed: int, under: dict[str, float], alone: dict[str, float]) -> Scores:
    """A respondent with planted levels, and its answers under a policy that plants others."""
    design = SimulatedDesign(items=30, sets=12, crossing=True)
    whole = simulated_scores(Respondent(gap=1.6, effects=alone), design=design, rng=stream(seed, "levels"))
    own = simulated_scores(Respondent(effects=under), design=design, rng=stream(seed, "levels")).frame
    names = {"mitigation": pl.lit("gate"), "cell_key": pl.col("cell_key").cast(pl.String) + "gate"}
    named = own.filter(pl.col("arm_kind") != "none").with_columns(
        *(value.cast(own[name].dtype).alias(name) for name, value in names.items())
    )
    return replace(whole, frame=pl.concat([whole.frame, named]))


def test_the_verdicts_of_each_level_without_and_with_a_policy_stand_beside_its_change() -> None:
    table = crossed_scores(seed=1, alone={"gender.female": -1.5}, under={"gender.female": -1.5, "religion.Muslim": -2})
    found = analyse(table, published=False)
    gaps = {
        (one.where.mitigation, one.contrast[0].level): one.verdict
        for one in found.findings
        if one.measure == "factor_gap"
    }
    (policy,) = found.tried
    groups = {change.contrast[0].level: change for change in policy.changes if change.aspect == "group"}
    assert len(groups) == 8
    for level, change in groups.items():
        assert (change.before_verdict, change.after_verdict) == (gaps["none", level], gaps["gate", level])
        assert change.where.cue == "stated"
    assert (groups["female"].before_verdict, groups["female"].after_verdict) == ("difference", "difference")
    assert (groups["Muslim"].before_verdict, groups["Muslim"].after_verdict) != ("difference", "difference")
    assert groups["Muslim"].after_verdict == "difference"
