"""One root seed, many named independent random streams.

A stream depends on the root seed and on its name alone, so adding a new use of randomness never changes
what another use draws. Names are paths such as ``("design", "option-order")``.
"""

from __future__ import annotations

import hashlib

import numpy as np

__all__ = ["stream", "stream_entropy"]


def stream_entropy(root: int, *name: str | int) -> int:
    """The 128-bit entropy of the stream called `name` under the root seed `root`.

    The root and the parts of the name are hashed together (BLAKE2b), each with its length, so that
    ``("a", "bc")`` and ``("ab", "c")`` are different streams.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in (root, *name):
        data = str(part).encode()
        digest.update(len(data).to_bytes(4, "big") + data)
    return int.from_bytes(digest.digest(), "big")


def stream(root: int, *name: str | int) -> np.random.Generator:
    """A generator (PCG64) for the stream called `name` under the root seed `root`."""
    return np.random.Generator(np.random.PCG64(stream_entropy(root, *name)))
