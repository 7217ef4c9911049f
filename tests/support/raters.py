"""Invented raters: what they would write into a form, drawn from a seed; no person is meant."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from evenhand.bank.rating.forms import RatingForm, flat
from evenhand.bank.rating.table import form_csv
from evenhand.records.item import Bank
from evenhand.records.rating import ASPECTS

__all__ = ["filled", "right_most_of_the_time", "write_filled"]

Filler = Callable[[str, dict[str, str]], dict[str, str]]
"""(Item id, option id -> letter) -> column -> what the rater writes."""


def filled(form: RatingForm, bank: Bank, fill: Filler, *, rater: str, readers: str = "person") -> list[dict[str, str]]:
    """The rows of a form's table as a rater hands them back."""
    items = {item.id: item for item in bank.items}
    rows = list(csv.DictReader(io.StringIO(form_csv(form))))
    shown = {item.id: item for item in form.items}
    for row in rows:
        texts = {text: letter for letter, text in shown[row["item"]].options.items()}
        letters = {option.id: texts[flat(option.text)] for option in items[row["item"]].options}
        said = fill(row["item"], letters)
        row |= {column: value for column, value in said.items() if row.get(column, "-") != "-"}
        row |= {"rater": rater, "readers": readers}
    return rows


def write_filled(rows: list[dict[str, str]], path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def right_most_of_the_time(bank: Bank, *, share: float, rng: np.random.Generator) -> Filler:
    """A rater who chooses the key in `share` of the items, anything else in the others, and answers every question."""
    items = {item.id: item for item in bank.items}

    def fill(name: str, letters: dict[str, str]) -> dict[str, str]:
        item = items[name]
        wrong = [option for option in letters if option != item.key]
        chosen = item.key if rng.random() < share or not wrong else wrong[int(rng.integers(len(wrong)))]
        said = {"certainty": str(rng.integers(1, 6)), "sensitive": "yes" if rng.random() < 0.05 else "no"}
        if letters:
            said["answer"] = letters[chosen]
        for option, letter in letters.items():
            top = 9 if option == chosen else int(rng.integers(0, 8))
            said |= {f"intensity_{letter}": str(top), f"effectiveness_{letter}": str(top)}
        return said | {aspect: allowed[0] for aspect, allowed in ASPECTS.items()}

    return fill
