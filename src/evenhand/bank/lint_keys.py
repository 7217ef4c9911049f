"""Does the key hold? By the appraisal rule for understanding items, by weight and rationale for management items."""

from __future__ import annotations

from collections.abc import Iterator

from evenhand.bank.appraisal import EMOTIONS, compatible, keyed_emotion
from evenhand.bank.lint_record import Lint
from evenhand.bank.rating_order import rating_order
from evenhand.errors import BankError
from evenhand.records.item import Appraisal, Bank, Item

__all__ = ["lint_keys"]


def lint_keys(bank: Bank) -> Iterator[Lint]:
    """Rules `key` and `rationale`; items about feelings without an appraisal (imported ones) are passed over."""
    for item in bank.items:
        if item.kind in ("understanding", "intensity") and item.appraisal is not None:
            yield from _derived(item, item.appraisal)
            yield from _ordered(item)
        elif item.kind == "management":
            yield from _weighed(item)


def _derived(item: Item, appraisal: Appraisal) -> Iterator[Lint]:
    try:
        derived = keyed_emotion(appraisal)
    except BankError as cause:
        yield Lint(severity="error", rule="key", item=item.id, field="appraisal", message=str(cause))
        return
    for option in item.options:
        if option.emotion not in EMOTIONS:
            message = f"option {option.id!r} names {option.emotion!r}; the rule knows {', '.join(EMOTIONS)}"
            yield Lint(severity="warning", rule="key", item=item.id, field="options", message=message)
        elif option.id == item.key and option.emotion != derived:
            message = f"the appraisal fixes {derived!r}, but the key says {option.emotion!r}; correct one of the two"
            yield Lint(severity="error", rule="key", item=item.id, field="key", message=message)
        elif option.id != item.key and compatible(appraisal, option.emotion):
            message = f"distractor {option.emotion!r} fits the appraisal as well; choose another"
            yield Lint(severity="error", rule="key", item=item.id, field="options", message=message)


def _ordered(item: Item) -> Iterator[Lint]:
    """The order of ratings must be the one that the key and the valences give."""
    emotions = [option.emotion for option in item.options]
    if item.order is None or not all(emotion in EMOTIONS for emotion in emotions):
        return
    derived = rating_order(item)
    if (item.order.above, item.order.low) != (derived.above, derived.low):
        message = f"the valences put {derived.above} below the key and {derived.low} low; correct the order"
        yield Lint(severity="error", rule="key", item=item.id, field="order", message=message)


def _weighed(item: Item) -> Iterator[Lint]:
    weights = [option.weight for option in item.options if option.weight is not None]
    if weights and weights.count(max(weights)) > 1:
        message = f"{weights.count(max(weights))} options share the highest weight {max(weights):g}; make one the best"
        yield Lint(severity="warning", rule="key", item=item.id, field="options", message=message)
    for option in item.options:
        missing = [name for name in ("strategy", "rationale") if not getattr(option, name)]
        if missing:
            message = f"option {option.id!r} has no {' and no '.join(missing)}; reports by kind of advice leave it out"
            yield Lint(severity="note", rule="rationale", item=item.id, field="options", message=message)
