"""Invent the ratings of docs/validating.md: a small bank and what 24 made-up people and one made-up model say of it.

Usage: python scripts/invent_ratings.py [FOLDER]

Nobody was asked. The made-up people choose the key in 85% of the items, except in the last one, whose key is wrong on
purpose: there they choose what the item's situation means. The model chooses the key everywhere. Everything follows
from one seed, so the files come out the same each time (tests/unit/test_validating_page.py holds them to that).
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import msgspec
import numpy as np

from evenhand.bank.load import load_bank
from evenhand.bank.rating.forms import RatingForm, deal_forms, flat
from evenhand.bank.rating.table import form_csv
from evenhand.bank.write import bank_text
from evenhand.records.item import Bank, Item
from evenhand.seeds import stream

FOLDER = Path(__file__).parents[1] / "examples" / "validation"
PEOPLE, ITEMS, SHARE = 24, 6, 0.85
KEPT = ("form", "item", "wording", "options", "rater", "readers", "answer", "certainty", "sensitive", "note")


def example_bank() -> tuple[Bank, Bank]:
    """Six of the shipped items, and the same with a wrong key in the last one."""
    shipped = load_bank("understanding")
    items = shipped.items[:ITEMS]
    wrong = next(option.id for option in items[-1].options if option.id != items[-1].key)
    mistaken = msgspec.structs.replace(items[-1], key=wrong, appraisal=None, rationale=None)
    right = msgspec.structs.replace(
        shipped,
        name="example",
        source="Six items of the bank understanding; the key of the last is wrong on purpose.",
        notes="For the walk-through in docs/validating.md.",
        items=items,
    )
    return right, msgspec.structs.replace(right, items=(*items[:-1], mistaken))


def rows_of(
    form: RatingForm, truth: Bank, *, rater: str, share: float, rng: np.random.Generator
) -> list[dict[str, str]]:
    """A filled table; `share` is how often the rater chooses what the situation means."""
    items = {item.id: item for item in truth.items}
    shown = {item.id: item.options for item in form.items}
    rows = list(csv.DictReader(io.StringIO(form_csv(form))))
    for row in rows:
        item = items[row["item"]]
        letters = {letter: _id(item, text) for letter, text in shown[item.id].items()}
        right = [letter for letter, option in letters.items() if option == item.key]
        wrong = [letter for letter in letters if letter not in right]
        sure = rng.random() < share
        row["answer"] = right[0] if sure else wrong[int(rng.integers(len(wrong)))]
        row["certainty"] = str(int(rng.integers(3, 6) if sure else rng.integers(1, 4)))
        row["sensitive"] = "yes" if rng.random() < 0.04 else "no"
        row["rater"] = rater
        row["note"] = "invented"
    return rows


def _id(item: Item, text: str) -> str:
    return next(option.id for option in item.options if flat(option.text) == text)


def files() -> dict[str, str]:
    """File name -> content."""
    truth, bank = example_bank()
    rng = stream(1, "invented raters")
    forms = deal_forms(
        bank, asked=("answer", "certainty", "sensitive"), raters=PEOPLE + 1, rng=stream(0, "form", bank.name)
    )
    rows: list[dict[str, str]] = []
    for number, form in enumerate(forms[:-1], start=1):
        rows += rows_of(form, truth, rater=f"invented-{number:02d}", share=SHARE, rng=rng)
    model = rows_of(forms[-1], bank, rater="invented-model", share=1.0, rng=rng)
    rows += [row | {"readers": "language model"} for row in model]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, KEPT, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return {"example-bank.yaml": bank_text(bank), "invented-ratings.csv": out.getvalue()}


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
        print(folder / name)


if __name__ == "__main__":
    main()
