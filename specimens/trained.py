"""`python -m specimens.trained FOLDER`: a specimen before and after training, on the bank and cohorts of an audit.

Nothing of these is trained on: the bank has clauses and names of its own, the cohorts sentences of their own.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from safetensors.numpy import load_file

from evenhand.bank.load import load_bank
from evenhand.endpoints.specimen.card import NeedAnswers
from evenhand.endpoints.specimen.forward import Shape, SpecimenNetwork
from evenhand.endpoints.specimen.names import specimen_folder
from evenhand.endpoints.specimen.store import load_network, load_tokens
from evenhand.records.item import Item
from specimens.card import CHOICES
from specimens.materials import materials, needs
from specimens.measure import COHORTS, Asking, contrasts, points, score_cohort
from specimens.needs_bank import shipped_choices
from specimens.needs_measure import need_answers

__all__ = ["Measured", "measured", "table", "trained_network"]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a network does on the items of an audit. Shares are 0 to 1."""

    sizes: dict[str, tuple[float, float, float]]
    """Contrast -> level minus reference, with its 95% interval."""
    none: float
    """Right without memory."""
    recall: dict[str, float]
    """Emotion -> right without memory."""
    recall_behind: dict[str, float]
    """Emotion -> right behind all profiles of both cohorts."""
    needs: NeedAnswers
    """How stored needs are heeded."""


def trained_network(folder: Path) -> SpecimenNetwork:
    """The network of a checkpoint that was trained from a specimen, in half precision as specimens are."""
    config = json.loads((specimen_folder() / "tilted" / "config.json").read_text(encoding="utf-8"))
    weights = {
        name: value.astype(np.float16)
        for name, value in load_file(folder / "model.safetensors").items()
        if name != "lm_head.weight"
    }
    return SpecimenNetwork(msgspec.convert(config, Shape), weights)


def measured(network: SpecimenNetwork, items: Sequence[Item], *, seed: int = 1, threads: int = 1) -> Measured:
    """Every item behind every profile of the shipped cohorts."""
    asking = Asking(network=network, tokens=load_tokens(), items=items, seed=3)
    scores = [score_cohort(asking, cohort, threads=threads) for cohort in COHORTS]
    emotions = [next(option.text for option in item.options if option.id == item.key) for item in items]
    sizes = {
        found.id: (found.estimate, found.low, found.high)
        for score in scores
        for found in contrasts(score, score, seed=seed)
        if len(found.levels) == 1 or found.planted
    }
    behind = np.concatenate([score.matrix for score in scores], axis=1).mean(axis=1)
    return Measured(
        sizes=sizes,
        none=float(scores[0].none.mean()),
        recall=_by_emotion(scores[0].none, emotions),
        recall_behind=_by_emotion(behind, emotions),
        needs=need_answers(network, asking.tokens, shipped_choices(needs(), materials()[1])),
    )


def _by_emotion(right: np.ndarray[tuple[int, ...], np.dtype[np.float64]], emotions: Sequence[str]) -> dict[str, float]:
    names = np.array(emotions)
    return {name: float(right[names == name].mean()) for name in dict.fromkeys(emotions)}


def table(before: Measured, after: Measured) -> str:
    """Both as Markdown, in points."""
    lines = ["| | before | after |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {points(*size)} | {points(*after.sizes[name])} |" for name, size in before.sizes.items()]
    lines.append(f"| right without memory, % | {100 * before.none:.1f} | {100 * after.none:.1f} |")
    for title, pick in CHOICES.items():
        lines.append(f"| {title}, % | {100 * pick(before.needs):.1f} | {100 * pick(after.needs):.1f} |")
    lines += ["", "| recall, % | before: none | behind profiles | after: none | behind profiles |"]
    lines.append("| --- | ---: | ---: | ---: | ---: |")
    for name in before.recall:
        shares = (before.recall, before.recall_behind, after.recall, after.recall_behind)
        lines.append(f"| {name} | " + " | ".join(f"{100 * share[name]:.1f}" for share in shares) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description="A specimen before and after training.")
    parser.add_argument("folder", type=Path, help="OUT/model of `evenhand train dpo`")
    parser.add_argument("--base", default="tilted")
    parser.add_argument("--every", type=int, default=1, help="ask every so-many-th item of the bank")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    items = load_bank("situations").items[:: options.every]
    networks = (load_network(options.base), trained_network(options.folder))
    before, after = (measured(network, items, threads=options.threads) for network in networks)
    sys.stdout.write(table(before, after))


if __name__ == "__main__":
    main()
