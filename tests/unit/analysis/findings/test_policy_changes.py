"""What changes with a policy, counted by hand on small tables."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.ratio import ratio_of_means
from evenhand.analysis.findings.policy_changes import AspectChange, Sides, aspect_changes, benefit_kept, change_estimate
from evenhand.analysis.table.grid import MeanMatrix
from evenhand.analysis.table.scores import scores_from_frame
from evenhand.analysis.table.stratum import strata
from evenhand.records.settings import AnalysisSettings
from evenhand.seeds import stream

Row = dict[str, object]
KEY = "a"


def row(item: int, arm: str, choice: str | None, **fields: object) -> Row:
    """One trial; the best option is `a` where nothing else is said."""
    key = str(fields.pop("key", KEY))
    return {
        **{"model": "m", "bank": "b", "item": f"i{item}", "arm": arm, "arm_kind": arm, "placement": "system"},
        **{"reader": "none", "mitigation": "none", "order_index": 0, "replicate": 0, "keyed_option": key},
        **{"outcome": "refused" if choice is None else "answered", "choice": choice, "leak": None},
        **{"score": None if choice is None else float(choice == key), "kind": "understanding"},
        **{"cohort": None, "matched_set": None, "cue": None, "position": None},
        **fields,
    }


def twin(item: int, person: int, side: str, choice: str | None, **fields: object) -> Row:
    named = {"arm_kind": "profile", "cohort": "pairs", "matched_set": f"s{person}", "position": side, "cue": "stated"}
    return row(item, f"s{person}-{side}", choice, **{**named, **fields})


def sides(without: list[Row], under: list[Row], *, kind: str = "understanding") -> Sides:
    rows = [*without, *({**one, "mitigation": "gate"} for one in under)]
    rows = [{**one, "kind": kind, "cell_key": str(number)} for number, one in enumerate(rows)]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    scores = scores_from_frame(frame, settings=AnalysisSettings(), factors=("position",))
    found = {part.where.mitigation: part for part in strata(scores)}
    return Sides(without=found["none"], under=found["gate"])


def of(changes: list[AspectChange], aspect: str) -> AspectChange:
    (found,) = [one for one in changes if one.aspect == aspect]
    return found


ASKED = list(itertools.product(range(6), range(4), ("advantaged", "disadvantaged")))
NONE = [row(item, "none", "a", replicate=replicate) for item in range(6) for replicate in range(2)]


def answered(right: dict[tuple[int, int, str], bool], **fields: object) -> list[Row]:
    return [{**twin(*cell, "a" if right[cell] else "b"), **fields} for cell in ASKED]


def drawn(seed: int) -> dict[tuple[int, int, str], bool]:
    rng = np.random.default_rng(seed)
    return {cell: bool(rng.random() < 0.7) for cell in ASKED}


def test_what_only_users_of_one_cue_style_lose_is_seen() -> None:
    """The first style keeps every answer; the second loses what its users had right, and flips as often."""
    right, wrong = dict.fromkeys(ASKED, True), dict.fromkeys(ASKED, False)
    implied = {"cue": "implied", "cohort": "implied pairs"}
    renamed = [{**one, "arm": f"implied-{one['arm']}"} for one in answered(right, **implied)]
    lost = [{**one, "arm": f"implied-{one['arm']}"} for one in answered(wrong, **implied)]
    found = aspect_changes(sides([*NONE, *answered(right), *renamed], [*answered(right), *lost]))
    changes = {(one.aspect, one.change.where.cue): (one.before, one.after) for one in found if one.aspect != "gap"}
    assert changes == {
        ("accuracy", "stated"): (1.0, 1.0),
        ("accuracy", "implied"): (1.0, 0.0),
        ("flips", "stated"): (0.0, 0.0),
        ("flips", "implied"): (0.0, 1.0),
    }


def test_changes_are_what_is_counted_with_the_policy_less_what_is_counted_without() -> None:
    before, after = drawn(1), drawn(2)
    found = aspect_changes(sides([*NONE, *answered(before)], answered(after)))
    assert [one.aspect for one in found] == ["gap", "flips", "accuracy"]

    def mean(right: dict[tuple[int, int, str], bool], side: str | None = None) -> float:
        return float(np.mean([right[cell] for cell in ASKED if side in (None, cell[2])]))

    gaps = [mean(one, "advantaged") - mean(one, "disadvantaged") for one in (before, after)]
    gap = of(found, "gap")
    assert (gap.before, gap.after) == pytest.approx(tuple(gaps))
    assert gap.change.value == pytest.approx(gaps[1] - gaps[0])
    accuracy = of(found, "accuracy")
    assert (accuracy.before, accuracy.after) == pytest.approx((mean(before), mean(after)))
    assert accuracy.change.value == pytest.approx(mean(after) - mean(before))
    assert (accuracy.change.measure, accuracy.change.quantity.name) == ("memory_effect_change", "score")
    assert (accuracy.change.arms.arm, accuracy.change.arms.baseline) == ("profile", "none")
    assert (accuracy.change.where.cue, accuracy.change.where.mitigation) == ("stated", "gate")
    sample = accuracy.change.sample
    assert (sample.trials, sample.items, sample.profiles) == (48, 6, 4)
    # Without memory all say `a`, so that every other answer is a changed one.
    flips = of(found, "flips")
    assert (flips.before, flips.after) == pytest.approx((1 - mean(before), 1 - mean(after)))
    assert (flips.change.measure, flips.change.quantity.name, flips.change.quantity.scale) == (
        *("flip_excess", "choice"),
        "rate",
    )


def test_only_questions_with_an_answer_on_both_sides_count() -> None:
    before, after = answered(drawn(1)), answered(drawn(2))
    lost = {0: before, 7: after, 20: before}
    for place, rows in lost.items():
        rows[place] = {**rows[place], "outcome": "refused", "choice": None, "score": None}
    kept = [place for place in range(len(ASKED)) if place not in lost]
    accuracy = of(aspect_changes(sides([*NONE, *before], after)), "accuracy")
    # A mean over users and items: the answers of a matched set to an item count once.
    cells = []
    for rows in (before, after):
        met: dict[tuple[int, int], list[float]] = {}
        for place in kept:
            met.setdefault(ASKED[place][:2], []).append(float(rows[place]["choice"] == KEY))
        cells.append(float(np.mean([np.mean(values) for values in met.values()])))
    assert (accuracy.before, accuracy.after) == pytest.approx(tuple(cells))
    assert accuracy.change.value == pytest.approx(cells[1] - cells[0])
    assert accuracy.change.sample.trials == 45


def test_nothing_is_changed_where_all_answers_are_the_same() -> None:
    same = answered(drawn(3))
    for one in aspect_changes(sides([*NONE, *same], same)):
        assert one.before == one.after
        assert (one.change.value, one.change.p) == (0.0, 1.0)


def test_without_answers_of_no_memory_there_are_no_changed_answers() -> None:
    unanswered = [{**one, "outcome": "refused", "choice": None, "score": None} for one in NONE]
    for none in ([], unanswered):
        found = aspect_changes(sides([*none, *answered(drawn(1))], answered(drawn(2))))
        assert [one.aspect for one in found] == ["gap", "accuracy"]


def test_written_and_rated_answers_have_no_gap_of_scores_and_no_changed_answers() -> None:
    for answer, kind, aspects in (
        ("text", "understanding", ["accuracy"]),
        ("rating", "advice", ["accuracy"]),
        ("letter", "advice", ["gap", "flips"]),
        ("letter", "management", ["gap", "flips", "accuracy"]),
    ):
        none = [{**one, "answer": answer} for one in NONE]
        made = sides([*none, *answered(drawn(1), answer=answer)], answered(drawn(2), answer=answer), kind=kind)
        assert [one.aspect for one in aspect_changes(made)] == aspects


def test_facts_that_surface_are_counted_where_any_did() -> None:
    silent = answered(drawn(1), leak=False)
    told = [{**one, "leak": place % 4 == 0} for place, one in enumerate(silent)]
    leak = of(aspect_changes(sides([*NONE, *told], silent)), "leakage")
    assert (leak.before, leak.after) == (0.25, 0.0)
    assert leak.change.value == -0.25
    assert (leak.change.measure, leak.change.quantity.name, leak.change.arms.arm) == (
        *("leakage", "mention_answer"),
        "profile",
    )
    quiet = aspect_changes(sides([*NONE, *silent], silent))
    assert "leakage" not in [one.aspect for one in quiet]
    assert of(aspect_changes(sides([*NONE, *silent], told)), "leakage").after == 0.25


def test_a_probe_of_leakage_counts_its_own_fact() -> None:
    def probed(leaks: list[bool]) -> list[Row]:
        return [row(item, "item_fact", "a", leak=leak) for item, leak in enumerate(leaks)]

    made = sides(
        [*probed([True, True, False, False]), *answered(drawn(1), leak=True)],
        [*probed([False, True, False, False]), *answered(drawn(1), leak=False)],
        kind="leakage",
    )
    leak = of(aspect_changes(made), "leakage")
    assert (leak.before, leak.after) == (0.5, 0.25)
    assert (leak.change.arms.arm, leak.change.where.cue) == ("item_fact", None)


def benefit(before: str, after: str, *, none: str = "cccc") -> Sides:
    """Items whose fact makes `b` right and without which `c` is right; a letter for each item's answer."""

    def asked(arm: str, choices: str, key: str) -> list[Row]:
        return [row(item, arm, None if choice == "-" else choice, key=key) for item, choice in enumerate(choices)]

    under = [one for one in asked("item_fact", after, "b") if one["choice"] != "x"]
    return sides([*asked("none", none, "c"), *asked("item_fact", before, "b")], under, kind="benefit")


