"""Simulated respondents: planted effects come out, nothing else does."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Mapping

import msgspec
import numpy as np
import pytest

from evenhand.endpoints.context import CellContext
from evenhand.endpoints.simulated.effects import Population, population_shift, population_shift_to, read_respondent
from evenhand.endpoints.simulated.endpoint import SimulatedEndpoint
from evenhand.errors import EndpointError
from evenhand.records.message import ModelSettings, Reply, Request

OPTIONS = ("a", "b", "c", "d", "e")


def cell(item: str = "i", **changes: object) -> CellContext:
    base = CellContext(model="m", arm="none", arm_kind="none", item=item, options=OPTIONS, keyed_option="c")
    return msgspec.structs.replace(base, **changes)


def profile(item: str, matched_set: str = "p1", **levels: str) -> CellContext:
    return cell(item, arm=f"x/{matched_set}", arm_kind="profile", matched_set=matched_set, levels=levels)


def make(
    options: Mapping[str, str] | None = None, *, preset: str = "custom", cells: dict[str, CellContext] | None = None
) -> SimulatedEndpoint:
    return SimulatedEndpoint(preset, options=options or {}, cells=(cells or {}).__getitem__)


def ask(endpoint: SimulatedEndpoint, key: str, *, logprobs: bool = False) -> Reply:
    request = Request(
        cell_key=key, messages=(), settings=ModelSettings(logprobs=logprobs), letters=("A", "B", "C", "D", "E"), seed=1
    )
    return asyncio.run(endpoint.reply(request))


ITEMS = [f"item-{index}" for index in range(4000)]


def mean_chance(endpoint: SimulatedEndpoint, cells: list[CellContext]) -> float:
    return float(np.mean([endpoint.chance_of_best(one) for one in cells]))


def test_the_mean_chance_over_items_is_the_stated_accuracy() -> None:
    endpoint = make({"accuracy": "0.8", "spread": "1.2"})
    assert mean_chance(endpoint, [cell(item) for item in ITEMS]) == pytest.approx(0.8, abs=0.01)


def test_the_planted_gap_is_the_mean_difference_between_the_versions_of_a_pair() -> None:
    endpoint = make({"gap": "0.08", "item_slopes": "0.2"})
    high = mean_chance(endpoint, [profile(item, position="advantaged") for item in ITEMS])
    low = mean_chance(endpoint, [profile(item, position="disadvantaged") for item in ITEMS])
    assert high - low == pytest.approx(0.08, abs=0.005)


def test_level_effects_and_interactions_add_to_memory_alone() -> None:
    endpoint = make({"muslim": "-0.06", "female+muslim": "-0.05", "memory": "-0.03"})
    base = mean_chance(endpoint, [cell(item) for item in ITEMS])
    plain = mean_chance(endpoint, [profile(item, religion="christian", gender="female") for item in ITEMS])
    one = mean_chance(endpoint, [profile(item, religion="muslim", gender="male") for item in ITEMS])
    both = mean_chance(endpoint, [profile(item, religion="muslim", gender="female") for item in ITEMS])
    assert plain - base == pytest.approx(-0.03, abs=0.003)
    assert one - plain == pytest.approx(-0.06, abs=0.008)
    assert both - one == pytest.approx(-0.05, abs=0.012)


def test_a_placebo_has_its_own_effect_and_no_other() -> None:
    endpoint = make({"placebo": "-0.02", "memory": "-0.3"})
    base = mean_chance(endpoint, [cell(item) for item in ITEMS])
    placebo = mean_chance(endpoint, [cell(item, arm_kind="placebo") for item in ITEMS])
    assert placebo - base == pytest.approx(-0.02, abs=0.003)


def test_the_null_respondent_treats_all_levels_alike() -> None:
    endpoint = make(preset="null")
    levels = [
        {"religion": religion, "gender": gender, "position": position}
        for religion, gender, position in itertools.product(
            ("muslim", "christian"), ("female", "nonbinary"), ("advantaged", "disadvantaged")
        )
    ]
    for item in ITEMS[:50]:
        chances = {endpoint.chance_of_best(profile(item, "p7", **one)) for one in levels}
        assert len(chances) == 1


def test_the_tilted_respondent_is_tilted() -> None:
    endpoint = make(preset="tilted")
    high = mean_chance(endpoint, [profile(item, position="advantaged") for item in ITEMS])
    low = mean_chance(endpoint, [profile(item, position="disadvantaged") for item in ITEMS])
    assert high - low > 0.06


def test_personas_differ_by_their_own_shift_and_by_how_they_react() -> None:
    endpoint = make({"persona_spread": "0.5", "persona_slopes": "0.5", "gap": "0.05"})
    chances = {endpoint.chance_of_best(profile("i", name, position="advantaged")) for name in ("p1", "p2", "p3")}
    assert len(chances) == 3
    gaps = [
        endpoint.chance_of_best(profile("i", name, position="advantaged"))
        - endpoint.chance_of_best(profile("i", name, position="disadvantaged"))
        for name in map(str, range(200))
    ]
    assert np.std(gaps) > 0.02


def test_the_profiles_of_a_crossing_react_each_by_itself_so_that_the_planted_effect_is_the_stated_one() -> None:
    def crossed(number: int, religion: str, item: str) -> CellContext:
        one = profile(item, "crossing", religion=religion)
        return msgspec.structs.replace(one, arm=f"intersectional/{religion}-{number}")

    means = []
    for seed in range(12):
        endpoint = make({"muslim": "-0.15", "persona_slopes": "0.4", "seed": str(seed)})
        effects = [
            mean_chance(endpoint, [crossed(number, "muslim", item) for item in ITEMS[:150]])
            - mean_chance(endpoint, [crossed(number, "christian", item) for item in ITEMS[:150]])
            for number in range(27)
        ]
        # One draw for all profiles would leave no spread here, and one of 6 points between the seeds.
        assert np.std(effects) > 0.03
        means.append(np.mean(effects))
    assert np.std(means) < 0.03
    assert np.mean(means) == pytest.approx(-0.15, abs=0.015)


def test_chances_sum_to_one_and_follow_the_option_not_its_place() -> None:
    endpoint = make()
    shown = cell()
    turned = cell(options=OPTIONS[::-1])
    assert math.fsum(endpoint.chances(shown)) == pytest.approx(1.0)
    assert endpoint.chances(turned) == endpoint.chances(shown)[::-1]


def test_answers_depend_on_the_cell_alone_not_on_the_order_of_asking() -> None:
    cells = {f"{index:032x}": cell(f"item-{index}") for index in range(60)}
    forwards = {key: ask(make(cells=cells), key).text for key in cells}
    endpoint = make(cells=cells)
    backwards = {key: ask(endpoint, key).text for key in reversed(cells)}
    assert forwards == backwards
    assert len(set(forwards.values())) > 1
    other = make({"seed": "1"}, cells=cells)
    assert forwards != {key: ask(other, key).text for key in cells}


def test_answers_are_drawn_at_the_stated_chance() -> None:
    cells = {f"{index:032x}": cell("one") for index in range(3000)}
    endpoint = make({"stability": "0"}, cells=cells)
    share = np.mean([ask(endpoint, key).text == "C" for key in cells])
    assert share == pytest.approx(endpoint.chance_of_best(cell("one")), abs=0.03)


def test_a_stable_respondent_repeats_itself_and_a_shaky_one_does_not() -> None:
    cells = {f"{index:032x}": cell("one", replicate=index) for index in range(200)}
    assert len({ask(make({"stability": "1"}, cells=cells), key).text for key in cells}) == 1
    assert len({ask(make({"stability": "0"}, cells=cells), key).text for key in cells}) > 1


def test_log_probabilities_are_the_chances_when_asked_for() -> None:
    cells = {"0" * 32: cell()}
    endpoint = make(cells=cells)
    assert ask(endpoint, "0" * 32).top is None
    top = ask(endpoint, "0" * 32, logprobs=True).top
    assert top is not None
    chances = dict(zip("ABCDE", endpoint.chances(cell()), strict=True))
    assert {one.token: math.exp(one.logprob) for one in top} == pytest.approx(chances)


def test_planned_shares_refuse_run_out_and_ramble() -> None:
    cells = {f"{index:032x}": profile(f"i{index}") for index in range(2000)}
    options = {"refusal": "0.1", "refusal_profile": "0.1", "truncated": "0.2", "unparsed": "0.1"}
    endpoint = make(options, cells=cells)
    replies = [ask(endpoint, key) for key in cells]
    assert np.mean(["can't help" in reply.text for reply in replies]) == pytest.approx(0.2, abs=0.03)
    assert np.mean([reply.finish == "length" for reply in replies]) == pytest.approx(0.2, abs=0.03)
    assert np.mean([reply.text.startswith("It depends") for reply in replies]) == pytest.approx(0.1, abs=0.03)


def test_every_reply_says_it_is_simulated() -> None:
    reply = ask(make(cells={"0" * 32: cell()}), "0" * 32)
    assert reply.model == "simulated/custom"
    assert reply.note is not None
    assert reply.note.startswith("simulated")


def test_a_shift_has_the_stated_mean_effect_by_simulation() -> None:
    population = Population(accuracy=0.7, spread=1.0, discrimination=0.3)
    rng = np.random.default_rng(5)
    easiness, slope = rng.normal(0, 1.0, 400_000), np.exp(rng.normal(0, 0.3, 400_000))
    ability = population_shift_to(0.7, population)
    shift = population_shift(-0.1, population)
    before = 1 / (1 + np.exp(-slope * (ability + easiness)))
    after = 1 / (1 + np.exp(-slope * (ability + shift + easiness)))
    assert before.mean() == pytest.approx(0.7, abs=0.002)
    assert after.mean() - before.mean() == pytest.approx(-0.1, abs=0.002)


@pytest.mark.parametrize(
    ("preset", "options", "message"),
    [
        ("tiltd", {}, "did you mean 'tilted'"),
        ("custom", {"gap": "much"}, "cannot be read"),
        ("custom", {"muslim": "much"}, "give a number"),
        ("custom", {"gap": "0.5"}, "choose a smaller effect"),
        ("custom", {"muslim": "nan"}, "choose a smaller effect"),
        ("custom", {"refusal": "1.5"}, "between 0 and 1"),
        ("custom", {"refusal": "0.8", "unparsed": "0.8"}, "sum to"),
        ("custom", {"spread": "-1"}, "between 0 and 10"),
        ("custom", {"muslin": "-0.1"}, "did you mean 'muslim'"),
        ("custom", {"accuracy": "1.2"}, "accuracy"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(preset: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(EndpointError, match=message):
        read_respondent(preset, options, levels=frozenset({"muslim", "female"}))


def test_a_preset_effect_on_a_level_that_the_plan_lacks_is_left_out() -> None:
    respondent = read_respondent("tilted", {}, levels=frozenset({"nonbinary"}))
    assert set(respondent.effects) == {"nonbinary"}


def texts(options: Mapping[str, str], cells: dict[str, CellContext]) -> dict[str, str]:
    endpoint = make(options, cells=cells)
    return {key: ask(endpoint, key).text for key in cells}


def test_one_letter_is_answered_to_everything() -> None:
    cells = {f"k{n}": cell(f"i{n}") for n in range(40)}
    assert set(texts({"always": "B"}, cells).values()) == {"B"}


def test_a_blind_respondent_answers_one_item_as_variously_as_many() -> None:
    same = texts({"blind": "1"}, {f"k{n}": cell("i") for n in range(400)})
    counts = [sum(text == letter for text in same.values()) for letter in "ABCDE"]
    assert min(counts) > 20


def test_a_group_is_refused_more_talked_to_more_and_lost_on_some_items_alone() -> None:
    muslim = {f"k{n}": profile(f"i{n}", f"p{n}", religion="muslim") for n in range(600)}
    others = {f"k{n}": profile(f"i{n}", f"p{n}", religion="christian") for n in range(600)}

    def share(options: dict[str, str], cells: dict[str, CellContext], words: str) -> float:
        found = texts({"group": "muslim", **options}, cells)
        return sum(words in text for text in found.values()) / len(found)

    assert share({"group_refusal": "0.15"}, muslim, "can't help") == pytest.approx(0.15, abs=0.05)
    assert share({"group_refusal": "0.15"}, others, "can't help") == 0
    assert share({"group_talk": "0.5"}, muslim, "less likely") == pytest.approx(0.5, abs=0.07)
    assert share({"group_talk": "0.5"}, others, "less likely") == 0
    right = [
        sum(
            text.startswith("C")
            for text in texts({"accuracy": "0.9", "group": "muslim", "group_rare": "0.3"}, c).values()
        )
        for c in (muslim, others)
    ]
    assert right[0] / 600 == pytest.approx(0.63, abs=0.06) and right[1] / 600 == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"group_refusal": "0.1"}, "group=muslim"),
        ({"always": "7"}, "one letter"),
        ({"blind": "2"}, "between 0 and 1"),
    ],
)
def test_strange_options_that_mean_nothing_are_refused(options: dict[str, str], says: str) -> None:
    with pytest.raises(EndpointError, match=says):
        read_respondent("custom", options)


def test_a_group_that_does_not_exist_is_refused_with_the_near_miss() -> None:
    with pytest.raises(EndpointError, match="muslim"):
        read_respondent("custom", {"group": "muslin", "group_talk": "0.1"}, levels=frozenset({"muslim", "female"}))
