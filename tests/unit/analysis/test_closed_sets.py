"""Constants of the analysis hold only names of the closed sets that they say they are of."""

from __future__ import annotations

import importlib
import pkgutil
import typing

import msgspec
import pytest

import evenhand.analysis

_NAMES = sorted(one.name for one in pkgutil.walk_packages(evenhand.analysis.__path__, "evenhand.analysis."))


def _constants(name: str) -> dict[str, object]:
    module = importlib.import_module(name)
    hints = typing.get_type_hints(module)
    stated = {constant: str(hint) for constant, hint in hints.items()}
    named = [one for one, hint in stated.items() if "Literal" in hint or "Quantity" in hint]
    return {one: hints[one] for one in named if "polars" not in stated[one]}


@pytest.mark.parametrize("name", [name for name in _NAMES if _constants(name)])
def test_a_constant_is_of_the_type_that_it_states(name: str) -> None:
    module = importlib.import_module(name)
    for constant, hint in _constants(name).items():
        value = getattr(module, constant)
        assert msgspec.convert(msgspec.to_builtins(value), type=hint, strict=True) == value, constant


def test_such_constants_are_found() -> None:
    found = {constant for name in _NAMES for constant in _constants(name)}
    assert {"_MARGINS", "_FOLLOW_THE_SCENE", "_WITHOUT_ANSWERS"} <= found
