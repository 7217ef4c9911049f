"""The rows of the calibration page about the primary test, its rivals, mixed models and level contrasts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.finished import Job, Lines
from bench.rows import inside, percent
from evenhand.seeds import stream
from evenhand.selftest.calibration import (
    SCENARIOS,
    Scenario,
    SimulatedPairs,
    calibrate_contrast,
    calibrate_mixed,
    calibrate_paired,
    rival_power,
)
from evenhand.selftest.ceiling import ITEM_SD, easiness_for
from evenhand.selftest.parts import pair_model

COMPLETE = SimulatedPairs(sets=30, items=33, per_item=30)
WIDE = SimulatedPairs(sets=60, items=240, per_item=60)
SPARSE = SimulatedPairs(sets=60, items=240, per_item=6)
SPARSEST = SimulatedPairs(sets=60, items=240, per_item=1)
SMALL = SimulatedPairs(sets=8, items=8, per_item=8)
FEW_SETS = SimulatedPairs(sets=5, items=60, per_item=5)
MARGIN = 0.03
NEAR = (0.55, 0.8, 0.9, 0.97, 0.995)
"""Accuracies over which the tests are to hold."""
LEVEL, COVERED = (0.035, 0.065), (0.935, 0.965)


def said(accuracy: float, *, copied: bool) -> str:
    return f"{100 * accuracy:g}% right, {'temperature 0' if copied else 'sampled'}"


def paired(n: int, seed: int) -> Iterator[Job]:
    for design, times in ((COMPLETE, 4), (SPARSE, 1), (SPARSEST, 1)):
        for scenario in SCENARIOS:
            make = partial(_paired, scenario, design, tables=times * n, seed=seed)
            yield Job(section="paired", name=f"{design.label}, {scenario.name}", tables=times * n, make=make)


def _paired(scenario: Scenario, design: SimulatedPairs, *, tables: int, seed: int) -> Lines:
    rng = stream(seed, "paired", design.label, scenario.name)
    result = calibrate_paired(scenario, design, simulations=tables, rng=rng)
    line = (
        result.design,
        result.scenario,
        percent(result.rejected),
        inside(result.rejected, *LEVEL),
        percent(result.covered),
        inside(result.covered, *COVERED),
        f"{100 * result.mean_se:.2f}",
        f"{100 * result.true_se:.2f}",
    )
    return (line,)


def small_designs(n: int, seed: int) -> Iterator[Job]:
    for design in (SMALL, FEW_SETS):
        for scenario in SCENARIOS:
            make = partial(_small, scenario, design, tables=n, seed=seed)
            yield Job(section="small", name=f"{design.label}, {scenario.name}", tables=n, make=make)


def _small(scenario: Scenario, design: SimulatedPairs, *, tables: int, seed: int) -> Lines:
    rng = stream(seed, "small", design.label, scenario.name)
    result = calibrate_paired(scenario, design, simulations=tables, rng=rng)
    return ((result.design, result.scenario, percent(result.rejected), percent(result.covered)),)


def paired_near(n: int, seed: int) -> Iterator[Job]:
    for design in (COMPLETE, SPARSE):
        for accuracy in NEAR:
            for copied in (False, True):
                make = partial(_paired_near, accuracy, design, copied=copied, tables=n, seed=seed)
                name = f"{design.label}, {said(accuracy, copied=copied)}"
                yield Job(section="paired-near", name=name, tables=n, make=make)


def _paired_near(accuracy: float, design: SimulatedPairs, *, copied: bool, tables: int, seed: int) -> Lines:
    rng = stream(seed, "paired near", design.label, str(accuracy), str(copied))
    scenario = Scenario(
        name="both do", intercept=easiness_for(accuracy), item=ITEM_SD, unit=0.0, unit_slope=0.3, item_slope=0.5
    )
    null = calibrate_paired(scenario, design, simulations=tables, rng=rng, copied=copied)
    edge = calibrate_paired(scenario, design, simulations=tables, rng=rng, copied=copied, gap=MARGIN)
    line = (
        design.label,
        said(accuracy, copied=copied),
        percent(null.rejected),
        inside(null.rejected, 0.0, 0.06),
        percent(null.covered),
        inside(null.covered, 0.93, 1.0),
        percent(edge.equivalent),
        inside(edge.equivalent, 0.0, 0.055),
        percent(edge.covered),
    )
    return (line,)


def equivalence(n: int, seed: int) -> Iterator[Job]:
    for design in (COMPLETE, WIDE):
        for scenario in SCENARIOS:
            make = partial(_equivalence, scenario, design, tables=n, seed=seed)
            yield Job(section="equivalence", name=f"{design.label}, {scenario.name}", tables=n, make=make)


def _equivalence(scenario: Scenario, design: SimulatedPairs, *, tables: int, seed: int) -> Lines:
    rng = stream(seed, "tost", design.label, scenario.name)
    result = calibrate_paired(scenario, design, simulations=tables, rng=rng, gap=MARGIN)
    line = (
        result.design,
        result.scenario,
        percent(result.equivalent),
        inside(result.equivalent, 0.0, 0.055),
        percent(result.covered),
        inside(result.covered, *COVERED),
    )
    return (line,)


def power(n: int, seed: int) -> Iterator[Job]:
    for gap in (0.03, 0.06):
        for scenario in SCENARIOS:
            make = partial(_power, scenario, gap, tables=n, seed=seed)
            yield Job(section="power", name=f"{100 * gap:.0f} points, {scenario.name}", tables=n, make=make)


def _power(scenario: Scenario, gap: float, *, tables: int, seed: int) -> Lines:
    rng = stream(seed, "power", str(gap), scenario.name)
    result = rival_power(scenario, COMPLETE, simulations=tables, rng=rng, gap=gap)
    sets, items = scenario.item_slope == 0, scenario.unit_slope == 0
    rivals = ((result.over_sets, sets), (result.over_items, items), (result.over_pairs, sets and items))
    valid = [rate.value for rate, kept in rivals if kept]
    line = (
        f"{100 * gap:.0f} points",
        scenario.name,
        percent(result.paired),
        *(percent(rate) if kept else "not valid" for rate, kept in rivals),
        f"{result.paired.value / max(valid):.2f}" if valid else "no rival is valid",
    )
    return (line,)


def mixed(n: int, seed: int) -> Iterator[Job]:
    for profile in (0.0, 0.15, 0.4):
        for replicates in (1, 10):
            make = partial(_mixed, profile, replicates, tables=n, seed=seed)
            yield Job(section="mixed", name=f"profile SD {profile}, {replicates} a cell", tables=n, make=make)


def _mixed(profile: float, replicates: int, *, tables: int, seed: int) -> Lines:
    scenario = Scenario(name=f"profile SD {profile}", unit=profile, item=1.3, intercept=1.0)
    rng = stream(seed, "mixed", str(profile), replicates)
    null, covered = calibrate_mixed(
        scenario, items=33, replicates=replicates, simulations=tables, rng=rng, model="crossed"
    )
    single, _ = calibrate_mixed(
        scenario, items=33, replicates=replicates, simulations=max(tables // 3, 4), rng=rng, model="item only"
    )
    published = "not run"
    if profile == 0.15:
        simulations = max(tables // (10 if replicates == 1 else 50), 4)
        rate, _ = calibrate_mixed(
            scenario,
            items=33,
            replicates=replicates,
            simulations=simulations,
            rng=rng,
            model="item only, variational Bayes",
        )
        published = percent(rate)
    line = (
        f"{profile}",
        f"{replicates}",
        percent(null),
        inside(null, *LEVEL),
        percent(covered),
        inside(covered, *COVERED),
        percent(single),
        published,
    )
    return (line,)


def pair_models(n: int, seed: int) -> Iterator[Job]:
    for slope in (0.0, 0.5, 1.0):
        make = partial(_pair_model, slope, tables=n, seed=seed)
        yield Job(section="pair-model", name=f"30 x 33, item slope SD {slope}", tables=n, make=make)


def _pair_model(slope: float, *, tables: int, seed: int) -> Lines:
    rng = stream(seed, "pair model", str(slope))
    found = pair_model(1.0, shape=(30, 33), item_slope=slope, simulations=tables, rng=rng)
    line = (
        "30 sets x 33 items",
        f"item slope SD {slope}",
        percent(found.rejected),
        inside(found.rejected, 0.025, 0.06),
        percent(found.covered),
        inside(found.covered, 0.93, 0.975),
        percent(found.fitted),
    )
    return (line,)


def contrasts(n: int, seed: int) -> Iterator[Job]:
    for items, fraction in ((33, 1), (120, 3), (120, 9)):
        for profile, slope in ((0.0, 0.0), (0.15, 0.0), (0.4, 0.0), (0.15, 0.5), (0.15, 1.0)):
            scenario = Scenario(name="contrast", unit=profile, item_slope=slope)
            data = f"profile SD {profile}, item slope SD {slope}"
            yield _contrast_job(scenario, items=items, fraction=fraction, data=data, n=n, seed=seed)
    for items, fraction in ((33, 1), (120, 9)):
        for accuracy in NEAR:
            for copied in (False, True):
                scenario = Scenario(name="near", intercept=easiness_for(accuracy), unit=0.15, item_slope=0.5)
                data = said(accuracy, copied=copied)
                yield _contrast_job(scenario, items=items, fraction=fraction, data=data, n=n, seed=seed, copied=copied)


def _contrast_job(
    scenario: Scenario, *, items: int, fraction: int, data: str, n: int, seed: int, copied: bool = False
) -> Job:
    design = f"{items} items, {81 // fraction} of 81 profiles each"
    make = partial(_contrast, scenario, (design, data), items=items, fraction=fraction, tables=n, seed=seed)
    if copied:
        make = partial(make, copied=True)
    return Job(section="contrasts", name=f"{design}, {data}", tables=n, make=make)


def _contrast(
    scenario: Scenario,
    words: tuple[str, str],
    *,
    items: int,
    fraction: int,
    tables: int,
    seed: int,
    copied: bool = False,
) -> Lines:
    near = scenario.name == "near"
    which = words if near else (items, fraction, str(scenario.unit), str(scenario.item_slope))
    rng = stream(seed, "contrast", *which)
    null, covered = calibrate_contrast(
        scenario, items=items, fraction=fraction, simulations=tables, rng=rng, copied=copied
    )
    # Near the ceiling answers that are all alike reject less often: that is no fault.
    low, high = (0.0, 1.0) if near else (LEVEL[0], COVERED[1])
    line = (
        *words,
        percent(null),
        inside(null, low, LEVEL[1]),
        percent(covered),
        inside(covered, COVERED[0], high),
    )
    return (line,)
