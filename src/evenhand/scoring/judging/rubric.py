"""Rubrics: files that say what a judge rates."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Literal

from msgspec import Struct

from evenhand.bank.document import Document, convert_document, parse_document, read_document
from evenhand.errors import InputError, UsageError
from evenhand.records.rubric import Criterion

__all__ = ["MOST_CRITERIA", "load_rubric"]

MOST_CRITERIA = 12
_NAME = re.compile(r"[a-z][a-z_-]{1,30}")


class _Rubric(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema: Literal["evenhand.rubric/1"]
    criteria: tuple[Criterion, ...]


def load_rubric(path: Path | None = None) -> tuple[Criterion, ...]:
    """The criteria of a rubric file; None: the shipped one.

    Raises:
        InputError: The file cannot be read.
        UsageError: It has no criterion or too many, or names one twice or not in one word.
    """
    if path is None:
        data = (resources.files("evenhand.scoring.judging") / "rubric.yaml").read_bytes()
        return _checked(parse_document(data, source="rubric.yaml", error=InputError))
    return _checked(read_document(path, error=InputError))


def _checked(document: Document) -> tuple[Criterion, ...]:
    criteria = convert_document(document, _Rubric, error=InputError).criteria
    if not 1 <= len(criteria) <= MOST_CRITERIA:
        raise UsageError(f"{document.source!r} has {len(criteria)} criteria; 1 to {MOST_CRITERIA} are allowed")
    names = [criterion.id for criterion in criteria]
    for index, criterion in enumerate(criteria):
        if not _NAME.fullmatch(criterion.id):
            raise UsageError(f"{document.source!r} names the criterion {criterion.id!r}; use one word in lower case")
        if criterion.id in names[:index]:
            raise UsageError(f"{document.source!r} names the criterion {criterion.id!r} twice; rename one of them")
        if not criterion.question.strip():
            raise UsageError(
                f"{document.source!r}, criterion {criterion.id!r}: the question is empty; say what is rated"
            )
    return criteria
