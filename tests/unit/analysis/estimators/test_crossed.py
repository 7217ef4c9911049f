from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from msgspec import structs
from scipy import stats

from evenhand.analysis.estimators.crossed import (
    CrossedScores,
    _notes,
    _units,
    cell_means,
    dummies,
    interaction_contrast,
    level_contrast,
    profile_contrast,
)
from evenhand.analysis.estimators.equivalence import ITEM_REACTION
from evenhand.analysis.estimators.estimate import Component
from evenhand.analysis.estimators.influence import influence
from evenhand.analysis.estimators.moments import MomentVariance, moment_variance
from evenhand.analysis.estimators.random_terms import RandomTerm
from evenhand.analysis.estimators.skewness import third_cumulant
from evenhand.errors import TableError

Codes = npt.NDArray[np.int64]


def crossing(factors: int = 3) -> Codes:
    return np.array([[(p // 3**k) % 3 for k in range(factors)] for p in range(3**factors)])


def scores(
    codes: Codes,
    *,
    items: int = 24,
    fraction: int = 1,
    seed: int = 0,
    gap: float = 0.0,
    slope: float = 0.0,
    profile: float = 0.0,
) -> CrossedScores:
    rng = np.random.default_rng(seed)
    base = 0.6 + 0.15 * rng.standard_normal(items) + profile * rng.standard_normal((codes.shape[0], 1))
    sign = 0.5 * ((codes[:, 0] == 1).astype(float) - (codes[:, 0] == 0))
    table = base + np.outer(sign, gap + slope * rng.standard_normal(items))
    table = table + 0.2 * rng.standard_normal(table.shape)
    asked = (codes.sum(axis=1)[:, None] + np.arange(items)) % fraction == 0
    where, item = np.nonzero(asked)
    return CrossedScores(score=table[where, item], item=item, profile=where)


def others(codes: Codes) -> npt.NDArray[np.float64]:
    return np.column_stack([dummies(codes[:, k]) for k in range(1, codes.shape[1])])


def test_in_a_complete_crossing_the_estimate_is_the_difference_of_means() -> None:
    codes = crossing()
    data = scores(codes, gap=0.1)
    found = level_contrast(data, levels=codes[:, 0], level=1, reference=0, nuisance=others(codes))
    level = codes[data.profile, 0]
    assert found.estimate == pytest.approx(data.score[level == 1].mean() - data.score[level == 0].mean())
    assert (found.items, found.profiles, found.cells) == (24, 18, 24 * 18)


def test_in_a_complete_crossing_the_variance_is_the_quasi_f_of_the_contrast() -> None:
    codes = crossing(2)
    data = scores(codes, slope=0.3, profile=0.1, items=15)
    found = level_contrast(data, levels=codes[:, 0], level=1, reference=0, nuisance=others(codes))
    kept = np.flatnonzero(codes[:, 0] < 2)
    table = np.full((9, 15), np.nan)
    table[data.profile, data.item] = data.score
    table = table[kept]
    sign = np.where(codes[kept, 0] == 1, 1.0, -1.0)
    # 6 profiles, 15 items; contrast of item i is the mean of sign * score over its 6 profiles, times 2.
    per_item = 2 * (sign[:, None] * table).mean(axis=0)
    between_items = 6 / 4 * np.sum((per_item - per_item.mean()) ** 2) / 14
    design = np.column_stack([np.ones(6), sign, dummies(codes[kept, 1])])
    means = table.mean(axis=1)
    left = means - design @ np.linalg.lstsq(design, means, rcond=None)[0]
    between_profiles = 15 * np.sum(left**2) / (6 - 4)
    rest = table - table.mean(axis=0) - left[:, None] - np.outer(sign, per_item / 2)
    rest = rest - (design @ np.linalg.lstsq(design, means, rcond=None)[0] - means.mean())[:, None]
    rest = rest + np.outer(sign, np.full(15, per_item.mean() / 2))
    residual = np.sum(rest**2) / (5 * 14 - 14)
    expected = 4 / 90 * (between_items + between_profiles - residual)
    assert found.se**2 == pytest.approx(expected, rel=0.02)
    assert [part.name for part in found.components] == ["item slope", "profile", "residual"]


@pytest.mark.parametrize("fraction", [1, 3])
def test_it_finds_the_gap_and_states_its_error(fraction: int) -> None:
    codes = crossing()
    estimates, errors = [], []
    for seed in range(150):
        data = scores(codes, fraction=fraction, seed=seed, gap=0.1, slope=0.2, profile=0.1)
        found = level_contrast(data, levels=codes[:, 0], level=1, reference=0, nuisance=others(codes))
        estimates.append(found.estimate)
        errors.append(found.se)
    assert np.mean(estimates) == pytest.approx(0.1, abs=4 * np.std(estimates) / np.sqrt(150))
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(estimates), rel=0.2)


def test_swapping_level_and_reference_flips_the_sign() -> None:
    codes = crossing()
    data = scores(codes, gap=0.1, fraction=3)
    ours = level_contrast(data, levels=codes[:, 0], level=2, reference=0, nuisance=others(codes))
    theirs = level_contrast(data, levels=codes[:, 0], level=0, reference=2, nuisance=others(codes))
    assert theirs.estimate == pytest.approx(-ours.estimate)
    assert (theirs.se, theirs.p) == pytest.approx((ours.se, ours.p))


def test_the_order_of_rows_does_not_matter() -> None:
    codes = crossing()
    data = scores(codes, fraction=3, slope=0.2)
    order = np.random.default_rng(0).permutation(data.score.size)
    shuffled = CrossedScores(score=data.score[order], item=data.item[order], profile=data.profile[order])
    ours = level_contrast(data, levels=codes[:, 0], level=1, reference=0)
    theirs = level_contrast(shuffled, levels=codes[:, 0], level=1, reference=0)
    assert (theirs.estimate, theirs.se, theirs.df) == pytest.approx((ours.estimate, ours.se, ours.df))


def test_an_interaction_is_a_difference_of_differences() -> None:
    codes = crossing()
    data = scores(codes)
    score = data.score + 0.2 * ((codes[data.profile, 0] == 1) & (codes[data.profile, 1] == 2))
    found = interaction_contrast(
        structs.replace(data, score=score), first=codes[:, 0], second=codes[:, 1], pairs=((1, 0), (2, 0))
    )
    a, b = codes[data.profile, 0], codes[data.profile, 1]
    means = {(i, j): score[(a == i) & (b == j)].mean() for i in (0, 1) for j in (0, 2)}
    expected = means[1, 2] - means[0, 2] - means[1, 0] + means[0, 0]
    assert found.estimate == pytest.approx(expected)
    with_other = interaction_contrast(
        structs.replace(data, score=score),
        first=codes[:, 0],
        second=codes[:, 1],
        pairs=((1, 0), (2, 0)),
        nuisance=dummies(codes[:, 2]),
    )
    assert with_other.estimate == pytest.approx(expected)


def test_missing_scores_are_left_out() -> None:
    codes = crossing()
    data = scores(codes)
    holes = data.score.copy()
    holes[::3] = np.nan
    found = level_contrast(structs.replace(data, score=holes), levels=codes[:, 0], level=1, reference=0)
    assert found.cells < data.score.size * 2 / 3
    assert np.isfinite([found.estimate, found.se, found.p]).all()


def test_scores_that_never_vary_give_an_exact_zero_with_a_stated_interval() -> None:
    codes = crossing()
    data = scores(codes)
    constant = structs.replace(data, score=np.full(data.score.size, 0.5))
    found = level_contrast(constant, levels=codes[:, 0], level=1, reference=0, nuisance=others(codes))
    assert (found.estimate, found.se, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 0.0, 1.0)
    assert found.degenerate
    assert "the interval is the point itself" in found.notes[0]


@pytest.mark.parametrize(("items", "units"), [(6, 6), (200, 9), (1, 9)])
def test_a_contrast_that_is_alike_everywhere_speaks_with_the_smaller_number_of_units(items: int, units: int) -> None:
    codes = crossing()
    data = scores(codes, items=items)
    alike = structs.replace(data, score=np.where(codes[data.profile, 0] == 1, 0.75, 0.5))
    found = level_contrast(alike, levels=codes[:, 0], level=1, reference=0)
    assert found.degenerate
    assert found.estimate == found.low == found.high == pytest.approx(0.25)
    # Each of the two levels has 9 of 27 profiles.
    assert (found.units, found.p) == (units, 2.0 ** (1 - units))


def test_a_single_item_is_judged_over_profiles_alone() -> None:
    codes = crossing()
    found = level_contrast(scores(codes, items=1), levels=codes[:, 0], level=1, reference=0)
    assert "a single item" in found.notes[0]
    assert found.df == pytest.approx(16)


def test_contrasts_that_the_design_does_not_hold_are_refused() -> None:
    codes = crossing()
    data = scores(codes)
    with pytest.raises(TableError, match="both sides"):
        level_contrast(data, levels=codes[:, 0], level=7, reference=0)
    with pytest.raises(TableError, match="another factor moves with it"):
        level_contrast(data, levels=codes[:, 0], level=1, reference=0, nuisance=dummies(codes[:, 0]))


def test_a_covariate_may_leave_profiles_out() -> None:
    codes = crossing()
    x = np.where(codes[:, 0] == 2, np.nan, codes[:, 0] - 0.5)
    data = scores(codes, gap=0.1)
    ours = profile_contrast(data, x=x)
    assert ours.estimate == pytest.approx(level_contrast(data, levels=codes[:, 0], level=1, reference=0).estimate)


def test_trials_are_averaged_to_cells() -> None:
    found = cell_means(np.array([1.0, 0.0, 1.0, np.nan]), item=np.array([0, 0, 1, 1]), profile=np.array([2, 2, 0, 1]))
    assert found.score.tolist() == [0.5, 1.0]
    assert (found.item.tolist(), found.profile.tolist()) == ([0, 1], [2, 0])
    assert found.weight is not None
    assert found.weight.tolist() == [2.0, 1.0]


def test_dummies_have_a_column_for_each_level_but_the_reference() -> None:
    assert dummies(np.array([0, 1, 2, 1]), reference=1).T.tolist() == [[1, 0, 0, 0], [0, 0, 1, 0]]
    assert dummies(np.array([1, 1]), reference=1).shape == (2, 0)


def holed(seed: int = 3, *, covariates: bool = True) -> tuple[CrossedScores, Codes, npt.NDArray[np.float64]]:
    """A crossing in which a third of the cells is missing, with two covariates of the answers."""
    codes = crossing()
    whole = scores(codes, items=10, slope=0.3, profile=0.2, seed=seed)
    rng = np.random.default_rng(seed)
    kept = rng.random(whole.score.size) < 0.66
    more = rng.standard_normal((whole.score.size, 2))
    data = CrossedScores(
        score=whole.score[kept] + 0.2 * more[kept, 0],
        item=whole.item[kept],
        profile=whole.profile[kept],
        covariates=more[kept] if covariates else None,
    )
    return data, codes, others(codes)


@pytest.mark.parametrize("covariates", [False, True])
def test_with_holes_and_covariates_the_estimate_is_the_least_squares_coefficient(covariates: bool) -> None:
    data, codes, nuisance = holed(covariates=covariates)
    found = level_contrast(data, levels=codes[:, 0], level=2, reference=1, nuisance=nuisance)
    used = np.isin(codes[data.profile, 0], (1, 2))
    x = np.where(codes[data.profile, 0] == 2, 0.5, -0.5)[used]
    columns = [x, nuisance[data.profile][used], np.eye(10)[data.item[used]]]
    columns += [data.covariates[used]] if data.covariates is not None else []
    design = np.column_stack(columns)
    solution = np.linalg.pinv(design)
    assert found.estimate == pytest.approx((solution @ data.score[used])[0])
    residual = data.score[used] - design @ (solution @ data.score[used])
    profile = np.unique(data.profile[used], return_inverse=True)[1]
    groups = [
        RandomTerm(name="item slope", codes=data.item[used], levels=10, covariate=x),
        RandomTerm(name="profile", codes=profile, levels=int(profile.max()) + 1),
    ]
    items = RandomTerm(name="item", codes=data.item[used], levels=10)
    dense = np.column_stack([columns[0], columns[1], *columns[3:]])
    moments = moment_variance(residual, weights=solution[0], groups=groups, fixed=[items], covariates=dense)
    assert (found.se, found.df) == pytest.approx((math.sqrt(moments.variance), moments.df))
    assert (found.low, found.high) == pytest.approx(stats.t(found.df, found.estimate, found.se).interval(0.95))
    assert (found.items, found.profiles, found.cells) == (10, 18, int(used.sum()))
    parts, share = solution[0] * residual, solution[0] * x
    for given, of in ((found.by_item, data.item[used]), (found.by_unit, profile)):
        expected = influence(parts, share=share, estimate=found.estimate, codes=of)
        assert given is not None
        assert given.carrying == expected.carrying and given.change == pytest.approx(expected.change)
    assert found.third == pytest.approx(third_cumulant(parts, groups=(profile, data.item[used])))
    assert (found.units, found.notes, found.confidence) == (9, (), 0.95)
    assert [one.number for one in found.sampled] == [10]


def test_columns_that_add_nothing_change_nothing() -> None:
    data, codes, nuisance = holed()
    plain = level_contrast(data, levels=codes[:, 0], level=1, reference=0, nuisance=nuisance)
    again = np.column_stack([nuisance, nuisance[:, 0] * 3.0, np.ones(nuisance.shape[0])])
    found = level_contrast(data, levels=codes[:, 0], level=1, reference=0, nuisance=again)
    assert (found.estimate, found.se, found.df) == pytest.approx((plain.estimate, plain.se, plain.df))


def test_an_interaction_with_holes_is_the_coefficient_of_the_product_beside_both_effects() -> None:
    data, codes, _ = holed(covariates=False)
    found = interaction_contrast(data, first=codes[:, 0], second=codes[:, 1], pairs=((1, 0), (2, 1)))
    a, b = codes[data.profile, 0], codes[data.profile, 1]
    used = np.isin(a, (0, 1)) & np.isin(b, (1, 2))
    x, y = np.where(a == 1, 0.5, -0.5)[used], np.where(b == 2, 0.5, -0.5)[used]
    design = np.column_stack([x * y, x, y, np.eye(10)[data.item[used]]])
    assert found.estimate == pytest.approx((np.linalg.pinv(design) @ data.score[used])[0])
    # Coded +-1/4, so that an item that reacts by one counts four times as much.
    (items,) = found.sampled
    assert items.reaction == pytest.approx(ITEM_REACTION / 0.5)


@pytest.mark.parametrize(("items", "profiles", "units"), [(1, 9, 4), (2, 9, 2), (9, 3, 1), (20, 9, 4), (1, 1, 1)])
def test_units_are_the_smaller_of_items_and_profiles_of_a_level(items: int, profiles: int, units: int) -> None:
    assert _units((items, profiles, 99)) == units


def test_a_design_that_cannot_tell_its_parts_says_so() -> None:
    codes = np.array([[0], [1], [0], [1]])
    # Every profile met one item of its own pair: profiles and answers are one.
    data = CrossedScores(
        score=np.array([0.1, 0.9, 0.4, 0.5]), item=np.array([0, 0, 1, 1]), profile=np.array([0, 1, 2, 3])
    )
    found = level_contrast(data, levels=codes[:, 0], level=1, reference=0)
    assert found.notes[0].startswith("The design cannot tell the components ")
    assert found.estimate == pytest.approx(0.45)


def test_an_average_over_trials_has_the_mean_of_their_covariates() -> None:
    found = cell_means(
        np.array([1.0, 0.0, 1.0, np.nan]),
        item=np.array([0, 0, 1, 1]),
        profile=np.array([2, 2, 0, 0]),
        covariates=np.array([[1.0, 5.0], [3.0, 5.0], [7.0, 5.0], [100.0, 5.0]]),
    )
    assert found.covariates is not None and found.covariates.tolist() == [[2.0, 5.0], [7.0, 5.0]]
    none = cell_means(np.array([1.0]), item=np.array([0]), profile=np.array([0]), covariates=np.empty((1, 0)))
    assert none.covariates is None
    assert cell_means(np.array([]), item=np.array([], dtype=int), profile=np.array([], dtype=int)).score.size == 0


def test_one_scored_profile_has_no_contrast() -> None:
    data = CrossedScores(score=np.array([0.1, 0.9]), item=np.array([0, 1]), profile=np.array([0, 0]))
    with pytest.raises(TableError, match=r"1 profile\(s\) with the values \[-0.5\]"):
        level_contrast(data, levels=np.array([0, 1]), level=1, reference=0)


def test_each_limit_of_a_design_has_its_own_sentence() -> None:
    def told(*, items: int = 5, estimable: bool = True, apart: bool = True) -> tuple[str, ...]:
        parts = (
            Component(name="item slope", variance=0.1 if apart else None, sd=0.3 if apart else None),
            Component(name="profile", variance=0.1 if apart else None, sd=0.3 if apart else None),
            Component(name="residual", variance=0.1, sd=0.3),
        )
        moments = MomentVariance(variance=0.1, df=3.0, components=parts, estimable=estimable)
        return _notes(moments, (items, 10, 50))

    assert told() == ()
    assert [note.split(",")[0] for note in told(items=1)] == ["There is a single item"]
    assert told(apart=False) == ("The design cannot tell the components item slope, profile apart.",)
    (sparse,) = told(estimable=False)
    assert "too sparse" in sparse and sparse.endswith("the standard error may be low.")
    assert len(told(items=1, estimable=False, apart=False)) == 3


@pytest.mark.parametrize(("unit", "level"), [(1e-4, 0.0), (100.0, 7.0), (1.0, -3.0)])
@pytest.mark.parametrize("fraction", [1, 3])
def test_the_unit_and_the_level_of_the_scores_do_not_matter(unit: float, level: float, fraction: int) -> None:
    codes = crossing()
    data = scores(codes, gap=0.1, fraction=fraction, slope=0.2, profile=0.1)
    moved = structs.replace(data, score=unit * data.score + level)
    ours, theirs = (
        level_contrast(one, levels=codes[:, 0], level=1, reference=0, nuisance=others(codes)) for one in (data, moved)
    )
    assert (theirs.estimate, theirs.se) == pytest.approx((unit * ours.estimate, unit * ours.se), rel=1e-6)
    assert (theirs.df, theirs.p) == pytest.approx((ours.df, ours.p), rel=1e-6)
    assert theirs.third == pytest.approx(unit**3 * ours.third, rel=1e-5)


def test_scores_without_variation_have_components_of_zero_under_their_names() -> None:
    codes = crossing()
    data = scores(codes, items=4)
    alike = structs.replace(data, score=np.full(data.score.size, 0.5))
    found = level_contrast(alike, levels=codes[:, 0], level=1, reference=0)
    assert [(part.name, part.variance, part.sd) for part in found.components] == [
        (name, 0.0, 0.0) for name in ("item slope", "profile", "residual")
    ]


def test_an_item_that_one_profile_met_says_nothing_of_a_difference_between_profiles() -> None:
    codes = crossing()
    data = scores(codes, gap=0.1, items=6)
    more = structs.replace(
        data,
        score=np.append(data.score, 0.97),
        item=np.append(data.item, 6),
        profile=np.append(data.profile, int(np.flatnonzero(codes[:, 0] == 1)[0])),
    )
    ours, theirs = (level_contrast(one, levels=codes[:, 0], level=1, reference=0) for one in (data, more))
    assert theirs.estimate == pytest.approx(ours.estimate)
