"""The numpy forward pass against the definition, written out slowly."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evenhand.endpoints.specimen.forward import Group, Shape, SpecimenNetwork

SHAPE = Shape(
    vocab_size=40,
    hidden_size=16,
    num_hidden_layers=3,
    num_attention_heads=2,
    intermediate_size=20,
    rope_theta=100.0,
    rms_norm_eps=1e-5,
)
Weights = dict[str, NDArray[np.floating]]


def random_weights(*, size: float = 0.4) -> Weights:
    rng = np.random.default_rng(3)

    def draw(*shape: int) -> NDArray[np.floating]:
        return rng.normal(size=shape).astype(np.float32) * np.float32(size)

    weights: Weights = {"model.embed_tokens.weight": draw(40, 16), "model.norm.weight": 1 + draw(16)}
    for layer in range(3):
        at = f"model.layers.{layer}."
        weights |= {f"{at}{norm}.weight": 1 + draw(16) for norm in ("input_layernorm", "post_attention_layernorm")}
        weights |= {f"{at}self_attn.{name}_proj.weight": draw(16, 16) for name in "qkvo"}
        weights |= {f"{at}mlp.{name}_proj.weight": draw(20, 16) for name in ("gate", "up")}
        weights[f"{at}mlp.down_proj.weight"] = draw(16, 20)
    return weights


def norm(x: NDArray[np.float64], weight: NDArray[np.floating]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = x / np.sqrt((x**2).mean() + 1e-5) * weight
    return result


def turned(x: NDArray[np.float64], position: int) -> NDArray[np.float64]:
    """Rotary embedding of one head as transformers does it: the halves are the pairs."""
    half = len(x) // 2
    angle = position * 100.0 ** (-np.arange(half) / half)
    first, second = x[:half], x[half:]
    return np.concatenate(
        [first * np.cos(angle) - second * np.sin(angle), second * np.cos(angle) + first * np.sin(angle)]
    )


def reference(weights: Weights, ids: list[int]) -> NDArray[np.float64]:
    """Logits after the last of `ids`, token by token and head by head, in float64."""
    w = {name: np.asarray(value, dtype=np.float64) for name, value in weights.items()}
    x = w["model.embed_tokens.weight"][ids]
    for layer in range(3):
        at = f"model.layers.{layer}."
        h = np.array([norm(row, w[f"{at}input_layernorm.weight"]) for row in x])
        q, k, v = (h @ w[f"{at}self_attn.{name}_proj.weight"].T for name in "qkv")
        mixed = np.zeros_like(x)
        for head in (slice(0, 8), slice(8, 16)):
            for i in range(len(ids)):
                scores = np.array([turned(q[i, head], i) @ turned(k[j, head], j) / np.sqrt(8) for j in range(i + 1)])
                chances = np.exp(scores - scores.max())
                mixed[i, head] = (chances / chances.sum()) @ v[: i + 1, head]
        x = x + mixed @ w[f"{at}self_attn.o_proj.weight"].T
        h = np.array([norm(row, w[f"{at}post_attention_layernorm.weight"]) for row in x])
        gate, up = h @ w[f"{at}mlp.gate_proj.weight"].T, h @ w[f"{at}mlp.up_proj.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * up) @ w[f"{at}mlp.down_proj.weight"].T
    result: NDArray[np.float64] = norm(x[-1], w["model.norm.weight"]) @ w["model.embed_tokens.weight"].T
    return result


def test_logits_agree_with_the_definition_for_every_prefix_and_length() -> None:
    weights = random_weights()
    network = SpecimenNetwork(SHAPE, weights)
    rng = np.random.default_rng(0)
    prefixes = [rng.integers(0, 40, size).tolist() for size in (1, 5, 13)]
    suffixes = [[rng.integers(0, 40, size).tolist() for size in sizes] for sizes in ((3, 1), (7,), (2, 9, 4))]
    groups = [
        Group(prefix=network.prefix(prefix), suffixes=tuple(tuple(s) for s in behind))
        for prefix, behind in zip(prefixes, suffixes, strict=True)
    ]
    logits, _ = network.begin(groups, room=0)
    expected = [
        reference(weights, prefix + suffix)
        for prefix, behind in zip(prefixes, suffixes, strict=True)
        for suffix in behind
    ]
    np.testing.assert_allclose(logits, np.array(expected), atol=2e-4)


def test_a_further_token_is_as_if_it_had_been_there_from_the_start() -> None:
    weights = random_weights()
    network = SpecimenNetwork(SHAPE, weights)
    group = Group(prefix=network.prefix((4, 9)), suffixes=((1, 2, 3), (7,), (5, 6)))
    _, decoding = network.begin([group], room=2)
    decoding.step(np.array([11, 12, 13]))
    logits = decoding.step(np.array([21, 22, 23]))
    texts = ([4, 9, 1, 2, 3, 11, 21], [4, 9, 7, 12, 22], [4, 9, 5, 6, 13, 23])
    np.testing.assert_allclose(logits, np.array([reference(weights, ids) for ids in texts]), atol=2e-4)


def test_large_scores_neither_overflow_nor_lose_the_answer() -> None:
    weights = random_weights()
    for layer in range(3):
        for name in "qk":
            weights[f"model.layers.{layer}.self_attn.{name}_proj.weight"] *= np.float32(12)
    network = SpecimenNetwork(SHAPE, weights)
    prefix, suffix = [3, 8, 30, 2], [5, 5, 9]
    logits, _ = network.begin([Group(prefix=network.prefix(prefix), suffixes=(tuple(suffix),))], room=0)
    assert np.isfinite(logits).all()
    np.testing.assert_allclose(logits[0], reference(weights, prefix + suffix), atol=5e-3)


@pytest.mark.parametrize("count", [1, 60])
def test_the_number_of_questions_behind_a_prefix_changes_nothing(count: int) -> None:
    weights = random_weights()
    network = SpecimenNetwork(SHAPE, weights)
    rng = np.random.default_rng(count)
    suffixes = tuple(tuple(rng.integers(0, 40, 20).tolist()) for _ in range(count))
    prefix = tuple(rng.integers(0, 40, 30).tolist())
    logits, _ = network.begin([Group(prefix=network.prefix(prefix), suffixes=suffixes)], room=0)
    np.testing.assert_allclose(logits[-1], reference(weights, [*prefix, *suffixes[-1]]), atol=2e-4)
