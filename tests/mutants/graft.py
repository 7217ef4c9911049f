"""Puts a mutant in the place of a module, in a process that already holds the sound one.

A fault inside functions is put into the living functions, so that nothing is imported again. Any other fault (a
constant, a pattern, a default) needs the package to be imported anew.
"""

from __future__ import annotations

import functools
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import CodeType, FunctionType, ModuleType

__all__ = ["begin_anew", "changed_functions", "functions_of", "swaps_of"]

_MAKES_LOCALS = 0x2
"""Flag of the code of a function; the bodies of modules and classes have none."""
_FORGOTTEN = frozenset({"evenhand", "tests"})


def changed_functions(sound: str, mutant: str, path: str) -> dict[str, CodeType] | None:
    """Qualified name -> code of each function that differs; None where something else differs."""
    before, after = _contents(sound, path), _units(compile(mutant, path, "exec"))
    if before.keys() != after.keys():
        return None
    found: dict[str, CodeType] = {}
    for name, codes in after.items():
        if [_content(code) for code in codes] == before[name]:
            continue
        if len(codes) > 1 or not codes[0].co_flags & _MAKES_LOCALS:
            return None
        found[name] = codes[0]
    return found


def functions_of(path: str) -> list[FunctionType]:
    """The living functions of the module at `path`, wherever they are held."""
    return [one for one in gc.get_objects() if isinstance(one, FunctionType) and one.__code__.co_filename == path]


def swaps_of(functions: list[FunctionType], codes: dict[str, CodeType]) -> list[tuple[FunctionType, CodeType]] | None:
    """The functions with the code that each is to get; None where one cannot take it."""
    found: list[tuple[FunctionType, CodeType]] = []
    for function in functions:
        name, _, inner = function.__code__.co_qualname.partition(".<locals>.")
        if name not in codes:
            continue
        if inner or function.__code__.co_freevars != codes[name].co_freevars:
            return None
        found.append((function, codes[name]))
    return found if {function.__code__.co_qualname for function, _ in found} == codes.keys() else None


@functools.lru_cache(maxsize=32)
def _contents(source: str, path: str) -> dict[str, list[tuple[object, ...]]]:
    units = _units(compile(source, path, "exec"))
    return {name: [_content(code) for code in codes] for name, codes in units.items()}


def _units(code: CodeType) -> dict[str, list[CodeType]]:
    """The bodies of a module and its classes, and their functions, by qualified name."""
    found = {code.co_qualname: [code]}
    for part in code.co_consts:
        if not isinstance(part, CodeType):
            continue
        for name, codes in ({part.co_qualname: [part]} if part.co_flags & _MAKES_LOCALS else _units(part)).items():
            found.setdefault(name, []).extend(codes)
    return found


def _content(code: CodeType) -> tuple[object, ...]:
    """What a piece of code does, wherever it stands; of a body, without the functions in it."""
    return (
        code.co_code,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        code.co_flags,
        code.co_exceptiontable,
        tuple(_constant(part, code) for part in code.co_consts),
    )


def _constant(part: object, holder: CodeType) -> object:
    if isinstance(part, CodeType):
        return _content(part) if holder.co_flags & _MAKES_LOCALS else part.co_qualname
    return (type(part), sorted(map(repr, part)) if isinstance(part, frozenset) else repr(part))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, module: str, path: str) -> None:
        self._module, self._path = module, path

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_file_location(fullname, self._path) if fullname == self._module else None


def begin_anew(module: str, path: str) -> None:
    """Forget the package and the tests, so that the next import of `module` reads the source at `path`."""
    for name in [name for name in sys.modules if name.split(".")[0] in _FORGOTTEN]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder(module, path))
