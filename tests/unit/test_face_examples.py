"""Every public name has an example in its docstring, and every example of a docstring runs."""

from __future__ import annotations

import ast
import doctest
import importlib
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import pytest
from msgspec.structs import replace

import evenhand
from evenhand.design.presets import preset_design

PACKAGE = Path(evenhand.__file__).parent
HasDocstring = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def examples_in(tree: ast.Module | ast.ClassDef, before: str = "") -> Iterator[str]:
    """Qualified names of what has an example in its docstring."""
    for node in tree.body:
        if isinstance(node, HasDocstring):
            if ">>> " in (ast.get_docstring(node) or ""):
                yield before + node.name
            if isinstance(node, ast.ClassDef):
                yield from examples_in(node, f"{before}{node.name}.")


EXAMPLES = [
    (".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts), name)
    for path in sorted(PACKAGE.rglob("*.py"))
    for name in examples_in(ast.parse(path.read_text(encoding="utf-8")))
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `runs/example` is the run that the examples open."""
    folder = tmp_path_factory.mktemp("examples")
    design = replace(preset_design("quick"), kinds=("understanding",), pairs_per_item=1)
    request = evenhand.PlanRequest(models=("simulated/tilted",), preset="quick", design=design)
    evenhand.audit(request, folder / "runs" / "example", limits=evenhand.Limits(max_calls=300))
    return folder


def test_every_public_name_has_an_example() -> None:
    public = {name: getattr(evenhand, name) for name in evenhand.__all__}
    assert {name for name, value in public.items() if (value.__module__, name) not in EXAMPLES} == set()


@pytest.mark.parametrize(("module", "name"), EXAMPLES, ids=[name for _, name in EXAMPLES])
def test_an_example_runs(module: str, name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    described = attrgetter(name)(importlib.import_module(module))
    (example,) = doctest.DocTestFinder(recurse=False).find(described, name, globs={})
    assert not any(doctest.SKIP in part.options for part in example.examples)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    failed, _ = runner.run(example, out=said.append)
    assert failed == 0, "".join(said)
