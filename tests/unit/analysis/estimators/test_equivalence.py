from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evenhand.analysis.estimators.equivalence import (
    ITEM_REACTION,
    USER_REACTION,
    Sampled,
    alike_p,
    fewest_alike,
    fewest_units,
    shortfalls,
    skewed_tail,
    smallest_detectable,
    tost_p,
    unseen_p,
    unseen_share,
    verdict,
)
from evenhand.analysis.estimators.student import quantile, survival
from evenhand.errors import UsageError


def test_the_larger_one_sided_p_counts() -> None:
    # estimate 1 point, SE 0.8 points, margin 3 points: the nearer bound is 2 points = 2.5 SE away.
    assert tost_p(0.01, se=0.008, df=40, margin=0.03) == pytest.approx(float(stats.t(40).sf(2.5)))
    assert tost_p(-0.01, se=0.008, df=40, margin=0.03) == pytest.approx(float(stats.t(40).sf(2.5)))


def test_an_estimate_on_the_margin_has_p_one_half() -> None:
    assert tost_p(0.03, se=0.01, df=None, margin=0.03) == pytest.approx(0.5)


def test_differences_that_are_all_alike_have_the_p_of_their_units() -> None:
    def alike(items: int, value: float = 0.0, users: int = 10**4) -> float:
        kinds = (
            Sampled(of="user", number=users, reaction=USER_REACTION),
            Sampled(of="item", number=items, reaction=ITEM_REACTION),
        )
        return alike_p(value, units=kinds, margin=0.03)

    # None of 30 items differs: were 3% of them to differ by a whole point, that would happen with 0.97^30 = 40%.
    assert alike(30) == pytest.approx(0.97**30)
    assert alike(98) > 0.05 > alike(99)
    # A persona reacts by 60 points at most, so that 5% of them would have to.
    assert alike(10**4, users=58) == pytest.approx(0.95**58)
    assert alike(10**4, users=58) > 0.05 > alike(10**4, users=59)
    # The kind of which there is least decides; without any kind nothing is shown.
    assert alike(30, users=30) == alike(30)
    assert alike_p(0.0, units=(), margin=0.03) == 1.0
    # All alike at 2 points leave 1 point to the margin; on it, and beyond, nothing is shown.
    assert alike(60, -0.02) == pytest.approx(0.99**60)
    assert alike(10**6, 0.03) == alike(10**6, -0.2) == 1.0
    # A unit cannot react by more than its largest reaction.
    assert alike_p(0.0, units=(Sampled(of="item", number=1, reaction=0.02),), margin=0.03) == 0.0
    with pytest.raises(UsageError, match="alike_p"):
        tost_p(0.0, se=0.0, df=None, margin=0.03)


def test_the_unseen_share_is_that_of_units() -> None:
    # 1 - 0.05^(1/3) = 63%: three users who all react alike leave room for 63% of users who do not.
    assert unseen_share(3) == pytest.approx(0.6316, abs=1e-4)


def test_units_that_are_not_here_bound_the_claim_however_small_the_error() -> None:
    def unseen(personas: int, estimate: float = 0.0) -> float:
        kinds = (Sampled(of="user", number=personas, reaction=0.6), Sampled(of="item", number=1000, reaction=1.0))
        return unseen_p(estimate, se=1e-6, df=40, margin=0.03, units=kinds)

    # 5% of 30 personas may react by 60 points unseen in 0.95^30 of samples; the estimate is then 0 in expectation.
    assert unseen(30) == pytest.approx(0.5 * 0.95**30)
    assert unseen(30) > 0.05 > unseen(62)
    assert unseen(62, 0.02) == pytest.approx((1 - 0.01 / 0.6) ** 62, rel=0.05)
    assert unseen(62, 0.03) > 0.9
    assert unseen_p(0.0, se=0.01, df=40, margin=0.03, units=()) == 0.0


def test_an_item_may_react_by_more_than_a_persona_does() -> None:
    assert ITEM_REACTION == 1.0 > USER_REACTION == 0.6
    item, persona = (
        unseen_p(0.0, se=1e-6, df=None, margin=0.03, units=(Sampled(of="item", number=40, reaction=reaction),))
        for reaction in (ITEM_REACTION, USER_REACTION)
    )
    assert (item, persona) == pytest.approx((0.5 * 0.97**40, 0.5 * 0.95**40))


