"""Memory against none, placebo against none, profile against placebo."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace
from scipy import stats

from evenhand.analysis.estimators.estimate import EstimateSpec, infer
from evenhand.analysis.estimators.paired import PairedGap, paired_gap
from evenhand.analysis.findings import memory_effect as memory_effect_module
from evenhand.analysis.findings.memory_effect import Second, _answers, decided, memory_findings
from evenhand.analysis.findings.missingness import missing_findings
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.contrast import ArmGroup
from evenhand.records.finding import Finding
from evenhand.records.measure import Measure
from evenhand.selftest.ceiling import memory_table, memory_test
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores
from tests.support.picking import number, the

QUIET = EstimateSpec(flips=0)


def stratum(respondent: Respondent, seed: int = 0, **design: object) -> Stratum:
    sized = SimulatedDesign(**{"items": 24, "sets": 8, "placebos": 8, "none_repeats": 4, **design})  # type: ignore[arg-type]
    return strata(simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed)))[0]


def memory_effect(part: Stratum) -> Finding:
    return the(memory_findings(part), measure="memory_effect", arm="profile", baseline="none")


def test_profile_against_placebo_is_confirmatory_and_against_none_stands_beside_it() -> None:
    found = memory_findings(stratum(Respondent(memory=-1.5, cell_sd=0.3), replicates=4))
    memory = the(found, measure="memory_effect", baseline="none")
    against = the(found, measure="memory_effect", baseline="placebo")
    placebo = the(found, measure="placebo_effect", arm="placebo", baseline="none")
    assert [one.role for one in (memory, against, placebo)] == ["exploratory", "confirmatory", "exploratory"]
    assert memory.p is not None and against.p is not None and placebo.p is not None
    assert memory.value is not None and memory.value < -0.1 and memory.p < 0.001
    assert number(against) < -0.1 and against.p < 0.001
    assert placebo.p > 0.01
    # The report says which is which.
    mixes = [any("mixes in what any longer prompt does" in note for note in one.notes) for one in (memory, against)]
    assert mixes == [True, False]


def test_profile_against_placebo_is_computed_against_the_placebo() -> None:
    # The longer prompt alone harms: profiles and placebos fall alike, so against none there is a fall and none here.
    part = stratum(Respondent(memory=-2.0, placebo=-2.0, cell_sd=0.2), items=40)
    found = memory_findings(part)
    against = the(found, measure="memory_effect", baseline="placebo")
    assert number(the(found, measure="memory_effect", baseline="none")) < -0.15
    means = [part.arm(kind)["score"].mean() for kind in ("profile", "placebo")]
    assert isinstance(means[0], float) and isinstance(means[1], float)
    assert number(against) == pytest.approx(means[0] - means[1])
    assert against.low is not None and against.high is not None and against.low < 0 < against.high


def test_placebo_texts_are_a_sample_that_may_differ_more_than_profiles_do() -> None:
    design = SimulatedDesign(items=24, sets=8, placebos=4, none_repeats=2)
    scores = simulated_scores(Respondent(cell_sd=0.2), design=design, rng=np.random.default_rng(3))
    arm = pl.col("arm").cast(pl.String)
    # Two placebo texts are answered right throughout and two wrong: their mean says little of another text.
    right, wrong = arm.is_in(["placebo/00", "placebo/01"]), arm.str.starts_with("placebo")
    fixed = pl.when(right).then(1.0).when(wrong).then(0.0).otherwise(pl.col("score"))
    (part,) = strata(replace(scores, frame=scores.frame.with_columns(fixed.alias("score"))))
    found = the(memory_findings(part), measure="memory_effect", baseline="placebo")
    assert found.spread is not None and found.spread.df is not None and found.spread.se is not None
    # The mean of four texts that are 0, 0, 1 and 1 has a standard error of 0.577 / 2 and 3 degrees of freedom.
    assert found.spread.se == pytest.approx(0.289, abs=0.01)
    assert found.spread.df == pytest.approx(3.0, abs=0.3)
    assert found.p is not None and found.p > 0.1


def test_near_the_ceiling_a_null_memory_is_not_called_harmful() -> None:
    """The no-memory arm is asked once at 97%: it is right on nearly every item, and its own variance does not show."""
    rng = np.random.default_rng(5)
    found = [memory_test(memory_table(0.97, shape=(111, 33, 1), rng=rng)) for _ in range(120)]
    harmful = sum(one.p < 0.05 and one.estimate < 0 for one in found)
    # 2.5% of 120 are 3; the quasi-F test alone calls about 35 of them harmful.
    assert harmful <= 8
    assert all((one.p < 0.05) == (not one.low <= 0 <= one.high) for one in found)


def varied() -> PairedGap:
    """Differences whose p lies between 0.5 and 4%."""
    found = paired_gap(np.random.default_rng(21).normal(0.048, 0.2, (12, 15)), spec=QUIET)
    assert 0.005 < found.p < 0.04
    return found


@pytest.mark.parametrize("p", [0.0001, 0.049, 0.2, 0.9])
def test_the_larger_of_two_p_values_decides_and_the_interval_agrees_with_it(p: float) -> None:
    first = varied()
    found = decided(first, Second(p=p, variance=0.0), spec=QUIET)
    assert found.p == max(first.p, p)
    assert (found.estimate, found.se, found.df) == (first.estimate, first.se, first.df)
    assert (found.p < 0.05) == (not found.low <= 0.0 <= found.high)
    assert decided(first, None, spec=QUIET) is first


def test_the_larger_of_two_variances_is_the_standard_error() -> None:
    first = varied()
    wider = decided(first, Second(p=0.3, variance=(3 * first.se) ** 2), spec=QUIET)
    assert wider.se == pytest.approx(3 * first.se)
    # The p of the first test stays that of its own error; the interval is that of the larger.
    assert wider.p == 0.3
    assert wider.high - wider.low == pytest.approx(3 * (first.high - first.low))
    assert wider.smallest_detectable == pytest.approx(3 * (first.smallest_detectable or 0.0))
    smaller = decided(first, Second(p=0.0001, variance=(first.se / 3) ** 2), spec=QUIET)
    assert smaller.se == pytest.approx(first.se)
    assert smaller.p == first.p


def test_differences_that_are_alike_take_their_error_from_the_answers_behind_them() -> None:
    # 12 users are all right where an item's one answer without memory was wrong half of the time: the difference is
    # the same for all of them, and it rests on single answers.
    alike = paired_gap(np.full((12, 9), 0.5), spec=QUIET)
    assert alike.degenerate
    found = decided(alike, Second(p=0.02, variance=0.04), spec=QUIET)
    assert not found.degenerate
    # t = 0.5 / 0.2 with one less than the smaller of 12 and 9 for its degrees of freedom.
    assert found.se == pytest.approx(0.2)
    assert found.df == 8.0
    assert found.p == pytest.approx(2 * float(stats.t(8).sf(2.5)))
    assert found.high - found.low == pytest.approx(2 * 0.2 * float(stats.t(8).ppf(0.975)))
    # Where the answers do not vary either there is no error to state, and the larger p stays.
    still = decided(alike, Second(p=0.4, variance=0.0), spec=QUIET)
    assert (still.degenerate, still.se, still.p) == (True, 0.0, 0.4)


RARE = dict.fromkeys(("none", "placebo", "advantaged", "disadvantaged"), 0.04)


@pytest.mark.parametrize(
    ("measure", "arm", "respondent", "findings"),
    [
        ("memory_effect", "profile", Respondent(easiness=6.0, cell_sd=0.0), memory_findings),
        ("placebo_effect", "placebo", Respondent(easiness=6.0, cell_sd=0.0), memory_findings),
        ("missing_gap", "profile", Respondent(missing=RARE), missing_findings),
    ],
)
def test_every_arm_against_a_baseline_near_its_end_is_decided_by_the_exchange_too(
    measure: Measure,
    arm: ArmGroup,
    respondent: Respondent,
    findings: Callable[[Stratum], list[Finding]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing differs, and the baseline was asked once: the first test alone calls it a difference far too often."""
    parts = [stratum(respondent, seed, sets=20, placebos=30, none_repeats=1) for seed in range(60)]

    def alarms() -> int:
        called = 0
        for part in parts:
            found = [one for one in findings(part) if (one.measure, one.arms.arm) == (measure, arm)]
            shown = [one for one in found if one.arms.baseline == "none" and one.quantity.name != "refused"]
            called += sum(one.p is not None and one.p < 0.05 for one in shown)
        return called

    # 5% of 60 tables are 3; seven or more have a probability of 3% at that rate.
    assert alarms() <= 6
    monkeypatch.setattr(memory_effect_module, "exchanged", lambda *_, **__: None)
    assert alarms() > 10


