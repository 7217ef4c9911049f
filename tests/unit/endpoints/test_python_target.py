from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from evenhand.endpoints.python_target import is_product, load_target, made, target_sources
from evenhand.errors import EndpointError

APP = """
from dataclasses import dataclass
import neighbour_of_a_test

@dataclass
class App:
    loud: bool = neighbour_of_a_test.LOUD
    def remember(self, user, facts): ...
    def reply(self, user, messages): return "A"
    def forget(self, user): ...

class Half:
    def remember(self, user, facts): ...
    def reply(self, user, messages): return "A"

class Needy(App):
    def __init__(self, key): ...

def reply(messages): return "A"
app = App()
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "neighbour_of_a_test.py").write_text("LOUD = True\n", encoding="utf-8")
    file = tmp_path / "my app.py"
    file.write_text(APP, encoding="utf-8")
    return file


def test_a_file_is_loaded_with_its_neighbours_and_once(app: Path) -> None:
    first = load_target(f"{app}:app")
    assert first is load_target(f"{app}:app")
    assert is_product(first, "x") and not is_product(load_target(f"{app}:reply"), "x")


def test_a_changed_file_is_loaded_anew(app: Path) -> None:
    first = load_target(f"{app}:reply")
    app.write_text(APP.replace('"A"', '"B"'), encoding="utf-8")
    second = load_target(f"{app}:reply")
    assert callable(first) and callable(second) and (first([]), second([])) == ("A", "B")


def test_a_class_is_made_and_a_module_may_be_the_product(app: Path, tmp_path: Path) -> None:
    cls = load_target(f"{app}:App")
    assert is_product(cls, "x") and type(made(cls, "x")) is cls
    module = tmp_path / "whole.py"
    module.write_text("def remember(u, f): ...\ndef forget(u): ...\ndef reply(u, m): return 'A'\n", encoding="utf-8")
    assert is_product(load_target(str(module)), "x")


def test_the_source_is_the_file_with_its_hash(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = target_sources(f"{app}:app")
    assert (source.name, source.sha256) == (str(app), hashlib.sha256(app.read_bytes()).hexdigest())
    monkeypatch.chdir(app.parent)
    (by_name,) = target_sources("neighbour_of_a_test:LOUD")
    assert by_name.name == "neighbour_of_a_test"
    assert by_name.sha256 == hashlib.sha256(b"LOUD = True\n").hexdigest()
    assert target_sources("sys:exit") == ()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("{app}:Half", "has 'remember' and 'reply' but no 'forget'"),
        ("{app}:Needy", "without arguments raised TypeError"),
        ("{app}", "is a module without remember"),
        ("{app}:Apps", "did you mean 'App'"),
        ("{folder}/none.py:App", "cannot be read"),
        (":App", "python:FILE.py:NAME"),
        ("module:", "python:FILE.py:NAME"),
    ],
)
def test_what_cannot_be_meant_is_refused(app: Path, target: str, said: str) -> None:
    written = target.format(app=app, folder=app.parent)
    with pytest.raises(EndpointError, match=said):
        found = load_target(written)
        is_product(found, written)
        made(found, written)


def test_a_file_that_fails_leaves_no_half_module_behind(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("x = 1\nraise RuntimeError('no config')\n", encoding="utf-8")
    before = set(sys.modules)
    for _ in range(2):
        with pytest.raises(EndpointError, match="raised RuntimeError: no config"):
            load_target(f"{file}:x")
    assert not {name for name in set(sys.modules) - before if name.startswith("evenhand_assistant")}
