from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from msgspec import structs
from scipy import special, stats

from evenhand.analysis.estimators.binomial_mixed import (
    BinomialCells,
    BinomialSpec,
    _between_ratio,
    _effects,
    _notes,
    _start,
    aggregate,
    fit_binomial,
    reference_design,
    unit_effects,
)
from evenhand.analysis.estimators.laplace import CEILING, Evaluation, LaplaceLikelihood
from evenhand.analysis.estimators.random_terms import term
from evenhand.analysis.estimators.variance_search import SearchResult
from evenhand.errors import TableError


def simulate(
    rng: np.random.Generator, *, profile_sd: float = 0.4, slope_sd: float = 0.0, effect: float = 0.5, trials: int = 5
) -> BinomialCells:
    item, profile = (a.ravel() for a in np.meshgrid(np.arange(30), np.arange(40)))
    x = (profile % 2).astype(float)
    eta = 0.5 + effect * x + 1.2 * rng.standard_normal(30)[item] + profile_sd * rng.standard_normal(40)[profile]
    eta = eta + slope_sd * rng.standard_normal(30)[item] * (x - 0.5)
    k = rng.binomial(trials, special.expit(eta)).astype(float)
    return BinomialCells(
        successes=k,
        trials=np.full(k.size, float(trials)),
        design=np.column_stack([np.ones(k.size), x]),
        names=("(Intercept)", "x"),
        terms=(term("item", item), term("profile", profile)),
    )


def test_it_finds_the_effects_it_was_simulated_with() -> None:
    estimates = []
    for seed in range(12):
        fit = fit_binomial(simulate(np.random.default_rng(seed)))
        assert fit.converged
        estimates.append([fit.beta[1], fit.sds[0].sd, fit.sds[1].sd])
    mean, error = np.mean(estimates, axis=0), np.std(estimates, axis=0, ddof=1) / np.sqrt(12)
    assert np.all(np.abs(mean - [0.5, 1.2, 0.4]) < 3.5 * error + 0.03)


def test_between_profile_effects_get_the_small_sample_factor_and_t() -> None:
    fit = fit_binomial(simulate(np.random.default_rng(0)))
    effect = fit.effects[1]
    # 40 profiles, 2 fixed effects that are constant within a profile.
    assert effect.se_adjusted == pytest.approx(effect.se * np.sqrt(40 / 38))
    assert effect.df == 38
    assert effect.low < effect.estimate < effect.high


def test_without_a_unit_the_interval_is_normal() -> None:
    effect = fit_binomial(simulate(np.random.default_rng(0)), spec=BinomialSpec(unit=None)).effects[1]
    assert effect.df is None
    assert effect.high - effect.estimate == pytest.approx(1.959964 * effect.se, rel=1e-6)


def test_a_random_slope_widens_the_interval_and_bounds_its_degrees_of_freedom() -> None:
    cells = simulate(np.random.default_rng(3), slope_sd=1.0)
    plain = fit_binomial(cells)
    x = cells.design[:, 1] - 0.5
    slope = structs.replace(cells, terms=(*cells.terms, term("item slope", cells.terms[0].codes, covariate=x)))
    fit = fit_binomial(slope)
    assert fit.sds[2].sd == pytest.approx(1.0, abs=0.35)
    assert fit.effects[1].se > 1.3 * plain.effects[1].se
    assert fit.effects[1].df == 29


def test_cell_variation_is_found_where_cells_are_replicated() -> None:
    rng = np.random.default_rng(5)
    cells = simulate(rng, trials=10)
    eta = special.logit((cells.successes + 0.5) / 11) + 0.8 * rng.standard_normal(cells.successes.size)
    k = rng.binomial(10, special.expit(eta)).astype(float)
    terms = (*cells.terms, term("cell", np.arange(k.size)))
    fit = fit_binomial(structs.replace(cells, successes=k, terms=terms))
    assert fit.sds[2].name == "cell"
    assert fit.sds[2].sd > 0.5
    assert fit.modes[2].size == k.size