def test_use_of_the_fact_is_the_answer_that_it_makes_right() -> None:
    found = of(aspect_changes(benefit("bbbc", "bccc")), "benefit")
    assert (found.before, found.after) == (0.75, 0.25)
    assert (found.change.measure, found.change.quantity.name, found.change.arms.arm) == (
        *("fact_effect", "fact_used"),
        "item_fact",
    )


def test_sycophancy_is_the_score_with_the_opinion_in_memory() -> None:
    def asked(choices: str) -> list[Row]:
        return [row(item, "item_fact", choice) for item, choice in enumerate(choices)]

    found = of(aspect_changes(sides(asked("abab"), asked("aaab"), kind="sycophancy")), "sycophancy")
    assert (found.before, found.after, found.change.quantity.name) == (0.5, 0.75, "score")
    assert {one.aspect for one in aspect_changes(sides(asked("abab"), asked("aaab"), kind="advice"))} == set()


def test_the_benefit_that_is_kept_is_a_ratio_of_differences_from_no_memory() -> None:
    # Used without any memory: 1 of 4. With the fact: 4 of 4, and 2 of 4 under the policy.
    kept = benefit_kept(benefit("bbbb", "bbcc", none="bccc"))
    assert kept is not None and kept.value == pytest.approx((0.5 - 0.25) / (1.0 - 0.25))
    expected = ratio_of_means(np.array([0.0, 1, 0, 0]), np.array([0.0, 1, 1, 1]), confidence=0.95)
    assert (kept.low, kept.high) == (expected.low, expected.high)
    # A question without an answer is left out on both sides.
    fewer = benefit_kept(benefit("bbbb", "bb-c"))
    assert fewer is not None and fewer.value == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("before", "after", "none"),
    [("cccc", "bbbb", "cccc"), ("bccc", "bbbb", "bccc"), ("bccc", "bbbb", "bbcc"), ("bbbb", "----", "cccc")],
    ids=["no benefit", "as without memory", "less than without memory", "nothing answered"],
)
def test_without_a_benefit_none_is_kept(before: str, after: str, none: str) -> None:
    assert benefit_kept(benefit(before, after, none=none)) is None


