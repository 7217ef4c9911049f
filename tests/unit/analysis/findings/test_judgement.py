"""Families and verdicts."""

from __future__ import annotations

import pytest
from msgspec import convert
from msgspec.structs import replace

from evenhand.analysis.estimators.student import quantile, survival
from evenhand.analysis.findings.judgement import judged
from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast
from evenhand.records.estimate import (
    Absent,
    Equivalence,
    MissingBounds,
    MissingCaution,
    Number,
    PointEstimate,
    Spread,
    Tested,
)
from evenhand.records.finding import Finding, Role, SampleSize
from evenhand.records.measure import Measure, Quantity
from evenhand.records.settings import AnalysisSettings

SETTINGS = AnalysisSettings()


def made(
    p: float | None = 0.01,
    margin: float | None = 0.9,
    *,
    model: str = "m",
    measure: Measure = "gap",
    role: Role = "confirmatory",
) -> Finding:
    """A finding with these p-values against zero and against the margin; without a number where p is None."""
    number: Number = Absent(reason="Nothing was answered.")
    if role == "descriptive":
        number = PointEstimate(value=0.1)
    elif p is not None:
        against = None if margin is None else Equivalence(margin=0.03, p=margin)
        number = Tested(value=0.1, p=p, equivalence=against)
    return Finding(
        measure=measure,
        model=model,
        kind="understanding",
        where=Condition(cue="stated"),
        arms=ArmContrast(arm="pairs"),
        quantity=Quantity(name="score"),
        role=role,
        number=number,
        sample=SampleSize(trials=10, items=5, profiles=2),
        method="x",
    )


def test_holm_spans_models_and_is_not_benjamini_hochberg() -> None:
    confirmatory = [made(p, model=m) for m, p in (("a", 0.01), ("b", 0.04))]
    exploratory = [made(p, measure="interaction", role="exploratory") for p in (0.01, 0.04, 0.5)]
    found = judged([*confirmatory, *exploratory], settings=SETTINGS)
    # Holm: 2 x 0.01, then max(0.02, 1 x 0.04). Benjamini-Hochberg: 3 x 0.01, 3/2 x 0.04, 0.5.
    assert [one.p_adjusted for one in found] == pytest.approx([0.02, 0.04, 0.03, 0.06, 0.5])
    # Of 0.04 and 0.045 Benjamini-Hochberg would call both a difference; Holm calls none.
    close = judged([made(p, model=m) for m, p in (("a", 0.04), ("b", 0.045))], settings=SETTINGS)
    assert [one.p_adjusted for one in close] == pytest.approx([0.08, 0.08])
    assert [one.verdict for one in close] == ["inconclusive", "inconclusive"]
    assert [one.verdict for one in found] == ["difference", "difference", "difference", "inconclusive", "inconclusive"]


def test_a_difference_within_the_margin_is_equivalent_and_says_that_it_differs() -> None:
    found = judged([made(0.001, 0.001)], settings=SETTINGS)[0]
    assert found.verdict == "equivalent"
    assert "less than the margin" in found.notes[-1]


def test_the_verdict_equivalent_rests_on_the_adjusted_test_against_the_margin() -> None:
    pair = [made(0.6, p, model=m) for m, p in (("a", 0.03), ("b", 0.3))]
    found = judged(pair, settings=SETTINGS)
    # Holm: 2 x 0.03 is above 0.05, though 0.03 alone is not.
    assert [one.verdict for one in found] == ["inconclusive", "inconclusive"]
    assert [one.equivalence.p for one in found if one.equivalence] == [0.03, 0.3]
    assert judged(pair[:1], settings=SETTINGS)[0].verdict == "equivalent"


def test_what_could_not_be_estimated_is_inconclusive() -> None:
    found = judged([made(None)], settings=SETTINGS)[0]
    assert found.verdict == "inconclusive"
    assert found.p_adjusted is None


def test_descriptive_findings_have_no_verdict() -> None:
    found = judged([made(measure="accuracy", role="descriptive")], settings=SETTINGS)[0]
    assert found.verdict is None


def cautioned(*, value: float = 0.1, p: float = 0.001, p_margin: float = 1.0, **bounds: float) -> MissingCaution | None:
    """The caution of one finding with missing answers, after judgement."""
    given = {"low": 0.08, "high": 0.12, "missing": 5, "first": 0.02, "second": 0.03} | bounds
    base = made(p, role="confirmatory")
    assert base.tested is not None
    number = replace(
        base.tested,
        value=value,
        equivalence=Equivalence(margin=0.03, p=p_margin),
        bounds=convert(given, MissingBounds),
    )
    (found,) = judged([replace(base, number=number)], settings=SETTINGS)
    return found.caution


def test_missing_answers_that_change_nothing_are_no_caution() -> None:
    assert cautioned() is None
    assert cautioned(missing=0, low=-1.0) is None


