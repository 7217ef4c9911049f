"""The walls of the house: DESIGN section 3, held by reading every import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "evenhand"
FILES = sorted(PACKAGE.rglob("*.py"))

FLOORS = (
    ("pytest_plugin",),
    ("pytest_audit",),
    ("cli",),
    ("selftest",),
    ("audit", "status"),
    ("view",),
    ("interop",),
    ("rundir",),
    ("cluster", "batched"),
    ("assistants",),
    ("pairwise", "measurement_table"),
    ("run", "head", "score_table", "train", "serve", "doctor"),
    ("plan",),
    ("store",),
    ("mitigate",),
    ("memory", "scoring", "analysis", "design", "report", "gate"),
    ("bank", "endpoints"),
    ("reading",),
    ("records", "seeds", "tabular", "toml_file"),
    ("plugins",),
    ("errors",),
)
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
RECORDS_AND_ERRORS = {"records", "errors"}
ONLY = {
    "run": {"plan", "store", "endpoints", "records", "errors"},
    "store": {"endpoints", "records", "errors"},
    "report": RECORDS_AND_ERRORS,
    "gate": RECORDS_AND_ERRORS | {"toml_file"},
    "analysis": {"records", "seeds", "tabular", "errors", "reading"},
    "reading": RECORDS_AND_ERRORS,
}
INNER_FLOORS = {"analysis": ("analyse", "findings", "estimators", "table")}
"""Rooms with walls of their own: what comes first may import what follows, never the other way round."""
NETWORK = ("aiohttp", "socket", "http", "urllib.request", "requests", "httpx")


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module imported anywhere in the file, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.module or "", node.lineno


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module_name(path: Path) -> str:
    parts = ["evenhand", *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    here = room(path)
    if here == "__init__":
        return
    assert here in FLOOR, f"{here!r} is no room of the house: name it in FLOORS or move it"
    for name, line in imports(path):
        if not name.startswith("evenhand"):
            continue
        assert name != "evenhand", f"{path}:{line}: no file inside the package imports its face"
        there = name.split(".")[1]
        if there != here:
            assert FLOOR[there] > FLOOR[here], f"{path}:{line}: {here} may not import {there}"
            allowed = ONLY.get(here)
            assert allowed is None or there in allowed, f"{path}:{line}: {here} may import only {sorted(allowed or ())}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_inside_a_room_go_down_only(path: Path) -> None:
    floors = INNER_FLOORS.get(room(path))
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    if floors is None or parts[1] == "__init__":
        return
    assert parts[1] in floors, f"{path}: name it in INNER_FLOORS or move it"
    for name, line in imports(path):
        if name.startswith(f"evenhand.{parts[0]}."):
            there = name.split(".")[2]
            assert floors.index(there) >= floors.index(parts[1]), f"{path}:{line}: {parts[1]} may not import {there}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_endpoints_and_what_serves_touch_the_network(path: Path) -> None:
    if room(path) in ("endpoints", "view", "serve"):
        return
    for name, line in imports(path):
        assert not any(name == outside or name.startswith(outside + ".") for outside in NETWORK), f"{path}:{line}"


def test_no_two_modules_import_each_other() -> None:
    names = {module_name(path) for path in FILES}
    graph = {
        module_name(path): {
            name if name in names else name.rpartition(".")[0]
            for name, _ in imports(path)
            if name.startswith("evenhand.")
        }
        & names
        for path in FILES
    }
    seen: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name in seen:
            return
        for other in sorted(graph[name] - {name}):
            visit(other, (*trail, name))
        seen[name] = 1

    for name in sorted(graph):
        visit(name, ())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_stay_within_their_limits(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 500, f"{path}: over 500 lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            assert size <= 80, f"{path}:{node.lineno}: {node.name} has {size} lines"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_faces_hold_no_code(path: Path) -> None:
    if path.name != "__init__.py":
        return
    allowed = (ast.Import, ast.ImportFrom, ast.Assign)
    for node in ast.parse(path.read_text(encoding="utf-8")).body[1:]:
        assert isinstance(node, allowed), f"{path}:{node.lineno}: code in a face"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_of_the_package_is_imported_for_types_only_or_swallowed(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            assert "evenhand" not in ast.unparse(node), f"{path}:{node.lineno}: imported for its types only"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{path}:{node.lineno}: bare except"
            assert not all(isinstance(line, ast.Pass) for line in node.body), f"{path}:{node.lineno}: swallowed"
