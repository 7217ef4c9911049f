"""Records as they were stated once: the same table and seed give the same record in every version.

Records are kept in `stated_records/FILE.json`, each on a line. Numbers may differ by what another processor's
linear algebra gives; texts may not differ. A change that means to move a record writes it anew:
`EVENHAND_UPDATE_STATED=1 pytest -n 0 TESTS`, and the difference of the files shows what moved.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

__all__ = ["CLOSE", "SEARCHED", "assert_stated"]

FOLDER = Path(__file__).with_name("stated_records")
CLOSE = 1e-8
"""Relative and absolute difference that another processor may make."""
SEARCHED = 2e-5
"""The same of numbers at which a search for the highest likelihood ends."""
_DIGITS = 9


def assert_stated(file: str, name: str, value: object, *, within: float = CLOSE) -> None:
    """Fail where a record, or several, are not as they were stated; the message says what moved.

    Args:
        file: Name of the file, without its ending.
        name: Name of the record within it.
        value: The record.
        within: How close its numbers must be.
    """
    now = msgspec.to_builtins(value, str_keys=True, enc_hook=_plain)
    path = FOLDER / f"{file}.json"
    if os.environ.get("EVENHAND_UPDATE_STATED"):
        kept = msgspec.json.decode(path.read_bytes(), type=dict[str, Any]) if path.exists() else {}
        kept[name] = _rounded(now)
        lines = ",\n".join(f"{_json(key)}: {_json(kept[key])}" for key in sorted(kept))
        path.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    then = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])[name]
    moved = list(_moved(now, then, at="", within=within))
    assert not moved, (file, name, moved[:5])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _plain(value: Any) -> object:
    """Arrays of numpy as lists."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise NotImplementedError(f"a record holds {value!r}, of a type that is not stored")


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value


def _moved(now: object, then: object, *, at: str, within: float) -> Iterator[tuple[str, object, object]]:
    """(where, now, then) of every part that differs."""
    if isinstance(now, dict) and isinstance(then, dict) and list(now) == list(then):
        for key in now:
            yield from _moved(now[key], then[key], at=f"{at}.{key}", within=within)
    elif isinstance(now, list | tuple) and isinstance(then, list) and len(now) == len(then):
        for place, (one, other) in enumerate(zip(now, then, strict=True)):
            yield from _moved(one, other, at=f"{at}[{place}]", within=within)
    elif isinstance(now, float) and not math.isfinite(now):
        if str(now) != then:
            yield at, now, then
    elif isinstance(now, float) and isinstance(then, float | int) and not isinstance(then, bool):
        if not math.isclose(now, then, rel_tol=within, abs_tol=within):
            yield at, now, then
    elif type(now) is not type(then) or now != then:
        yield at, now, then