def test_a_difference_whose_bounds_hold_zero_is_a_caution() -> None:
    for low, high in ((0.0, 0.12), (-0.01, 0.12), (-0.2, 0.0)):
        found = cautioned(low=low, high=high)
        assert found is not None
        assert (found.turns, found.differs) == (True, False)


def test_an_equivalence_whose_bounds_leave_the_margin_is_a_caution() -> None:
    assert cautioned(value=0.001, p=0.9, p_margin=0.001, low=-0.02, high=0.02) is None
    assert cautioned(value=0.001, p=0.9, p_margin=0.001, low=-0.03, high=0.03) is None
    for low, high in ((-0.031, 0.02), (-0.02, 0.031)):
        found = cautioned(value=0.001, p=0.9, p_margin=0.001, low=low, high=high)
        assert found is not None
        assert found.turns


def test_shares_that_differ_are_a_caution_whatever_the_verdict() -> None:
    for value, p, p_margin in ((0.1, 0.001, 1.0), (0.1, 0.9, 1.0), (0.001, 0.9, 0.001)):
        found = cautioned(value=value, p=p, p_margin=p_margin, second=0.3)
        assert found is not None
        assert found.differs
    assert cautioned(first=0.03, second=0.0) is None
    assert cautioned(first=0.031, second=0.0) is not None


def test_exploratory_families_are_adjusted_together() -> None:
    families = judged(
        [
            made(0.01, role="exploratory", measure="interaction"),
            made(0.02, role="exploratory", measure="factor_gap"),
            made(0.03, role="exploratory", measure="interaction", model="other"),
        ],
        settings=SETTINGS,
    )
    # Three families of one test: over families 3 x 0.01, 3/2 x 0.02, 0.03.
    assert [one.p_adjusted for one in families] == pytest.approx([0.03, 0.03, 0.03])
    one_of_many = [made(0.02, role="exploratory", measure="interaction", model=str(n)) for n in range(2)]
    quiet = [made(0.7, role="exploratory", measure="factor_gap", model=str(n)) for n in range(8)]
    assert {one.verdict for one in judged([*one_of_many, *quiet], settings=SETTINGS)} == {"inconclusive"}


@pytest.mark.parametrize("value", [0.02, 0.045, 0.06, 0.08])
@pytest.mark.parametrize("role", ["confirmatory", "exploratory"])
def test_the_adjusted_interval_leaves_zero_out_exactly_where_the_adjusted_test_rejects(
    value: float, role: Role
) -> None:
    def spread(of: float) -> Finding:
        p = 2 * survival(of / 0.02, df=30.0)
        half = 0.02 * quantile(0.975, df=30.0)
        number = Tested(value=of, p=p, spread=Spread(low=of - half, high=of + half, se=0.02, df=30.0))
        return replace(made(role=role), number=number)

    for found in judged([spread(value), spread(0.05), spread(0.01)], settings=SETTINGS):
        assert found.tested is not None and found.tested.spread_adjusted is not None
        assert found.p_adjusted is not None
        adjusted = found.tested.spread_adjusted
        assert (found.p_adjusted < 0.05) == (not adjusted.low <= 0 <= adjusted.high)


def test_the_tipping_point_is_the_share_of_the_missing_that_changes_the_verdict() -> None:
    half = 0.01 * quantile(0.975, df=None)
    number = Tested(
        value=0.05,
        p=2 * survival(5.0, df=None),
        spread=Spread(low=0.05 - half, high=0.05 + half, se=0.01),
        bounds=MissingBounds(low=-0.05, high=0.15, missing=40),
    )
    found = judged([replace(made(), number=number)], settings=SETTINGS)[0]
    assert found.verdict == "difference" and found.bounds is not None
    # The test stops rejecting where the estimate falls to the half-width: (0.0196 + 0.05) / 0.2.
    assert found.bounds.tipping == pytest.approx((half + 0.05) / 0.2)


def test_a_sample_that_could_miss_those_who_react_is_inconclusive_and_says_so() -> None:
    def against(p: float, p_seen: float | None) -> Finding:
        base = made(0.6)
        assert base.tested is not None
        return replace(base, number=replace(base.tested, equivalence=Equivalence(margin=0.03, p=p, p_seen=p_seen)))

    small, enough, noisy = (
        judged([against(p, p_seen)], settings=SETTINGS)[0] for p, p_seen in ((0.1, 0.001), (0.04, 0.001), (0.3, 0.2))
    )
    assert (small.verdict, enough.verdict, noisy.verdict) == ("inconclusive", "equivalent", "inconclusive")
    assert "without one of them being here" in small.notes[-1]
    only = [found.equivalence is not None and found.equivalence.only_unseen for found in (small, enough, noisy)]
    assert only == [True, False, False]
    assert not any("being here" in note for found in (enough, noisy) for note in found.notes)
    # A difference that is there is still said.
    base = against(0.1, 0.001)
    assert base.tested is not None
    differs = judged([replace(base, number=replace(base.tested, p=0.001))], settings=SETTINGS)[0]
    assert differs.verdict == "difference"


