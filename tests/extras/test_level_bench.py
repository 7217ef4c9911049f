"""The analyses beside ours: each is called as its own documentation says, and gives the p of the test it names."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.level import NULL, RIVALS, Case, both, errorbars_plain, evalstats_flat, rejected, simulate
from bench.middling import SPARSE
from evenhand.seeds import stream

pytestmark = pytest.mark.extras
pytest.importorskip("errorbars")
pytest.importorskip("evalstats")


def test_errorbars_without_clusters_is_the_paired_t_test_and_evalstats_on_pairs_is_mcnemar() -> None:
    answers = simulate(both(Case(words="x", accuracy=0.8, gap=0.03)), rng=stream(2, "rivals"))
    first, second, _, _ = answers.pairs()
    assert errorbars_plain(answers) == pytest.approx(float(stats.ttest_rel(first, second).pvalue), rel=1e-6)
    more, less = int(np.sum(first > second)), int(np.sum(first < second))
    exact = stats.binom(more + less, 0.5)
    tail = float(exact.cdf(min(more, less)) - 0.5 * exact.pmf(min(more, less)))
    assert evalstats_flat(answers) == pytest.approx(2 * tail, rel=1e-6)


@pytest.mark.parametrize("case", [NULL[0], both(Case(words="80% right", accuracy=0.8, design=SPARSE))])
def test_every_analysis_takes_complete_and_sparse_tables(case: Case) -> None:
    found = rejected(case, RIVALS, tables=3, seed=4)
    assert [rate.tables for rate in found] == [3] * len(RIVALS)


def test_a_very_large_gap_is_seen_by_all() -> None:
    answers = simulate(Case(words="x", accuracy=0.7, gap=0.25), rng=stream(2, "rivals, large"))
    for rival in RIVALS:
        assert rival.p(answers) < 0.001, rival.title
