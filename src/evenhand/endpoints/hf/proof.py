"""Beginnings are shared only where that was seen to give what the whole prompt gives.

Not every architecture can go on from the keys and values of a beginning, and none says so in one way. So the first
prompt that is asked is computed twice, shared and whole, one token further too, and sharing is given up where the two
differ by more than rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from evenhand.endpoints.hf.checkpoint import Checkpoint
from evenhand.endpoints.hf.decoding import Decoder, GenerateDecoder, PrefixDecoder, TokenAnswer, TokenQuestion
from evenhand.endpoints.hf.network import PrefixNetwork, can_share
from evenhand.endpoints.hf.prefixes import PrefixCache

__all__ = ["ProvenDecoder"]

_ROUNDING = 1e-3
"""Largest difference of a log-probability between two ways to compute it in single precision."""
_HALF_ROUNDING = 0.5
"""The same in half precision, whose numbers have 8 to 11 binary digits."""
_LIKELY = 20
"""Tokens that are compared: the most likely ones."""


class ProvenDecoder:
    """Shares beginnings where the model can, and leaves the model to transformers where it cannot.

    Args:
        checkpoint: The model.
        cache: Where beginnings are kept.
    """

    def __init__(self, checkpoint: Checkpoint, cache: PrefixCache) -> None:
        self._checkpoint = checkpoint
        self._cache = cache
        self._decoder: Decoder | None = None

    @property
    def shares(self) -> bool | None:
        """Whether beginnings are shared; None: nothing was asked yet."""
        return None if self._decoder is None else isinstance(self._decoder, PrefixDecoder)

    def answers(self, asked: Sequence[TokenQuestion], *, shared: int) -> list[TokenAnswer]:
        """The answers, in the order of asking."""
        if self._decoder is None:
            self._decoder = self._chosen(asked[0].ids)
        return self._decoder.answers(asked, shared=shared)

    def _chosen(self, ids: tuple[int, ...]) -> Decoder:
        """The way to compute that was seen to be right for these tokens."""
        one = self._checkpoint
        if can_share(one.model):
            network = PrefixNetwork(one.model, device=one.device)
            if len(ids) > 1 and _agree(network, one, ids):
                return PrefixDecoder(network, self._cache, ends=one.ends)
        padding = one.tokenizer.pad_token_id
        fallback = padding if padding is not None else min(one.ends, default=0)
        return GenerateDecoder(one.model, device=one.device, padding=fallback, ends=one.ends)


@torch.inference_mode()  # type: ignore[untyped-decorator]  # torch is not followed by mypy
def _agree(network: PrefixNetwork, checkpoint: Checkpoint, ids: tuple[int, ...]) -> bool:
    """Whether a prompt cut in two, the second half in two rows of unequal length, gives what it gives whole."""
    cut = len(ids) // 2
    try:
        logits, rows = network.begin(network.prefix(ids[:cut]), [ids[cut:], ids[cut : cut + 1]])
        followed = [int(logits[row].argmax()) for row in (0, 1)]
        after = rows.step(followed)
        whole = (*_whole(checkpoint, (*ids, followed[0])), _whole(checkpoint, (*ids[: cut + 1], followed[1]))[1])
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        return False  # an architecture that takes other arguments, or keeps something else than keys and values
    most = _ROUNDING if checkpoint.model.dtype == torch.float32 else _HALF_ROUNDING
    return all(_near(one, other, most) for one, other in zip(whole, (logits[0], after[0], after[1]), strict=True))


def _whole(checkpoint: Checkpoint, ids: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits after the last token but one, and after the last, of tokens that are read as a whole."""
    tokens = torch.tensor([list(ids)], device=checkpoint.device)
    logits = checkpoint.model(input_ids=tokens, use_cache=False).logits[0].float()
    return logits[-2], logits[-1]


def _near(one: torch.Tensor, other: torch.Tensor, most: float) -> bool:
    """Whether two rows of logits say the same of the most likely tokens."""
    first, second = torch.log_softmax(one, -1), torch.log_softmax(other, -1)
    likely = first.topk(min(_LIKELY, len(first))).indices
    return bool(((first - second)[likely].abs() <= most).all())