@pytest.mark.parametrize("estimate", [0.0, 0.01, -0.01, 0.025, -0.05])
def test_units_that_are_not_here_never_make_the_claim_easier(estimate: float) -> None:
    kinds = (Sampled(of="user", number=62, reaction=0.6), Sampled(of="item", number=240, reaction=1.0))
    p = unseen_p(estimate, se=0.008, df=40, margin=0.03, units=kinds)
    assert p >= tost_p(estimate, se=0.008, df=40, margin=0.03)
    assert p == pytest.approx(unseen_p(-estimate, se=0.008, df=40, margin=0.03, units=kinds[::-1]))
    fewer = (Sampled(of="user", number=20, reaction=0.6), Sampled(of="item", number=240, reaction=1.0))
    assert unseen_p(estimate, se=0.008, df=40, margin=0.03, units=fewer) >= p


def test_a_reaction_smaller_than_the_margin_needs_every_unit() -> None:
    # All units would have to react, and then none is unseen: what is left is the ordinary test.
    p = unseen_p(0.0, se=0.01, df=None, margin=0.03, units=(Sampled(of="user", number=10, reaction=0.02),))
    assert p == pytest.approx(float(stats.norm.sf(3.0)), rel=0.01)
    with pytest.raises(UsageError, match="margin"):
        unseen_p(0.0, se=0.01, df=None, margin=0.0, units=())


def test_so_few_units_can_show_nothing_however_alike_the_answers_are() -> None:
    def shown(number: int, reaction: float) -> bool:
        kind = (Sampled(of="item", number=number, reaction=reaction),)
        return unseen_p(0.0, se=1e-9, df=None, margin=0.03, units=kind) < 0.05

    for reaction, needed in ((ITEM_REACTION, 76), (USER_REACTION, 45)):
        assert fewest_units(reaction, margin=0.03, alpha=0.05) == needed
        assert (shown(needed - 1, reaction), shown(needed, reaction)) == (False, True)
    # A reaction no larger than the margin cannot be too large for it; a smaller level takes more units.
    assert fewest_units(0.03, margin=0.03, alpha=0.05) == fewest_units(0.02, margin=0.03, alpha=0.05) == 1
    assert fewest_units(0.031, margin=0.03, alpha=0.05) > 0
    assert fewest_units(1.0, margin=0.03, alpha=0.01) == 129
    assert fewest_alike(ITEM_REACTION, margin=0.03, alpha=0.05) == 99
    assert fewest_alike(USER_REACTION, margin=0.03, alpha=0.05) == 59
    assert fewest_alike(0.03, margin=0.03, alpha=0.05) == fewest_alike(0.02, margin=0.03, alpha=0.05) == 1
    for number, enough in ((43, False), (44, True)):
        kind = Sampled(of="item", number=number, reaction=1.0)
        assert (alike_p(0.0, units=(kind,), margin=0.1) < 0.01) == enough
        assert (fewest_alike(1.0, margin=0.1, alpha=0.01) <= number) == enough
    for too_small in (fewest_units, fewest_alike):
        with pytest.raises(UsageError, match="margin 0"):
            too_small(1.0, margin=0.0, alpha=0.05)


def test_a_shortfall_names_the_kind_of_unit_and_how_many_it_takes() -> None:
    def short(users: int, items: int, *, alike: bool = False) -> list[tuple[str, int, int]]:
        kinds = (
            Sampled(of="user", number=users, reaction=USER_REACTION),
            Sampled(of="item", number=items, reaction=ITEM_REACTION),
        )
        return [(one.of, one.here, one.needed) for one in shortfalls(kinds, margin=0.03, alpha=0.05, alike=alike)]

    assert short(30, 33) == [("user", 30, 45), ("item", 33, 76)]
    assert short(44, 76) == [("user", 44, 45)]
    assert short(45, 75) == [("item", 75, 76)]
    assert short(45, 76) == []
    # Where all differences are alike there is no noise that could have kept such a sample from being cleared.
    assert short(45, 300, alike=True) == [("user", 45, 59)]
    assert short(59, 98, alike=True) == [("item", 98, 99)]
    assert short(59, 99, alike=True) == []
    assert shortfalls([Sampled(of="user", number=50, reaction=USER_REACTION)], margin=0.03, alpha=0.05) == ()