def test_the_family_adjusts_what_was_seen_and_the_sample_is_judged_once() -> None:
    pair = []
    for model, p_seen in (("a", 0.001), ("b", 0.002)):
        base = made(0.6, model=model)
        assert base.tested is not None
        equivalence = Equivalence(margin=0.03, p=0.04, p_seen=p_seen)
        pair.append(replace(base, number=replace(base.tested, equivalence=equivalence)))
    # Two times 0.04 would be above 0.05; two times 0.001 is not.
    assert [found.verdict for found in judged(pair, settings=SETTINGS)] == ["equivalent", "equivalent"]


def test_an_unfinished_run_has_no_confirmatory_verdict_unless_looks_were_planned() -> None:
    pair = [made(0.001), made(0.04, role="exploratory", measure="interaction")]
    cut = judged(pair, settings=SETTINGS, interim=True, asked=0.5)
    assert [one.verdict for one in cut] == [None, "difference"]
    assert cut[0].p_adjusted is None
    # Half of the answers of three looks: 0.0031 of 0.05 may be spent, so 0.001 is a difference and 0.04 is none.
    looked = judged(pair, settings=replace(SETTINGS, looks=3), interim=True, asked=0.5)
    assert [one.verdict for one in looked] == ["difference", "inconclusive"]
    # Where nothing is said all was asked, and the last look has what the looks before left.
    last = judged(pair, settings=replace(SETTINGS, looks=3))
    assert last == judged(pair, settings=replace(SETTINGS, looks=3), asked=1.0)
    assert [one.verdict for one in last] == ["difference", "difference"]
    # Two looks spend as little at the half; the later p of 0.02 would be a difference at the whole level.
    (early,) = judged([made(0.02)], settings=replace(SETTINGS, looks=2), interim=True, asked=0.5)
    assert early.verdict == "inconclusive"
    assert [one.verdict for one in judged(pair, settings=SETTINGS)] == ["difference", "difference"]


def test_what_follows_a_descriptive_finding_is_judged_too() -> None:
    _, second = judged([made(role="descriptive"), made(0.001)], settings=SETTINGS)
    assert (second.verdict, second.p_adjusted) == ("difference", 0.001)


def test_a_p_of_exactly_the_level_is_no_difference_and_adds_no_note() -> None:
    (found,) = judged([made(0.05, 0.001)], settings=SETTINGS)
    assert (found.verdict, found.notes) == ("equivalent", ())


def test_an_interval_without_a_standard_error_stays_where_it_agrees_with_the_test() -> None:
    number = Tested(value=0.05, p=0.2, spread=Spread(low=-0.03, high=0.14))
    (found,) = judged([replace(made(), number=number)], settings=SETTINGS)
    assert found.tested is not None and found.tested.spread_adjusted is not None
    assert (found.tested.spread_adjusted.low, found.tested.spread_adjusted.high) == (-0.03, 0.14)
    # A p of zero has no ratio to its adjusted p; the interval then has the level of the test.
    certain = Tested(value=0.5, p=0.0, spread=Spread(low=0.4, high=0.6, se=0.05))
    (found,) = judged([replace(made(), number=certain)], settings=SETTINGS)
    assert found.tested is not None and found.tested.spread_adjusted is not None
    assert found.tested.spread_adjusted.confidence == pytest.approx(0.95)
    assert found.tested.spread_adjusted.low == pytest.approx(0.5 - 0.05 * quantile(0.975, df=None))


def tipping(
    value: float, *, se: float | None, low: float = -0.1, high: float = 0.1, p_margin: float | None = 0.2
) -> tuple[str | None, float | None]:
    """Verdict and tipping point of an estimate with missing answers."""
    half = (se or 0.02) * quantile(0.975, df=None)
    p = 2 * survival(abs(value) / (se or 0.02), df=None)
    number = Tested(
        value=value,
        p=p,
        spread=Spread(low=value - half, high=value + half, se=se),
        equivalence=None if p_margin is None else Equivalence(margin=0.03, p=p_margin),
        bounds=MissingBounds(low=low, high=high, missing=40),
    )
    (found,) = judged([replace(made(), number=number)], settings=SETTINGS)
    assert found.bounds is not None
    return found.verdict, found.bounds.tipping


def open_share(value: float, *, se: float, p_margin: float | None = 0.2) -> float | None:
    """The tipping point of an estimate that is open."""
    verdict, share = tipping(value, se=se, p_margin=p_margin)
    assert verdict == "inconclusive"
    return share


