"""A causal language model of transformers that reads a shared beginning once.

The beginning is read alone, and its keys and values are put before those of every row of a batch, without a copy. The
rows' own tokens are padded at the end, where no real token can see the padding. Before an answer is written, the rows
are moved so that they end together: the padding is then before the beginning, and distances between tokens are what
they are without it, for layers with a sliding window too.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

from evenhand.endpoints.hf.prefixes import ReadPrefix

__all__ = ["Continuation", "PrefixNetwork", "can_share"]

_ATTENDING = {"full_attention", "sliding_attention", "chunked_attention"}
"""Kinds of layers that keep keys and values of every token, so that those of a beginning can be cut out."""


def can_share(model: Any) -> bool:
    """Whether what the model keeps of a text can be cut at a token: by its configuration and its arguments alone."""
    taken = inspect.signature(model.forward).parameters
    kinds = getattr(model.config.get_text_config(decoder=True), "layer_types", None) or ()
    return (
        "position_ids" in taken
        and ("cache" in taken or "past_key_values" in taken)
        and set(kinds) <= _ATTENDING
        and not getattr(model, "_is_stateful", False)
    )


class PrefixNetwork:
    """Forward passes over a beginning and the rows behind it.

    Args:
        model: A causal language model of transformers, for which `can_share` holds.
        device: Where it is.
    """

    def __init__(self, model: Any, *, device: str) -> None:
        taken = inspect.signature(model.forward).parameters
        self._model = model
        self._device = device
        self._cache_name = "cache" if "cache" in taken else "past_key_values"
        self._keeps_some = "logits_to_keep" in taken

    def prefix(self, ids: Sequence[int]) -> ReadPrefix:
        """A beginning, read."""
        cache = DynamicCache()
        tokens = torch.tensor([list(ids)], device=self._device)
        self.forward(cache, tokens, positions=torch.arange(len(ids), device=self._device)[None], mask=None, ends=[0])
        layers = tuple(_kept(layer) for layer in cache.layers)
        size = sum(states.numel() * states.element_size() for layer in layers if layer for states in layer)
        return ReadPrefix(ids=tuple(ids), layers=layers, size=size)

    def begin(self, prefix: ReadPrefix, suffixes: Sequence[Sequence[int]]) -> tuple[torch.Tensor, Continuation]:
        """The logits after the last token of every row, [rows, vocabulary], and what is needed to go on.

        Args:
            prefix: What all rows begin with.
            suffixes: The tokens of every row after it, one at least.
        """
        lengths = [len(suffix) for suffix in suffixes]
        longest = max(lengths)
        tokens = torch.tensor([[*suffix, *[0] * (longest - len(suffix))] for suffix in suffixes], device=self._device)
        cache = _expanded(prefix, len(suffixes))
        positions = torch.arange(len(prefix.ids), len(prefix.ids) + longest, device=self._device)[None]
        positions = positions.expand(len(suffixes), -1)
        logits = self.forward(cache, tokens, positions=positions, mask=None, ends=[length - 1 for length in lengths])
        whole = torch.tensor([len(prefix.ids) + length for length in lengths], device=self._device)
        return logits, Continuation(self, cache, lengths=whole)

    def forward(
        self,
        cache: Any,
        tokens: torch.Tensor,
        *,
        positions: torch.Tensor,
        mask: torch.Tensor | None,
        ends: Sequence[int],
    ) -> torch.Tensor:
        """Logits at one place of every row; the cache grows by the tokens.

        Args:
            cache: Keys and values so far.
            tokens: [rows, tokens].
            positions: Of the tokens, [rows, tokens].
            mask: Which tokens there are, those in the cache too, [rows, all]; None: all.
            ends: The place of every row whose logits are wanted.
        """
        given: dict[str, Any] = {self._cache_name: cache, "use_cache": True, "position_ids": positions}
        if mask is not None:
            given["attention_mask"] = mask
        places = sorted(set(ends))
        if self._keeps_some:
            given["logits_to_keep"] = torch.tensor(places, device=self._device)
        logits = self._model(input_ids=tokens, **given).logits
        column = [places.index(end) for end in ends] if self._keeps_some else list(ends)
        return logits[torch.arange(len(ends), device=logits.device), torch.tensor(column, device=logits.device)].float()


class Continuation:
    """Rows whose prompts were read, one token after the other.

    Args:
        network: What reads.
        cache: Keys and values of the rows, padded at the end.
        lengths: Tokens of every row without padding, [rows].
    """

    def __init__(self, network: PrefixNetwork, cache: Any, *, lengths: torch.Tensor) -> None:
        self._network = network
        self._cache = cache
        self._lengths = lengths
        self._mask: torch.Tensor | None = None

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """The logits after one more token of every row, [rows, vocabulary]."""
        if self._mask is None:
            self._mask = self._aligned()
        read = torch.tensor(list(tokens), device=self._mask.device)[:, None]
        self._mask = torch.cat([self._mask, torch.ones_like(read)], dim=1)
        ends = [0] * len(read)
        logits = self._network.forward(self._cache, read, positions=self._lengths[:, None], mask=self._mask, ends=ends)
        self._lengths = self._lengths + 1
        return logits

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these rows only."""
        if self._mask is None:
            self._mask = self._aligned()
        chosen = torch.tensor(list(rows), device=self._mask.device)
        self._mask, self._lengths = self._mask[chosen], self._lengths[chosen]
        for layer in _filled(self._cache):
            layer.keys, layer.values = layer.keys[chosen], layer.values[chosen]

    def _aligned(self) -> torch.Tensor:
        """Move every row to the end of the cache; the mask of the real tokens, [rows, all]."""
        width = max(layer.keys.shape[-2] for layer in _filled(self._cache))
        places = torch.arange(width, device=self._lengths.device)[None]
        shift = (width - self._lengths)[:, None]
        if bool((shift > 0).any()):
            source = (places - shift) % width
            for layer in _filled(self._cache):
                layer.keys, layer.values = _moved(layer.keys, source), _moved(layer.values, source)
        return (places >= shift).long()


def _moved(states: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
    """Keys or values [rows, heads, tokens, size] in the order of `source` [rows, tokens]."""
    index = source[:, None, :, None].expand(-1, states.shape[1], -1, states.shape[3])
    return states.gather(2, index)


def _kept(layer: Any) -> tuple[Any, Any] | None:
    """Keys and values of a layer; None where it keeps none."""
    return None if layer.keys is None else (layer.keys, layer.values)


def _filled(cache: Any) -> list[Any]:
    return [layer for layer in cache.layers if layer.keys is not None]


def _expanded(prefix: ReadPrefix, rows: int) -> Any:
    """A cache in which every row begins with the prefix; nothing is copied."""
    cache = DynamicCache()
    for index, states in enumerate(prefix.layers):
        if states is None:
            continue
        keys, values = states
        cache.update(keys[:, :, :0], values[:, :, :0], index)
        layer = cache.layers[index]
        layer.keys, layer.values = keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1)
    return cache
