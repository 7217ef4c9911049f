"""Every public name has an example in its docstring, and every example runs."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

import evenhand
from evenhand.design.presets import preset_design


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `runs/example` is the run that the examples open."""
    folder = tmp_path_factory.mktemp("examples")
    design = replace(preset_design("quick"), kinds=("understanding",), pairs_per_item=1)
    request = evenhand.PlanRequest(models=("simulated/tilted",), preset="quick", design=design)
    evenhand.audit(request, folder / "runs" / "example", limits=evenhand.Limits(max_calls=300))
    return folder


def examples(name: str) -> Iterator[doctest.DocTest]:
    yield from doctest.DocTestFinder(recurse=False).find(getattr(evenhand, name), name, globs={})


@pytest.mark.parametrize("name", evenhand.__all__)
def test_the_example_of_a_public_name_runs(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    (example,) = examples(name)
    assert example.examples, f"{name} has no example"
    assert not any(doctest.SKIP in part.options for part in example.examples)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    failed, _ = runner.run(example, out=said.append)
    assert failed == 0, "".join(said)
