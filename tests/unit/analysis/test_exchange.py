"""Exchange of answers within items."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from evenhand.analysis.estimators import exchange
from evenhand.analysis.estimators.exchange import ArmAnswers, Exchange, exchange_test


def answers(rows: list[list[float]], *, repeated: bool = False) -> ArmAnswers:
    """ArmAnswers by item; repeats of one question where said, otherwise every answer is a question of its own."""
    item = np.concatenate([np.full(len(row), number) for number, row in enumerate(rows)])
    score = np.concatenate([np.array(row, dtype=float) for row in rows])
    return ArmAnswers(score=score, item=item, question=item if repeated else np.arange(item.size))


def exchanged(arm: list[list[float]], baseline: list[list[float]], **options: object) -> Exchange:
    weights = np.ones(len(arm))
    found = exchange_test(answers(arm), baseline=answers(baseline), weights=weights, **options)  # type: ignore[arg-type]
    assert found is not None
    return found


def enumerated(arm: list[list[float]], baseline: list[list[float]]) -> float:
    """The p by listing every way to deal the answers out."""
    per_item = []
    for first, second in zip(arm, baseline, strict=True):
        pool = first + second
        deals = itertools.combinations(range(len(pool)), len(second))
        per_item.append([_difference(pool, set(deal)) for deal in deals])
    values = np.array([sum(deal) / len(arm) for deal in itertools.product(*per_item)])
    observed = np.mean([np.mean(a) - np.mean(b) for a, b in zip(arm, baseline, strict=True)])
    same = np.isclose(values, observed)
    above, below = ((values > observed) & ~same).mean(), ((values < observed) & ~same).mean()
    return float(2 * (min(above, below) + same.mean() / 2))


def _difference(pool: list[float], chosen: set[int]) -> float:
    rest = [value for index, value in enumerate(pool) if index not in chosen]
    return float(np.mean(rest) - np.mean([pool[index] for index in chosen]))


@pytest.mark.parametrize(
    ("arm", "baseline"),
    [
        ([[1, 1, 0, 1], [0, 0, 1, 0]], [[1], [1]]),
        ([[1, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0]], [[1, 0], [1, 1], [1, 0]]),
        # Items that were asked differently often have no common step.
        ([[1, 0, 0], [0, 0, 1, 0, 1]], [[1, 1], [1, 1, 0]]),
        # The baseline may be the larger side.
        ([[1], [0]], [[1, 0, 0, 1], [1, 1, 1, 0]]),
    ],
)
def test_the_p_of_right_and_wrong_answers_is_that_of_all_deals(
    arm: list[list[float]], baseline: list[list[float]]
) -> None:
    assert exchanged(arm, baseline).p == pytest.approx(min(enumerated(arm, baseline), 1.0), abs=1e-9)


def test_one_item_is_fishers_table_with_half_of_the_observed_value() -> None:
    found = exchanged([[1.0] * 3 + [0.0] * 7], [[1.0] * 8 + [0.0] * 2])
    lower = stats.hypergeom(20, 11, 10)
    assert found.p == pytest.approx(2 * (lower.cdf(2) + lower.pmf(3) / 2), rel=1e-9)


def test_graded_scores_are_dealt_out_anew() -> None:
    arm, baseline = [[0.25, 0.5, 1.0, 0.0], [0.5, 0.25, 0.0, 0.25]], [[1.0, 0.75], [1.0, 0.5]]
    found = exchanged(arm, baseline, rng=np.random.default_rng(0), draws=20000)
    # Drawn p-values count the observed deal whole, so the exact one without half of it is the reference.
    values = enumerated(arm, baseline)
    assert values <= found.p <= values + 0.08


def test_copies_count_once_and_fresh_repeats_count_all() -> None:
    arm = [[1.0, 0.0, 1.0, 0.0, 1.0, 0.0]] * 6
    copies = answers([[1.0] * 3] * 6, repeated=True)
    found = exchange_test(answers(arm), baseline=copies, weights=np.ones(6))
    once = exchange_test(answers(arm), baseline=answers([[1.0]] * 6), weights=np.ones(6))
    fresh = exchange_test(answers(arm), baseline=answers([[1.0] * 3] * 6), weights=np.ones(6))
    assert found is not None and once is not None and fresh is not None
    assert found.p == pytest.approx(once.p)
    assert fresh.p < found.p / 3


def test_answers_that_are_all_alike_say_nothing() -> None:
    assert exchanged([[1.0, 1.0]], [[1.0]]).p == 1.0
    assert exchange_test(answers([[1.0]]), baseline=answers([[]]), weights=np.ones(1)) is None


def test_the_variance_is_that_of_the_deals() -> None:
    arm, baseline = [[1.0, 0.0, 1.0, 1.0]], [[0.0, 0.0]]
    pool = arm[0] + baseline[0]
    deals = [_difference(pool, set(deal)) for deal in itertools.combinations(range(6), 2)]
    assert exchanged(arm, baseline).variance == pytest.approx(np.var(deals))


def test_repeats_that_are_draws_of_their_own_count_as_such() -> None:
    rng = np.random.default_rng(12)
    ratios = []
    for _ in range(40):
        chance = rng.uniform(0.5, 0.95, 33)
        arm = [[float(rng.random() < p) for _ in range(30)] for p in chance]
        baseline = [[float(rng.random() < p) for _ in range(3)] for p in chance]
        whole = exchange_test(answers(arm), baseline=answers(baseline), weights=np.ones(33))
        marked = exchange_test(answers(arm), baseline=answers(baseline, repeated=True), weights=np.ones(33))
        assert whole is not None and marked is not None
        ratios.append(marked.variance / whole.variance)
    # Chance makes some repeats agree more; counted as they look, that would cost a sixth of the answers.
    assert np.mean(ratios) < 1.08
    copied = [[row[0]] * 3 for row in baseline]
    single = exchange_test(answers(arm), baseline=answers([row[:1] for row in baseline]), weights=np.ones(33))
    thrice = exchange_test(answers(arm), baseline=answers(copied, repeated=True), weights=np.ones(33))
    assert single is not None and thrice is not None
    assert thrice.variance == pytest.approx(single.variance)


def test_graded_answers_that_are_copies_of_each_other_count_once() -> None:
    rng = np.random.default_rng(12)
    once = [rng.choice([0.0, 0.25, 1.0], size=6).tolist() for _ in range(12)]
    none = [rng.choice([0.0, 0.25, 1.0], size=1).tolist() for _ in range(12)]
    weights = np.ones(12)
    first = exchange_test(answers(once), baseline=answers(none), weights=weights)
    copied = exchange_test(answers(once), baseline=answers([row * 3 for row in none], repeated=True), weights=weights)
    assert first is not None and copied is not None
    assert (copied.p, copied.variance) == pytest.approx((first.p, first.variance))
    own = exchange_test(answers(once), baseline=answers([row * 3 for row in none]), weights=weights)
    assert own is not None
    assert own.variance < first.variance


def weighted(
    arm: list[list[float]], baseline: list[list[float]], weights: list[float]
) -> tuple[float, float, float, float]:
    """(difference, p with half of the observed value, and with all of it, variance) by listing every deal."""
    per_item = []
    for first, second in zip(arm, baseline, strict=True):
        pool = first + second
        per_item.append(
            [_difference(pool, set(deal)) for deal in itertools.combinations(range(len(pool)), len(second))]
        )
    share = np.array(weights) / sum(weights)
    values = np.array([share @ deal for deal in itertools.product(*per_item)])
    observed = float(share @ [np.mean(a) - np.mean(b) for a, b in zip(arm, baseline, strict=True)])
    same = np.isclose(values, observed)
    above, below = ((values > observed) & ~same).mean(), ((values < observed) & ~same).mean()
    rarer = min(above, below)
    return observed, 2 * float(rarer + same.mean() / 2), 2 * float(rarer + same.mean()), float(values.var())


CASES = [
    ([[1, 1, 0, 1], [0, 0, 1, 0]], [[1, 0], [1]], [3.0, 1.0]),
    ([[1, 0], [0, 1, 0], [1, 1]], [[0, 0, 0], [1], [1, 0, 0]], [1.0, 5.0, 2.5]),
    ([[0, 0, 0]], [[1, 1]], [2.0]),
]


@pytest.mark.parametrize(("arm", "baseline", "weights"), CASES)
def test_items_count_by_their_weights(
    arm: list[list[float]], baseline: list[list[float]], weights: list[float]
) -> None:
    found = exchange_test(answers(arm), baseline=answers(baseline), weights=np.array(weights))
    assert found is not None
    difference, p, _, variance = weighted(arm, baseline, weights)
    assert (found.difference, found.p, found.variance) == pytest.approx((difference, min(p, 1.0), variance))
    assert found.items == len(arm)


def test_an_item_without_weight_or_without_answers_of_one_side_is_left_out() -> None:
    arm = [[1.0, 1, 0], [0.0, 1], [1.0, 1], []]
    baseline = [[0.0, 1], [1.0, 1], [], [1.0]]
    found = exchange_test(answers(arm), baseline=answers(baseline), weights=np.array([2.0, 0.0, 4.0, 1.0]))
    alone = exchange_test(answers(arm[:1]), baseline=answers(baseline[:1]), weights=np.ones(1))
    assert found is not None and alone is not None
    assert found.items == alone.items == 1
    assert (found.difference, found.p, found.variance) == (alone.difference, alone.p, alone.variance)


GRADED = [
    ([[0.25, 0.5, 1.0, 0.0], [0.5, 0.25, 0.0]], [[1.0, 0.75], [1.0]], [1.0, 2.0]),
    # The baseline may be the larger side, and the sign is that of arm less baseline.
    ([[0.9], [0.3, 0.7]], [[0.1, 0.2, 0.6, 0.4], [0.5, 0.2, 0.1, 0.35]], [1.0, 1.0]),
]


@pytest.mark.parametrize(("arm", "baseline", "weights"), GRADED)
def test_graded_scores_have_the_variance_and_the_p_of_all_deals(
    arm: list[list[float]], baseline: list[list[float]], weights: list[float]
) -> None:
    difference, _, whole, variance = weighted(arm, baseline, weights)
    normal = exchange_test(answers(arm), baseline=answers(baseline), weights=np.array(weights))
    assert normal is not None
    assert (normal.difference, normal.variance) == pytest.approx((difference, variance))
    assert normal.p == pytest.approx(2 * stats.norm.sf(abs(difference) / np.sqrt(variance)))
    drawn = exchange_test(
        answers(arm),
        baseline=answers(baseline),
        weights=np.array(weights),
        rng=np.random.default_rng(1),
        draws=40_000,
    )
    assert drawn is not None
    # Four standard errors of 40,000 draws; the observed deal counts whole.
    assert drawn.p == pytest.approx(whole, abs=0.012)
    assert drawn.difference == normal.difference


def test_drawn_sums_are_those_of_every_choice_of_answers_however_many_rows_are_drawn_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange, "_CHUNK", 5 * 100)
    values = np.array([0.0, 1.0, 10.0, 100.0, 1000.0])
    for size in (1, 2, 4):
        sums = exchange._drawn_sums(values, size=size, rng=np.random.default_rng(0), draws=20_000)
        expected = sorted(sum(chosen) for chosen in itertools.combinations(values.tolist(), size))
        found, counts = np.unique(sums, return_counts=True)
        assert found.tolist() == expected
        assert np.abs(counts / 20_000 - 1 / len(expected)).max() < 0.015


def test_no_difference_that_is_drawn_is_ever_impossible() -> None:
    """A drawn p counts the table itself: it is at least two in the number of draws and one."""
    arm, baseline = [[0.9] * 8 + [0.8]] * 5, [[0.1] * 8 + [0.2]] * 5
    assert exchanged(arm, baseline, rng=np.random.default_rng(0), draws=99).p == pytest.approx(2 / 100)
    assert exchanged(baseline, arm, rng=np.random.default_rng(0), draws=99).p == pytest.approx(2 / 100)
    flat = exchanged([[0.5, 0.5]], [[0.5]], rng=np.random.default_rng(0))
    assert (flat.p, flat.variance) == (1.0, 0.0)


def agreement(arm: ArmAnswers, baseline: ArmAnswers, items: int) -> float:
    """The same by comparing every two answers to an item."""
    alike, between = np.zeros(items), np.zeros(items)
    for item in range(items):
        rows = [
            (side, question, score)
            for side, given in enumerate((arm, baseline))
            for code, question, score in zip(given.item, given.question, given.score, strict=True)
            if code == item
        ]
        pairs = list(itertools.combinations(rows, 2))
        within = [(a[2] - b[2]) ** 2 for a, b in pairs if a[:2] == b[:2]]
        others = [(a[2] - b[2]) ** 2 for a, b in pairs if a[:2] != b[:2]]
        if within and others:
            alike[item], between[item] = sum(within), np.mean(others) * len(within)
    if between.sum() == 0:
        return 0.0
    ratio = alike.sum() / between.sum()
    return float(np.clip(1 - ratio - np.sqrt(((alike - ratio * between) ** 2).sum()) / between.sum(), 0, 1))


def repeated(rows: list[list[float]], questions: list[list[int]]) -> ArmAnswers:
    """Answers by item with the question of each; a question is of one item."""
    made = answers(rows)
    return ArmAnswers(score=made.score, item=made.item, question=np.array([one for row in questions for one in row]))


def mostly_alike(seed: int, items: int = 9) -> tuple[ArmAnswers, ArmAnswers]:
    """Three questions of an item with two or three repeats that mostly agree, and a baseline of two questions."""
    rng = np.random.default_rng(seed)
    sides = []
    for questions in (3, 2):
        rows, named = [], []
        for item in range(items):
            row, own = [], []
            for question in range(questions):
                first = float(rng.random() < 0.6)
                for _ in range(2 + (item + question) % 2):
                    row.append(first if rng.random() < 0.9 else 1 - first)
                    own.append(10 * item + question)
            rows.append(row)
            named.append(own)
        sides.append(repeated(rows, named))
    return sides[0], sides[1]


@pytest.mark.parametrize("seed", range(5))
def test_repeats_count_by_their_design_effect(seed: int) -> None:
    arm, baseline = mostly_alike(seed)
    share = agreement(arm, baseline, 9)
    assert 0.2 < share < 1.0
    assert exchange._agreement(arm, baseline, 9) == pytest.approx(share)
    counted = exchange._effective(arm, share, 9)
    for item in range(9):
        numbers = np.unique(arm.question[arm.item == item], return_counts=True)[1]
        assert counted[item] == max(round(sum(n / (1 + (n - 1) * share) for n in numbers)), 1)
    assert exchange._effective(arm, 0.0, 9).tolist() == np.bincount(arm.item).tolist()


def test_an_item_that_was_not_asked_has_no_answers_and_an_asked_one_at_least_one() -> None:
    side = repeated([[1.0, 1.0], []], [[0, 0], []])
    assert exchange._effective(side, 1.0, 2).tolist() == [1.0, 0.0]
    assert exchange._effective(side, 0.9, 2).tolist() == [1.0, 0.0]


def test_without_repeats_or_without_another_question_no_agreement_is_seen() -> None:
    once = answers([[1.0, 0.0], [1.0, 1.0]])
    assert exchange._agreement(once, once, 2) == 0.0
    assert exchange._agreement(answers([[1.0, 1.0]], repeated=True), answers([[1.0]]), 1) == 0.0
    disagreeing = repeated([[1.0, 0.0, 1.0, 0.0]], [[0, 0, 1, 1]])
    assert exchange._agreement(disagreeing, answers([[1.0, 0.0]]), 1) == 0.0


def test_counts_of_right_answers_that_are_not_whole_are_split_between_their_neighbours() -> None:
    urn = exchange._Urn(
        arm=np.array([4.0, 2.0, 3.0]),
        baseline=np.array([3.0, 5.0, 3.0]),
        right=np.array([2.25, 3.6, 4.0]),
        weight=np.ones(3) / 3,
    )
    values, mass = exchange._item_distributions(urn, np.ones(3, dtype=bool))
    assert (mass >= 0).all()
    assert mass.sum(axis=1) == pytest.approx(np.ones(3))
    # Exchanged answers differ by nothing on average, whatever the number of right ones.
    assert (values * mass).sum(axis=1) == pytest.approx(np.zeros(3))
    for index, (total, share) in enumerate(((2, 0.25), (3, 0.6))):
        arm, baseline = urn.arm[index], urn.baseline[index]
        expected = sum(
            part
            * sum(
                stats.hypergeom(arm + baseline, right, arm).pmf(drawn) * (drawn / arm - (right - drawn) / baseline) ** 2
                for drawn in range(int(min(arm, right)) + 1)
                if right - drawn <= baseline
            )
            for right, part in ((total, 1 - share), (total + 1, share))
        )
        assert (values**2 * mass)[index].sum() == pytest.approx(expected)


def test_one_answer_of_either_side_differs_by_one_in_either_deal() -> None:
    found = exchanged([[1.0]], [[0.0]])
    # Half of what is as likely as the observed value counts, on both sides.
    assert (found.difference, found.p) == (1.0, 0.5)
    assert found.variance == pytest.approx(1.0)