def test_rows_that_are_alike_are_added_up() -> None:
    cells = simulate(np.random.default_rng(1), trials=4)
    rows = np.repeat(np.arange(cells.successes.size), 4)
    answers = (np.tile(np.arange(4), cells.successes.size) < cells.successes[rows]).astype(float)
    long = BinomialCells(
        successes=answers,
        trials=np.ones(answers.size),
        design=cells.design[rows],
        names=cells.names,
        terms=tuple(structs.replace(part, codes=part.codes[rows]) for part in cells.terms),
    )
    short = aggregate(long)
    assert short.successes.size == cells.successes.size
    assert short.trials.sum() == long.trials.size
    np.testing.assert_allclose(fit_binomial(long).beta, fit_binomial(cells).beta, atol=1e-6)


def test_aggregation_keeps_rows_apart_that_differ_in_a_slope_covariate() -> None:
    item = np.array([0, 0, 0])
    cells = BinomialCells(
        successes=np.ones(3),
        trials=np.ones(3),
        design=np.ones((3, 1)),
        names=("1",),
        terms=(term("item", item), term("slope", item, covariate=np.array([0.5, 0.5, -0.5]))),
    )
    assert aggregate(cells).trials.tolist() == [1.0, 2.0]


def test_doubling_identical_answers_does_not_shrink_the_item_spread() -> None:
    cells = simulate(np.random.default_rng(2), trials=3)
    once = fit_binomial(cells)
    twice = fit_binomial(structs.replace(cells, successes=2 * cells.successes, trials=2 * cells.trials))
    assert twice.sds[0].sd >= once.sds[0].sd
    # Nor may it make the standard error of a between-profile effect fall as if there were twice the profiles.
    assert twice.effects[1].se > 0.8 * once.effects[1].se


def test_relabelling_the_level_flips_the_sign_and_nothing_else() -> None:
    cells = simulate(np.random.default_rng(4))
    flipped = cells.design.copy()
    flipped[:, 1] = 1 - flipped[:, 1]
    ours, theirs = fit_binomial(cells), fit_binomial(structs.replace(cells, design=flipped))
    assert theirs.beta[1] == pytest.approx(-ours.beta[1], abs=1e-6)
    assert theirs.effects[1].p == pytest.approx(ours.effects[1].p, abs=1e-6)
    assert theirs.loglik == pytest.approx(ours.loglik, abs=1e-7)


def test_the_order_of_rows_and_terms_does_not_matter() -> None:
    cells = simulate(np.random.default_rng(6))
    order = np.random.default_rng(0).permutation(cells.successes.size)
    shuffled = BinomialCells(
        successes=cells.successes[order],
        trials=cells.trials[order],
        design=cells.design[order],
        names=cells.names,
        terms=tuple(structs.replace(part, codes=part.codes[order]) for part in reversed(cells.terms)),
    )
    ours, theirs = fit_binomial(cells), fit_binomial(shuffled)
    np.testing.assert_allclose(theirs.beta, ours.beta, atol=1e-6)
    assert [sd.name for sd in theirs.sds] == ["profile", "item"]
    assert theirs.sds[1].sd == pytest.approx(ours.sds[0].sd, abs=1e-5)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_constant_answer_gives_finite_numbers_and_says_so(share: float) -> None:
    cells = simulate(np.random.default_rng(0))
    fit = fit_binomial(structs.replace(cells, successes=share * cells.trials))
    numbers: npt.NDArray[np.float64] = np.array(
        [[e.estimate, e.se, e.low, e.high, e.p] for e in fit.effects], dtype=np.float64
    )
    assert np.isfinite(numbers).all()
    assert any("All answers are the same" in note for note in fit.notes)


def test_a_singular_fit_is_said_not_to_be_evidence() -> None:
    fit = fit_binomial(simulate(np.random.default_rng(14), profile_sd=0.0, trials=1))
    singular = [part for part in fit.sds if part.singular]
    for part in singular:
        assert part.sd == 0.0
        assert any(f"a {part.name} SD of 0" in note for note in fit.notes)
    assert fit.singular == bool(singular)


