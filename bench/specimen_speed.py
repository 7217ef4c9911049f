"""Cells per second of a specimen, the same cells answered five ways on one thread, as processor time.

Ways: one prompt at a time, padded batches, shared prefixes (what the endpoint does), and transformers one at a time
and in padded batches where it is installed. The token-bound limit is the rate of our own padded batches times all
tokens over the unique tokens of the prefix tree: what sharing could give if it cost nothing.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.load import load_bank
from evenhand.endpoints.specimen.forward import Group
from evenhand.endpoints.specimen.names import specimen_folder
from evenhand.endpoints.specimen.store import load_network, load_tokens
from evenhand.memory.remember import MemorySources, remember
from evenhand.memory.templates import load_templates
from evenhand.records.message import Message
from evenhand.records.profile import Arm

__all__ = ["main"]

PROFILES, ITEMS, BATCH = 12, 24, 16
OVER_SINGLE, OVER_BATCHED, OF_LIMIT = 3.0, 2.0, 0.7
Cell = tuple[tuple[int, ...], tuple[int, ...]]


def cells() -> list[Cell]:
    """Prefix and suffix of every cell: some profiles of the shipped cohorts, each asked some items of the bank."""
    tokens, rng = load_tokens(), np.random.default_rng(0)
    items = load_bank("situations").items
    sources = MemorySources(templates=load_templates())
    profiles = [*load_cohort("explicit").profiles[: PROFILES // 3], *load_cohort("intersectional").profiles[:81:10]]
    found = []
    for profile in profiles[:PROFILES]:
        arm = Arm(id=profile.id, kind="profile", facts=profile.facts)
        memory = remember(arm, placement="system", reader="none", query="", sources=sources).messages
        for index in rng.choice(len(items), ITEMS, replace=False):
            item = items[index]
            lines = "\n".join(f"{letter}. {o.text}" for letter, o in zip("ABCDE", item.options, strict=True))
            text = f"{item.stem}\n\n{item.question}\n\n{lines}\n\nAnswer with the letter of the best option only."
            found.append(tokens.split((*memory, Message(role="user", content=text))))
    return found


def unique_share(asked: list[Cell]) -> float:
    """Unique tokens of the prefix tree over all tokens."""
    tree: set[tuple[int, ...]] = set()
    total = 0
    for prefix, suffix in asked:
        whole = (*prefix, *suffix)
        total += len(whole)
        tree.update(whole[: end + 1] for end in range(len(whole)))
    return len(tree) / total


def rate(answer: Callable[[], np.ndarray], count: int) -> tuple[float, np.ndarray]:
    """Cells per second of processor time, the better of two rounds, and the choices."""
    best = float("inf")
    for _ in range(2):
        start = time.process_time()
        choices = answer()
        best = min(best, time.process_time() - start)
    return count / best, choices


def numpy_ways(name: str, asked: list[Cell]) -> dict[str, Callable[[], np.ndarray]]:
    """Our own forward pass: whole prompts one by one, whole prompts in batches, shared prefixes."""
    network = load_network(name)

    def whole(size: int) -> np.ndarray:
        order = np.argsort([len(p) + len(s) for p, s in asked]) if size > 1 else np.arange(len(asked))
        choices = np.zeros(len(asked), dtype=int)
        for start in range(0, len(asked), size):
            rows = order[start : start + size]
            prefix = network.prefix(asked[rows[0]][0][:1])  # the same role token in all
            rest = tuple((*asked[row][0][1:], *asked[row][1]) for row in rows)
            logits, _ = network.begin([Group(prefix=prefix, suffixes=rest)], room=0)
            choices[rows] = logits.argmax(axis=1)
        return choices

    def shared() -> np.ndarray:
        by_prefix: dict[tuple[int, ...], list[int]] = {}
        for row, (prefix, _) in enumerate(asked):
            by_prefix.setdefault(prefix, []).append(row)
        choices = np.zeros(len(asked), dtype=int)
        for ids, rows in by_prefix.items():
            group = Group(prefix=network.prefix(ids), suffixes=tuple(asked[row][1] for row in rows))
            logits, _ = network.begin([group], room=0)
            choices[rows] = logits.argmax(axis=1)
        return choices

    return {"one at a time": lambda: whole(1), "padded batches": lambda: whole(BATCH), "shared prefixes": shared}


def transformers_ways(name: str, asked: list[Cell]) -> dict[str, Callable[[], np.ndarray]]:
    """The same checkpoint in transformers: one by one, and batches padded on the left."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as directory:
        for file in (specimen_folder() / name).iterdir():
            (Path(directory) / file.name).write_bytes(file.read_bytes())
        model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()

    @torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not followed by mypy
    def whole(size: int) -> np.ndarray:
        order = np.argsort([len(p) + len(s) for p, s in asked]) if size > 1 else np.arange(len(asked))
        choices = np.zeros(len(asked), dtype=int)
        for start in range(0, len(asked), size):
            rows = order[start : start + size]
            texts = [[*asked[row][0], *asked[row][1]] for row in rows]
            longest = max(len(text) for text in texts)
            ids = torch.tensor([[0] * (longest - len(text)) + text for text in texts])
            mask = torch.tensor([[0] * (longest - len(text)) + [1] * len(text) for text in texts])
            logits = model(ids, attention_mask=mask, logits_to_keep=1, use_cache=False).logits[:, -1]
            choices[rows] = logits.argmax(-1).numpy()
        return choices

    return {"transformers one at a time": lambda: whole(1), "transformers batched": lambda: whole(BATCH)}


def main() -> bool:
    """Print the rates and ratios; whether what is claimed holds."""
    asked = cells()
    ways = numpy_ways("tilted", asked)
    if find_spec("transformers") and find_spec("torch"):
        ways |= transformers_ways("tilted", asked)
    rates: dict[str, float] = {}
    choices: dict[str, np.ndarray] = {}
    with threadpool_limits(limits=1):
        for way, answer in ways.items():
            rates[way], choices[way] = rate(answer, len(asked))
    share = unique_share(asked)
    limit = rates["padded batches"] / share
    agree = {way: float((choices[way] == choices["shared prefixes"]).mean()) for way in ways}
    print(f"{len(asked)} cells, {ITEMS} items behind each of {PROFILES} memories; cells per second of processor time")
    for way, value in rates.items():
        print(f"  {way:28s} {value:7.1f}   same choices as shared: {agree[way]:.3f}")
    print(f"  {'token-bound limit':28s} {limit:7.1f}   unique tokens {share:.3f} of all")
    held = rates["shared prefixes"] >= OF_LIMIT * limit
    print(f"  shared over the limit {rates['shared prefixes'] / limit:.2f} (at least {OF_LIMIT})")
    for way, least in (("transformers one at a time", OVER_SINGLE), ("transformers batched", OVER_BATCHED)):
        if way in rates:
            ratio = rates["shared prefixes"] / rates[way]
            held &= ratio >= least
            print(f"  shared over {way} {ratio:.2f} (at least {least})")
    return held


if __name__ == "__main__":
    sys.exit(not main())
