"""Is the bank even: over positions, emotions, contexts and difficulties; and can the key be told from the options?"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from evenhand.bank.appraisal import EMOTIONS, appraisal_distance
from evenhand.bank.lint_record import Lint, Rule
from evenhand.records.item import Bank, Item, ItemKind

__all__ = ["lint_balance"]

_ENOUGH: Final = 20
"""Below so many items shares say little."""
_POINTS: Final = 0.05
_STANDARD_ERRORS: Final = 3.0
_TELLING: Final = 0.6
_SHOWN: Final = 5


def lint_balance(bank: Bank) -> Iterator[Lint]:
    """Rules `position`, `balance`, `longest_key`, `central_key`, `option_frequency`, for each kind by itself.

    Ratings choose nothing, so for them only positions and levels are looked at; items answered in writing have no key.
    """
    kinds: dict[ItemKind, list[Item]] = defaultdict(list)
    for item in bank.items:
        if item.options:
            kinds[item.kind].append(item)
    for kind, items in kinds.items():
        if len(items) >= _ENOUGH:
            yield from _positions(kind, items)
            yield from _levels(kind, items)
        if len(items) >= _ENOUGH and kind != "intensity":
            yield from _longest(kind, items)
            yield from _central(kind, items)
            yield from _frequencies(kind, items)


def _uneven(share: float, expected: float, count: int) -> bool:
    """Whether a share is off by more than chance and more than a little."""
    error = math.sqrt(expected * (1 - expected) / count)
    return abs(share - expected) > max(_POINTS, _STANDARD_ERRORS * error)


def _positions(kind: ItemKind, items: Sequence[Item]) -> Iterator[Lint]:
    by_count: dict[int, Counter[int]] = defaultdict(Counter)
    for item in items:
        by_count[len(item.options)][item.key_position] += 1
    for options, positions in by_count.items():
        total = positions.total()
        for position in range(options):
            share = positions[position] / total
            if total >= _ENOUGH and _uneven(share, 1 / options, total):
                message = (
                    f"{kind}: the key is in position {position + 1} of {options} in {share:.0%} of {total} items "
                    f"(even: {1 / options:.0%}); deal the options again"
                )
                yield Lint(severity="warning", rule="position", field="options", message=message)


def _levels(kind: ItemKind, items: Sequence[Item]) -> Iterator[Lint]:
    for field, values in (
        ("key emotion", [_emotion(item) for item in items]),
        ("context", [item.context for item in items]),
        ("difficulty", [item.difficulty for item in items]),
    ):
        counts = Counter(value for value in values if value is not None)
        for level, count in counts.items():
            if count < 0.5 * counts.total() / len(counts):
                message = (
                    f"{kind}: {field} {level!r} has {count} of {counts.total()} items, less than half of an even share "
                    f"of {counts.total() / len(counts):.0f}; add some, or say less about that level"
                )
                yield Lint(severity="note", rule="balance", field=field, message=message)


def _emotion(item: Item) -> str | None:
    return next((option.emotion for option in item.options if option.id == item.key), None)


def _longest(kind: ItemKind, items: Sequence[Item]) -> Iterator[Lint]:
    """Picking the longest option must not beat chance."""
    picks = [(item, [-len(option.text) for option in item.options]) for item in items]
    yield from _beats_chance(picks, kind=kind, rule="longest_key", pick="the longest option", remedy="even out lengths")


def _central(kind: ItemKind, items: Sequence[Item]) -> Iterator[Lint]:
    """Picking the emotion that is nearest to all the others must not beat chance either.

    Distractors chosen as neighbours of the key alone would put the key in their middle.
    """
    picks = []
    for item in items:
        emotions = [option.emotion for option in item.options if option.emotion in EMOTIONS]
        if len(emotions) == len(item.options):
            picks.append((item, [sum(appraisal_distance(one, two) for two in emotions) for one in emotions]))
    yield from _beats_chance(
        picks, kind=kind, rule="central_key", pick="the emotion nearest to the others", remedy="vary the distractors"
    )


def _beats_chance(
    picks: Sequence[tuple[Item, Sequence[int]]], *, kind: ItemKind, rule: Rule, pick: str, remedy: str
) -> Iterator[Lint]:
    """Whether picking the option of the lowest value is right too often; ties count in proportion."""
    if len(picks) < _ENOUGH:
        return
    hits = 0.0
    for item, values in picks:
        best = [option.id for option, value in zip(item.options, values, strict=True) if value == min(values)]
        hits += (item.key in best) / len(best)
    share = hits / len(picks)
    expected = sum(1 / len(item.options) for item, _ in picks) / len(picks)
    if share > expected and _uneven(share, expected, len(picks)):
        message = (
            f"{kind}: picking {pick} is right in {share:.0%} of {len(picks)} items (chance: {expected:.0%}); {remedy}"
        )
        yield Lint(severity="warning", rule=rule, field="options", message=message)


def _frequencies(kind: ItemKind, items: Sequence[Item]) -> Iterator[Lint]:
    shown: Counter[str] = Counter()
    keyed: Counter[str] = Counter()
    for item in items:
        for option in item.options:
            text = " ".join(option.text.split()).casefold()
            shown[text] += 1
            keyed[text] += option.id == item.key
    for text, count in shown.items():
        if count >= _SHOWN and keyed[text] / count >= _TELLING:
            message = (
                f"{kind}: option {text!r} is the key in {keyed[text]} of the {count} items that offer it; "
                "offer it as a distractor as well"
            )
            yield Lint(severity="warning", rule="option_frequency", field="options", message=message)