def test_the_effect_is_the_mean_within_items() -> None:
    part = stratum(Respondent(memory=0.5))
    profiles = part.profiles().group_by("unit", "item").agg(pl.col("score").mean())["score"].mean()
    none = part.arm("none").group_by("item").agg(pl.col("score").mean())["score"].mean()
    assert isinstance(profiles, float) and isinstance(none, float)
    assert memory_effect(part).value == pytest.approx(profiles - none)


def test_missing_no_memory_answers_widen_the_bounds() -> None:
    found = memory_effect(stratum(Respondent(missing={"none": 0.2})))
    assert found.bounds is not None and found.bounds.missing > 0
    assert found.bounds.low < number(found) < found.bounds.high


def test_without_a_no_memory_arm_there_is_no_memory_effect() -> None:
    assert [found.measure for found in memory_findings(stratum(Respondent(), none_repeats=0))] == ["memory_effect"]


def gap_of(values: np.ndarray) -> PairedGap:
    return paired_gap(values, spec=EstimateSpec(flips=0))


def test_the_larger_p_and_the_larger_variance_decide() -> None:
    estimate = gap_of(np.random.default_rng(0).standard_normal((6, 8)) + 0.5)
    spec = EstimateSpec()
    assert decided(estimate, None, spec=spec) is estimate
    # A second test that is surer on both counts changes nothing.
    small = decided(estimate, Second(p=0.0, variance=0.0), spec=spec)
    assert (small.p, small.se, small.low, small.high) == pytest.approx(
        (estimate.p, estimate.se, estimate.low, estimate.high)
    )
    wide = decided(estimate, Second(p=0.0, variance=4 * estimate.se**2), spec=spec)
    assert wide.se == pytest.approx(2 * estimate.se) and wide.df == estimate.df
    assert wide.smallest_detectable is not None and estimate.smallest_detectable is not None
    assert wide.smallest_detectable == pytest.approx(2 * estimate.smallest_detectable)
    doubtful = decided(estimate, Second(p=0.7, variance=0.0), spec=spec)
    assert doubtful.p == 0.7 and doubtful.low <= 0.0 <= doubtful.high
    assert not doubtful.degenerate and doubtful.estimate == estimate.estimate


