"""The same data and seed give the same estimates in every version: draws of random numbers, defaults and all.

What the numbers should be is tested module by module; here they may not move.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from evenhand.analysis.estimators.answer_model import (
    STRONG_ANSWERS,
    AnswerModel,
    components_at,
    gap_of_shift,
    item_cumulants,
    log_odds_shift,
    shared_draws,
    sides_of_gap,
    steepness,
)
from evenhand.analysis.estimators.answer_power import answer_power, gap_curve, power_at, smallest_gap
from evenhand.analysis.estimators.answer_spread import answers_found
from evenhand.analysis.estimators.choice_exchange import choice_exchange_p
from evenhand.analysis.estimators.crossed import CrossedScores, dummies, interaction_contrast, level_contrast
from evenhand.analysis.estimators.divergence import (
    divergence_change_of_pairs,
    divergence_from_repeats,
    divergence_of_pairs,
)
from evenhand.analysis.estimators.exchange import ArmAnswers, exchange_test
from evenhand.analysis.estimators.item_permutation import item_tests
from evenhand.analysis.estimators.mantel_haenszel import mantel_haenszel
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.pooled_cells import pooled_cells
from evenhand.analysis.estimators.power import Components, PairedDesign, planned_precision
from evenhand.analysis.estimators.power_simulation import (
    simulated_answers,
    simulated_differences,
    simulated_power,
)
from evenhand.analysis.estimators.profile_variance import profile_means, profile_variance, sd_interval
from evenhand.analysis.estimators.spending import look_levels
from evenhand.analysis.estimators.two_samples import two_sample_gap
from tests.support.stated import SEARCHED, assert_stated

COMPONENTS = Components(set=0.05, item=0.08, cell=0.25, noise=0.4, source="test")
ANSWERS = AnswerModel(accuracy=0.85, flips=0.2)
SPARSE = PairedDesign(items=9, sets=6, sets_per_item=2, replicates=2)
WHOLE = PairedDesign(items=7, sets=5)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def matrix(shape: tuple[int, int] = (9, 12), *, missing: float = 0.2, seed: int = 1) -> np.ndarray:
    values = rng(seed).choice([-1.0, 0.0, 1.0], shape, p=[0.2, 0.6, 0.2]) + 0.1 * rng(seed).standard_normal(shape)
    values[rng(seed + 1).random(shape) < missing] = np.nan
    return values


def answers(scores: np.ndarray, *, repeats: int = 2) -> ArmAnswers:
    """Two orders of seven items, each asked several times."""
    place = np.arange(scores.size)
    item = place // (2 * repeats) % 7
    return ArmAnswers(score=scores, item=item, question=place // repeats)


def crossed_scores(*, seed: int = 3) -> tuple[CrossedScores, np.ndarray]:
    levels = np.stack([np.arange(12) % 3, np.arange(12) // 3 % 2], axis=1)
    profile, item = np.nonzero(rng(seed).random((12, 8)) < 0.8)
    score = 0.5 + 0.1 * levels[profile, 0] + 0.2 * rng(seed + 1).standard_normal(profile.size)
    return CrossedScores(score=score, item=item, profile=profile), levels


def exchanges() -> list[object]:
    right, graded = rng(5).integers(0, 2, (2, 28)).astype(float), rng(6).random((2, 28))
    weights = np.arange(1.0, 8.0)
    return [
        exchange_test(answers(side[0]), baseline=answers(side[1]), weights=weights, rng=draws)
        for side in (right, graded, np.round(graded, 1))
        for draws in (None, rng(7))
    ]


def divergences() -> list[object]:
    groups = [(rng(item).random((3, 2)), rng(item + 50).random((2 + item % 2, 2))) for item in range(5)]
    difference, after = rng(8).standard_normal((2, 60)) + 0.3
    number, sets = np.arange(60) % 3, np.arange(60) // 3 % 7
    return [
        divergence_from_repeats(groups, rng=rng(9)),
        divergence_of_pairs(difference, number=number, sets=sets, rng=rng(9)),
        divergence_change_of_pairs(difference, after, number=number, sets=sets, rng=rng(9)),
    ]


def items() -> list[object]:
    focal, blocks = np.arange(40) % 2 == 0, np.arange(40) // 2
    given = (rng(10).random((40, 6)) < 0.6).astype(float)
    given[focal, 2] = rng(11).random(20) < 0.05
    given[rng(12).random(given.shape) < 0.1] = np.nan
    able = np.array([True] * 5 + [False])
    tests = item_tests(given, focal=focal, blocks=blocks, testable=able, rng=rng(13))
    strata = np.arange(40) % 5
    held = [mantel_haenszel(given, focal=focal, strata=np.repeat(strata[:, None], 6, axis=1), step=1.0)]
    return [tests.p_uniform, tests.p_nonuniform, tests.ability, held]


def pooled() -> list[object]:
    scores, levels = crossed_scores()
    means = profile_means(scores, profiles=12)
    main = np.column_stack([np.ones(12), dummies(levels[:, 0]), dummies(levels[:, 1])])
    pairs = [levels[:, 0] * 2 + levels[:, 1]]
    fits = [profile_variance(means, design=one) for one in (np.ones((12, 1)), main)]
    return [
        pooled_cells(means, main=main, pairs=pairs, rng=rng(14)),
        [[fit.sd, fit.beta, fit.pooled, fit.pooled_se] for fit in fits],
        [sd_interval(fit, rng=rng(15)) for fit in fits],
    ]


def contrasts() -> list[object]:
    scores, levels = crossed_scores()
    other = dummies(levels[:, 1])
    return [
        level_contrast(scores, levels=levels[:, 0], level=2, reference=0, nuisance=other),
        level_contrast(scores, levels=levels[:, 1], level=1, reference=0),
        interaction_contrast(scores, first=levels[:, 0], second=levels[:, 1], pairs=((1, 0), (1, 0))),
    ]


def powers() -> list[object]:
    return [
        [smallest_gap(design, variation=one) for design in (SPARSE, WHOLE) for one in (COMPONENTS, ANSWERS)],
        [power_at(design, gap=0.1, variation=one) for design in (SPARSE, WHOLE) for one in (COMPONENTS, ANSWERS)],
        [answer_power(design, one, shift=0.7) for design in (SPARSE, WHOLE) for one in (ANSWERS, STRONG_ANSWERS)],
        gap_curve(WHOLE, over="items", values=(5, 20), variation=ANSWERS, alpha=0.1, power=0.9),
        [planned_precision(design, COMPONENTS).se for design in (SPARSE, WHOLE)],
        [simulated_power(WHOLE, gap=0.4, rng=rng(16), variation=one, draws=30) for one in (ANSWERS, COMPONENTS)],
    ]


def models() -> list[object]:
    return [
        [
            components_at(one, shift=0.6),
            gap_of_shift(one, shift=0.6),
            item_cumulants(one, shift=0.6, number=2.5),
            log_odds_shift(one, gap=0.05),
            sides_of_gap(one, gap=0.05),
            steepness(one),
            shared_draws(one),
        ]
        for one in (ANSWERS, STRONG_ANSWERS)
    ]


def found_answers() -> object:
    right, asked = np.array([9.0, 7, 4, 10, 8]), np.array([10.0, 10, 9, 10, 12])
    return answers_found(right=right, asked=asked, flips=0.2, gap=0.06, components=COMPONENTS)


STATED: dict[str, Callable[[], object]] = {
    "paired": lambda: [paired_gap(matrix(), rng=rng(2)), paired_gap(matrix((6, 7), missing=0.0), rng=rng(2))],
    "paired, planned": lambda: paired_gap(matrix(), planned=np.ones((9, 12), dtype=bool)),
    "two samples": lambda: [
        two_sample_gap(matrix(), matrix((3, 12), seed=4)),
        two_sample_gap(matrix(), matrix((1, 12), seed=4, missing=0.0)),
    ],
    "contrasts": contrasts,
    "exchange": exchanges,
    "choices": lambda: choice_exchange_p(
        rng(3).multinomial(9, [0.5, 0.3, 0.2], 6), baseline=rng(4).multinomial(3, [0.7, 0.2, 0.1], 6), rng=rng(5)
    ),
    "divergence": divergences,
    "items": items,
    "pooled": pooled,
    "powers": powers,
    "models": models,
    "found answers": found_answers,
    "drawn answers": lambda: [
        simulated_answers(design, gap=0.1, answers=ANSWERS, rng=rng(17)) for design in (SPARSE, WHOLE)
    ],
    "drawn differences": lambda: [
        simulated_differences(design, gap=0.1, components=COMPONENTS, rng=rng(17)) for design in (SPARSE, WHOLE)
    ],
    "looks": lambda: [look_levels((0.3, 0.5, 1.0), alpha=0.05), look_levels((0.25, 0.8), alpha=0.1)],
}


@pytest.mark.parametrize("name", STATED)
def test_an_estimate_is_as_it_was_stated(name: str) -> None:
    assert_stated("estimates", name, STATED[name](), within=SEARCHED if name in {"pooled", "powers"} else 1e-8)
