from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.numbers import number_findings
from evenhand.analysis.findings.shifts import shift_findings
from evenhand.analysis.table.measurements import Measurements, measure_strata, measurements_from_frame
from evenhand.analysis.table.scores import level_column
from evenhand.records.estimate import Absent, Equivalence, Shortfall
from evenhand.records.finding import Finding
from evenhand.records.measure import Measure
from evenhand.records.settings import AnalysisSettings

ARMS = {
    "none": ("none", None, None),
    "placebo": ("placebo", None, None),
    "advantaged": ("profile", "s", "advantaged"),
    "disadvantaged": ("profile", "s", "disadvantaged"),
}


def table(
    *,
    gap: float = 0.0,
    memory: float = 0.0,
    noise: float = 0.6,
    moves: float = 4.0,
    scenes: int = 30,
    sets: int = 6,
    missing: float = 0.0,
    seed: int = 0,
    crossed: bool = False,
) -> Measurements:
    """Twin scenes with two emotions; `gap` is what anger is rated higher with disadvantaged users, in points.

    With `crossed` the users differ in a factor of that name and are no pairs.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for scene in range(scenes):
        for twin in "ab":
            key = "anger" if twin == "a" else "joy"
            for arm, replicate, number in _asked(scene, sets, rng):
                kind, matched, position = ARMS[arm]
                lost = rng.random() < missing
                for emotion in ("anger", "joy"):
                    value = 3.0 + moves * (emotion == key) + noise * rng.standard_normal()
                    value += memory * (kind == "profile") * (emotion == "anger")
                    value += gap * (position == "disadvantaged") * (emotion == "anger")
                    rows.append(
                        {
                            "cell_key": f"{scene}{twin}{arm}{number}{replicate}",
                            "model": "m",
                            "bank": "b",
                            "item": f"i{scene}{twin}",
                            "kind": "intensity",
                            "arm": arm if kind == "none" else f"{arm}-{number}",
                            "arm_kind": kind,
                            "cohort": None if matched is None else "pairs",
                            "matched_set": None if matched is None else f"{matched}{number}",
                            "placement": "system",
                            "cue": None,
                            "reader": "none",
                            "mitigation": "none",
                            "answer": "rating",
                            "replicate": replicate,
                            "order_index": 0,
                            "outcome": "refused" if lost else "answered",
                            "keyed_option": key,
                            "pair": f"p{scene}",
                            "option": emotion,
                            "quantity": "rating",
                            "tag": emotion,
                            "value": None if lost else min(10.0, max(0.0, value)),
                            "position": position,
                        }
                    )
    frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.lit(None, pl.String).alias("crossed"))
    if crossed:
        lone = {name: pl.lit(None, pl.String).alias(name) for name in ("position", "matched_set")}
        frame = frame.with_columns(pl.col("position").alias("crossed"), *lone.values())
    return measurements_from_frame(frame, factors=("position", "crossed"), settings=AnalysisSettings(seed=seed))


def _asked(scene: int, sets: int, rng: np.random.Generator) -> list[tuple[str, int, int]]:
    met = rng.permutation(sets)[:3]
    asked = [("none", replicate, 0) for replicate in range(2)] + [("placebo", 0, scene % 4)]
    return asked + [(side, 0, int(one)) for one in met for side in ("advantaged", "disadvantaged")]


def of(findings: list[Finding], measure: str, *, tag: str | None = None, baseline: str | None = None) -> Finding:
    (found,) = [
        f
        for f in findings
        if f.measure == measure
        and f.quantity.tag == tag
        and f.arms.baseline == baseline
        and (baseline is not None or measure == "sensitivity" or f.arms.arm == "pairs")
        and f.arms.arm != "placebo"
    ]
    return found


def test_a_planted_shift_of_one_emotion_is_recovered_and_the_other_emotion_stays() -> None:
    findings = number_findings(table(gap=0.8, scenes=40))
    anger, joy = of(findings, "shift", tag="anger"), of(findings, "shift", tag="joy")
    assert anger.covers(-0.8) and anger.p is not None and anger.p < 0.001
    assert joy.covers(0.0)
    assert anger.quantity.scale == "rating"


def test_the_margin_of_a_rating_is_on_its_own_scale() -> None:
    shift = of(number_findings(table()), "shift", tag="anger")
    assert shift.equivalence is not None and shift.equivalence.margin == 0.5
    assert shift.equivalence.p_seen is not None and shift.equivalence.p_seen < 0.01


def test_what_memory_does_is_told_against_none_and_against_placebo() -> None:
    findings = number_findings(table(memory=1.0, scenes=40))
    assert of(findings, "shift", tag="anger", baseline="none").covers(1.0)
    assert of(findings, "shift", tag="anger", baseline="placebo").covers(1.0)


def test_divergence_is_the_squared_shift_beyond_noise_and_near_zero_without_one() -> None:
    planted, level = number_findings(table(gap=1.0, scenes=40)), number_findings(table(scenes=40))
    found = of(planted, "divergence")
    assert found.value == pytest.approx(0.5, abs=0.2)  # one of two emotions moves by 1: (1 + 0) / 2
    assert found.p is not None and found.p < 0.05
    flat = of(level, "divergence")
    assert flat.value is not None and abs(flat.value) < 0.03
    away = of(number_findings(table(memory=1.0, scenes=40)), "divergence", baseline="none")
    assert away.value == pytest.approx(0.5, abs=0.2) and away.p is not None and away.p < 0.01


def test_sensitivity_is_how_far_the_twin_moves_the_keyed_emotion() -> None:
    found = of(number_findings(table(moves=4.0)), "sensitivity")
    assert found.covers(4.0)
    assert found.sample.items == 60
    shift = of(number_findings(table(gap=0.8, scenes=40)), "shift", tag="anger")
    assert any("where the detail that decides a scene moves a rating by" in note for note in shift.notes)


def test_ratings_that_do_not_follow_the_scene_are_not_assessed() -> None:
    findings = number_findings(table(moves=0.0, gap=2.0))
    held = [f for f in findings if f.measure in ("shift", "divergence")]
    assert held and all(isinstance(f.number, Absent) for f in held)
    assert all("do not follow the scene" in f.number.reason for f in held if isinstance(f.number, Absent))


def test_missing_ratings_widen_the_bounds_and_are_never_zero() -> None:
    shift = of(number_findings(table(missing=0.1, scenes=40)), "shift", tag="anger")
    assert shift.value is not None and abs(shift.value) < 0.3
    assert shift.bounds is not None and shift.bounds.missing > 0
    assert shift.bounds.low < shift.value - 0.3 and shift.bounds.high > shift.value + 0.3


def test_identical_ratings_are_equivalent_only_as_far_as_their_units_can_show() -> None:
    def equivalence(*, scenes: int, sets: int) -> Equivalence:
        found = of(number_findings(table(noise=0.0, scenes=scenes, sets=sets)), "shift", tag="anger")
        assert found.equivalence is not None
        return found.equivalence

    # A margin of 0.5 of 10 points is carried by 5% of scenes that react by the whole range, or by 8.3% of users that
    # react by 6 points. Pairs within one user or one scene are no units of their own.
    few_users, few_scenes, many = (equivalence(scenes=n, sets=m) for n, m in ((40, 6), (6, 60), (40, 60)))
    assert few_users.p == pytest.approx((1 - 0.5 / 6) ** 6)
    assert few_scenes.p == pytest.approx(0.95**12)
    assert many.p == pytest.approx(0.95**80)
    assert many.p < 0.05
    assert few_users.too_few == (Shortfall(of="user", here=6, needed=35),)
    assert few_scenes.too_few[-1] == Shortfall(of="item", here=12, needed=59)
    assert many.too_few == ()


def test_ratings_that_vary_are_cleared_only_where_enough_units_were_asked() -> None:
    def equivalence(*, scenes: int, sets: int) -> Equivalence:
        found = of(number_findings(table(noise=0.3, scenes=scenes, sets=sets)), "shift", tag="anger")
        assert found.equivalence is not None
        return found.equivalence

    # Noise gives half: 0.95^44 / 2 = 5.2% of scenes, (1 - 1/12)^26 / 2 = 5.2% of users.
    few_users, few_scenes, many = (equivalence(scenes=n, sets=m) for n, m in ((60, 20), (20, 60), (60, 60)))
    assert few_users.too_few == (Shortfall(of="user", here=20, needed=27),)
    assert few_scenes.too_few == (Shortfall(of="item", here=40, needed=45),)
    assert many.too_few == ()
    assert min(few_users.p, few_scenes.p) > 0.05 > many.p
    assert few_users.p_seen is not None and few_users.p_seen < 0.001


def test_identical_ratings_that_are_shifted_alike_are_not_called_equivalent() -> None:
    found = of(number_findings(table(noise=0.0, gap=0.2, scenes=40, sets=60)), "shift", tag="anger")
    assert found.equivalence is not None
    # 0.3 of 10 points remain to the margin: none of 80 scenes reacts in 8.7% of samples if 3% do.
    assert found.equivalence.p == pytest.approx(0.97**80)
    assert found.equivalence.p > 0.05


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        ((), {("pairs", None), ("profile", "placebo"), ("profile", "none"), ("placebo", "none")}),
        (("placebo",), {("pairs", None), ("profile", "none")}),
        (("none",), {("pairs", None), ("profile", "placebo")}),
        (("profile",), {("placebo", "none")}),
        (("none", "placebo"), {("pairs", None)}),
        (("profile", "none"), set()),
    ],
)
def test_only_arms_that_were_asked_are_compared(gone: tuple[str, ...], left: set[tuple[str, str | None]]) -> None:
    whole = table(scenes=6)
    kept = replace(whole, frame=whole.frame.filter(~pl.col("arm_kind").cast(pl.String).is_in(list(gone))))
    shifts = [one for part in measure_strata(kept) for one in shift_findings(part)]
    assert {(one.arms.arm, one.arms.baseline) for one in shifts} == left
    # One of each for either emotion.
    assert len(shifts) == 2 * len(left)


def test_the_stages_of_a_memory_have_rates_beside_their_shifts() -> None:
    whole = table(scenes=6)
    plain = whole.frame.with_columns(pl.selectors.categorical().cast(pl.String)).rename(
        {level_column("position"): "position"}
    )
    staged = plain.with_columns(
        kind=pl.lit("understanding"),
        quantity=pl.lit("fact_kept"),
        option=pl.lit(None, dtype=pl.String),
        value=(pl.col("value") > 4).cast(pl.Float64),
    )
    kept = measurements_from_frame(staged, factors=("position",), settings=whole.settings)
    findings = number_findings(kept)
    rates = [one for one in findings if one.measure == "stage_rate"]
    arms = {one.arms.arm for one in rates}
    assert {"none", "placebo"} <= arms and {one.quantity.name for one in rates} == {"fact_kept"}
    for one in rates:
        assert one.tested is None and one.value is not None and 0 <= one.value <= 1
    assert [one for one in number_findings(whole) if one.measure == "stage_rate"] == []


def test_no_rows_of_one_side_are_no_shift_against_it() -> None:
    whole = table()
    for lacking in ("none", "placebo", "profile"):
        frame = whole.frame.filter(pl.col("arm_kind").cast(pl.String) != lacking)
        compared = {
            (one.arms.arm, one.arms.baseline)
            for part in measure_strata(replace(whole, frame=frame))
            for one in shift_findings(part)
            if one.arms.baseline is not None
        }
        every = {("profile", "placebo"), ("profile", "none"), ("placebo", "none")}
        assert compared == {pair for pair in every if lacking not in pair}


def test_a_shift_between_levels_of_a_factor_is_found_with_the_method_of_scores() -> None:
    whole = table(gap=0.8, scenes=20, crossed=True)
    found = [one for part in measure_strata(whole) for one in shift_findings(part) if one.arms.arm == "crossing"]
    assert {one.quantity.tag for one in found} >= {"anger", "joy"}
    anger = next(one for one in found if (one.quantity.name, one.quantity.tag) == ("rating", "anger"))
    (contrast,) = anger.contrast
    sign = 1.0 if contrast.level == "disadvantaged" else -1.0
    assert (contrast.factor, {contrast.level, contrast.reference}) == ("crossed", {"advantaged", "disadvantaged"})
    assert anger.covers(0.8 * sign) and anger.p is not None and anger.p < 0.001
    assert anger.bounds is not None and anger.bounds.missing == 0
    assert anger.role == "exploratory"


def test_missing_ratings_of_either_level_widen_the_bounds_of_a_factor() -> None:
    whole = table(scenes=20, crossed=True, missing=0.2)
    found = [one for part in measure_strata(whole) for one in shift_findings(part) if one.arms.arm == "crossing"]
    anger = next(one for one in found if (one.quantity.name, one.quantity.tag) == ("rating", "anger"))
    bounds = anger.bounds
    assert bounds is not None and anger.value is not None
    # A share m of either side may lie anywhere between 0 and 10: together that is 10 (m + m) wide.
    assert bounds.high - bounds.low == pytest.approx(10 * (bounds.first + bounds.second))
    assert bounds.low < anger.value < bounds.high


def negative(*, crossed: bool = False, confirmatory: tuple[Measure, ...] | None = None) -> list[Finding]:
    """Shifts of the negative emotions in all scenes, the number that a plan confirms by."""
    made = table(scenes=8, sets=4, crossed=crossed)
    frame = made.frame.filter(pl.col("tag") == "anger").with_columns(
        pl.lit("valence_rating").alias("quantity"), pl.lit("negative").alias("tag")
    )
    settings = made.settings if confirmatory is None else replace(made.settings, confirmatory=confirmatory)
    (part,) = measure_strata(replace(made, frame=frame, settings=settings))
    return shift_findings(part)


def test_negative_emotions_between_versions_and_against_placebo_are_confirmatory_where_the_plan_says_so() -> None:
    def roles(**more: object) -> dict[tuple[str, str | None], str]:
        return {(one.arms.arm, one.arms.baseline): one.role for one in negative(**more)}  # type: ignore[arg-type]

    confirmed: dict[tuple[str, str | None], str]
    confirmed = {("pairs", None): "confirmatory", ("profile", "placebo"): "confirmatory"}
    beside: dict[tuple[str, str | None], str] = {("profile", "none"): "exploratory", ("placebo", "none"): "exploratory"}
    assert roles() == confirmed | beside
    assert set(roles(confirmatory=("gap", "memory_effect")).values()) == {"exploratory"}
    of_crossing: dict[tuple[str, str | None], str]
    of_crossing = {("profile", "placebo"): "confirmatory", ("crossing", None): "exploratory"}
    assert roles(crossed=True) == beside | of_crossing
    # Of single emotions shifts are never confirmatory.
    (part, *_) = measure_strata(table(scenes=8, sets=4))
    assert {one.role for one in shift_findings(part)} == {"exploratory"}
