"""From nothing to the shipped files: tokenizer, weights, bank, card, hashes."""

from __future__ import annotations

import argparse
import json
import logging
import time
from pathlib import Path

import torch

from evenhand.bank.cohorts import load_cohort, shipped_cohorts
from evenhand.endpoints.specimen_chat import ChatTokens
from evenhand.seeds import stream
from specimens.bank import write
from specimens.curriculum import Plan, train_base, train_fork
from specimens.export import export, hashes
from specimens.language import Language
from specimens.memories import Memories
from specimens.training import Workshop
from specimens.vocabulary import train_tokenizer

__all__ = ["main", "materials"]

_HERE = Path(__file__).parent
_PACKAGE = _HERE.parent / "src" / "evenhand"
_BANK_SEED = 7
"""The bank does not change with the seed of the training."""
_LOG = logging.getLogger("specimens")


def materials() -> tuple[Language, Memories]:
    """The grammars; no sentence of a shipped cohort can be drawn from the second."""
    sentences: set[str] = set()
    for name in shipped_cohorts():
        cohort = load_cohort(name, cues=("stated", "implied", "mixed"))
        sentences.update(fact.text for profile in (*cohort.profiles, *cohort.placebo) for fact in profile.facts)
    return Language(_HERE / "situations.yaml"), Memories(_HERE / "memories.yaml", held_out=frozenset(sentences))


def build(folder: Path, *, plan: Plan) -> None:
    """Train the specimens and write them to `folder`."""
    started, worked = time.monotonic(), time.process_time()
    language, memories = materials()
    train_tokenizer(language, memories, folder, rng=stream(plan.seed, "specimens", "tokenizer"))
    workshop = Workshop(language, memories, ChatTokens(folder / "tokenizer.json"))
    base = train_base(workshop, plan)
    for name in ("tilted", "level"):
        export(train_fork(base, workshop, plan, tilted=name == "tilted"), folder / name)
    listed = json.dumps(hashes(folder), indent=1) + "\n"
    (folder / "sha256.json").write_text(listed, encoding="utf-8")
    _LOG.info("built in %.0f s, %.0f s of processor time", time.monotonic() - started, time.process_time() - worked)


def main() -> None:
    """Parse the command line and build."""
    parser = argparse.ArgumentParser(description="Rebuild the specimens from nothing.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=_PACKAGE / "endpoints" / "specimens")
    parser.add_argument("--skip-training", action="store_true", help="only write the bank and measure")
    parser.add_argument("--items", type=int, default=20, help="items an emotion in the large sample")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    _LOG.setLevel(logging.INFO)
    torch.set_num_threads(1)
    plan = Plan(seed=options.seed)
    language, _ = materials()
    write(language, _PACKAGE / "bank" / "data" / "situations.yaml", rng=stream(_BANK_SEED, "specimens", "bank"))
    if not options.skip_training:
        build(options.out, plan=plan)