def test_differences_that_are_all_alike_take_their_error_from_the_exchange() -> None:
    alike = gap_of(np.full((5, 9), 0.2))
    found = decided(alike, Second(p=0.03, variance=0.0025), spec=EstimateSpec())
    expected = infer(0.2, se=0.05, df=4.0, spec=EstimateSpec())
    assert found.se == pytest.approx(0.05) and found.df == 4.0
    assert found.p == pytest.approx(max(0.03, expected.p))
    assert not found.degenerate
    none = decided(alike, Second(p=0.5, variance=0.0), spec=EstimateSpec())
    assert (none.p, none.se, none.low, none.high) == (0.5, 0.0, 0.2, 0.2) and none.degenerate
    one = decided(gap_of(np.full((1, 1), 0.2)), Second(p=0.5, variance=0.01), spec=EstimateSpec())
    assert one.df == 1.0


def test_missing_answers_at_their_worst_and_best_bound_the_effect() -> None:
    part = stratum(Respondent(missing={"advantaged": 0.2, "none": 0.3, "placebo": 0.1}))
    for found in memory_findings(part):
        rows = part.profiles() if found.arms.arm == "profile" else part.arm("placebo")
        baseline = part.arm(found.arms.baseline or "")
        bounds = found.bounds
        assert bounds is not None
        lost = [side["value"].null_count() for side in (rows, baseline)]
        assert bounds.missing == sum(lost) > 0
        assert (bounds.first, bounds.second) == pytest.approx((lost[0] / rows.height, lost[1] / baseline.height))
        # Every user met every item equally often, so that the ends are differences of means with the gaps filled.
        ends = []
        for high in (0.0, 1.0):
            filled = [
                side.with_columns(pl.col("value").fill_null(end)) for side, end in ((rows, high), (baseline, 1 - high))
            ]
            first = filled[0].group_by("item", "unit").agg(pl.col("value").mean())["value"].mean()
            second = filled[1].group_by("item").agg(pl.col("value").mean())["value"].mean()
            assert isinstance(first, float) and isinstance(second, float)
            ends.append(first - second)
        assert (bounds.low, bounds.high) == pytest.approx(tuple(ends))
        assert bounds.low < number(found) < bounds.high
    whole = memory_findings(stratum(Respondent()))
    for found in whole:
        assert found.bounds is not None
        assert (found.bounds.low, found.bounds.high, found.bounds.missing) == (found.value, found.value, 0)


