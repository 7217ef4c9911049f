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


_BLOCK = 384
"""Rows that go through the dense layers together: their activations stay in the second-level cache."""
_SCORES = 160_000
"""Attention scores held at a time."""
_SAFE = 60.0
"""Scores of this size are safe for exp and its sums in float32."""


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
        angles = np.arange(MAX_POSITIONS)[:, None] * np.tile(rates, 2 * shape.num_attention_heads)[None, :]
        self._turns = np.exp(1j * angles).astype(np.complex64)

    def _layer(self, tensors: Mapping[str, Floats], at: str) -> _Layer:
        scale = np.float32(self.width**-0.5)
        attention = [tensors[f"{at}self_attn.{name}_proj.weight"].T for name in "qkv"]
        attention[0] = attention[0] * scale
        # The two numbers that are rotated together are side by side, as one complex number: the order of the
        # columns of queries and keys does not matter to their products.
        paired = np.arange(self.shape.hidden_size).reshape(-1, 2, self.width // 2).transpose(0, 2, 1).ravel()
        attention[:2] = [weight[:, paired] for weight in attention[:2]]
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
            keys.append(np.ascontiguousarray(k[0]))
            values.append(np.ascontiguousarray(v[0]))
            if index < len(self.layers) - 1:
                scores = q[0] @ k[0].transpose(0, 2, 1) + future
                mixed = _softmax(scores) @ v[0]
                x = self._finish(x, mixed.transpose(1, 0, 2).reshape(len(ids), -1), layer)
        return Prefix(keys=tuple(keys), values=tuple(values), length=len(ids))

    def begin(self, groups: Sequence[Group], *, room: int) -> tuple[Floats, Decoding]:
        """Next-token logits at the end of every question, and a `Decoding` that can go on for `room` more tokens.

        The logits are questions x vocabulary, group by group.
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
        flat = np.empty((rows * tokens, 3 * width), dtype=np.float32)
        source, at = x.reshape(-1, width), np.broadcast_to(positions, (rows, tokens)).ravel()
        for start in range(0, len(flat), _BLOCK):
            part = slice(start, start + _BLOCK)
            normed = _rms(source[part], layer.first_norm, self.shape.rms_norm_eps)
            np.matmul(normed, layer.qkv, out=flat[part])
            turning = flat[part, : 2 * width].view(np.complex64)
            turning *= self._turns[at[part]]
        parts = flat.reshape(rows, tokens, 3, self.shape.num_attention_heads, self.width).transpose(2, 0, 3, 1, 4)
        return parts[0], parts[1], parts[2]

    def _finish(self, x: Floats, mixed: Floats, layer: _Layer) -> Floats:
        """Residual, output projection and feed-forward, on flat rows."""
        result = np.empty_like(x)
        hidden_size = self.shape.intermediate_size
        for start in range(0, len(x), _BLOCK):
            part = slice(start, start + _BLOCK)
            y = x[part] + mixed[part] @ layer.out
            both = _rms(y, layer.second_norm, self.shape.rms_norm_eps) @ layer.gate_up
            gate = both[:, :hidden_size]
            hidden = np.exp(-gate)
            hidden += 1
            np.divide(gate, hidden, out=hidden)
            hidden *= both[:, hidden_size:]
            np.add(y, hidden @ layer.down, out=result[part])
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
        rows, heads, tokens, width = q.shape
        own = q @ k.transpose(0, 1, 3, 2)
        own += mask
        mixed = np.empty((rows, tokens, heads, width), dtype=np.float32)
        start = 0
        for group in self._groups:
            part = slice(start, start + len(group.suffixes))
            start = part.stop
            # rows of the group * tokens x head width: one product a head for all questions behind the prefix
            for head in range(heads):
                queries = q[part, head].reshape(-1, width)
                mine = own[part, head]
                summed, total, mine = _over_prefix(
                    queries,
                    group.prefix.keys[index][head],
                    group.prefix.values[index][head],
                    mine.reshape(len(queries), -1),
                )
                by_row = mine.reshape(len(own[part]), tokens, -1) @ v[part, head]
                by_row += summed.reshape(by_row.shape)
                np.divide(by_row, total.reshape(*by_row.shape[:2], 1), out=mixed[part, :, head])
        return mixed.reshape(rows, tokens, heads * width)


def _over_prefix(q: Floats, k: Floats, v: Floats, own: Floats) -> tuple[Floats, Floats, Floats]:
    """Unnormalised attention over a prefix.

    Args:
        q: Queries, one per row.
        k: Keys of the prefix.
        v: Values of the prefix.
        own: Scores of the same queries over their own keys, masked.

    Returns:
        Sums of the prefix values weighted by exp(score), the sum of all weights, and the weights of the own keys.
        Scores are shifted by their largest where exp could leave the range of float32.
    """
    summed = np.empty((len(q), v.shape[1]), dtype=np.float32)
    total = np.empty(len(q), dtype=np.float32)
    weights = np.empty_like(own)
    turned = k.T
    step = max(64, _SCORES // len(k))
    for start in range(0, len(q), step):
        part = slice(start, start + step)
        shared, mine = q[part] @ turned, own[part]
        if max(shared.max(), mine.max()) > _SAFE or mine.max(axis=1).min() < -_SAFE:
            top = np.maximum(shared.max(axis=1), mine.max(axis=1))[:, None]
            shared -= top
            mine = mine - top
        np.exp(shared, out=shared)
        np.exp(mine, out=weights[part])
        np.matmul(shared, v, out=summed[part])
        np.add(shared.sum(axis=1), weights[part].sum(axis=1), out=total[part])
    return summed, total, weights


def _rms(x: Floats, weight: Floats, eps: float) -> Floats:
    mean = np.einsum("ij,ij->i", x, x)[:, None] / np.float32(x.shape[1])
    normed: Floats = x * (1 / np.sqrt(mean + np.float32(eps))) * weight
    return normed


def _softmax(scores: Floats) -> Floats:
    scores = scores - scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores
