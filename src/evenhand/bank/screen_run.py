"""Which items a finished run found to react to who the user is (differential item functioning)."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.errors import InputError
from evenhand.records.findings import Findings
from evenhand.records.item import Bank
from evenhand.records.results import ItemReaction

__all__ = ["sensitive_items"]


def sensitive_items(findings: Findings, *, bank: Bank, models: Sequence[str] = ()) -> tuple[ItemReaction, ...]:
    """Items of a bank that the run marks as sensitive, in the order of the bank.

    Args:
        findings: Of a finished run.
        bank: Its items are looked for; a reaction is theirs when id and kind are.
        models: Models that count; none: all of the run.

    Raises:
        InputError: The run tested no items (of these models): too few profiles, or an analysis without that part.
    """
    tested = {found.model for found in findings.findings if found.quantity.name == "sensitive_items"}
    wanted = tested & set(models) if models else tested
    if not wanted:
        have = ", ".join(map(repr, sorted(tested)))
        raise InputError(
            f"the findings test no items of {', '.join(map(repr, models)) or 'any model'} "
            f"(tested: {have or 'none'}); analyse a run with more profiles per item"
        )
    place = {(item.kind, item.id): index for index, item in enumerate(bank.items)}
    reacting = (one for one in findings.items if one.sensitive and one.model in wanted)
    found = {one: place[key] for one in reacting if (key := (one.kind, one.item)) in place}
    return tuple(sorted(found, key=lambda reaction: found[reaction]))
