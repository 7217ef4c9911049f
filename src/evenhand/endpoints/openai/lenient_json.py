"""Reads JSON that is not quite JSON, as servers send it."""

from __future__ import annotations

import json
import math

__all__ = ["parse"]


def parse(body: bytes) -> object:
    """The value in a body, where a strict reader gave up.

    A byte order mark and the encodings UTF-16 and UTF-32 are understood. `NaN` and `Infinity` become None; halves of a
    surrogate pair and bytes that are no text become the replacement character; line breaks may be in strings.

    Raises:
        ValueError: It is no JSON even so, or nested too deeply.
    """
    text = body.decode(json.detect_encoding(body), "replace")
    try:
        return _clean(json.loads(text, strict=False))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _clean(value: object) -> object:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {str(_clean(name)): _clean(one) for name, one in value.items()}
    return value
