"""What `python:FILE.py:NAME` and `python:MODULE:NAME` stand for: a function, or an object that keeps memory itself."""

from __future__ import annotations

import hashlib
import inspect
import re
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Literal, NamedTuple, get_args

from evenhand.errors import EndpointError, near_miss
from evenhand.records.model_spec import SourceFile

__all__ = ["HOOKS", "Hook", "is_product", "load_target", "made", "target_sources"]

Hook = Literal["remember", "reply", "forget", "recall"]
HOOKS: tuple[Hook, ...] = get_args(Hook)
"""What an assistant with its own memory may have; all but `recall` it must have."""
_NEEDED: tuple[Hook, ...] = ("remember", "reply", "forget")
_FORM = "write python:MODULE:FUNCTION, or python:FILE.py:NAME"
_FILE = re.compile(r"(?P<path>.+\.py)(?::(?P<name>.*))?", re.DOTALL)
_IMPORT_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What a module of the user's may raise while it is imported."""


class _Place(NamedTuple):
    """A target taken apart."""

    module: str
    """Name of the module, or path of the file."""
    path: Path | None
    """The file; None for a module that is looked up by its name."""
    name: str
    """What is meant in it, dots allowed; empty for the module itself."""


def load_target(target: str) -> object:
    """What a target stands for; a module is looked up from the current directory first, as `python -m` does.

    A file is run once in a process, however often it is named, unless it changed.

    Raises:
        EndpointError: There is no such thing, or it cannot be imported.
    """
    place = _place(target)
    found: object = _module(place, target)
    for part in place.name.split(".") if place.name else ():
        if not hasattr(found, part):
            raise EndpointError(f"There is no {part!r} in {place.module!r}{near_miss(part, dir(found))}; {_FORM}.")
        found = getattr(found, part)
    return found


def is_product(found: object, target: str) -> bool:
    """Whether an object keeps memory itself: it has `remember`, and then `reply` and `forget` too.

    Raises:
        EndpointError: It has a part of them only, or is a module without any.
    """
    has = [hook for hook in _NEEDED if callable(getattr(found, hook, None))]
    if "remember" in has or "forget" in has:
        lacks = [hook for hook in _NEEDED if hook not in has]
        if lacks:
            raise EndpointError(
                f"'python:{target}' has {' and '.join(map(repr, has))} but no {lacks[0]!r}; an assistant with its own "
                "memory has remember(user, facts), reply(user, messages) and forget(user)."
            )
        return True
    if isinstance(found, ModuleType):
        raise EndpointError(
            f"'python:{target}' is a module without remember(user, facts), reply(user, messages) and forget(user); "
            f"for a function of the messages {_FORM}."
        )
    return False


def target_sources(target: str) -> tuple[SourceFile, ...]:
    """The file that a target is in, with its hash; none where the module has no file of Python.

    Raises:
        EndpointError: There is no such file or module.
    """
    place = _place(target)
    path = place.path
    if path is None:
        spec = _spec(place, target)
        if spec.origin is None or not spec.origin.endswith(".py"):
            return ()
        path = Path(spec.origin)
    return (SourceFile(name=place.module, sha256=hashlib.sha256(_bytes(path, target)).hexdigest()),)


def _place(target: str) -> _Place:
    file = _FILE.fullmatch(target)
    if file is not None:
        return _Place(file["path"], Path(file["path"]), file["name"] or "")
    module, mark, name = target.partition(":")
    if not module or (mark and not name):
        raise EndpointError(f"The assistant 'python:{target}' cannot be found; {_FORM}.")
    return _Place(module, None, name)


def _module(place: _Place, target: str) -> ModuleType:
    try:
        if place.path is not None:
            return _file_module(place.path, target)
        _look_from(Path.cwd())
        return import_module(place.module)
    except ModuleNotFoundError as error:
        raise _no_module(error.name, target) from error
    except _IMPORT_ERRORS as error:
        raise EndpointError(
            f"Importing {place.module!r} raised {type(error).__name__}: {error}; fix it and run again."
        ) from error


def _file_module(path: Path, target: str) -> ModuleType:
    """The module that a file is; its neighbours can be imported from it, as if it were started from the shell."""
    stamp = hashlib.sha256(str(path.resolve()).encode() + b"\0" + _bytes(path, target)).hexdigest()[:16]
    name = f"evenhand_assistant_{stamp}"
    if name in sys.modules:
        return sys.modules[name]
    _look_from(path.resolve().parent)
    spec = spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise EndpointError(f"{str(path)!r} is no file of Python; {_FORM}.")
    module = module_from_spec(spec)
    sys.modules[name] = module  # before it runs, as Python itself does: dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _spec(place: _Place, target: str) -> ModuleSpec:
    """Where a module is, found without running it (its packages are run)."""
    _look_from(Path.cwd())
    try:
        spec = find_spec(place.module)
    except ModuleNotFoundError as error:
        raise _no_module(error.name, target) from error
    except _IMPORT_ERRORS as error:
        raise EndpointError(
            f"Looking for {place.module!r} raised {type(error).__name__}: {error}; fix it and run again."
        ) from error
    if spec is None:
        raise _no_module(place.module, target)
    return spec


def _no_module(name: str | None, target: str) -> EndpointError:
    return EndpointError(
        f"No module {name!r} for the assistant 'python:{target}'; run from the directory that holds it, or install it."
    )


def _look_from(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _bytes(path: Path, target: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EndpointError(
            f"The file of the assistant 'python:{target}' cannot be read ({error.strerror or error}); check the path."
        ) from error


def made(found: object, target: str) -> object:
    """The object itself; of a class, one that is made without arguments.

    Raises:
        EndpointError: The class cannot be made so.
    """
    if not inspect.isclass(found):
        return found
    try:
        return found()
    except _IMPORT_ERRORS as error:
        raise EndpointError(
            f"Making 'python:{target}' without arguments raised {type(error).__name__}: {error}; name an object that "
            "is made already."
        ) from error
