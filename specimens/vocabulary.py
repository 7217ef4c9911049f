"""The specimens' tokenizer: byte-level BPE learnt from the generator's own language."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from evenhand.endpoints.specimen.chat import CHAT_TEMPLATE, END, PAD, SPECIAL_TOKENS
from evenhand.memory.remember import MemorySources, remember
from evenhand.memory.templates import load_templates
from evenhand.records.profile import READERS, Arm, Fact
from specimens.language import Language, ask
from specimens.memories import TAUGHT, Memories
from specimens.needs import Needs

__all__ = ["VOCABULARY", "train_tokenizer"]

VOCABULARY = 2048


def _texts(language: Language, memories: Memories, needs: Needs, rng: np.random.Generator) -> list[str]:
    texts = [ask(language.draw(rng, split="train")) for _ in range(12000)]
    texts += [ask(needs.ask_about(topic, rng, split="train")) for topic in needs.topics for _ in range(500)]
    texts += [needs.fact(need, rng, split="train") for need in needs.answers for _ in range(200)]
    texts += [ask(language.echo(rng)) for _ in range(1000)]
    for _ in range(4000):
        texts += memories.facts(memories.draw_levels(rng), count=6, rng=rng)
    texts += list(memories.neutral)
    texts += [f"The user is {age} years old. Aged {age}." for age in range(18, 91)] * 40  # one token a number
    sources = MemorySources(templates=load_templates())
    arm = Arm(id="x", kind="profile", facts=tuple(Fact(text=text, dimension="neutral") for text in texts[-30:]))
    for placement in TAUGHT:
        for reader in READERS:
            shown = remember(arm, placement=placement, reader=reader, query="user", sources=sources)
            texts += [message.content for message in shown.messages] * 20
            texts += [message.tool_arguments for message in shown.messages if message.tool_arguments] * 20
    return texts


def train_tokenizer(
    language: Language, memories: Memories, needs: Needs, folder: Path, *, rng: np.random.Generator
) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json` to `folder`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(language, memories, needs, rng), trainer)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "pad_token": PAD,
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 4096,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
