"""Every field of a record says what it holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import evenhand.records

FILES = sorted(Path(evenhand.records.__path__[0]).glob("*.py"))


def undocumented(code: str) -> Iterator[str]:
    """`Class.field` for each field that no string follows."""
    for record in ast.parse(code).body:
        if not isinstance(record, ast.ClassDef):
            continue
        for field, after in zip(record.body, [*record.body[1:], None], strict=True):
            told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and not told:
                yield f"{record.name}.{field.target.id}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_field_of_a_record_is_documented(path: Path) -> None:
    assert list(undocumented(path.read_text(encoding="utf-8"))) == []


def test_the_test_sees_a_field_without_words() -> None:
    assert list(undocumented('class A:\n    x: int\n    """What x is."""\n    y: int\n')) == ["A.y"]
