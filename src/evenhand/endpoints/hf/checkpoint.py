"""A checkpoint in the Hugging Face format, loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from msgspec import Struct
from transformers import AutoModelForCausalLM, AutoTokenizer

from evenhand.endpoints.hf.options import HuggingFaceOptions
from evenhand.endpoints.hf.steering import read_steering, steer
from evenhand.errors import EndpointError

__all__ = ["Checkpoint", "load_checkpoint"]


class Checkpoint(Struct, frozen=True, kw_only=True):
    """A causal language model with its tokenizer."""

    model: Any
    """The model of transformers, ready to be asked."""
    tokenizer: Any
    """Its tokenizer, which has a chat template."""
    device: str
    """Where the model is."""
    ends: frozenset[int]
    """Tokens that end a turn."""
    room: int | None
    """Tokens that prompt and answer may have together; None: not said."""


def load_checkpoint(path: str, options: HuggingFaceOptions) -> Checkpoint:
    """Load a checkpoint.

    Args:
        path: Directory or name of the checkpoint.
        options: Where and how precisely it is computed.

    Raises:
        EndpointError: There is no such checkpoint, it cannot be computed there, it has no chat template, or a
            steering file does not fit it.
    """
    place = str(Path(path).expanduser())
    if path.startswith((".", "/", "~")) and not Path(place).is_dir():
        raise EndpointError(f"There is no checkpoint directory {path!r}; check the path.")
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        tokenizer = AutoTokenizer.from_pretrained(place)
        loaded = AutoModelForCausalLM.from_pretrained(place, dtype=options.dtype)
        model = loaded.to(device).eval()
    except (AssertionError, LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
        first = " ".join(str(error).split())[:300]
        raise EndpointError(f"The checkpoint {path!r} cannot be loaded ({first}); check the path.") from error
    if tokenizer.chat_template is None:
        raise EndpointError(f"The checkpoint {path!r} has no chat template; use one that was tuned for chat.")
    if options.steer is not None:
        steer(model, read_steering(Path(options.steer).expanduser()))
    return Checkpoint(
        model=model,
        tokenizer=tokenizer,
        device=device,
        ends=_ends(model, tokenizer),
        room=getattr(model.config, "max_position_embeddings", None),
    )


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """Tokens that end a turn, by the generation settings and by the tokenizer."""
    ends = model.generation_config.eos_token_id
    return frozenset({*(ends if isinstance(ends, list) else [ends]), tokenizer.eos_token_id} - {None})
