"""The rows of the calibration page that are near the ceiling: memory, rare reactions, items, cells, whole reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from bench.finished import Job, Lines
from bench.middling import NEAR, said
from bench.rows import inside, percent
from evenhand.seeds import stream
from evenhand.selftest.ceiling import (
    MemoryPower,
    NullReport,
    Reaction,
    accuracy_coverage,
    cells_covered,
    easiness_for,
    items_flagged,
    memory_power,
    missing_where_it_reacts,
    null_memory,
    null_placebo,
    null_report,
    rare_reactions,
    reports_with_a_difference,
    stated_power,
)
from evenhand.selftest.parts import items_found

TO_6 = (0.0, 0.06)
Shape = tuple[int, int, int]
STATED: tuple[Shape, ...] = ((30, 33, 30), (62, 300, 3), (12, 24, 12))
"""Matched sets, items, and sets of an item of the designs whose stated power is checked; the second is the standard
preset."""


def _shape_words(shape: Shape, *, asked: float = 1.0) -> str:
    often = "once" if shape[2] == 1 else f"{shape[2]} times"
    sparse = f", {asked:.0%} of users per item" if asked < 1 else ""
    return f"{shape[0]} users x {shape[1]} items, none asked {often}{sparse}"


def memory(n: int, seed: int) -> Iterator[Job]:
    shapes: tuple[tuple[Shape, float], ...] = (((111, 33, 1), 1.0), ((62, 33, 3), 1.0), ((111, 120, 1), 0.15))
    for shape, asked in shapes:
        for accuracy in NEAR:
            for copied in (False, True):
                name = f"{_shape_words(shape, asked=asked)}, {said(accuracy, copied=copied)}"
                make = partial(_memory, accuracy, shape, asked=asked, copied=copied, tables=n, seed=seed)
                yield Job(section="memory", name=name, tables=n, make=make)


def _memory(accuracy: float, shape: Shape, *, asked: float, copied: bool, tables: int, seed: int) -> Lines:
    rng = stream(seed, "memory", *shape, str(accuracy), str(copied))
    found = null_memory(accuracy, shape=shape, simulations=tables, rng=rng, copied=copied, asked=asked)
    line = (
        _shape_words(shape, asked=asked),
        said(accuracy, copied=copied),
        percent(found.both),
        percent(found.harm),
        inside(found.harm, 0.0, 0.03),
        percent(found.covered),
    )
    return (line,)


def memory_power_rows(n: int, seed: int) -> Iterator[Job]:
    for shape in ((111, 33, 1), (62, 33, 3)):
        for accuracy in (0.55, 0.65, 0.8):
            make = partial(_memory_power, accuracy, shape, tables=n, seed=seed)
            name = f"{_shape_words(shape)}, {100 * accuracy:g}% right"
            yield Job(section="memory-power", name=name, tables=n, make=make)


def _memory_power(accuracy: float, shape: Shape, *, tables: int, seed: int) -> Lines:
    null, *found = [
        memory_power(
            accuracy,
            shape=shape,
            shift=shift,
            simulations=tables,
            rng=stream(seed, "memory power", *shape, str(accuracy), str(shift)),
        )
        for shift in (0.0, -0.7, -1.0)
    ]
    return tuple(
        (
            _shape_words(shape),
            f"{100 * accuracy:g}% right, harm of {shift:g} in log-odds",
            percent(null.harm),
            percent(one.first),
            percent(one.decided),
            *_share_of_power(null, one),
        )
        for shift, one in zip((0.7, 1.0), found, strict=True)
    )


def _share_of_power(null: MemoryPower, found: MemoryPower) -> tuple[str, str]:
    """The ratio of the two powers, and whether the goal is met; a test that is not valid is no measure."""
    ratio = found.decided.value / max(found.first.value, 1e-9)
    if inside(null.harm, 0.0, 0.03) == "**no**":
        return f"{ratio:.2f}", "first test not valid"
    return f"{ratio:.2f}", "yes" if ratio >= 0.95 else "**no**"


PLACEBO_DESIGNS = ((4, None), (8, None), (15, 2))
"""Placebo arms, and how many of them an item meets; the last is the standard preset."""


def placebo(n: int, seed: int) -> Iterator[Job]:
    for accuracy in (0.7, 0.97):
        for arms, per_item in PLACEBO_DESIGNS:
            for spread in ((0.0, 0.0), (0.15, 0.3), (0.3, 0.3), (0.0, 0.3)):
                met = "" if per_item is None else f", {per_item} of them an item"
                words = (
                    f"101 x 120, {arms} placebo arms{met}, {100 * accuracy:g}% right",
                    f"profiles differ by {spread[0]}, placebo arms by {spread[1]}",
                )
                make = partial(_placebo, accuracy, (arms, per_item), spread, words, tables=n, seed=seed)
                yield Job(section="placebo", name=", ".join(words), tables=n, make=make)


def _placebo(
    accuracy: float,
    arms: tuple[int, int | None],
    spread: tuple[float, float],
    words: tuple[str, str],
    *,
    tables: int,
    seed: int,
) -> Lines:
    found = []
    for shift, number in ((0.0, tables), (0.3, max(tables // 4, 4))):
        rng = stream(seed, "placebo", str(accuracy), arms[0], str(spread), str(shift))
        found.append(
            null_placebo(
                accuracy,
                shape=(101, 120, arms[0]),
                spread=spread,
                simulations=number,
                rng=rng,
                shift=shift,
                per_item=arms[1],
            )
        )
    line = (
        *words,
        percent(found[0].both),
        inside(found[0].both, 0.025, 0.06),
        percent(found[0].covered),
        percent(found[1].both),
    )
    return (line,)


_REACTIONS = (
    (Reaction(who="items", share=0.03, size=1.0), (30, 33)),
    (Reaction(who="items", share=0.05, size=0.6), (60, 120)),
    (Reaction(who="items", share=0.1, size=0.3), (30, 33)),
    (Reaction(who="personas", share=0.05, size=0.6), (30, 120)),
    (Reaction(who="personas", share=0.05, size=0.6), (60, 120)),
    (Reaction(who="items", share=0.03, size=1.0), (60, 240)),
    (Reaction(who="personas", share=0.05, size=0.6), (62, 240)),
    (Reaction(who="items of some personas", share=0.22, size=0.6), (60, 120)),
)


def rare(n: int, seed: int) -> Iterator[Job]:
    for accuracy in (None, 0.55, 0.8, 0.9, 0.97, 0.995):
        for reaction, shape in _REACTIONS:
            noise = "temperature 0" if accuracy is None else f"sampled, {100 * accuracy:g}% right"
            words = (
                f"{shape[0]} x {shape[1]}, {noise}",
                f"{100 * reaction.share:g}% of {reaction.who} by {100 * reaction.size:g} points",
            )
            make = partial(_rare, accuracy, reaction, shape, words, tables=n, seed=seed)
            yield Job(section="rare", name=", ".join(words), tables=n, make=make)


def _rare(
    accuracy: float | None,
    reaction: Reaction,
    shape: tuple[int, int],
    words: tuple[str, str],
    *,
    tables: int,
    seed: int,
) -> Lines:
    rng = stream(seed, "rare", str(accuracy), reaction.who, str(reaction.share), *shape)
    wrong, right = rare_reactions(reaction, shape=shape, simulations=tables, rng=rng, accuracy=accuracy)
    return ((*words, percent(wrong), inside(wrong, 0.0, 0.055), percent(right)),)


def accuracies(n: int, seed: int) -> Iterator[Job]:
    for accuracy in (*NEAR, 0.966):
        for copied in (False, True):
            make = partial(_accuracy, accuracy, copied=copied, tables=2 * n, seed=seed)
            yield Job(section="accuracies", name=said(accuracy, copied=copied), tables=2 * n, make=make)


def _accuracy(accuracy: float, *, copied: bool, tables: int, seed: int) -> Lines:
    rng = stream(seed, "accuracy", str(accuracy), str(copied))
    found = accuracy_coverage(accuracy, items=33, repeats=3, simulations=tables, rng=rng, copied=copied)
    return (("33 items, three repeats", said(accuracy, copied=copied), percent(found), inside(found, 0.93, 0.97)),)


def the_rest(n: int, seed: int) -> Iterator[Job]:
    for accuracy in (0.55, 0.7, 0.8, 0.9, 0.97):
        for reacting in (0, 2):
            make = partial(_items, accuracy, reacting, tables=n, seed=seed)
            yield Job(section="rest", name=f"items {accuracy} {reacting}", tables=n, make=make)
    for per_item in (3, 20):
        make = partial(_planted, per_item, tables=n, seed=seed)
        yield Job(section="rest", name=f"items planted {per_item:02d}", tables=n, make=make)
    for accuracy in (0.7, 0.97):
        for interaction in (0.0, -0.11):
            for items, per_item in ((33, 81), (300, 20)):
                make = partial(_cells, accuracy, interaction, (items, per_item), tables=n, seed=seed)
                name = f"cells {accuracy} {interaction} {items} {per_item}"
                yield Job(section="rest", name=name, tables=n, make=make)
    for shape in ((30, 33), (60, 120)):
        make = partial(_missing, shape, tables=n, seed=seed)
        yield Job(section="rest", name=f"missing {shape[0]} {shape[1]}", tables=n, make=make)
    for design in STATED:
        for accuracy in (0.65, *NEAR):
            make = partial(_stated, accuracy, design, tables=n, seed=seed)
            name = f"stated power {accuracy} {design[0]} {design[1]} {design[2]}"
            yield Job(section="rest", name=name, tables=n, make=make)


def _items(accuracy: float, reacting: int, *, tables: int, seed: int) -> Lines:
    rng = stream(seed, "items", str(accuracy), reacting)
    wrong, found = items_flagged(groups=27, items=33, reacting=reacting, simulations=tables, rng=rng, accuracy=accuracy)
    shown = f", reacting items found {percent(found)}" if reacting else ""
    words = (f"27 + 27 x 33, {100 * accuracy:g}% right", f"{reacting} items react: any other flagged{shown}")
    return ((*words, percent(wrong), inside(wrong, *TO_6)),)


def _planted(per_item: int, *, tables: int, seed: int) -> Lines:
    rng = stream(seed, "items planted", per_item)
    found = items_found(items=300, reacting=10, sets=62, sets_per_item=per_item, simulations=tables, rng=rng)
    design = f"62 sets x 300 items, {per_item} of them an item"
    if found.untestable.value == 1.0:
        return ((design, "10 items react by 96 points: not testable, and said to be", percent(found.untestable), ""),)
    return (
        (design, "10 items react by 96 points: found", percent(found.found), inside(found.found, 0.8, 1.0)),
        (design, "10 items react by 96 points: any other flagged", percent(found.others), inside(found.others, *TO_6)),
    )


def _cells(accuracy: float, interaction: float, shape: tuple[int, int], *, tables: int, seed: int) -> Lines:
    items, per_item = shape
    rng = stream(seed, "cells", str(accuracy), str(interaction), *shape)
    whole, each, own = cells_covered(
        items=items, interaction=interaction, simulations=tables, rng=rng, accuracy=accuracy, per_item=per_item
    )
    met = "" if per_item == 81 else f", {per_item} of them an item"
    design = f"81 x {items}{met}, {100 * accuracy:g}% right, interaction {100 * interaction:g}"
    kinds = (("all 81 cells at once", whole), ("a cell", each), ("a cell of the interaction", own))
    return tuple((design, what, percent(found), inside(found, 0.93, 1.0)) for what, found in kinds)


def _missing(shape: tuple[int, int], *, tables: int, seed: int) -> Lines:
    bias = missing_where_it_reacts(shape=shape, simulations=tables, rng=stream(seed, "missing", *shape))
    line = (
        f"{shape[0]} x {shape[1]}, {100 * bias.missing:.0f}% missing, more where items react",
        f"bias {100 * bias.bias:+.1f} points (plain mean {100 * bias.plain_bias:+.1f}); coverage",
        percent(bias.covered),
        inside(bias.covered, 0.93, 0.97),
    )
    return (line,)


def _stated(accuracy: float, shape: Shape, *, tables: int, seed: int) -> Lines:
    rng = stream(seed, "stated power", str(accuracy), *shape)
    stated = stated_power(accuracy, simulations=tables, rng=rng, shape=shape)
    met = "" if shape[2] == shape[0] else f", {shape[2]} of them an item"
    line = (
        f"{shape[0]} x {shape[1]}{met}, {100 * accuracy:g}% right",
        f"power at the stated smallest gap of {100 * stated.gap:.1f} points (said: 80%)",
        percent(stated.found),
        inside(stated.found, 0.72, 0.88),
    )
    return (line,)


def null_reports(n: int, seed: int) -> Iterator[Job]:
    for accuracy in (0.97, 0.7, 0.55, 0.8, 0.9, 0.995):
        number = max(n // 5, 4)
        make = partial(_null_reports, accuracy, tables=number, seed=seed)
        yield Job(section="reports", name=f"{100 * accuracy:g}% right", tables=number, make=make)


def _null_reports(accuracy: float, *, tables: int, seed: int) -> Lines:
    easiness = easiness_for(accuracy)
    return report_lines(accuracy, [null_report(easiness, index=index, seed=seed) for index in range(tables)])


def report_lines(accuracy: float, reports: Sequence[NullReport]) -> Lines:
    """The lines of a row of whole reports."""
    found = reports_with_a_difference(reports)
    design = f"12 sets, 81 profiles, 24 items, {100 * accuracy:g}% right"
    families = (("confirmatory family", found.confirmatory), ("exploratory families", found.exploratory))
    return (
        *((design, f"a difference in the {what}", percent(one), inside(one, *TO_6)) for what, one in families),
        (design, "any difference (two families, each held at 5%)", percent(found.either), ""),
        (design, "tests called a difference", percent(found.tests), ""),
    )
