"""The page on reading answers says how many cases of each kind are tried and read rightly."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.support.answer_cases import as_read, cases

PAGE = Path(__file__).parents[2] / "docs" / "reading.md"


def table() -> str:
    tried: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for case in cases():
        tried[case.kind] += 1
        found = as_read(case)
        same = pytest.approx(case.expected, abs=0.0015) if isinstance(case.expected, list) else case.expected
        right[case.kind] += found == same
    rows = [f"| {kind.replace('-', ' ')} | {tried[kind]} | {right[kind]} |" for kind in sorted(tried)]
    total = f"| all | {sum(tried.values())} | {sum(right.values())} |"
    return "\n".join(["| Kind of reply | Tried | Read rightly |", "| --- | ---: | ---: |", *rows, total])


def test_the_table_of_kinds_is_what_the_cases_give() -> None:
    assert table() in PAGE.read_text(encoding="utf-8")
