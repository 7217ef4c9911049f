"""False alarms and power of this audit beside other ways to analyse the same answers: `python -m bench.level`.

Simulated audits: matched users with an advantaged and a disadvantaged life meet the same items, and the question is
whether the gap between the two is real. Every analysis reads the same tables. Some have no gap, with users or items
that react differently; in the others the mean gap is stated. The table goes to docs/methods/level.md.

errorbars and evalstats come with `pip install evenhand[level]`. The published analysis is ours of its kind
(`evenhand.analysis.estimators.published`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace
from scipy import special

from bench.middling import COMPLETE, SPARSE
from bench.rows import percent, table
from evenhand.analysis.estimators.binomial_mixed import BinomialCells
from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.published import item_only_bayes, item_only_likelihood
from evenhand.analysis.estimators.random_terms import term
from evenhand.seeds import stream
from evenhand.selftest.calibration import Rate, Scenario, SimulatedPairs, allocation, rate, shift_for_gap
from evenhand.selftest.ceiling import ITEM_SD, easiness_for

Array = npt.NDArray[np.float64]
PAGE = Path(__file__).parents[1] / "docs" / "methods" / "level.md"
TABLES = 1000
SLOW_TABLES = 100
"""Of the variational model, which takes about a second for a table."""
SEED = 1
LEVEL = 0.05
MOST = 0.06
"""An analysis keeps its level where its rate of false alarms is at most this, give or take two Monte Carlo errors."""


class Answers(Struct, frozen=True, kw_only=True):
    """Scores of 0 and 1 of matched users; shape (sets, items), NaN where a set did not meet an item."""

    advantaged: Array
    disadvantaged: Array

    def pairs(self) -> tuple[Array, Array, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Scores of both arms, set and item of every pair that was asked."""
        sets, items = np.nonzero(~np.isnan(self.advantaged))
        return self.advantaged[sets, items], self.disadvantaged[sets, items], sets, items


class Case(Struct, frozen=True, kw_only=True):
    """One kind of simulated audit."""

    words: str
    accuracy: float
    unit_slope: float = 0.0
    item_slope: float = 0.0
    gap: float = 0.0
    copied: bool = False
    """Temperature 0: both users of a pair share their draw, so that memory alone can make them differ."""
    design: SimulatedPairs = COMPLETE

    @property
    def scenario(self) -> Scenario:
        """How answers come about; spreads in log-odds."""
        return Scenario(
            name=self.words,
            intercept=easiness_for(self.accuracy),
            item=ITEM_SD,
            unit=0.0,
            unit_slope=self.unit_slope,
            item_slope=self.item_slope,
        )


def both(case: Case) -> Case:
    """The case with users and items that react differently."""
    return replace(case, words=f"{case.words}, both do", unit_slope=0.3, item_slope=0.5)


NULL = (
    Case(words="80% right, all react alike", accuracy=0.8),
    Case(words="80% right, users react differently", accuracy=0.8, unit_slope=0.3),
    Case(words="80% right, items react differently", accuracy=0.8, item_slope=0.5),
    Case(words="80% right, items react very differently", accuracy=0.8, item_slope=1.0),
    both(Case(words="80% right", accuracy=0.8)),
    both(Case(words="97% right", accuracy=0.97)),
    both(Case(words="97% right, temperature 0", accuracy=0.97, copied=True)),
    both(Case(words="80% right", accuracy=0.8, design=SPARSE)),
)
PLANTED = (
    both(Case(words="80% right, 6 points", accuracy=0.8, gap=0.06)),
    both(Case(words="90% right, 3 points", accuracy=0.9, gap=0.03)),
    both(Case(words="97% right, temperature 0, 3 points", accuracy=0.97, gap=0.03, copied=True)),
    both(Case(words="80% right, 6 points", accuracy=0.8, gap=0.06, design=SPARSE)),
)

Analysis = Callable[[Answers], float]
"""Answers -> two-sided p that there is no gap."""


class Rival(Struct, frozen=True, kw_only=True):
    """An analysis of the table."""

    title: str
    p: Analysis
    package: str | None = None
    slow: bool = False


def simulate(case: Case, *, rng: np.random.Generator) -> Answers:
    """One table of answers."""
    scenario = case.scenario
    mask = allocation(case.design, rng=rng)
    sets, items = mask.shape
    base = scenario.intercept + scenario.item * rng.standard_normal(items)
    shift = shift_for_gap(scenario, gap=case.gap) if case.gap else 0.0
    by_set, by_item = rng.standard_normal((sets, 1)), rng.standard_normal(items)
    slope = shift + scenario.unit_slope * by_set + scenario.item_slope * by_item
    draws = [rng.random(mask.shape)] * 2 if case.copied else [rng.random(mask.shape), rng.random(mask.shape)]
    first, second = (
        np.where(mask, draw < special.expit(base + side * slope / 2), np.nan)
        for draw, side in zip(draws, (1, -1), strict=True)
    )
    return Answers(advantaged=first, disadvantaged=second)


