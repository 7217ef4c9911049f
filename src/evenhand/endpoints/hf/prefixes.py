"""Beginnings that were read: their keys and values, kept up to a number of bytes, the longest unused let go first."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from msgspec import Struct

__all__ = ["PrefixCache", "ReadPrefix"]


class ReadPrefix(Struct, frozen=True, kw_only=True):
    """What a model keeps of a beginning that it has read."""

    ids: tuple[int, ...]
    """The tokens; empty for no beginning at all."""
    layers: tuple[tuple[Any, Any] | None, ...] = ()
    """Layer -> keys and values, [1, heads, tokens, size]; None for a layer that keeps none of its own."""
    size: int = 0
    """Bytes of all keys and values."""


class PrefixCache:
    """The beginnings that were read last.

    Args:
        most_bytes: Bytes that they may hold together. One that is larger than that is not kept.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[tuple[int, ...], ReadPrefix] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, ids: tuple[int, ...]) -> bool:
        return ids in self._kept

    def find(self, ids: tuple[int, ...]) -> ReadPrefix | None:
        """The beginning with these tokens, which is then the one used last; None where it is not there."""
        found = self._kept.get(ids)
        if found is not None:
            self._kept.move_to_end(ids)
        return found

    def keep(self, prefix: ReadPrefix) -> None:
        """Keep a beginning, and let go of what no longer fits."""
        if prefix.size > self._most or prefix.ids in self._kept:
            return
        self._kept[prefix.ids] = prefix
        self.bytes += prefix.size
        while self.bytes > self._most:
            _, gone = self._kept.popitem(last=False)
            self.bytes -= gone.size
