"""Directions that steer a model while it reads: the file format of lm-eval's steered models.

A file is what `torch.save` writes of a table: name of a module under the model's base -> what is done to its output at
every token. It is read as tensors and plain values alone, so that a file cannot run anything.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import torch
from msgspec import Struct

from evenhand.errors import EndpointError, near_miss

__all__ = ["SteeredPlace", "SteeringAction", "read_steering", "steer", "write_steering"]

SteeringAction = Literal["add", "clamp"]
"""`add`: the direction times the coefficient is added. `clamp`: the part of the output along the direction is set to
the coefficient, counted from `bias`."""


class SteeredPlace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done to the output of one module."""

    steering_vector: Any
    """The direction, [features]; one head's features where `head_index` is given."""
    action: SteeringAction
    """What is done with it."""
    steering_coefficient: float = 1.0
    """How much is added, or what the part along the direction is set to."""
    bias: Any = None
    """Where the direction is counted from, [features]; None: from zero. Only of `clamp`."""
    head_index: int | None = None
    """The head that is steered, of an output [rows, tokens, heads, features]; None: the whole output."""


def read_steering(path: Path) -> dict[str, SteeredPlace]:
    """The places that a file steers.

    Raises:
        EndpointError: The file cannot be read, or it is no steering file.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises anything for a file that is none of its own
        raise EndpointError(f"The steering file {str(path)!r} cannot be read ({_first(error)}).") from error
    try:
        places = {name: msgspec.convert(place, SteeredPlace) for name, place in found.items()}
    except (AttributeError, msgspec.ValidationError) as error:
        raise EndpointError(f"{str(path)!r} is no steering file of lm-eval ({_first(error)}).") from error
    if not places:
        raise EndpointError(f"The steering file {str(path)!r} steers nothing.")
    for name, place in places.items():
        _check(name, place, str(path))
    return places


def write_steering(places: Mapping[str, SteeredPlace], path: Path) -> str:
    """Write a file that lm-eval reads too; its SHA-256."""
    torch.save({name: msgspec.structs.asdict(place) for name, place in places.items()}, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def steer(model: Any, places: Mapping[str, SteeredPlace]) -> None:
    """Steer a model from now on, whatever it reads.

    Raises:
        EndpointError: A place is no module of the model, or a direction does not fit it.
    """
    modules = dict(model.base_model.named_modules())
    absent = next((name for name in places if name not in modules), None)
    if absent is not None:
        raise EndpointError(
            f"The steering file steers {absent!r}, which is no module of this model{near_miss(absent, modules)}."
        )
    for name, place in places.items():
        modules[name].register_forward_hook(_hook(place, model))
    try:
        with torch.inference_mode():
            model(input_ids=torch.tensor([[0, 0]], device=model.device), use_cache=False)
    except (IndexError, RuntimeError) as error:
        raise EndpointError(
            f"The directions of the steering file do not fit this model ({_first(error)}); steer the model that they "
            "were made from."
        ) from error


def _check(name: str, place: SteeredPlace, path: str) -> None:
    vector, bias = place.steering_vector, place.bias
    if not isinstance(vector, torch.Tensor) or vector.ndim != 1 or not bool(torch.isfinite(vector).all()):
        raise EndpointError(f"{path!r}: the direction for {name!r} is no vector of finite numbers.")
    if not math.isfinite(place.steering_coefficient) or (place.action == "clamp" and not bool(vector.any())):
        raise EndpointError(f"{path!r}: what is done to {name!r} is no finite number along a direction.")
    if bias is not None and (place.action == "add" or not isinstance(bias, torch.Tensor)):
        raise EndpointError(f"{path!r}: {name!r} has a bias, which is a tensor and of 'clamp' only.")


def _hook(place: SteeredPlace, model: Any) -> Callable[[Any, Any, Any], Any]:
    """What changes a module's output."""
    vector = place.steering_vector.to(model.device, model.dtype)
    bias = None if place.bias is None else place.bias.to(model.device, model.dtype)
    change = _added(vector * place.steering_coefficient) if place.action == "add" else _clamped(vector, place, bias)

    def steered(_: Any, __: Any, output: Any) -> Any:
        if isinstance(output, tuple):
            return (_at_head(output[0], place.head_index, change), *output[1:])
        return _at_head(output, place.head_index, change)

    return steered


def _at_head(states: torch.Tensor, head: int | None, change: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    if head is None:
        return change(states)
    changed = states.clone()
    changed[:, :, head, :] = change(states[:, :, head, :])
    return changed


def _added(vector: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda states: states + vector


def _clamped(
    vector: torch.Tensor, place: SteeredPlace, bias: torch.Tensor | None
) -> Callable[[torch.Tensor], torch.Tensor]:
    direction = vector / vector.norm()
    origin = torch.zeros_like(direction) if bias is None else bias

    def clamped(states: torch.Tensor) -> torch.Tensor:
        along = ((states - origin) * direction).sum(dim=-1, keepdim=True)
        return states + direction * (place.steering_coefficient - along)

    return clamped


def _first(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