def ours(answers: Answers) -> float:
    """The gap of matched users as an audit tests it: items and users are samples."""
    return paired_gap(answers.advantaged - answers.disadvantaged, spec=EstimateSpec(flips=0)).p


def _errorbars(answers: Answers, clusters: npt.NDArray[np.int64] | None) -> float:
    first, second, _, _ = answers.pairs()
    found = import_module("errorbars.compare").paired_compare(first, second, clusters=clusters)
    return float(found.p_value if clusters is None else found.p_value_clustered)


def errorbars_plain(answers: Answers) -> float:
    """Every pair of answers counts as a question of its own."""
    return _errorbars(answers, None)


def errorbars_by_item(answers: Answers) -> float:
    """Items are the clusters."""
    return _errorbars(answers, answers.pairs()[3])


def errorbars_by_user(answers: Answers) -> float:
    """Matched users are the clusters."""
    return _errorbars(answers, answers.pairs()[2])


def _evalstats(answers: Answers, *, runs: bool) -> float:
    pandas: Any = import_module("pandas")
    evalstats: Any = import_module("evalstats")
    first, second, sets, items = answers.pairs()
    run = np.zeros_like(items)
    for item in np.unique(items):
        run[items == item] = np.arange(int((items == item).sum()))
    columns = {
        "prompt": np.repeat(["advantaged", "disadvantaged"], first.size),
        "item": np.tile(items if runs else sets * answers.advantaged.shape[1] + items, 2),
        "score": np.concatenate([first, second]),
    }
    if runs:
        columns["run"] = np.tile(run, 2)
    frame = pandas.DataFrame(columns)
    found = evalstats.compare(evalstats.load_from(frame), factors="prompt")
    return float(found.to_dict()["pairwise"][0]["p_value"])


def evalstats_flat(answers: Answers) -> float:
    """Every pair of answers counts as an item of its own."""
    return _evalstats(answers, runs=False)


def evalstats_runs(answers: Answers) -> float:
    """Users count as runs of an item."""
    return _evalstats(answers, runs=True)


def published_likelihood(answers: Answers) -> float:
    """A binomial model with a random intercept of items, by maximum likelihood."""
    first, second, _, items = answers.pairs()
    arm = np.repeat([1.0, 0.0], first.size)
    cells = BinomialCells(
        successes=np.concatenate([first, second]),
        trials=np.ones(arm.size),
        design=np.column_stack([np.ones(arm.size), arm]),
        names=("intercept", "advantaged"),
        terms=(term("item", np.tile(items, 2)),),
    )
    return item_only_likelihood(cells).effects[1].p


def published_bayes(answers: Answers) -> float:
    """The same model by variational Bayes, as it was published."""
    first, second, _, items = answers.pairs()
    arm = np.repeat([1.0, 0.0], first.size)
    design = np.column_stack([np.ones(arm.size), arm])
    scores = np.concatenate([first, second])
    return item_only_bayes(scores, design=design, names=("intercept", "advantaged"), item=np.tile(items, 2))[1].p


RIVALS = (
    Rival(title="evenhand", p=ours),
    Rival(title="errorbars, pairs", p=errorbars_plain, package="errorbars"),
    Rival(title="errorbars, items as clusters", p=errorbars_by_item, package="errorbars"),
    Rival(title="errorbars, users as clusters", p=errorbars_by_user, package="errorbars"),
    Rival(title="evalstats, pairs as items", p=evalstats_flat, package="evalstats"),
    Rival(title="evalstats, users as runs", p=evalstats_runs, package="evalstats"),
    Rival(title="published kind, likelihood", p=published_likelihood),
    Rival(title="published kind, variational Bayes", p=published_bayes, slow=True),
)


def rejected(case: Case, rivals: tuple[Rival, ...], *, tables: int, seed: int) -> tuple[Rate, ...]:
    """How often each analysis says that there is a gap (p below 0.05), all on the same tables."""
    rng = stream(seed, "level", case.words, case.design.label, str(case.gap))
    hits: list[list[bool]] = [[] for _ in rivals]
    for index in range(tables):
        answers = simulate(case, rng=rng)
        for seen, rival in zip(hits, rivals, strict=True):
            if not rival.slow or index < SLOW_TABLES:
                seen.append(rival.p(answers) < LEVEL)
    return tuple(rate(np.array(seen, dtype=np.float64)) for seen in hits)


def held(null: Rate) -> bool:
    """Whether a rate of false alarms is at most 6%, give or take two Monte Carlo errors."""
    return null.value <= MOST + 2 * null.error


def _worst(rates: list[Rate]) -> str:
    worst = max(rates, key=lambda one: one.value)
    return f"{100 * worst.value:.1f}"


