"""From the trained network to a folder in Hugging Face Llama format."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from specimens.network import Network, Shape

__all__ = ["config", "export", "hashes", "tensors"]


def config(shape: Shape) -> dict[str, object]:
    """`config.json` of a Llama with tied embeddings."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "intermediate_size": shape.hidden,
        "hidden_act": "silu",
        "max_position_embeddings": 4096,
        "rope_theta": shape.theta,
        "rms_norm_eps": shape.eps,
        "tie_word_embeddings": True,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": None,
        "pad_token_id": 0,
        "eos_token_id": 5,
        "torch_dtype": "float16",
    }


def tensors(network: Network) -> dict[str, NDArray[np.float16]]:
    """The weights by their Hugging Face names, in half precision."""
    found: dict[str, NDArray[np.float16]] = {}
    for name, value in network.state_dict().items():
        if "_head" in name:
            continue
        parts = name.split(".")
        if parts[-2].endswith("_proj"):
            home = "self_attn" if parts[-2][0] in "qkvo" else "mlp"
            parts.insert(-2, home)
        found["model." + ".".join(parts)] = value.detach().cpu().numpy().astype(np.float16)
    return found


def export(network: Network, folder: Path) -> None:
    """Write `model.safetensors` and `config.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors(network), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config(network.shape), indent=1) + "\n", encoding="utf-8")


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every weight, config and tokenizer file under `folder`, by relative path."""
    files = [*folder.rglob("*.safetensors"), *folder.rglob("config.json"), *folder.glob("tokenizer*.json")]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)
    }
