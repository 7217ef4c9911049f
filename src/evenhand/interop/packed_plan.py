"""A plan as a text, so that a log of another tool can hold what its questions were made from."""

from __future__ import annotations

import base64
import binascii
import zlib

import msgspec

from evenhand.errors import PlanError
from evenhand.records.plan import Plan

__all__ = ["PLAN_FIELD", "packed", "unpacked"]

PLAN_FIELD = "evenhand_plan"
"""Name under which a log's metadata holds the plan: zlib of its JSON, in base 64."""
_MOST = 256 << 20
"""Bytes that a plan may have; the standard plan has about one million."""


def packed(plan: Plan) -> str:
    """The plan as a text."""
    return base64.b64encode(zlib.compress(msgspec.json.encode(plan), 9)).decode()


def unpacked(text: str, *, where: str) -> bytes:
    """The JSON in such a text.

    Raises:
        PlanError: It holds none, or grows like a text that was made to fill memory.
    """
    try:
        inflate = zlib.decompressobj()
        data = inflate.decompress(base64.b64decode(text, validate=True), _MOST)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise PlanError(f"{where} hold a plan that cannot be unpacked ({error}); name the plan with --plan.") from error
    if inflate.unconsumed_tail or not inflate.eof:
        raise PlanError(f"{where} hold a plan that is cut off or beyond {_MOST:,} bytes; name the plan with --plan.")
    return data