def _lines(cases: tuple[Case, ...], found: list[tuple[Rate, ...]], *, mark: bool) -> Iterator[tuple[str, ...]]:
    for case, rates in zip(cases, found, strict=True):
        cells = (percent(one) if not mark or held(one) else f"**{percent(one)}**" for one in rates)
        yield (case.words, case.design.label, *cells)


def page(null: list[tuple[Rate, ...]], planted: list[tuple[Rate, ...]], *, tables: int, seed: int) -> str:
    """The page of the docs."""
    titles = tuple(rival.title for rival in RIVALS)
    head = ("simulated assistant", "design", *titles)
    by_rival = [[rates[index] for rates in null] for index in range(len(RIVALS))]
    keeps = [title for title, rates in zip(titles, by_rival, strict=True) if all(held(one) for one in rates)]
    loses = [
        f"{title} (up to {_worst(rates)}%)"
        for title, rates in zip(titles, by_rival, strict=True)
        if not all(held(one) for one in rates)
    ]
    said = (
        f"At most {100 * MOST:.0f}% in every line, give or take two Monte Carlo errors: {', '.join(keeps) or 'none'}."
    )
    if loses:
        said += f" More in at least one: {', '.join(loses)}."
    parts = (
        INTRODUCTION.format(versions=" and ".join(f"{name} {_version(name)}" for name in ("errorbars", "evalstats"))),
        "## False alarms\n",
        f"No gap is there. Share of {tables:,} tables (variational Bayes: {min(tables, SLOW_TABLES)}) with p < 0.05, "
        f"in %, with Monte Carlo errors; seed {seed}. Bold: above {100 * MOST:.0f}% by more than two errors.\n",
        table(head, list(_lines(NULL, null, mark=True))) + "\n",
        said + "\n",
        "## Power\n",
        "The gap is there, as large as the line says. The same share; it counts only for an analysis that keeps its "
        "level above.\n",
        table(head, list(_lines(PLANTED, planted, mark=False))) + "\n",
        CLOSING,
    )
    return "\n".join(parts)


INTRODUCTION = """# Level and power beside other analyses

Made by `python -m bench.level`; do not edit by hand. Packages: {versions}.

An audit asks the same items on behalf of matched users, one with an advantaged life and one with a disadvantaged one.
Is the gap between the two real? Other tools can be asked that question too, each in the ways in which a careful person
would hand it the table. All analyses below read the same simulated answers.

* **evenhand**: the test of the primary gap ([paired-gaps.md](paired-gaps.md)). Items and users are both samples.
* **errorbars**: `paired_compare`; pairs of answers without clusters, with items as clusters, with users as clusters.
* **evalstats**: `compare(factors="prompt")` with its default methods; pairs as items, or users as runs of an item.
* **published kind**: a binomial mixed model with a random intercept of items alone
  ([mixed-models.md](mixed-models.md)), by maximum likelihood and by variational Bayes.

Items differ in difficulty (SD 1.5 in log-odds). "Users react differently": the gap differs by user with an SD of 0.3 in
log-odds; "items react differently": by item, with 0.5; "very": 1.0. The mean gap is 0 all the same.
"""

CLOSING = """## How to read this

An analysis that counts one kind of unit answers a narrower question: whether the gap would be there for *these* items
and new users, or for *these* users and new items. For that question its rate is right. An audit speaks of users and
items that were not asked, and there the other kind of unit counts too. No package is wrong here; each is told less
than the design knows.

Clusters of items come nearest to our test and find a little more: in these audits items matter more than users do. They
leave out that users are a sample too, which shows a little where users react differently.

At temperature 0 two users get different answers only where memory moves one, so few pairs differ at all. A careful
test then says less often than 5 times in 100 that there is a gap where there is none.
"""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


def main(arguments: list[str] | None = None) -> bool:
    """Write the page; whether evenhand keeps its level in every line."""
    parser = argparse.ArgumentParser(prog="python -m bench.level", description=__doc__)
    parser.add_argument("--tables", type=int, default=TABLES, help="simulated tables per line")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--page", type=Path, default=PAGE, help="where to write the page")
    options = parser.parse_args(arguments or [])
    missing = [name for name in ("errorbars", "evalstats") if _version(name) == "(not installed)"]
    if missing:
        print(f"Not installed: {', '.join(missing)}; pip install 'evenhand[level]'.")
        return False
    found = []
    for case in (*NULL, *PLANTED):
        found.append(rejected(case, RIVALS, tables=options.tables, seed=options.seed))
        print(case.words, case.design.label, *(percent(one) for one in found[-1]), sep=" | ", flush=True)
    null, planted = found[: len(NULL)], found[len(NULL) :]
    options.page.write_text(page(null, planted, tables=options.tables, seed=options.seed), encoding="utf-8")
    return all(held(rates[0]) for rates in null)


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
