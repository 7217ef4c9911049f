"""The rows of the calibration page that are near the ceiling: memory, rare reactions, items, cells, whole reports."""

from __future__ import annotations

from collections.abc import Iterator

from bench.rows import inside, percent, table
from evenhand.seeds import stream
from evenhand.selftest.ceiling import (
    Reaction,
    accuracy_coverage,
    cells_covered,
    items_flagged,
    memory_power,
    missing_where_it_reacts,
    null_memory,
    null_placebo,
    rare_reactions,
    reports_with_a_difference,
    stated_power,
)

NEAR = (0.55, 0.8, 0.9, 0.97, 0.995)
TO_6 = (0.0, 0.06)


def memory_null(n: int, seed: int) -> Iterator[tuple[str, ...]]:
    for shape, asked in (((111, 33, 1), 1.0), ((62, 33, 3), 1.0), ((111, 120, 1), 0.15)):
        for accuracy in NEAR:
            for copied in (False, True):
                rng = stream(seed, "memory", *shape, str(accuracy), str(copied))
                found = null_memory(accuracy, shape=shape, simulations=n, rng=rng, copied=copied, asked=asked)
                often = "once" if shape[2] == 1 else f"{shape[2]} times"
                yield (
                    f"{shape[0]} users x {shape[1]} items, none asked {often}"
                    + (f", {asked:.0%} of users per item" if asked < 1 else ""),
                    f"{100 * accuracy:g}% right, {'temperature 0' if copied else 'sampled'}",
                    percent(found.both),
                    percent(found.harm),
                    inside(found.harm, 0.0, 0.03),
                    percent(found.covered),
                )


def memory_power_rows(n: int, seed: int) -> Iterator[tuple[str, ...]]:
    for shape in ((111, 33, 1), (62, 33, 3)):
        for accuracy in (0.55, 0.65, 0.8):
            found = []
            for shift in (0.0, -0.7, -1.0):
                rng = stream(seed, "memory power", *shape, str(accuracy), str(shift))
                found.append(memory_power(accuracy, shape=shape, shift=shift, simulations=n, rng=rng))
            for shift, one in zip((0.7, 1.0), found[1:], strict=True):
                often = "once" if shape[2] == 1 else f"{shape[2]} times"
                yield (
                    f"{shape[0]} users x {shape[1]} items, none asked {often}",
                    f"{100 * accuracy:g}% right, harm of {shift:g} in log-odds",
                    percent(found[0].first),
                    percent(one.first),
                    percent(one.decided),
                    f"{one.decided.value / max(one.first.value, 1e-9):.2f}",
                )


PLACEBO_DESIGNS = ((4, None), (8, None), (15, 2))
"""Placebo arms, and how many of them an item meets; the last is the standard preset."""


