"""One name, one thing: classes over the whole package, and the words that docs/words.md gives one meaning."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "evenhand"
FILES = sorted(PACKAGE.rglob("*.py"))
WORDS = (ROOT / "docs" / "words.md").read_text(encoding="utf-8")
NAMES = re.findall(r"^\| `(\w+)` \| (.+?) \| `([\w./]+)` \|$", WORDS.partition("## Names in the code")[2], re.MULTILINE)
RETIRED = re.findall(r"^\| ~~`(\w+)`~~ \| `(\w+)` \|", WORDS.partition("## Names that were given up")[2], re.MULTILINE)


@cache
def identifiers(path: Path) -> frozenset[str]:
    """Every name that a file defines: classes, functions, fields, arguments and variables."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
    return frozenset(found)


def test_no_class_name_stands_for_two_classes() -> None:
    where: dict[str, list[str]] = defaultdict(list)
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                where[node.name].append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert {name: places for name, places in where.items() if len(places) > 1} == {}


def test_the_page_lists_names() -> None:
    assert len(NAMES) >= 12
    assert len(RETIRED) >= 5
    assert len({name for name, _, _ in NAMES}) == len(NAMES)


@pytest.mark.parametrize(("name", "meaning", "place"), NAMES, ids=[name for name, _, _ in NAMES])
def test_a_listed_name_is_defined_where_the_page_says(name: str, meaning: str, place: str) -> None:
    assert name in identifiers(PACKAGE / place), f"{place} defines no {name!r} ({meaning})"


@pytest.mark.parametrize(("name", "instead"), RETIRED, ids=[name for name, _ in RETIRED])
def test_a_name_that_was_given_up_does_not_come_back(name: str, instead: str) -> None:
    users = [str(path.relative_to(PACKAGE)) for path in FILES if name in identifiers(path)]
    assert users == [], f"{name!r} has more than one meaning: write {instead!r}"
