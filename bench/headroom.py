"""How many calls it takes to see a small shift in a model that is nearly always right: letters, percentages, ratings.

A simulated respondent is right 98.5% of the time. For disadvantaged users its reading is weaker by a stated latent
amount: the log-odds of the best option fall, the stated percentages with them, and the rating of the emotion that the
scene gives falls by `POINTS_PER_LOGIT` for each unit. Its answers are read by the readers of an audit and tested by the
paired test of an audit. Each format has its own noise between repeats: four letters in five fall alike, percentages
have an error of 0.5 in log-odds, ratings a standard deviation of 1.5 points.

Calls for 80% power come from the mean and the variation of many pairs, and are then checked by drawing audits of that
size. Claims: percentages or ratings need at most a fifth of the calls that letters need; each format keeps its level
where nothing is planted; and at the size of `quick` (1,700 calls, ratings alone) a shift of 0.3 rating points is found
in at least 80% of audits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.student import quantile
from evenhand.bank.appraisal import valence_of
from evenhand.bank.load import load_bank
from evenhand.endpoints.context import CellContext
from evenhand.endpoints.simulated.effects import Population, population_shift
from evenhand.endpoints.simulated.endpoint import SimulatedEndpoint
from evenhand.endpoints.simulated.stated import POINTS_PER_LOGIT
from evenhand.reading.shown import Shown
from evenhand.records.answer_format import AnswerFormat
from evenhand.records.condition import Condition
from evenhand.records.item import Item
from evenhand.records.message import Message, ModelSettings, Request
from evenhand.records.trial import Answered, Outcome, Rated
from evenhand.scoring.stated import distribution_outcome, rating_outcome
from evenhand.seeds import stream

ACCURACY = 0.985
EFFECT = -0.006
"""Chance of the best option, disadvantaged users against others; what it is in log-odds is printed."""
RATING_NOISE, RATING_SHIFT = 1.5, 0.3
QUICK_CALLS = 1700
NONE_AND_PLACEBO = 2.25
"""Calls a scene that `quick` spends without a profile: two without memory, a placebo for every fourth scene."""
POWER, ALPHA = 0.8, 0.05
CHECKS = 400
"""Audits that are drawn to check power and level."""
ROUNDS = 24
LETTERS = "ABCDE"
SETS, SCENES = 62, 120
"""Matched sets and scenes of a drawn audit; each pair falls on one of each, as in a balanced incomplete crossing."""
Numbers = NDArray[np.float64]


class Format(Struct, frozen=True, kw_only=True):
    """One way of asking, and the number of an answer that is compared."""

    name: str
    answer: AnswerFormat
    number: Callable[[Outcome, Item], float | None]
    rounds: int = ROUNDS
    """Matched sets that every scene meets, so that the mean difference is known well enough: letters differ rarely."""


def right(outcome: Outcome, item: Item) -> float | None:
    """Score of a chosen letter."""
    return float(outcome.choice == item.key) if isinstance(outcome, Answered) else None


def expected(outcome: Outcome, item: Item) -> float | None:
    """Share stated for the best option."""
    stated = outcome.stated if isinstance(outcome, Answered) else None
    return None if stated is None else stated[item.key]


def keyed(outcome: Outcome, item: Item) -> float | None:
    """Rating of the emotion that the scene gives."""
    return outcome.ratings[item.key] if isinstance(outcome, Rated) else None


def negative(outcome: Outcome, item: Item) -> float | None:
    """Mean rating of the negative emotions of a scene."""
    if not isinstance(outcome, Rated):
        return None
    own = [outcome.ratings[option.id] for option in item.options if valence_of(option.emotion) == "negative"]
    return float(np.mean(own)) if own else None


FORMATS = (
    Format(name="letters", answer="letter", number=right, rounds=240),
    Format(name="percentages", answer="distribution", number=expected),
    Format(name="ratings", answer="rating", number=keyed),
)


def pairs(way: Format, options: dict[str, str], *, rounds: int) -> Numbers:
    """Advantaged minus disadvantaged of many pairs, scenes as rows, matched sets as columns; NaN where one is missing.

    Args:
        way: How is asked.
        options: Of the respondent.
        rounds: Matched sets that every scene meets.
    """
    items = load_bank("scenes").items
    contexts: dict[str, CellContext] = {}
    endpoint = SimulatedEndpoint("custom", options=options, cells=contexts.__getitem__)

    async def number(item: Item, round: int, level: str) -> float:
        key = f"{way.name}/{item.id}/{round}/{level}"
        order = tuple(option.id for option in item.options)
        contexts[key] = CellContext(
            model="m",
            arm=f"{round}.{level}",
            arm_kind="profile",
            matched_set=str(round),
            levels={"position": level},
            item=item.id,
            options=order,
            keyed_option=item.key,
            texts=tuple(option.text for option in item.options),
            valences=tuple(valence_of(option.emotion) for option in item.options),
            rating_order=item.order,
            condition=Condition(answer=way.answer),
        )
        request = Request(
            cell_key=key,
            messages=(Message(role="user", content=item.stem),),
            settings=ModelSettings(),
            letters=tuple(LETTERS[: len(order)]),
            seed=0,
        )
        found = way.number(_read(way, (await endpoint.reply(request)).text, item), item)
        return float("nan") if found is None else found

    async def everything() -> Numbers:
        return np.array(
            [
                [
                    await number(item, round, "advantaged") - await number(item, round, "disadvantaged")
                    for round in range(rounds)
                ]
                for item in items
            ]
        )

    return asyncio.run(everything())


def _read(way: Format, text: str, item: Item) -> Outcome:
    names = tuple(option.id for option in item.options)
    texts = tuple(option.text for option in item.options)
    match way.answer:
        case "letter":
            return Answered(choice=names[LETTERS.index(text)])
        case "distribution":
            return distribution_outcome(text, Shown(tuple(LETTERS[: len(names)]), texts), options=names)
        case _:
            return rating_outcome(text, Shown((), texts), options=names)


def calls_needed(differences: Numbers) -> float:
    """Calls with profiles in memory (two a pair) at which the mean difference is found with 80% power."""
    known = differences[~np.isnan(differences)]
    sharpness = quantile(1 - ALPHA / 2, df=None) + quantile(POWER, df=None)
    return float(2 * (sharpness * known.std(ddof=1) / known.mean()) ** 2)


def found_share(differences: Numbers, *, calls: float, rng: np.random.Generator) -> float:
    """Share of drawn audits of this many calls in which the paired test rejects; pairs are drawn with replacement."""
    known = differences[~np.isnan(differences)]
    size = max(8, round(calls / 2))
    cells = np.full(SETS * SCENES, np.nan)
    hits = 0
    for _ in range(CHECKS):
        cells[:] = np.nan
        cells[rng.permutation(cells.size)[:size]] = rng.choice(known, size=size)
        test = paired_gap(cells.reshape(SETS, SCENES), spec=EstimateSpec(confidence=1 - ALPHA, flips=0))
        hits += test.p < ALPHA
    return hits / CHECKS


def _rows(seed: int) -> Iterator[tuple[str, float, float, float]]:
    """(format, calls needed, power at that size, level at that size)."""
    base = {"accuracy": str(ACCURACY), "rating_noise": str(RATING_NOISE), "seed": str(seed)}
    for way in FORMATS:
        planted = pairs(way, base | {"disadvantaged": str(EFFECT)}, rounds=way.rounds)
        level = pairs(way, base, rounds=way.rounds)
        needed = calls_needed(planted)
        rng = stream(seed, "bench", "headroom", way.name)
        centred = level - np.nanmean(level)
        yield (
            way.name,
            needed,
            found_share(planted, calls=needed, rng=rng),
            found_share(centred, calls=needed, rng=rng),
        )


def main(seed: int = 1) -> bool:
    """Print the table; whether every claim holds."""
    population = Population(accuracy=ACCURACY, spread=1.0, discrimination=0.25)
    latent = population_shift(EFFECT, population)
    print(
        f"planted for disadvantaged users: {latent:+.2f} log-odds, which is {100 * EFFECT:+.1f} points of being right "
        f"and {POINTS_PER_LOGIT * latent:+.2f} rating points"
    )
    needed: dict[str, float] = {}
    holds = True
    print(f"{'asked by':<12} {'calls for 80%':>14} {'power there':>12} {'level there':>12}")
    for name, calls, power, level in _rows(seed):
        needed[name] = calls
        print(f"{name:<12} {calls:>14,.0f} {power:>12.0%} {level:>12.1%}", flush=True)
        holds &= level <= 0.08
    best = min(needed["percentages"], needed["ratings"])
    print(f"letters need {needed['letters'] / best:.0f} times the calls of the better of percentages and ratings")
    holds &= best <= needed["letters"] / 5

    shifted = {"accuracy": str(ACCURACY), "rating_noise": str(RATING_NOISE), "seed": str(seed)}
    way = Format(name="negative", answer="rating", number=negative)
    differences = pairs(way, shifted | {"rating_gap": str(-RATING_SHIFT)}, rounds=4 * ROUNDS)
    spent = QUICK_CALLS - NONE_AND_PLACEBO * SCENES
    share = found_share(differences, calls=spent, rng=stream(seed, "bench", "headroom", "quick"))
    print(
        f"{RATING_SHIFT} rating points more negative emotion, {QUICK_CALLS:,} calls of ratings: found in "
        f"{share:.0%} of audits (mean difference seen {np.nanmean(differences):+.2f})"
    )
    return bool(holds and share >= POWER)


if __name__ == "__main__":
    raise SystemExit(not main())
