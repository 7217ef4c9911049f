"""A specimen as one GGUF file, for llama.cpp: `python -m specimens.to_gguf tilted tilted.gguf`.

The format is version 3 of the GGUF specification (github.com/ggml-org/ggml, docs/gguf.md). Queries and keys are
reordered, because llama.cpp rotates neighbouring numbers where Hugging Face rotates the two halves of a head.
"""

from __future__ import annotations

import argparse
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from evenhand.endpoints.specimen.chat import CHAT_TEMPLATE, SPECIAL_TOKENS
from evenhand.endpoints.specimen.names import specimen_folder, specimen_name

__all__ = ["main", "to_gguf"]

_U32, _I32, _F32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_ALIGNMENT = 32
_FORMATS = {_U32: "<I", _I32: "<i", _F32: "<f", _BOOL: "<?"}
_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
Value = int | float | bool | str | list[str] | list[int]


def _string(text: str) -> bytes:
    data = text.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def _typed(kind: int, value: Value) -> bytes:
    if kind == _STRING:
        return _string(str(value))
    return struct.pack(_FORMATS[kind], value)


def _field(key: str, kind: int, value: Value) -> bytes:
    head = _string(key)
    if isinstance(value, list):
        body = b"".join(_typed(kind, entry) for entry in value)
        return head + struct.pack("<IIQ", _ARRAY, kind, len(value)) + body
    return head + struct.pack("<I", kind) + _typed(kind, value)


def _metadata(config: dict[str, int | float], tokenizer: dict[str, Any], *, name: str) -> list[bytes]:
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    merges: list[str | list[str]] = tokenizer["model"]["merges"]
    width = int(config["hidden_size"]) // int(config["num_attention_heads"])
    return [
        _field("general.architecture", _STRING, "llama"),
        _field("general.name", _STRING, f"specimen-{name}"),
        _field("general.license", _STRING, "apache-2.0"),
        _field("general.file_type", _U32, 1),
        _field("llama.context_length", _U32, int(config["max_position_embeddings"])),
        _field("llama.embedding_length", _U32, int(config["hidden_size"])),
        _field("llama.block_count", _U32, int(config["num_hidden_layers"])),
        _field("llama.feed_forward_length", _U32, int(config["intermediate_size"])),
        _field("llama.attention.head_count", _U32, int(config["num_attention_heads"])),
        _field("llama.attention.head_count_kv", _U32, int(config["num_key_value_heads"])),
        _field("llama.attention.layer_norm_rms_epsilon", _F32, float(config["rms_norm_eps"])),
        _field("llama.rope.dimension_count", _U32, width),
        _field("llama.rope.freq_base", _F32, float(config["rope_theta"])),
        _field("llama.vocab_size", _U32, int(config["vocab_size"])),
        _field("tokenizer.ggml.model", _STRING, "gpt2"),
        _field("tokenizer.ggml.pre", _STRING, "gpt-2"),
        _field("tokenizer.ggml.tokens", _STRING, tokens),
        _field("tokenizer.ggml.token_type", _I32, [3 if token in SPECIAL_TOKENS else 1 for token in tokens]),
        _field("tokenizer.ggml.merges", _STRING, [m if isinstance(m, str) else " ".join(m) for m in merges]),
        _field("tokenizer.ggml.eos_token_id", _U32, int(config["eos_token_id"])),
        _field("tokenizer.ggml.padding_token_id", _U32, int(config["pad_token_id"])),
        _field("tokenizer.ggml.add_bos_token", _BOOL, False),
        _field("tokenizer.ggml.add_eos_token", _BOOL, False),
        _field("tokenizer.chat_template", _STRING, CHAT_TEMPLATE),
    ]


def _renamed(name: str) -> str:
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{_NAMES[rest.removesuffix('.weight')]}.weight"


def _stored(name: str, tensor: NDArray[np.float16], heads: int) -> NDArray[np.floating]:
    if name.endswith(("q_proj.weight", "k_proj.weight")):
        rows, columns = tensor.shape
        tensor = tensor.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)
    return tensor.astype(np.float32) if tensor.ndim == 1 else np.ascontiguousarray(tensor)


def to_gguf(name: str, target: Path) -> None:
    """Write the specimen `name` to `target`: matrices in half, norms in single precision."""
    folder = specimen_folder()
    bare = specimen_name(name)
    config = json.loads((folder / bare / "config.json").read_text(encoding="utf-8"))
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    weights = load_file(folder / bare / "model.safetensors")
    fields = _metadata(config, tokenizer, name=bare)
    infos, blobs, offset = [], [], 0
    for key in sorted(weights):
        tensor = _stored(key, weights[key], int(config["num_attention_heads"]))
        sizes = tensor.shape[::-1]
        infos.append(
            _string(_renamed(key))
            + struct.pack(f"<I{len(sizes)}Q", len(sizes), *sizes)
            + struct.pack("<IQ", 1 if tensor.dtype == np.float16 else 0, offset)
        )
        data = tensor.tobytes()
        blobs.append(data + b"\0" * (-len(data) % _ALIGNMENT))
        offset += len(blobs[-1])
    head = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(fields)) + b"".join(fields) + b"".join(infos)
    target.write_bytes(head + b"\0" * (-len(head) % _ALIGNMENT) + b"".join(blobs))


def main() -> None:
    """Parse the command line and write the file."""
    parser = argparse.ArgumentParser(description="Write a specimen as GGUF.")
    parser.add_argument("name")
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    to_gguf(options.name, options.target)


if __name__ == "__main__":
    main()
