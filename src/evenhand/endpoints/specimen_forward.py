"""The specimens' forward pass in numpy: a small Llama, float32, with the keys and values of a prefix computed once.

The queries of all questions behind one prefix meet its keys in a single product; the questions' own tokens attend to
each other in batches. In the last layer only the positions that are asked for are carried on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

__all__ = ["MAX_POSITIONS", "Decoding", "Group", "Prefix", "Shape", "SpecimenNetwork"]

Floats = NDArray[np.float32]

MAX_POSITIONS = 4096
"""Longest request, in tokens."""


class Shape(Struct, frozen=True, kw_only=True):
    """The fields of `config.json` that the forward pass needs."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    rope_theta: float
    rms_norm_eps: float


class Prefix(Struct, frozen=True, kw_only=True):
    """The computed part of a prompt that many questions share."""

    keys: tuple[Floats, ...]
    """One array a layer: heads x tokens x head width, already rotated."""
    values: tuple[Floats, ...]
    """As the keys."""
    length: int
    """Tokens."""


class Group(Struct, frozen=True, kw_only=True):
    """Questions behind one prefix."""

    prefix: Prefix
    suffixes: tuple[tuple[int, ...], ...]
    """Token ids of each question, at least one."""


class _Layer(Struct, frozen=True):
    first_norm: Floats
    qkv: Floats
    out: Floats
    second_norm: Floats
    gate_up: Floats
    down: Floats


