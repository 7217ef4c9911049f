"""Make a small checkpoint of the Llama architecture with random weights: `python scripts/make_tiny_llama.py DIR`.

What it answers means nothing; it stands for a real model where a real server is tested. The letters A to E weigh more
than other tokens, and a letter ends the turn, so that many of its answers can be read.
Needs the extra `hf`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

END = "<|end|>"
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
SPECIAL = [END, "<|pad|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>"]
TEXT = [
    "The user asks what a person feels, and which answer is best.",
    "Answer with the letter of the best option only. A B C D E",
    "A friend is late; a plan falls through; good news comes at work; somebody is praised, blamed or thanked.",
]


def tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level tokenizer: any text in any language has tokens."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(TEXT, trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token=END,
        pad_token="<|pad|>",
        model_max_length=4096,
        clean_up_tokenization_spaces=False,
    )
    wrapped.chat_template = TEMPLATE
    return wrapped


def model(words: PreTrainedTokenizerFast, *, seed: int) -> LlamaForCausalLM:
    """Two layers with random weights."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        bos_token_id=None,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
        tie_word_embeddings=False,
        initializer_range=0.3,
    )
    made = LlamaForCausalLM(config)
    letters = [words.convert_tokens_to_ids(letter) for letter in "ABCDE"]
    ending = torch.nn.functional.normalize(torch.randn(config.hidden_size), dim=0)
    with torch.no_grad():
        for letter in letters:
            made.lm_head.weight[letter] *= 30.0
            made.model.embed_tokens.weight[letter] += 600.0 * ending
        made.lm_head.weight[words.eos_token_id] = 40.0 * ending
    return made.eval()


def main(directory: str, seed: int = 7) -> None:
    words = tokenizer()
    made = model(words, seed=seed)
    Path(directory).mkdir(parents=True, exist_ok=True)
    made.generation_config.do_sample = False
    made.save_pretrained(directory)
    words.save_pretrained(directory)
    print(directory)


if __name__ == "__main__":
    main(sys.argv[1])