def test_each_baseline_has_its_own_words_and_its_own_sample() -> None:
    part = stratum(Respondent(memory=-0.5))
    placebo, none, longer = memory_findings(part)
    assert [(one.measure, one.arms.arm, one.arms.baseline) for one in (placebo, none, longer)] == [
        *(("memory_effect", "profile", "placebo"), ("memory_effect", "profile", "none")),
        ("placebo_effect", "placebo", "none"),
    ]
    assert placebo.method.startswith("two samples of arms") and not none.method.startswith("two samples")
    assert [any(note.startswith("Against no memory") for note in one.notes) for one in (placebo, none, longer)] == [
        *(False, True),
        False,
    ]
    assert [one.where.cue for one in (placebo, none, longer)] == ["stated", "stated", None]
    rows = part.profiles()
    for one in (placebo, none):
        assert (one.sample.trials, one.sample.items) == (rows.height, rows["item"].n_unique())
        assert one.sample.profiles == rows["unit"].n_unique()


def test_without_an_item_in_common_there_is_nothing_to_compare() -> None:
    part = stratum(Respondent())
    first = pl.col("item").cast(pl.String) == "item-000"
    none, memory = pl.col("arm_kind") == "none", pl.col("arm_kind") != "none"
    apart = replace(part, rows=part.rows.filter((none & first) | (memory & ~first)))
    found = {(one.arms.arm, one.arms.baseline): one for one in memory_findings(apart)}
    assert found["profile", "none"].value is None and found["placebo", "none"].value is None
    assert found["profile", "placebo"].value is not None
    no_placebo = replace(part, rows=part.rows.filter(pl.col("arm_kind") != "placebo"))
    assert [one.arms.baseline for one in memory_findings(no_placebo)] == ["none"]
    without_none = replace(part, rows=part.rows.filter(memory))
    assert [one.arms.baseline for one in memory_findings(without_none)] == ["placebo"]


def test_repeats_of_a_question_are_those_of_one_arm_item_and_order() -> None:
    part = stratum(Respondent(), items=5, sets=3, placebos=2, replicates=3, none_repeats=2)
    rows = part.rows.filter(pl.col("score").is_not_null())
    found = _answers(rows, column="score", items=pl.Enum(sorted(rows["item"].cast(pl.String).unique())))
    assert found.score.tolist() == rows["score"].to_list()
    told = list(zip(*(rows[name].cast(pl.String).to_list() for name in ("arm", "item", "order_index")), strict=True))
    pairs = set(zip(found.question.tolist(), told, strict=True))
    assert len(pairs) == len(set(told)) == np.unique(found.question).size < rows.height
    assert np.unique(found.item).tolist() == [0, 1, 2, 3, 4]
    # Trials without an order are of one order; without any trial there is no question.
    bare = rows.with_columns(pl.lit(None, dtype=pl.Int64).alias("order_index"))
    alone = _answers(bare, column="score", items=pl.Enum(sorted(rows["item"].cast(pl.String).unique())))
    assert np.unique(alone.question).size == rows.select("arm", "item").n_unique()
    assert _answers(rows.clear(), column="score", items=pl.Enum([])).question.size == 0


def test_an_item_that_the_numbering_lacks_and_an_answer_without_a_score_are_left_out() -> None:
    part = stratum(Respondent(missing={"none": 0.4}), items=5, sets=3)
    rows = part.arm("none")
    found = _answers(rows, column="score", items=pl.Enum(["item-001", "item-003"]))
    kept = rows.filter(pl.col("item").cast(pl.String).is_in(["item-001", "item-003"]) & pl.col("score").is_not_null())
    assert found.score.tolist() == kept["score"].to_list()
    assert found.item.tolist() == [["item-001", "item-003"].index(one) for one in kept["item"].cast(pl.String)]