def test_singular_fits_occur_and_are_flagged_when_there_is_no_profile_spread() -> None:
    fits = [fit_binomial(simulate(np.random.default_rng(seed), profile_sd=0.0, trials=1)) for seed in range(10)]
    assert any(fit.singular for fit in fits)


def test_the_reference_design_names_its_columns() -> None:
    design, names = reference_design(
        {"gender": np.array([0, 1, 2, 1]), "age": np.array([1, 1, 0, 0])},
        labels={"gender": ["male", "female", "nonbinary"], "age": ["old", "young"]},
        references={"age": 1},
    )
    assert names == ("(Intercept)", "gender.female", "gender.nonbinary", "age.old")
    assert design[:, 1].tolist() == [0, 1, 0, 1]
    assert design[:, 3].tolist() == [0, 0, 1, 1]


def test_columns_constant_within_a_unit_are_recognised() -> None:
    part = term("profile", [0, 0, 1, 1])
    design = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    assert unit_effects(design, part).tolist() == [True, True, False]


def test_unusable_tables_are_refused_with_a_next_step() -> None:
    cells = simulate(np.random.default_rng(0))
    with pytest.raises(TableError, match="Pass unit=None"):
        fit_binomial(cells, spec=BinomialSpec(unit="persona"))
    with pytest.raises(TableError, match="rank 1"):
        fit_binomial(structs.replace(cells, design=np.ones_like(cells.design)))
    with pytest.raises(TableError, match="between 0 and the number of trials"):
        fit_binomial(structs.replace(cells, successes=cells.trials + 1))
    empty = structs.replace(cells, successes=np.empty(0), trials=np.empty(0), design=np.empty((0, 2)))
    with pytest.raises(TableError, match="0 rows"):
        fit_binomial(empty)


def test_too_few_units_for_the_correction_are_noted() -> None:
    cells = simulate(np.random.default_rng(0))
    kept = np.isin(cells.terms[1].codes, (0, 1))
    few = BinomialCells(
        successes=cells.successes[kept],
        trials=cells.trials[kept],
        design=cells.design[kept],
        names=cells.names,
        terms=(term("item", cells.terms[0].codes[kept]), term("profile", cells.terms[1].codes[kept])),
    )
    fit = fit_binomial(few)
    assert any("no small-sample correction" in note for note in fit.notes)
    assert fit.effects[1].df is None


def test_separated_answers_give_finite_numbers_and_a_note() -> None:
    cells = simulate(np.random.default_rng(0))
    all_right = np.where(cells.design[:, 1] == 1, cells.trials, cells.successes)
    fit = fit_binomial(structs.replace(cells, successes=all_right))
    assert np.isfinite([[e.estimate, e.se, e.low, e.high, e.p] for e in fit.effects]).all()
    assert any("separation" in note for note in fit.notes)


def test_a_search_that_is_cut_short_is_said_not_to_have_converged() -> None:
    fit = fit_binomial(simulate(np.random.default_rng(0)), spec=BinomialSpec(max_iterations=1))
    assert not fit.converged
    assert "did not converge" in fit.notes[0]


@pytest.mark.parametrize("seed", range(40))
def test_tiny_and_odd_tables_give_finite_numbers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    items, profiles, trials = int(rng.integers(1, 6)), int(rng.integers(2, 8)), int(rng.choice([1, 3, 200]))
    item, profile = (a.ravel() for a in np.meshgrid(np.arange(items), np.arange(profiles)))
    x = (profile % 2).astype(float)
    eta = rng.choice([0.0, 4.0]) + rng.choice([0.0, 4.0]) * rng.standard_normal(items)[item] + rng.choice([0, 8]) * x
    cells = BinomialCells(
        successes=rng.binomial(trials, special.expit(eta)).astype(float),
        trials=np.full(item.size, float(trials)),
        design=np.column_stack([np.ones(item.size), x]),
        names=("(Intercept)", "x"),
        terms=(term("item", item), term("profile", profile), term("slope", item, covariate=x - 0.5)),
    )
    fit = fit_binomial(cells)
    assert np.isfinite([[e.estimate, e.se, e.low, e.high, e.p] for e in fit.effects]).all()
    assert np.isfinite([sd.sd for sd in fit.sds]).all()


def test_effects_between_items_get_the_factor_and_the_t_of_the_number_of_items() -> None:
    cells = simulate(np.random.default_rng(2))
    kind = (cells.terms[0].codes % 3 == 0).astype(float)
    design = np.column_stack([cells.design, kind])
    fit = fit_binomial(structs.replace(cells, design=design, names=(*cells.names, "kind")))
    effect = fit.effects[2]
    # 30 items, 2 fixed effects that are constant within an item.
    assert effect.se_adjusted == pytest.approx(effect.se * np.sqrt(30 / 28))
    assert effect.df == 28
    assert effect.high - effect.estimate == pytest.approx(stats.t(28).ppf(0.975) * effect.se_adjusted)
    assert effect.p == pytest.approx(2 * stats.t(28).sf(abs(effect.estimate) / effect.se_adjusted))


def zero_variance(*, gradient: float, information: float) -> tuple[BinomialCells, Evaluation, npt.NDArray[np.bool_]]:
    """A criterion with that derivative and information where the variance of profiles, the second of two, is zero."""
    cells = simulate(np.random.default_rng(0))
    found = Evaluation(0.0, np.array([0.0, 0.0, 0.5, gradient]), np.diag([1.0, 1.0, 1.0, information]))
    return cells, found, np.array([False, False, False, True])


def test_less_variation_between_units_than_expected_is_a_ratio_below_one() -> None:
    cells, found, held = zero_variance(gradient=2.5, information=1.25)
    # T = sqrt(2 * 40 * 1.25) = 10 and T - S = 2 * 2.5, so that S / T is a half.
    assert _between_ratio(cells, BinomialSpec(), found, held) == pytest.approx(0.5)
    assert _between_ratio(cells, BinomialSpec(), found, np.zeros(4, dtype=np.bool_)) == 1.0
    assert _between_ratio(cells, BinomialSpec(unit="item"), found, held) == 1.0
    # No ratio is below zero or above one, and without information none is known.
    for gradient, information, ratio in (
        (50.0, 1.25, 0.0),
        (-3.0, 1.25, 1.0),
        (2.5, 0.0, 1.0),
        (0.125, 0.25 / 80, 0.5),
    ):
        cells, found, held = zero_variance(gradient=gradient, information=information)
        assert _between_ratio(cells, BinomialSpec(), found, held) == pytest.approx(ratio)


def test_an_error_that_the_ratio_makes_smaller_is_never_below_that_of_the_likelihood() -> None:
    cells, covariance = simulate(np.random.default_rng(0)), np.diag([0.09, 0.04])
    for ratio, factor in ((1.0, 40 / 38), (0.97, 0.97 * 40 / 38), (0.5, 1.0)):
        _, effect = _effects(cells, BinomialSpec(), beta=np.array([0.1, 0.6]), covariance=covariance, ratio=ratio)
        assert (effect.se, effect.estimate, effect.df) == pytest.approx((0.2, 0.6, 38.0))
        assert effect.se_adjusted == pytest.approx(0.2 * np.sqrt(max(1.0, factor)))


@pytest.mark.parametrize(
    ("beta", "variance", "noted"), [(10.0, 1.0, False), (10.1, 1.0, True), (0.3, 100.0, False), (0.3, 101.0, True)]
)
def test_separation_is_noted_beyond_ten_in_log_odds(beta: float, variance: float, noted: bool) -> None:
    cells = simulate(np.random.default_rng(0))
    point = np.array([-beta, 0.0, 0.2, variance])
    nowhere = Evaluation(0.0, np.zeros(4), np.eye(4))
    found = SearchResult(point, nowhere, np.zeros(4, dtype=np.bool_), True, 5)
    said = _notes(cells, BinomialSpec(), found, [False, False])
    assert [("beyond 10 in log-odds" in note) for note in said] == [True] * noted


