"""Exchange of chosen options."""

from __future__ import annotations

import numpy as np

from evenhand.analysis.estimators.choice_exchange import choice_exchange_p


def counts(rng: np.random.Generator, chances: list[float], times: int, questions: int = 20) -> np.ndarray:
    return rng.multinomial(times, chances, size=questions)


def test_the_level_is_kept_and_a_change_of_choices_is_found() -> None:
    rng = np.random.default_rng(0)
    null = [
        choice_exchange_p(
            counts(rng, [0.7, 0.2, 0.1], 12), baseline=counts(rng, [0.7, 0.2, 0.1], 3), rng=rng, draws=199
        )
        for _ in range(200)
    ]
    # 5% of 200 are 10, with a standard deviation of 3.
    assert sum(p < 0.05 for p in null) <= 19
    moved = choice_exchange_p(counts(rng, [0.1, 0.2, 0.7], 12), baseline=counts(rng, [0.9, 0.05, 0.05], 3), rng=rng)
    assert moved <= 0.002


def test_choices_that_never_vary_or_were_asked_once_say_nothing() -> None:
    rng = np.random.default_rng(0)
    alike = np.array([[5, 0], [0, 5]])
    assert choice_exchange_p(alike, baseline=alike, rng=rng) == 1.0
    assert choice_exchange_p(np.array([[3, 2]]), baseline=np.array([[1, 0]]), rng=rng) == 1.0
