"""What can be set for local weights: `--set batch=32 --set dtype=bfloat16`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast, get_args

from msgspec import Struct

from evenhand.errors import EndpointError, near_miss

__all__ = ["Dtype", "HuggingFaceOptions", "LetterChoice", "read_options"]

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
"""Precision of the weights; `auto`: as they were saved."""

LetterChoice = Literal["written", "likeliest"]
"""`written`: the model writes its answer. `likeliest`: the option letter with the most probability is its answer, and
nothing is written."""

_ALLOWED = ("batch", "device", "dtype", "letters", "prefix_cache_mb", "steer")


class HuggingFaceOptions(Struct, frozen=True, kw_only=True):
    """How local weights are computed."""

    batch: int = 16
    """Requests computed together at most."""
    device: str | None = None
    """Where, in torch's words: `cpu`, `cuda`, `cuda:1`; None: an accelerator where there is one."""
    dtype: Dtype = "auto"
    """Precision of the weights."""
    letters: LetterChoice = "written"
    """How a letter is chosen."""
    prefix_cache_mb: int = 1024
    """Mebibytes for the keys and values of beginnings that requests share; 0: every request is read as a whole."""
    steer: str | None = None
    """File of directions that steer the model while it reads; None: the model as it is."""


def read_options(options: Mapping[str, str], *, name: str) -> HuggingFaceOptions:
    """The options of a model, taken from their texts.

    Args:
        options: Option -> text, as given.
        name: The model's name, for messages.

    Raises:
        EndpointError: An option is not known, or its value is not allowed.
    """
    unknown = next((option for option in options if option not in _ALLOWED), None)
    if unknown is not None:
        raise EndpointError(
            f"{name!r} has no option {unknown!r}{near_miss(unknown, _ALLOWED)}; allowed: {', '.join(_ALLOWED)}."
        )
    usual = HuggingFaceOptions()
    return HuggingFaceOptions(
        batch=_whole(options, "batch", usual.batch, least=1, name=name),
        device=options.get("device") or None,
        dtype=cast(Dtype, _one_of(options, "dtype", usual.dtype, get_args(Dtype), name=name)),
        letters=cast(LetterChoice, _one_of(options, "letters", usual.letters, get_args(LetterChoice), name=name)),
        prefix_cache_mb=_whole(options, "prefix_cache_mb", usual.prefix_cache_mb, least=0, name=name),
        steer=options.get("steer") or None,
    )


def _whole(options: Mapping[str, str], option: str, usual: int, *, least: int, name: str) -> int:
    text = options.get(option, str(usual))
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise EndpointError(f"The option {option} of {name!r} is {text!r}; give a whole number from {least}.")
    return int(text)


def _one_of(options: Mapping[str, str], option: str, usual: str, allowed: tuple[str, ...], *, name: str) -> str:
    text = options.get(option, usual)
    if text not in allowed:
        raise EndpointError(
            f"The option {option} of {name!r} is {text!r}{near_miss(text, allowed)}; allowed: {', '.join(allowed)}."
        )
    return text