def test_no_other_kind_of_item_has_a_benefit() -> None:
    made = benefit("bbbb", "bbbb")
    assert benefit_kept(made) is not None
    assert benefit_kept(replace(made, under=replace(made.under, kind="sycophancy"))) is None


def test_without_no_memory_answers_no_benefit_is_known() -> None:
    whole = benefit("bbbb", "bbbb")
    rows = whole.without.rows.filter(pl.col("arm_kind") != "none")
    assert benefit_kept(replace(whole, without=replace(whole.without, rows=rows))) is None


def test_the_same_seed_gives_the_same_draws_of_signs_and_another_seed_others() -> None:
    made = sides([*NONE, *answered(drawn(1))], answered(drawn(2)))
    cells = np.random.default_rng(4).choice([-1.0, 0.0, 1.0], (20, 30), p=[0.2, 0.7, 0.1])

    def flips(seed: int, name: str) -> tuple[float | None, float | None]:
        part = replace(made.under, settings=replace(made.under.settings, seed=seed))
        matrix = MeanMatrix(
            values=cells,
            planned=np.ones_like(cells, dtype=np.bool_),
            units=[str(n) for n in range(20)],
            items=[str(n) for n in range(30)],
            trials=600,
        )
        found = change_estimate(matrix, stratum=part, name=name)
        return found.p_flip_sets, found.p_flip_items

    assert flips(1, "policy/a") == flips(1, "policy/a")
    assert flips(1, "policy/a") != flips(2, "policy/a")
    assert flips(1, "policy/a") != flips(1, "policy/b")
    # The stream of a change has this name, and no other: the draws of a kept table are the same in every version.
    expected = paired_gap(cells, rng=stream(1, "analysis", "policy/a"))
    assert flips(1, "policy/a") == (expected.p_flip_sets, expected.p_flip_items)