def test_skewness_makes_only_the_claim_on_its_side_harder() -> None:
    plain = tost_p(0.01, se=0.008, df=40, margin=0.03)
    third = 0.5 * 0.008**3
    # Towards the upper margin: T = -2.5, g = 0.5: -2.5 + 0.5/6 + 0.5 * 6.25/3 - 0.25 * 15.625/27 = -1.5197.
    bent = -2.5 + 0.5 / 6 + 0.5 * 6.25 / 3 - 0.25 * 15.625 / 27
    assert tost_p(0.01, se=0.008, df=40, margin=0.03, third=third) == pytest.approx(float(stats.t(40).cdf(bent)))
    assert tost_p(-0.01, se=0.008, df=40, margin=0.03, third=-third) > plain
    # The other way round the far margin becomes the harder one: T = -5.
    far = -5 + 0.5 / 6 + 0.5 * 25 / 3 - 0.25 * 125 / 27
    assert tost_p(0.01, se=0.008, df=40, margin=0.03, third=-third) == pytest.approx(float(stats.t(40).cdf(far)))


@pytest.mark.parametrize("statistic", [-0.3, -2.0, -4.0, -9.0])
def test_more_skewness_never_makes_a_claim_easier(statistic: float) -> None:
    tails = [skewed_tail(-statistic, se=1.0, df=25, third=g) for g in (0.0, 0.1, 0.5, 1.0, 3.0, 30.0, 1e30, 1e300)]
    assert tails[0] == survival(-statistic, df=25)
    assert tails == sorted(tails)
    assert tails[1] > tails[0]
    # The largest that any skewness makes of it, found by trial; a tail may not lie below it.
    g = np.linspace(0.0, 150.0, 200_001)
    worst = float((statistic + g / 6 + g * statistic**2 / 3 + g**2 * statistic**3 / 27).max())
    assert tails[-1] == pytest.approx(float(stats.t(25).cdf(worst)), rel=1e-5)


def test_a_margin_far_enough_away_is_kept_however_skewed_the_differences_are() -> None:
    assert skewed_tail(12.0, se=1.0, df=25, third=1e30) < 0.01
    assert skewed_tail(1e200, se=1.0, df=None, third=1.0) == 0.0
    # On the margin, or beyond it, skewness shows nothing at all.
    assert skewed_tail(0.0, se=1.0, df=12, third=1e30) == 1.0
    assert skewed_tail(-3.0, se=1.0, df=12, third=1e30) == 1.0
    # T = 0, g = 1.2: 1.2 / 6.
    assert skewed_tail(0.0, se=1.0, df=12, third=1.2) == pytest.approx(float(stats.t(12).cdf(0.2)))


def test_an_error_whose_cube_vanishes_leaves_the_plain_test() -> None:
    assert tost_p(0.01, se=5e-324, df=1.0, margin=0.03) == 0.0
    assert tost_p(0.05, se=5e-324, df=1.0, margin=0.03, third=1e-9) == 1.0


def test_a_margin_of_zero_is_refused() -> None:
    with pytest.raises(UsageError, match="margin 0"):
        tost_p(0.0, se=0.1, df=None, margin=0)
    with pytest.raises(UsageError, match="margin 0"):
        alike_p(0.0, units=(), margin=0)


@pytest.mark.parametrize(
    ("p", "p_equivalence", "expected"),
    [
        (0.001, 0.6, "difference"),
        (0.4, 0.01, "equivalent"),
        (0.001, 0.01, "equivalent"),
        (0.4, 0.4, "inconclusive"),
        (None, None, "inconclusive"),
        (0.05, None, "inconclusive"),
        (0.049, None, "difference"),
    ],
)
def test_there_are_three_verdicts(p: float | None, p_equivalence: float | None, expected: str) -> None:
    assert verdict(p=p, p_equivalence=p_equivalence) == expected


def test_the_tails_are_those_of_t_and_of_the_normal() -> None:
    assert survival(1.3, df=7.5) == pytest.approx(float(stats.t(7.5).sf(1.3)))
    assert survival(1.3, df=None) == pytest.approx(float(stats.norm.sf(1.3)))
    assert quantile(0.9, df=7.5) == pytest.approx(float(stats.t(7.5).ppf(0.9)))
    assert quantile(0.9, df=None) == pytest.approx(float(stats.norm.ppf(0.9)))


def test_the_smallest_detectable_gap_has_the_stated_power() -> None:
    gap = smallest_detectable(0.01, df=30)
    # Power of the two-sided t-test from the noncentral t.
    power = float(stats.nct.sf(stats.t(30).ppf(0.975), 30, gap / 0.01))
    assert power == pytest.approx(0.8, abs=0.01)
    assert smallest_detectable(0.01, df=None) == pytest.approx(0.01 * (1.959964 + 0.841621), rel=1e-5)
    # Below one degree of freedom, as for one: 12.706 and 1.376 are quantiles of t(1).
    assert smallest_detectable(0.01, df=0.5) == pytest.approx(0.01 * (12.7062 + 1.37638), rel=1e-4)
