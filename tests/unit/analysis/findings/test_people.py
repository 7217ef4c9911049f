"""A judge's shifts, corrected by what people gave to some of the same answers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.estimators.equivalence import tost_p
from evenhand.analysis.estimators.prediction_powered import corrected, rectifier
from evenhand.analysis.findings.people import corrected_by_people
from evenhand.analysis.findings.shifts import shift_findings
from evenhand.analysis.table.measurements import MeasureStratum, measure_strata, measurements_from_frame
from evenhand.records.contrast import ArmContrast
from evenhand.records.estimate import Absent, Tested
from evenhand.records.finding import Finding
from evenhand.records.settings import AnalysisSettings
from tests.support.picking import the

ARMS = {
    "none": ("none", None, None),
    "placebo": ("placebo", None, None),
    "advantaged": ("profile", "s", "advantaged"),
    "disadvantaged": ("profile", "s", "disadvantaged"),
}


def judged(*, noise: float = 1.0, seed: int = 0) -> MeasureStratum:
    """A judge's ratings of 12 items under every arm, four personas; ratings without memory are two points lower."""
    rng = np.random.default_rng(seed)
    rows = []
    for item in range(12):
        for person in range(4):
            for arm, (kind, matched, position) in ARMS.items():
                profile = kind == "profile"
                name = f"{arm}-{person}"
                rows.append(
                    {
                        **{"cell_key": f"{item} {name}", "model": "m", "bank": "b", "item": f"i{item}"},
                        **{"kind": "advice", "arm": name if kind != "none" else "none", "arm_kind": kind},
                        **{"cohort": "pairs" if profile else None, "matched_set": f"s{person}" if matched else None},
                        **{"placement": "system", "cue": "stated" if profile else None, "reader": "none"},
                        **{"mitigation": "none", "answer": "text", "replicate": person if kind == "none" else 0},
                        **{"order_index": 0, "outcome": "answered", "keyed_option": None, "pair": None},
                        **{"option": None, "quantity": "judged", "tag": "warm", "position": position},
                        "value": 5.0 - 2.0 * (kind == "none") + noise * float(rng.uniform(-1, 1)),
                    }
                )
    frame = pl.DataFrame(rows, infer_schema_length=None)
    table = measurements_from_frame(frame, factors=("position",), settings=AnalysisSettings())
    (part,) = measure_strata(table)
    return part


def rated(part: MeasureStratum, *, more: dict[str, float], every: int = 3, wobble: float = 0.3) -> pl.DataFrame:
    """People give every third answer of each arm as many points more as is said for the arm."""
    rng = np.random.default_rng(9)
    rows = part.stratum.rows.select("cell_key", pl.col("arm").cast(pl.String), "value")
    kept = []
    seen: dict[str, int] = {}
    for key, arm, value in rows.iter_rows():
        side = arm.partition("-")[0]
        seen[side] = seen.get(side, 0) + 1
        if seen[side] % every == 0:
            kept.append((key, value + more.get(side, 0.0) + wobble * float(rng.uniform(-1, 1))))
    return pl.DataFrame(kept, schema={"cell_key": pl.String, "people": pl.Float64}, orient="row")


def sides(part: MeasureStratum, people: pl.DataFrame, plus: str, minus: str) -> list[tuple[np.ndarray, np.ndarray]]:
    both = part.stratum.rows.join(people, on="cell_key")
    arm = both["arm"].cast(pl.String).str.split("-").list.first()
    return [
        (both.filter(arm == one)["people"].to_numpy(), both.filter(arm == one)["value"].to_numpy())
        for one in (plus, minus)
    ]


def test_the_shift_moves_by_what_people_give_more_to_one_side_than_to_the_other() -> None:
    part = judged()
    people = rated(part, more={"advantaged": 1.5, "disadvantaged": 0.5})
    shift = the(shift_findings(part), measure="shift", arm="pairs")
    found = corrected_by_people(shift, judged=part, people=people)
    plus, minus = (rectifier(*side) for side in sides(part, people, "advantaged", "disadvantaged"))
    assert plus.mean == pytest.approx(1.5, abs=0.2) and minus.mean == pytest.approx(0.5, abs=0.2)
    before = shift.spread
    assert before is not None and before.se is not None and shift.value is not None
    expected = corrected(shift.value, se=before.se, df=before.df, plus=plus, minus=minus, confidence=0.95)
    assert found.value == pytest.approx(shift.value + plus.mean - minus.mean)
    assert found.spread is not None
    assert (found.spread.low, found.spread.high, found.spread.se, found.spread.df, found.p) == pytest.approx(
        (expected.low, expected.high, expected.se, expected.df, expected.p)
    )
    assert found.spread.confidence == before.confidence
    assert found.method == f"{shift.method}, corrected by people's ratings (prediction-powered inference)"
    (note,) = found.notes[len(shift.notes) :]
    assert f"with {plus.rated + minus.rated} answers that people rated" in note
    assert f"the judge alone gives {shift.value:+.2f}" in note
    assert f"differ from it by {plus.mean:+.2f} and {minus.mean:+.2f}" in note
    number = found.tested
    assert number is not None and number.bounds is None and number.smallest_detectable is None
    # The test against the margin is that of the corrected shift.
    margin = number.equivalence
    assert margin is not None and margin.margin == 0.5 and not margin.alike
    seen = tost_p(expected.value, se=expected.se, df=expected.df, margin=0.5)
    assert margin.p_seen == pytest.approx(seen) and margin.p >= seen - 1e-12


