"""Criteria of validation from a file, and which of them an item does not meet."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from evenhand.bank.document import convert_document, parse_document, read_document
from evenhand.bank.rating.item_ratings import ItemRatings
from evenhand.errors import BankError
from evenhand.records.validation import Criteria

__all__ = ["criteria_text", "default_criteria", "read_criteria", "unmet_criteria"]


def criteria_text() -> str:
    """The commented criteria that hold when none are named."""
    return resources.files("evenhand.bank.rating").joinpath("criteria.yaml").read_text(encoding="utf-8")


def default_criteria() -> Criteria:
    """The criteria of `criteria_text`."""
    document = parse_document(criteria_text().encode(), source="criteria.yaml", error=BankError)
    return convert_document(document, Criteria, error=BankError)


def read_criteria(path: Path) -> Criteria:
    """The criteria in a file.

    Raises:
        BankError: The file cannot be read, names an unknown field, or a number is outside its range.
    """
    criteria = convert_document(read_document(path, error=BankError), Criteria, error=BankError)
    for field, low, high in (("share", 0.0, 1.0), ("lower_bound", 0.0, 1.0), ("sensitive", 0.0, 1.0)):
        value = getattr(criteria, field)
        if value is not None and not low <= value <= high:
            raise BankError(f"{str(path)!r}, field {field!r}: is {value!r}; give a share from 0 to 1")
    if not 0.0 < criteria.level < 1.0:
        raise BankError(f"{str(path)!r}, field 'level': is {criteria.level!r}; give a coverage between 0 and 1")
    if criteria.raters < 1:
        raise BankError(f"{str(path)!r}, field 'raters': is {criteria.raters!r}; give a number of people from 1")
    return criteria


def unmet_criteria(item: ItemRatings, criteria: Criteria) -> tuple[str, ...]:
    """Names of the criteria that an item does not meet; what was not asked of anybody is not met."""
    return tuple(_unmet(item, criteria))


def _unmet(item: ItemRatings, criteria: Criteria) -> Iterator[str]:
    key = item.key
    if key.people < criteria.raters:
        yield "raters"
    if key.share is None or key.share < criteria.share:
        yield "share"
    if key.low is None or key.low < criteria.lower_bound:
        yield "lower_bound"
    if criteria.most_chosen and not item.most_chosen:
        yield "most_chosen"
    if criteria.sensitive is not None and (
        item.sensitive.people < criteria.raters
        or item.sensitive.share is None
        or item.sensitive.share >= criteria.sensitive
    ):
        yield "sensitive"