def test_a_start_is_the_regression_without_random_terms_and_variances_in_a_sane_range() -> None:
    cells = simulate(np.random.default_rng(1), trials=40)
    start = _start(cells)
    p = special.expit(cells.design @ start[:2])
    # The score equations of a logistic regression.
    np.testing.assert_allclose(cells.design.T @ (cells.successes - cells.trials * p), 0.0, atol=1e-2)
    assert np.all((start[2:] >= 0.02) & (start[2:] <= 4.0))
    # With many answers a moment estimate is near the spread of the truth: 1.2 over items, 0.4 over profiles.
    assert np.sqrt(start[2:]) == pytest.approx([1.2, 0.4], rel=0.5)


def test_a_variance_that_runs_to_the_ceiling_stays_there_and_has_no_error_of_its_own() -> None:
    # Two items, one always right and one never, thousands of times: their spread has no finite estimate.
    item, profile = (a.ravel() for a in np.meshgrid(np.arange(8), np.arange(4)))
    trials = np.full(item.size, 1e9)
    cells = BinomialCells(
        successes=np.where(item % 2 == 0, trials, 0.0),
        trials=trials,
        design=np.ones((item.size, 1)),
        names=("(Intercept)",),
        terms=(term("item", item), term("profile", profile)),
    )
    fit = fit_binomial(cells)
    assert fit.variances.tolist() == [CEILING, 0.0]
    assert (fit.sds[0].sd, fit.sds[0].singular, fit.sds[1].singular) == (np.sqrt(CEILING), False, True)
    assert np.isfinite(fit.joint_covariance).all() and fit.joint_covariance[0, 0] > 0
    assert not fit.joint_covariance[1:].any() and not fit.joint_covariance[:, 1:].any()


def test_answers_that_are_added_up_keep_their_columns_levels_and_covariates() -> None:
    cells = BinomialCells(
        successes=np.array([1.0, 0.0, 1.0, 1.0, 0.0]),
        trials=np.array([1.0, 1.0, 2.0, 1.0, 3.0]),
        design=np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [1.0, 0.0], [1.0, 1.0]]),
        names=("(Intercept)", "x"),
        terms=(term("item", [0, 1, 0, 1, 1]), term("slope", [0, 1, 0, 1, 1], covariate=[0.5, -0.5, 0.5, 0.5, -0.5])),
    )
    found = aggregate(cells)
    rows = sorted(
        zip(
            found.design[:, 1],
            found.terms[0].codes,
            found.terms[1].covariate if found.terms[1].covariate is not None else [],
            found.successes,
            found.trials,
            strict=True,
        )
    )
    assert rows == [(0.0, 0, 0.5, 2.0, 3.0), (0.0, 1, 0.5, 1.0, 1.0), (1.0, 1, -0.5, 0.0, 4.0)]
    assert found.names == cells.names and [one.levels for one in found.terms] == [2, 2]
    assert aggregate(found) is found


@pytest.mark.parametrize("seed", range(3))
def test_at_the_fit_the_criterion_neither_rises_nor_falls(seed: int) -> None:
    cells = simulate(np.random.default_rng(seed))
    fit = fit_binomial(cells)
    likelihood = LaplaceLikelihood(cells.successes, cells.trials, cells.design, cells.terms)
    point = np.concatenate([fit.beta, fit.variances])
    found = likelihood.evaluate(point)
    # The search alone ends where the gradient is 4e-5 or more; the last step takes it to 1e-7.
    assert np.abs(found.gradient).max() < 2e-6
    assert fit.loglik == pytest.approx(likelihood.penalty(point) - found.value)
    # Errors are those of the curvature there, which differences of the gradient give.
    steps = 1e-4 * np.eye(point.size)
    hessian = [
        (likelihood.evaluate(point + step).gradient - likelihood.evaluate(point - step).gradient) / 2e-4
        for step in steps
    ]
    np.testing.assert_allclose(fit.joint_covariance, np.linalg.inv(hessian), rtol=2e-3, atol=5e-5)
    assert fit.effects[1].se == pytest.approx(np.sqrt(fit.joint_covariance[1, 1]))
