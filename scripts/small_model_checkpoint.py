"""The small model as a checkpoint for transformers: `python -m scripts.small_model_checkpoint DIR`, then `hf/DIR`.

The weights are those of the file that scripts/serve_small_model.py serves: transformers unpacks its 4-bit numbers to 32
bits, and they are copied into a fresh model whose configuration names no quantization, because one that does cannot be
saved. So a server of llama.cpp and `hf/DIR` answer from the same numbers. Needs the extra `hf` and
scripts/install-small-model.sh.
"""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.serve_small_model import gguf_file


def main() -> None:
    """Write the checkpoint and say how large the model is."""
    if len(sys.argv) != 2:
        raise SystemExit("name one directory: python -m scripts.small_model_checkpoint DIR")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()

    target, file = Path(sys.argv[1]), gguf_file()
    unpacked = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    settings = unpacked.config.to_dict()
    settings.pop("quantization_config", None)
    model = LlamaForCausalLM(LlamaConfig.from_dict(settings))
    model.load_state_dict(unpacked.state_dict())
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(target)
    print(f"{target}: {sum(weights.numel() for weights in model.parameters()):,} parameters")


if __name__ == "__main__":
    main()