def test_a_negative_difference_tips_where_the_estimate_rises_to_the_half_width() -> None:
    reach = 0.01 * quantile(0.975, df=None)
    verdict, share = tipping(-0.05, se=0.01, low=-0.15, high=0.05)
    assert verdict == "difference"
    assert share == pytest.approx((0.15 - reach) / 0.2)


def test_an_equivalence_tips_where_the_one_sided_test_stops_rejecting() -> None:
    inside = 0.03 - 0.004 * quantile(0.95, df=None)
    for value, edge in ((0.005, inside), (-0.005, -inside)):
        verdict, share = tipping(value, se=0.004, p_margin=0.001)
        assert verdict == "equivalent"
        assert share == pytest.approx((edge + 0.1) / 0.2)


def test_what_is_open_tips_at_the_nearest_of_the_two_verdicts() -> None:
    reach, inside = 0.015 * quantile(0.975, df=None), 0.03 - 0.015 * quantile(0.95, df=None)
    assert open_share(0.02, se=0.015) == pytest.approx((reach + 0.1) / 0.2)
    assert open_share(0.012, se=0.015) == pytest.approx((inside + 0.1) / 0.2)
    assert open_share(-0.012, se=0.015) == pytest.approx((-inside + 0.1) / 0.2)
    # With a standard error of 3 points no estimate is equivalent: only a difference is left, as without any margin.
    wide = 0.03 * quantile(0.975, df=None)
    assert open_share(0.012, se=0.03) == pytest.approx((wide + 0.1) / 0.2)
    assert open_share(0.012, se=0.015, p_margin=None) == pytest.approx((reach + 0.1) / 0.2)


def test_missing_answers_that_cannot_change_a_verdict_have_no_tipping_point() -> None:
    # The half-width of 2.9 points lies beyond both bounds.
    assert tipping(0.02, se=0.015, low=0.015, high=0.025) == ("inconclusive", None)
    assert tipping(0.02, se=0.015, low=0.02, high=0.02) == ("inconclusive", None)
    assert tipping(0.02, se=None) == ("inconclusive", None)


def warned(
    value: float,
    *,
    low: float,
    high: float,
    missing: int = 5,
    first: float = 0.1,
    p: float = 0.5,
    against: float = 0.5,
) -> MissingCaution | None:
    """The caution about missing answers of a finding, whose second side lacks 10%."""
    bounds = MissingBounds(low=low, high=high, missing=missing, first=first, second=0.1)
    number = Tested(
        value=value,
        p=p,
        equivalence=Equivalence(margin=0.03, p=against),
        bounds=bounds,
        spread=Spread(low=value - 0.02, high=value + 0.02, confidence=0.95, se=0.01, df=20.0),
    )
    found = judged([replace(made(), number=number)], settings=SETTINGS)[0]
    return found.caution


def test_an_inconclusive_verdict_cannot_turn_and_is_cautioned_for_unequal_shares_only() -> None:
    assert warned(0.02, low=-0.5, high=0.5) is None
    assert warned(0.02, low=-0.5, high=0.5, first=0.2) == MissingCaution(differs=True, turns=False)


def test_a_difference_turns_where_the_bounds_meet_zero() -> None:
    assert warned(0.1, low=0.0, high=0.2, p=0.001) == MissingCaution(differs=False, turns=True)
    assert warned(-0.1, low=-0.2, high=0.0, p=0.001) == MissingCaution(differs=False, turns=True)
    assert warned(0.1, low=0.01, high=0.2, p=0.001) is None
    assert warned(0.1, low=-0.1, high=0.2, p=0.001, missing=0) is None


def test_an_equivalence_turns_where_the_bounds_leave_the_margin_on_either_side() -> None:
    assert warned(0.0, low=-0.03, high=0.03, p=0.8, against=0.001) is None
    assert warned(0.0, low=-0.031, high=0.03, p=0.8, against=0.001) == MissingCaution(differs=False, turns=True)
    assert warned(0.0, low=-0.03, high=0.031, p=0.8, against=0.001) == MissingCaution(differs=False, turns=True)


def test_an_interval_without_width_stays_the_point_after_the_adjustment() -> None:
    point = Spread(low=0.1, high=0.1, confidence=0.95, se=0.0, df=None)
    number = Tested(value=0.1, p=0.01, spread=point, equivalence=None)
    pair = [replace(made(model=model), number=number) for model in "ab"]
    for found in judged(pair, settings=SETTINGS):
        assert found.tested is not None and found.tested.spread_adjusted is not None
        spread = found.tested.spread_adjusted
        assert (spread.low, spread.high) == pytest.approx((0.1, 0.1))
        assert spread.confidence == pytest.approx(1 - 0.05 / 2)
