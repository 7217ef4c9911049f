"""Which matrices a training may change, by their paths."""

from __future__ import annotations

import pytest

from evenhand.errors import InputError
from evenhand.records.training import Target
from evenhand.train.targets import chosen_matrices

LLAMA = (
    *(
        f"model.layers.{layer}.{part}"
        for layer in range(3)
        for part in ("self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj")
    ),
    "lm_head",
)
GPT2 = ("transformer.h.0.attn.c_attn", "transformer.h.0.mlp.c_fc", "transformer.h.1.attn.c_attn")


@pytest.mark.parametrize(
    ("names", "targets", "layers", "wanted"),
    [
        (LLAMA, "attention", (1,), ("model.layers.1.self_attn.q_proj", "model.layers.1.self_attn.o_proj")),
        (LLAMA, "feed_forward", (0, 2), ("model.layers.0.mlp.up_proj", "model.layers.2.mlp.up_proj")),
        (LLAMA, "all", (2,), tuple(name for name in LLAMA if ".2." in name)),
        (GPT2, "attention", (), ("transformer.h.0.attn.c_attn", "transformer.h.1.attn.c_attn")),
    ],
)
def test_parts_and_layers_are_chosen(
    names: tuple[str, ...], targets: Target, layers: tuple[int, ...], wanted: tuple[str, ...]
) -> None:
    assert chosen_matrices(names, targets=targets, layers=layers, model="m") == wanted


def test_a_layer_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(InputError, match="'m' has no layer 3; its layers are 0 to 2"):
        chosen_matrices(LLAMA, targets="all", layers=(1, 3), model="m")


def test_a_part_that_is_not_known_is_refused_with_what_there_is() -> None:
    with pytest.raises(InputError, match=r"no matrix of 'm' is known to be of feed_forward \(there are mixer, up\)"):
        chosen_matrices(("b.0.mixer", "b.0.up"), targets="feed_forward", layers=(), model="m")


def test_a_model_without_numbered_layers_is_refused() -> None:
    with pytest.raises(InputError, match="the layers of 'm' are not found"):
        chosen_matrices(("lm_head",), targets="attention", layers=(), model="m")
