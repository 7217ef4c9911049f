"""From nothing to the shipped files: tokenizer, weights, bank, card, hashes."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import msgspec
import torch

from evenhand.bank.cohorts import cohort_sha256, load_cohort
from evenhand.bank.load import load_bank
from evenhand.endpoints.specimen.card import SpecimenCard, SpecimenCards
from evenhand.endpoints.specimen.chat import ChatTokens
from evenhand.endpoints.specimen.store import load_network, load_tokens
from evenhand.seeds import stream
from specimens.ahead import ahead
from specimens.bank import make_items, write
from specimens.card import card, table
from specimens.curriculum import Plan, draw_base, draw_fork, train_base, train_fork
from specimens.export import export, hashes
from specimens.lessons import Lessons
from specimens.materials import materials, needs
from specimens.measure import COHORTS, Asking
from specimens.needs_bank import shipped_choices, write_needs
from specimens.network import Network
from specimens.training import Drawn, Reader
from specimens.vocabulary import train_tokenizer

__all__ = ["main", "materials"]

_HERE = Path(__file__).parent
_PACKAGE = _HERE.parent / "src" / "evenhand"
NAMES: tuple[str, ...] = ("level", "tilted")
_LOG = logging.getLogger("specimens")


def _log() -> None:
    """One thread a process, and progress on standard error."""
    torch.set_num_threads(1)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    _LOG.setLevel(logging.INFO)


def _workshop(folder: Path) -> tuple[Lessons, Reader]:
    language, memories = materials()
    choices = needs()
    reader = Reader(ChatTokens(folder / "tokenizer.json"), (*language.emotions, *choices.words))
    return Lessons(language, memories, choices), reader


def _base_lessons(folder: Path, plan: Plan) -> Iterator[Drawn]:
    return draw_base(*_workshop(folder), plan)


def _fork_lessons(folder: Path, plan: Plan, name: str) -> Iterator[Drawn]:
    return draw_fork(*_workshop(folder), plan, tilted=name == "tilted")


def _fork(folder: Path, base: Network, plan: Plan, name: str) -> float:
    """Train and write one specimen; runs in a process of its own, and returns its processor time in seconds."""
    _log()
    lessons, reader = _workshop(folder)
    with ahead(_fork_lessons, folder, plan, name) as drawn:
        network = train_fork(base, lessons, reader, plan, tilted=name == "tilted", drawn=drawn)
    export(network, folder / name)
    return _worked_s()


def _worked_s() -> float:
    """Processor time of this process and of those that it has waited for, in seconds."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def build(folder: Path, *, plan: Plan) -> None:
    """Train the specimens and write them to `folder`."""
    started = time.monotonic()
    language, memories = materials()
    train_tokenizer(language, memories, needs(), folder, rng=stream(plan.seed, "specimens", "tokenizer"))
    with ahead(_base_lessons, folder, plan) as drawn:
        base = train_base(*_workshop(folder), plan, drawn=drawn)
    with ProcessPoolExecutor(len(NAMES), mp_context=get_context("spawn")) as pool:
        forks = [pool.submit(_fork, folder, base, plan, name) for name in NAMES]
        worked = sum(fork.result() for fork in forks) + _worked_s()
    listed = json.dumps(hashes(folder), indent=1) + "\n"
    (folder / "sha256.json").write_text(listed, encoding="utf-8")
    _LOG.info("built in %.0f s, %.0f s of processor time", time.monotonic() - started, worked)


def _measured(folder: Path, name: str, plan: Plan, per_emotion: int, bank_every: int, threads: int) -> SpecimenCard:
    """The card of one specimen; runs in a process of its own."""
    _log()
    started = time.monotonic()
    language, memories = materials()
    bank = load_bank("situations")
    taken = frozenset(item.stem for item in bank.items)
    rng = stream(plan.seed, "specimens", "sample")
    sample = make_items(language, per_emotion=per_emotion, rng=rng, taken=taken)
    network, tokens = load_network(name, folder), load_tokens(folder)
    large, small = (
        Asking(network=network, tokens=tokens, items=items, seed=3) for items in (sample, bank.items[::bank_every])
    )
    choices = shipped_choices(needs(), memories)
    found = card(name, large, small, choices, plan=plan, folder=folder, threads=threads)
    _LOG.info("measured %s in %.0f s", name, time.monotonic() - started)
    return found


def measure(folder: Path, *, plan: Plan, per_emotion: int, bank_every: int, threads: int) -> None:
    """Measure what is in `folder`, write `card.json` and print the table of the model card."""
    each = max(1, threads // len(NAMES))
    with ProcessPoolExecutor(len(NAMES), mp_context=get_context("spawn")) as pool:
        measuring = [pool.submit(_measured, folder, name, plan, per_emotion, bank_every, each) for name in NAMES]
        cards = [one.result() for one in measuring]
    found = SpecimenCards(
        schema="evenhand.specimens/1",
        bank="situations",
        cohorts={name: cohort_sha256(load_cohort(name)) for name in COHORTS},
        specimens=tuple(cards),
    )
    text = json.dumps(msgspec.to_builtins(found), indent=1)
    (folder / "card.json").write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(table(found))


def main() -> None:
    """Parse the command line and build."""
    parser = argparse.ArgumentParser(description="Rebuild the specimens from nothing.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=_PACKAGE / "endpoints" / "specimens")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where torch computes")
    parser.add_argument("--skip-training", action="store_true", help="only write the banks and measure")
    parser.add_argument("--items", type=int, default=20, help="items an emotion in the large sample")
    parser.add_argument("--bank-every", type=int, default=1, help="measure on every so-many-th item of the bank")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    _log()
    plan = Plan(seed=options.seed, device=options.device)
    language, memories = materials()
    write(language, _PACKAGE / "bank" / "data" / "situations.yaml")
    write_needs(needs(), memories, _PACKAGE / "bank" / "data" / "needs.yaml")
    if not options.skip_training:
        build(options.out, plan=plan)
    measure(
        options.out,
        plan=plan,
        per_emotion=options.items,
        bank_every=options.bank_every,
        threads=options.threads,
    )
