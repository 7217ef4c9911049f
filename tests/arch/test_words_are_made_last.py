"""Ids, titles, labels and sentences are made last: nothing in the package takes one apart again."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "evenhand"
FILES = sorted(PACKAGE.rglob("*.py"))

OF_A_TEXT = frozenset(
    {
        *("split", "rsplit", "partition", "rpartition", "startswith", "endswith", "removeprefix", "removesuffix"),
        *("find", "rfind", "index"),
    }
)
"""Methods of a text that take it apart. With a composed word as argument they look it up in a list of ids."""
OF_A_PATTERN = frozenset({"match", "search", "findall", "finditer", "sub", "split"})
"""Methods of a pattern, or functions of `re`, that take their argument apart. `fullmatch` is not among them: it tells
whether an id has a permitted form, and takes nothing out of it."""
MADE_LAST = frozenset({"id", "title", "label", "estimand", "anchor", "caption", "sentence", "stream_name"})
"""Fields and properties that hold words for people or links."""
MAKERS = frozenset({"finding_id", "title_of", "estimand_of", "anchor_of", "arm_label", "variant_of", "column_name"})
"""Functions that compose such words."""


def composed(node: ast.expr, names: frozenset[str]) -> bool:
    """Whether an expression is a composed word: a field that holds one, a call that makes one, a name for either."""
    match node:
        case ast.Attribute(attr=attr):
            return attr in MADE_LAST
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)) if name in MAKERS:
            return True
        case ast.Call(func=ast.Attribute(value=value)) | ast.Subscript(value=value):
            return composed(value, names)
        case ast.Name(id=name):
            return name in names
        case _:
            return False


def bound(tree: ast.AST) -> frozenset[str]:
    """Local names that hold a composed word."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if composed(value, frozenset()):
                found.add(name)
            case ast.NamedExpr(target=ast.Name(id=name), value=value) if composed(value, frozenset()):
                found.add(name)
    return frozenset(found)


def read_back(code: str) -> Iterator[int]:
    """Lines on which a composed word is taken apart, or on which its making is compared with something."""
    tree = ast.parse(code)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for scope in (tree, *functions):
        names = frozenset() if scope is tree else bound(scope)
        for node in ast.walk(scope):
            match node:
                case ast.Call(func=ast.Attribute(value=value, attr=attr), args=args):
                    apart = attr in OF_A_TEXT and composed(value, names)
                    if apart or (attr in OF_A_PATTERN and any(composed(argument, names) for argument in args)):
                        yield node.lineno
                case ast.Compare(left=left, comparators=others):
                    if any(isinstance(side, ast.Call) and composed(side, frozenset()) for side in (left, *others)):
                        yield node.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_id_title_or_label_is_read_back(path: Path) -> None:
    assert [f"{path}:{line}" for line in sorted(set(read_back(path.read_text(encoding="utf-8"))))] == []


@pytest.mark.parametrize(
    "line",
    [
        'finding.id.rsplit("/", 1)',
        'finding.id.lower().split("/")',
        'finding_id(finding).startswith("gap")',
        'identity.finding_id(finding).partition("/")',
        're.search("cue=", finding.id)',
        "_CUE.search(finding.title)",
        'title_of(finding)[3:].split(" x ")',
        'table.title.startswith("Gap")',
        'finding_id(finding) == "gap/m"',
        '"answers" in finding_id(finding)',
    ],
)
def test_the_test_sees_what_reads_back(line: str) -> None:
    assert set(read_back(f"def f():\n    {line}\n")) == {2}


def test_the_test_sees_it_through_a_name_and_lets_other_texts_be() -> None:
    assert list(read_back('def f():\n    name = finding_id(finding)\n    return name.split("/")\n')) == [3]
    assert list(read_back('def f():\n    return path.name.split("/"), title_of(finding)[:1].upper()\n')) == []
    assert list(read_back("def f():\n    return [option.id for option in options].index(item.id)\n")) == []
    assert list(read_back("def f():\n    return grammar().sentence.finditer(text)\n")) == []