def placebo_null(n: int, seed: int) -> Iterator[tuple[str, ...]]:
    for accuracy in (0.7, 0.97):
        for arms, per_item in PLACEBO_DESIGNS:
            for spread in ((0.0, 0.0), (0.15, 0.3), (0.3, 0.3), (0.0, 0.3)):
                found = []
                for shift, tables in ((0.0, n // 2), (0.3, n // 8)):
                    rng = stream(seed, "placebo", str(accuracy), arms, str(spread), str(shift))
                    found.append(
                        null_placebo(
                            accuracy,
                            shape=(101, 120, arms),
                            spread=spread,
                            simulations=max(tables, 4),
                            rng=rng,
                            shift=shift,
                            per_item=per_item,
                        )
                    )
                met = "" if per_item is None else f", {per_item} of them an item"
                yield (
                    f"101 x 120, {arms} placebo arms{met}, {100 * accuracy:g}% right",
                    f"profiles differ by {spread[0]}, placebo arms by {spread[1]}",
                    percent(found[0].both),
                    inside(found[0].both, 0.025, 0.06),
                    percent(found[0].covered),
                    percent(found[1].both),
                )


def rare(n: int, seed: int) -> Iterator[tuple[str, ...]]:
    cases = (
        (Reaction(who="items", share=0.03, size=1.0), (30, 33)),
        (Reaction(who="items", share=0.05, size=0.6), (60, 120)),
        (Reaction(who="items", share=0.1, size=0.3), (30, 33)),
        (Reaction(who="personas", share=0.05, size=0.6), (30, 120)),
        (Reaction(who="personas", share=0.05, size=0.6), (60, 120)),
        (Reaction(who="items", share=0.03, size=1.0), (60, 240)),
        (Reaction(who="personas", share=0.05, size=0.6), (62, 240)),
        (Reaction(who="items of some personas", share=0.22, size=0.6), (60, 120)),
    )
    for accuracy in (None, 0.97, 0.8):
        for reaction, shape in cases:
            rng = stream(seed, "rare", str(accuracy), reaction.who, str(reaction.share), *shape)
            wrong, right = rare_reactions(reaction, shape=shape, simulations=n, rng=rng, accuracy=accuracy)
            noise = "temperature 0" if accuracy is None else f"sampled, {100 * accuracy:g}% right"
            yield (
                f"{shape[0]} x {shape[1]}, {noise}",
                f"{100 * reaction.share:g}% of {reaction.who} by {100 * reaction.size:g} points",
                percent(wrong),
                inside(wrong, 0.0, 0.055),
                percent(right),
            )


def accuracies(n: int, seed: int) -> Iterator[tuple[str, ...]]:
    for accuracy in (*NEAR, 0.966):
        for copied in (False, True):
            rng = stream(seed, "accuracy", str(accuracy), str(copied))
            found = accuracy_coverage(accuracy, items=33, repeats=3, simulations=2 * n, rng=rng, copied=copied)
            said = "temperature 0" if copied else "sampled"
            yield (
                f"33 items, three repeats, {said}",
                f"{100 * accuracy:g}% right",
                percent(found),
                inside(found, 0.93, 0.97),
            )


def the_rest(n: int, seed: int) -> Iterator[tuple[str, ...]]:
    rng = stream(seed, "items")
    for reacting in (0, 2):
        wrong, found = items_flagged(groups=27, items=33, reacting=reacting, simulations=max(n // 2, 4), rng=rng)
        shown = f", reacting items found {percent(found)}" if reacting else ""
        yield "27 + 27 x 33", f"{reacting} items react: any other flagged{shown}", percent(wrong), inside(wrong, *TO_6)
    for items, interaction in ((33, 0.0), (33, -0.11)):
        whole, each, own = cells_covered(items=items, interaction=interaction, simulations=max(n // 10, 4), rng=rng)
        for what, found in (("all 81 cells at once", whole), ("a cell", each), ("a cell of the interaction", own)):
            yield f"81 x {items}, interaction {100 * interaction:g}", what, percent(found), inside(found, 0.93, 1.0)
    bias = missing_where_it_reacts(shape=(30, 33), simulations=n, rng=rng)
    yield (
        f"30 x 33, {100 * bias.missing:.0f}% missing, more where items react",
        f"bias {100 * bias.bias:+.1f} points (plain mean {100 * bias.plain_bias:+.1f}); coverage",
        percent(bias.covered),
        inside(bias.covered, 0.93, 0.97),
    )
    for accuracy in (0.65, 0.9):
        stated, found = stated_power(accuracy, simulations=max(n // 2, 4), rng=rng)
        yield (
            f"30 x 33, {100 * accuracy:g}% right",
            f"power at the stated smallest gap of {100 * stated:.1f} points (said: 80%)",
            percent(found),
            inside(found, 0.75, 0.85),
        )


def null_reports(n: int, seed: int) -> Iterator[tuple[str, ...]]:
    for easiness, said in ((1.4, "70% right"), (5.0, "97% right")):
        found = reports_with_a_difference(easiness, reports=max(n // 10, 4), seed=seed)
        design = f"12 sets, 81 profiles, 24 items, {said}"
        yield (
            design,
            "a difference in the confirmatory family",
            percent(found.confirmatory),
            inside(found.confirmatory, *TO_6),
        )
        yield (
            design,
            "a difference in the exploratory families",
            percent(found.exploratory),
            inside(found.exploratory, *TO_6),
        )
        yield design, "any difference (two families, each held at 5%)", percent(found.either), ""
        yield design, "tests called a difference", percent(found.tests), ""


def memory_section(n: int, seed: int) -> str:
    header = ("design", "data", "p < 0.05, %", "of them on the side of harm, %", "kept", "coverage, %")
    return table(header, memory_null(n, seed))


def memory_power_section(n: int, seed: int) -> str:
    header = ("design", "data", "null rate of the first test, %", "first test, %", "decision, %", "ratio")
    return table(header, memory_power_rows(max(n // 2, 4), seed))


def placebo_section(n: int, seed: int) -> str:
    header = ("design", "data", "p < 0.05, %", "kept", "coverage, %", "finds 0.3 in log-odds, %")
    return table(header, placebo_null(n, seed))


def rare_section(n: int, seed: int) -> str:
    header = (
        "design",
        "reaction",
        "called equivalent at the margin, %",
        "kept",
        "called equivalent where there is none, %",
    )
    return table(header, rare(n, seed))


def accuracies_section(n: int, seed: int) -> str:
    return table(("design", "data", "coverage of 95% intervals, %", "kept"), accuracies(n, seed))


def rest_section(n: int, seed: int) -> str:
    return table(("design", "what", "%", "kept"), the_rest(n, seed))


def reports_section(n: int, seed: int) -> str:
    return table(("design", "what", "%", "kept"), null_reports(n, seed))
