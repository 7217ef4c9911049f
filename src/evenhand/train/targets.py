"""Which weights are trained: matrices of attention, of the feed-forward part or both, in some layers or all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from evenhand.errors import InputError
from evenhand.records.training import Target

__all__ = ["chosen_matrices"]

_PARTS: dict[Target, tuple[str, ...]] = {
    "all": ("",),
    "attention": ("attn", "attention"),
    "feed_forward": ("mlp", "ffn", "feed_forward", "feedforward", "moe", "experts"),
}
"""What the path of a matrix says of where it is."""
_LAYER = re.compile(r"\.(\d+)\.")


def chosen_matrices(names: Iterable[str], *, targets: Target, layers: Sequence[int], model: str) -> tuple[str, ...]:
    """The linear maps inside the layers that are to be trained.

    Args:
        names: The paths of all linear maps of the model, as in `model.layers.1.self_attn.q_proj`.
        targets: Which part of a layer.
        layers: Numbers of layers, from 0; empty: all.
        model: Its name, for messages.

    Raises:
        InputError: The model has no such layer, or nothing in it is known to be such a part.
    """
    numbered = {name: int(place[1]) for name in names if (place := _LAYER.search(name))}
    if not numbered:
        raise InputError(f"the layers of {model!r} are not found, so that no part of them can be chosen")
    known = sorted(set(numbered.values()))
    strange = [layer for layer in layers if layer not in known]
    if strange:
        raise InputError(f"{model!r} has no layer {strange[0]}; its layers are {known[0]} to {known[-1]}")
    inside = [name for name, layer in numbered.items() if not layers or layer in layers]
    found = tuple(name for name in inside if any(part in name.casefold() for part in _PARTS[targets]))
    if not found:
        ends = sorted({name.rpartition(".")[2] for name in inside})
        raise InputError(
            f"no matrix of {model!r} is known to be of {targets} (there are {', '.join(ends)}); train all of them"
        )
    return found