@pytest.mark.parametrize(
    ("arm", "baseline", "more"),
    [
        ("profile", "none", {"advantaged": -1.0, "disadvantaged": -1.0}),
        ("profile", "placebo", {"placebo": 1.0}),
        ("placebo", "none", {"none": 2.0}),
    ],
)
def test_whole_arms_are_corrected_by_the_ratings_of_their_own_answers(
    arm: str, baseline: str, more: dict[str, float]
) -> None:
    part = judged()
    people = rated(part, more=more)
    shift = next(f for f in shift_findings(part) if (f.arms.arm, f.arms.baseline) == (arm, baseline))
    found = corrected_by_people(shift, judged=part, people=people)
    assert found.value is not None and shift.value is not None
    assert found.value - shift.value == pytest.approx(
        -2.0 if baseline == "none" and arm == "placebo" else -1.0, abs=0.25
    )


def test_ten_answers_of_a_side_are_needed_and_their_numbers_are_told() -> None:
    part = judged()
    shift = the(shift_findings(part), measure="shift", arm="pairs")
    people = rated(part, more={}, every=1)
    arm = part.stratum.rows.select("cell_key", arm=pl.col("arm").cast(pl.String))
    named = people.join(arm, on="cell_key")

    def kept(plus: int, minus: int) -> pl.DataFrame:
        groups = [named.filter(pl.col("arm").str.starts_with(side)) for side in ("advantaged", "disadvantaged")]
        return pl.concat([groups[0].head(plus), groups[1].head(minus)]).select("cell_key", "people")

    few = corrected_by_people(shift, judged=part, people=kept(20, 9))
    assert (few.number, few.method) == (shift.number, shift.method)
    assert few.notes[-1] == "Not corrected: people rated fewer than 10 answers on one of the sides (20 and 9)."
    assert "(9 and 20)" in corrected_by_people(shift, judged=part, people=kept(9, 20)).notes[-1]
    assert corrected_by_people(shift, judged=part, people=kept(10, 10)).value != shift.value


def test_units_that_are_not_in_the_sample_still_rule_where_they_ruled_before() -> None:
    part = judged(noise=0.05)
    people = rated(part, more={}, wobble=0.05)
    shift = the(shift_findings(part), measure="shift", arm="pairs")
    margin = shift.equivalence
    assert margin is not None and margin.p_seen is not None and margin.p > margin.p_seen
    found = corrected_by_people(shift, judged=part, people=people).equivalence
    assert found is not None and found.p_seen is not None
    assert found.p == margin.p > found.p_seen
    number = shift.tested
    assert number is not None
    alone = replace(shift, number=replace(number, equivalence=replace(margin, p=margin.p_seen)))
    only_seen = corrected_by_people(alone, judged=part, people=people).equivalence
    assert only_seen is not None and only_seen.p == only_seen.p_seen == found.p_seen


def test_an_exact_shift_is_inside_its_margin_or_not() -> None:
    part = judged(noise=0.0)
    shift = the(shift_findings(part), measure="shift", arm="pairs")
    number = shift.tested
    assert number is not None and number.spread is not None and number.equivalence is not None
    exact = replace(
        shift,
        number=replace(
            number,
            spread=replace(number.spread, se=0.0, df=None),
            equivalence=replace(number.equivalence, p=0.0, p_seen=0.0),
        ),
    )
    for more, p in ((0.0, 0.0), (0.4, 0.0), (0.5, 1.0), (0.7, 1.0)):
        people = rated(part, more={"advantaged": more}, wobble=0.0)
        found = corrected_by_people(exact, judged=part, people=people)
        assert found.equivalence is not None and found.equivalence.p == p, more
        assert found.p == (1.0 if more == 0.0 else 0.0)


def unlike(shift: Finding) -> list[Finding]:
    number = shift.number
    assert isinstance(number, Tested) and number.spread is not None
    return [
        replace(shift, number=Absent(reason="none")),
        replace(shift, number=replace(number, spread=None)),
        replace(shift, number=replace(number, spread=replace(number.spread, se=None))),
    ]


def test_a_shift_without_a_standard_error_stays_as_it_is() -> None:
    part = judged()
    people = rated(part, more={"advantaged": 1.0})
    for shift in unlike(the(shift_findings(part), measure="shift", arm="pairs")):
        assert corrected_by_people(shift, judged=part, people=people) is shift


def test_levels_that_are_adjusted_for_others_are_not_corrected_and_this_is_told() -> None:
    part = judged()
    shift = replace(the(shift_findings(part), measure="shift", arm="pairs"), arms=ArmContrast(arm="crossing"))
    found = corrected_by_people(shift, judged=part, people=rated(part, more={"advantaged": 1.0}))
    assert found.number == shift.number
    assert found.notes == (*shift.notes, "Not corrected by people's ratings: levels are adjusted for others.")