class SpecimenNetwork:
    """A Llama with tied embeddings.

    Args:
        shape: Sizes.
        weights: Tensors by their Hugging Face names, of any floating type.
    """

    def __init__(self, shape: Shape, weights: Mapping[str, NDArray[np.floating]]) -> None:
        self.shape = shape
        self.width = shape.hidden_size // shape.num_attention_heads
        tensors = {name: np.asarray(value, dtype=np.float32) for name, value in weights.items()}
        self.embedding = tensors["model.embed_tokens.weight"]
        self._unembed = np.ascontiguousarray(self.embedding.T)
        self._norm = tensors["model.norm.weight"]
        self.layers = tuple(self._layer(tensors, f"model.layers.{i}.") for i in range(shape.num_hidden_layers))
        half = self.width // 2
        rates = np.float64(shape.rope_theta) ** (-np.arange(half) / half)
        angles = np.arange(MAX_POSITIONS)[:, None] * rates[None, :]
        self._cos, self._sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

    def _layer(self, tensors: Mapping[str, Floats], at: str) -> _Layer:
        scale = np.float32(self.width**-0.5)
        attention = [tensors[f"{at}self_attn.{name}_proj.weight"].T for name in "qkv"]
        attention[0] = attention[0] * scale
        mlp = [tensors[f"{at}mlp.{name}_proj.weight"].T for name in ("gate", "up")]
        return _Layer(
            tensors[f"{at}input_layernorm.weight"],
            np.ascontiguousarray(np.concatenate(attention, axis=1)),
            np.ascontiguousarray(tensors[f"{at}self_attn.o_proj.weight"].T),
            tensors[f"{at}post_attention_layernorm.weight"],
            np.ascontiguousarray(np.concatenate(mlp, axis=1)),
            np.ascontiguousarray(tensors[f"{at}mlp.down_proj.weight"].T),
        )

    def prefix(self, ids: Sequence[int]) -> Prefix:
        """Keys and values of a prefix of at least one token."""
        x = self.embedding[np.asarray(ids)]
        positions = np.arange(len(ids))
        future = np.triu(np.full((len(ids), len(ids)), -np.inf, dtype=np.float32), 1)
        keys: list[Floats] = []
        values: list[Floats] = []
        for index, layer in enumerate(self.layers):
            q, k, v = self._project(x[None], layer, positions[None])
            keys.append(k[0])
            values.append(v[0])
            if index < len(self.layers) - 1:
                scores = q[0] @ k[0].transpose(0, 2, 1) + future
                mixed = _softmax(scores) @ v[0]
                x = self._finish(x, mixed.transpose(1, 0, 2).reshape(len(ids), -1), layer)
        return Prefix(keys=tuple(keys), values=tuple(values), length=len(ids))

    def begin(self, groups: Sequence[Group], *, room: int) -> tuple[Floats, Decoding]:
        """Next-token logits (questions x vocabulary) at the end of every question, group by group, and a `Decoding`
        that can go on for `room` more tokens.
        """
        suffixes = [suffix for group in groups for suffix in group.suffixes]
        lengths = np.array([len(suffix) for suffix in suffixes])
        longest = int(lengths.max())
        ids = np.zeros((len(suffixes), longest), dtype=np.int64)
        for row, suffix in enumerate(suffixes):
            ids[row, : len(suffix)] = suffix
        decoding = Decoding(self, groups, lengths=lengths, capacity=longest + room)
        return decoding.read(ids), decoding

    def logits(self, hidden: Floats) -> Floats:
        """Rows of hidden states to rows of next-token logits."""
        logits: Floats = _rms(hidden, self._norm, self.shape.rms_norm_eps) @ self._unembed
        return logits

    def _project(self, x: Floats, layer: _Layer, positions: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
        """Queries, keys and values of `x` (rows x tokens x width), each rows x heads x tokens x head width."""
        rows, tokens, width = x.shape
        flat = _rms(x.reshape(-1, width), layer.first_norm, self.shape.rms_norm_eps) @ layer.qkv
        parts = flat.reshape(rows, tokens, 3, self.shape.num_attention_heads, self.width)
        cos, sin = self._cos[positions][:, :, None, None], self._sin[positions][:, :, None, None]
        half = self.width // 2
        rotated = np.empty((rows, tokens, 2, self.shape.num_attention_heads, self.width), dtype=np.float32)
        first, second = parts[:, :, :2, :, :half], parts[:, :, :2, :, half:]
        np.subtract(first * cos, second * sin, out=rotated[..., :half])
        np.add(second * cos, first * sin, out=rotated[..., half:])
        q, k = (np.ascontiguousarray(rotated[:, :, part].transpose(0, 2, 1, 3)) for part in (0, 1))
        return q, k, np.ascontiguousarray(parts[:, :, 2].transpose(0, 2, 1, 3))

    def _finish(self, x: Floats, mixed: Floats, layer: _Layer) -> Floats:
        """Residual, output projection and feed-forward, on flat rows."""
        x = x + mixed @ layer.out
        both = _rms(x, layer.second_norm, self.shape.rms_norm_eps) @ layer.gate_up
        gate, up = np.split(both, 2, axis=1)
        hidden = gate / (1 + np.exp(-gate))
        hidden *= up
        result: Floats = x + hidden @ layer.down
        return result


class Decoding:
    """The state of a batch that is being answered: the questions' own keys and values.

    Args:
        network: The network.
        groups: Questions by prefix; rows are counted through them in order.
        lengths: Tokens of each row so far.
        capacity: Tokens that a row can hold.
    """

    def __init__(
        self, network: SpecimenNetwork, groups: Sequence[Group], *, lengths: NDArray[np.int64], capacity: int
    ) -> None:
        heads = network.shape.num_attention_heads
        self._network = network
        self._groups = groups
        self._lengths = lengths
        self._offsets = np.repeat([g.prefix.length for g in groups], [len(g.suffixes) for g in groups])
        shape = (len(network.layers), len(lengths), heads, capacity, network.width)
        self._keys = np.zeros(shape, dtype=np.float32)
        self._values = np.zeros(shape, dtype=np.float32)

    def read(self, ids: NDArray[np.int64]) -> Floats:
        """Read the whole questions (rows x tokens, padded on the right); the logits at their ends."""
        network, tokens = self._network, ids.shape[1]
        positions = self._offsets[:, None] + np.arange(tokens)[None, :]
        x = network.embedding[ids]
        rows = np.arange(len(ids))
        last = self._lengths - 1
        future = np.triu(np.full((tokens, tokens), -np.inf, dtype=np.float32), 1)
        for index, layer in enumerate(network.layers):
            q, k, v = network._project(x, layer, positions)
            self._keys[index, :, :, :tokens], self._values[index, :, :, :tokens] = k, v
            if index < len(network.layers) - 1:
                mixed = self._attend(index, q, k, v, future)
                flat = network._finish(x.reshape(-1, x.shape[-1]), mixed.reshape(-1, x.shape[-1]), layer)
                x = flat.reshape(x.shape)
            else:
                allowed = np.where(np.arange(tokens) <= last[:, None], np.float32(0), np.float32(-np.inf))
                ends = np.ascontiguousarray(q[rows, :, last][:, :, None])
                mixed = self._attend(index, ends, k, v, allowed[:, None, None])
                x = network._finish(x[rows, last], mixed[:, 0], layer)
        return network.logits(x)

    def step(self, ids: NDArray[np.int64]) -> Floats:
        """Read one more token in every row; the logits after it."""
        network = self._network
        rows = np.arange(len(ids))
        at = self._lengths
        width = int(at.max()) + 1
        x = network.embedding[ids]
        allowed = np.where(np.arange(width) <= at[:, None], np.float32(0), np.float32(-np.inf))[:, None, None]
        for index, layer in enumerate(network.layers):
            q, k, v = network._project(x[:, None], layer, (self._offsets + at)[:, None])
            self._keys[index, rows, :, at], self._values[index, rows, :, at] = k[:, :, 0], v[:, :, 0]
            own_keys, own_values = self._keys[index, :, :, :width], self._values[index, :, :, :width]
            mixed = self._attend(index, q, own_keys, own_values, allowed)
            x = network._finish(x, mixed[:, 0], layer)
        self._lengths = at + 1
        return network.logits(x)

    def _attend(self, index: int, q: Floats, k: Floats, v: Floats, mask: Floats) -> Floats:
        """Mixed values, rows x tokens x width, of queries over their prefix and their own keys."""
        own = q @ k.transpose(0, 1, 3, 2)
        own += mask
        rows, heads, tokens, width = q.shape
        mixed = np.empty((rows, tokens, heads, width), dtype=np.float32)
        start = 0
        for group in self._groups:
            part = slice(start, start + len(group.suffixes))
            start = part.stop
            # heads x (rows of the group * tokens) x prefix: one product a head for the whole group
            queries = q[part].transpose(1, 0, 2, 3).reshape(heads, -1, width)
            shared = queries @ group.prefix.keys[index].transpose(0, 2, 1)
            mine = own[part].transpose(1, 0, 2, 3).reshape(heads, shared.shape[1], -1)
            top = np.maximum(shared.max(axis=-1, keepdims=True), mine.max(axis=-1, keepdims=True))
            shared -= top
            np.exp(shared, out=shared)
            mine = np.exp(mine - top)
            total = shared.sum(axis=-1, keepdims=True) + mine.sum(axis=-1, keepdims=True)
            count = len(group.suffixes)
            by_row = mine.reshape(heads, count, tokens, -1).transpose(1, 0, 2, 3)
            summed = (shared @ group.prefix.values[index]).reshape(heads, count, tokens, width).transpose(1, 2, 0, 3)
            summed = summed + (by_row @ v[part]).transpose(0, 2, 1, 3)
            np.divide(summed, total.reshape(heads, count, tokens, 1).transpose(1, 2, 0, 3), out=mixed[part])
        return mixed.reshape(rows, tokens, heads * width)


def _rms(x: Floats, weight: Floats, eps: float) -> Floats:
    mean = np.einsum("ij,ij->i", x, x)[:, None] / np.float32(x.shape[1])
    normed: Floats = x * (1 / np.sqrt(mean + np.float32(eps))) * weight
    return normed


def _softmax(scores: Floats) -> Floats:
    scores = scores - scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores
