"""Which items a finished run found to react to who the user is (differential item functioning)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from evenhand.errors import InputError
from evenhand.records.findings import Findings
from evenhand.records.item import Bank

__all__ = ["ItemReaction", "sensitive_items"]

_TABLE = "item_functioning/"
_NEEDED = ("kind", "item", "factor", "level", "reference", "class", "sensitive")


class ItemReaction(Struct, frozen=True, kw_only=True):
    """One item in one comparison of one model."""

    item: str
    model: str
    factor: str
    level: str
    reference: str
    ets: str
    """Class of the Educational Testing Service: A negligible, B moderate, C large."""


def sensitive_items(findings: Findings, *, bank: Bank, models: Sequence[str] = ()) -> tuple[ItemReaction, ...]:
    """Items of a bank that the run marks as sensitive, in the order of the bank.

    Args:
        findings: Of a finished run.
        bank: Its items are looked for; a row is theirs when id and kind are.
        models: Models that count; none: all of the run.

    Raises:
        InputError: The run tested no items (of these models): too few profiles, or an analysis without that part.
    """
    tables = [table for table in findings.tables if table.id.startswith(_TABLE)]
    wanted = [table for table in tables if not models or table.id.removeprefix(_TABLE) in models]
    if not wanted:
        have = ", ".join(repr(table.id.removeprefix(_TABLE)) for table in tables)
        raise InputError(
            f"the findings have no table of item functioning for {', '.join(map(repr, models)) or 'any model'} "
            f"(there is one for: {have or 'none'}); analyse a run with more profiles an item"
        )
    place: dict[tuple[str, str], int] = {(item.kind, item.id): index for index, item in enumerate(bank.items)}
    found: dict[ItemReaction, int] = {}
    for table in wanted:
        for row in _rows(table):
            known = place.get((row["kind"], row["item"]))
            if known is not None and row["sensitive"] == "yes":
                found[_reaction(row, table)] = known
    return tuple(sorted(found, key=lambda reaction: found[reaction]))


def _rows(table: Table) -> list[dict[str, str]]:
    missing = [name for name in _NEEDED if name not in table.columns]
    if missing:
        raise InputError(
            f"table {table.id!r} of the findings has no column {missing[0]!r}; analyse the run again with this version"
        )
    return [dict(zip(table.columns, map(str, row), strict=True)) for row in table.rows]


def _reaction(row: dict[str, str], table: Table) -> ItemReaction:
    return ItemReaction(
        item=row["item"],
        model=table.id.removeprefix(_TABLE),
        factor=row["factor"],
        level=row["level"],
        reference=row["reference"],
        ets=row["class"],
    )
