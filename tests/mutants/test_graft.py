"""A fault inside a function is put into the living function; any other fault is not."""

from __future__ import annotations

import functools
from types import FunctionType, ModuleType

import pytest

from tests.mutants.graft import changed_functions, functions_of, swaps_of

PATH = "/nowhere/grafted_example.py"
SOUND = """
LIMIT = 3
class Box:
    size = 2
    def twice(self):
        return [self.size * number for number in range(LIMIT)]
def outer(start):
    def inner(more):
        return start + more
    return inner
def plain(number=1):
    return number + 1
"""


def living() -> ModuleType:
    module = ModuleType("grafted_example")
    exec(compile(SOUND, PATH, "exec"), module.__dict__)
    return module


def put(mutant: str) -> bool:
    """Whether the fault could be put into the living functions, which are then changed."""
    codes = changed_functions(SOUND, mutant, PATH)
    functions = swaps_of(functions_of(PATH), codes) if codes is not None else None
    for function, code in functions or []:
        function.__code__ = code
    return functions is not None


def test_a_function_a_method_and_a_function_made_anew_are_changed_in_every_place_that_holds_them() -> None:
    module = living()
    held = functools.cache(module.plain)
    assert put(SOUND.replace("number + 1", "number - 1"))
    assert (held(5), module.plain(5)) == (4, 4)
    assert put(SOUND.replace("self.size * number", "self.size + number"))
    assert module.Box().twice() == [2, 3, 4]
    assert put(SOUND.replace("start + more", "start - more"))
    assert module.outer(5)(1) == 4


@pytest.mark.parametrize(
    ("before", "after"),
    [("LIMIT = 3", "LIMIT = 4"), ("size = 2", "size = 3"), ("number=1", "number=2"), ("def plain", "def other")],
)
def test_a_constant_a_default_and_a_name_need_a_new_import(before: str, after: str) -> None:
    module = living()
    assert not put(SOUND.replace(before, after))
    assert isinstance(module.plain, FunctionType)


def test_a_function_that_was_made_before_the_fault_cannot_take_it() -> None:
    made = living().outer(5)
    assert not put(SOUND.replace("start + more", "start - more"))
    assert made(1) == 6


def test_the_same_code_on_other_lines_is_no_change() -> None:
    assert changed_functions(SOUND, "\n\n" + SOUND, PATH) == {}
