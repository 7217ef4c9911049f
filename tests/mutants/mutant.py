"""Small faults planted into a module's source, one at a time.

A fault is a comparison turned round, `and` for `or`, a condition negated, a number off by one, a text that is another,
a result that is None, a call left out, or a regular expression with a look-around flipped, an anchor dropped or an
alternative missing. Docstrings, annotations, `__all__`, the words of an error and the `strict` of a zip are left alone:
nothing that can happen depends on them.
"""

from __future__ import annotations

import ast
import copy
import re
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

__all__ = ["Mutant", "mutants_of"]

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_RECKONED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
}
_LEFT_ALONE = (ast.Raise, ast.Import, ast.ImportFrom, ast.JoinedStr)
_SHOWN = 90
"""Characters of code in the name of a mutant."""
_FLIPS = {"(?!": "(?=", "(?=": "(?!", "(?<!": "(?<=", "(?<=": "(?<!"}


class Mutant(Struct, frozen=True):
    """A module with one fault in it."""

    line: int
    """Line of the sound source."""
    place: str
    """The function or class it is in; empty in the body of the module."""
    body: tuple[int, int] | None
    """First and last line of the body of the innermost function it is in."""
    fault: str
    """What was changed, in words."""
    change: str
    """The code before and after, cut to a readable length."""
    nth: int
    """How many mutants of the same place read the same and come earlier."""
    source: str
    """The whole source, with the fault."""

    @property
    def name(self) -> str:
        """What tells it from the other mutants of its module, wherever its line moves."""
        again = f" (no. {self.nth + 1})" if self.nth else ""
        return f"{self.place or 'module'}: {self.fault}: {self.change}{again}"


class _Place(Struct):
    """A node that may be changed, and where it hangs."""

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None
    """Its place in the field, where that holds several nodes."""
    function: str
    body: tuple[int, int] | None

    def put(self, node: ast.AST) -> None:
        """Hang another node there."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def mutants_of(source: str) -> list[Mutant]:
    """Every mutant of a source, in the order of its lines; those that read as before are left out."""
    tree = ast.parse(source)
    parts = [_written(part) for part in tree.body]
    read, again = set(enumerate(parts)), Counter[tuple[str, str, str]]()
    found: list[Mutant] = []
    at = 0
    for place in list(_places(tree, "", None)):
        at = place.index or 0 if place.parent is tree else at
        for fault, replacement in _changes(place.node):
            place.put(replacement)
            changed = _written(tree.body[at])
            place.put(place.node)
            if (at, changed) in read:
                continue
            read.add((at, changed))
            change = f"`{_shown(place.node)}` -> `{_shown(replacement)}`"
            key = (place.function, fault, change)
            line = getattr(place.node, "lineno", 0)
            whole = "\n".join([*parts[:at], changed, *parts[at + 1 :]])
            found.append(Mutant(line, place.function, place.body, fault, change, again[key], whole))
            again[key] += 1
    return sorted(found, key=lambda mutant: mutant.line)


def _written(part: ast.stmt) -> str:
    """The source of one part of a module."""
    return ast.unparse(ast.Module(body=[part], type_ignores=[]))


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 20]}...{text[-17:]}"


def _places(node: ast.AST, function: str, body: tuple[int, int] | None) -> Iterator[_Place]:
    """Nodes that may be changed, without those that nothing depends on."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        function = f"{function}.{node.name}".lstrip(".")
    inner = body
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inner = (node.body[0].lineno, node.end_lineno or node.lineno)
    for field, value in ast.iter_fields(node):
        several = isinstance(value, list)
        for index, child in enumerate(value if several else [value]):
            if not isinstance(child, ast.AST) or isinstance(child, _LEFT_ALONE) or _is_dead(node, child):
                continue
            within = inner if field == "body" else body
            yield _Place(child, node, field, index if several else None, function, within)
            yield from _places(child, function, within)


def _is_dead(parent: ast.AST, child: ast.AST) -> bool:
    """Docstrings, annotations, types of literals, decorators, base classes, `__all__`, and the `strict` of a zip."""
    if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
        return True
    if isinstance(child, ast.Assign) and any(isinstance(at, ast.Name) and at.id == "__all__" for at in child.targets):
        return True
    if isinstance(parent, ast.AnnAssign) and child is parent.annotation:
        return True
    if isinstance(child, ast.Subscript) and isinstance(child.value, ast.Name) and child.value.id == "Literal":
        return True
    if isinstance(parent, ast.arg) or (isinstance(child, ast.keyword) and child.arg == "strict"):
        return True
    if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and child in parent.decorator_list:
        return True
    if isinstance(parent, ast.ClassDef):
        return child in parent.bases or child in parent.keywords
    return isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and child is parent.returns


def _changes(node: ast.AST) -> list[tuple[str, ast.AST]]:
    """(what changes, what stands there instead) for one node."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARED:
        return [("comparison turned round", _with(node, ops=[_COMPARED[type(node.ops[0])](), *node.ops[1:]]))]
    if isinstance(node, ast.BoolOp):
        return [("and for or", _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And()))]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return [("not left out", node.operand)]
    if isinstance(node, ast.BinOp) and type(node.op) in _RECKONED:
        return [("other arithmetic", _with(node, op=_RECKONED[type(node.op)]()))]
    if isinstance(node, ast.If | ast.IfExp | ast.While) and isinstance(node.test, ast.Name | ast.Call | ast.Attribute):
        return [("condition negated", _with(node, test=ast.UnaryOp(ast.Not(), node.test)))]
    if isinstance(node, ast.Return) and node.value is not None and not _is_nothing(node.value):
        return [("no result", _with(node, value=ast.Constant(None)))]
    if isinstance(node, ast.Continue):
        return [("break for continue", ast.Break())]
    if isinstance(node, ast.AugAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return [("statement left out", ast.Pass())]
    return _constant_changes(node) if isinstance(node, ast.Constant) else []


def _constant_changes(node: ast.Constant) -> list[tuple[str, ast.AST]]:
    if isinstance(node.value, bool):
        return [("true for false", ast.Constant(not node.value))]
    if isinstance(node.value, int | float):
        return [("number off by one", ast.Constant(node.value + 1))]
    if isinstance(node.value, str) and node.value:
        changed = _patterns(node.value) if _is_pattern(node.value) else []
        return [(f"pattern {what}", ast.Constant(text)) for what, text in changed] or [
            ("another text", ast.Constant("XX" + node.value))
        ]
    return []


def _is_pattern(text: str) -> bool:
    return any(mark in text for mark in ("(?", "\\b", "\\s", "\\w", "\\d", "[^"))


def _patterns(text: str) -> list[tuple[str, str]]:
    """Regular expressions with one fault that still compile; templates that do not compile alone are left out."""
    found = [(f"flips {mark}", text.replace(mark, other, 1)) for mark, other in _FLIPS.items() if mark in text]
    found += [(f"drops {mark}", text.replace(mark, "", 1)) for mark in ("^", "\\b", "\\s*", "\\s+") if mark in text]
    if text.endswith("$"):
        found.append(("drops $", text[:-1]))
    for piece in re.findall(r"\|[\w '-]{3,}(?=\|)", text):
        found.append((f"drops {piece}", text.replace(piece, "", 1)))
    return [(what, changed) for what, changed in found if changed != text and _compiles(changed)]


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _is_nothing(node: ast.expr) -> bool:
    """None or False: a function that returns None in their place is read alike by every caller."""
    return isinstance(node, ast.Constant) and (node.value is None or node.value is False)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    twin = copy.copy(node)
    for name, value in fields.items():
        setattr(twin, name, value)
    return twin
