"""Forms: which items a rater sees, in which order, with which questions; never both twins of a pair, never a key."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from evenhand.bank.rating.questions import asked_of
from evenhand.errors import UsageError
from evenhand.records.item import Bank, Item
from evenhand.records.rating import RatingQuestion

__all__ = ["FormItem", "RatingForm", "deal_forms", "flat", "wording"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WORDING_DIGITS = 12


class FormItem(Struct, frozen=True, kw_only=True):
    """One item as a rater sees it."""

    id: str
    situation: str
    """The situation, after what is known of the user where the item rests on that."""
    question: str
    """What the item asks; empty where its situation asks by itself."""
    options: dict[str, str]
    """Letter -> text, in the order shown."""
    asked: tuple[RatingQuestion, ...]
    """What is asked about the item."""
    wording: str
    """Short hash of the texts, by which a later change of the item is noticed."""


class RatingForm(Struct, frozen=True, kw_only=True):
    """What one rater is given."""

    name: str
    bank: str
    language: str
    """Language of the items, as a BCP 47 tag."""
    items: tuple[FormItem, ...]


def deal_forms(
    bank: Bank,
    *,
    asked: Sequence[RatingQuestion],
    raters: int,
    rng: np.random.Generator,
    per_form: int | None = None,
) -> tuple[RatingForm, ...]:
    """Forms such that every item is on `raters` of them and no form has both twins of a pair.

    Each of `raters` rounds deals the whole bank onto as few forms as that allows; items and options come in a fresh
    random order on each.

    Args:
        bank: Its keys, weights, rationales and appraisals stay behind.
        asked: Questions; each item gets those that make sense of it.
        raters: Forms that each item is on.
        rng: For the deal and the orders.
        per_form: The most items on a form; None: no limit.

    Raises:
        UsageError: None of the questions makes sense of any item, or `raters` or `per_form` is below 1.
    """
    if raters < 1 or (per_form is not None and per_form < 1):
        raise UsageError(f"raters is {raters!r} and items per form {per_form!r}; give numbers from 1")
    questions = asked_of(bank, asked)
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in bank.items:
        if questions[item.id]:
            groups[item.pair or item.id].append(item)
    count = sum(map(len, groups.values()))
    needed = max(map(len, groups.values()))
    piles = max(needed, -(-count // (per_form or count)))
    forms: list[RatingForm] = []
    for _ in range(raters):
        for pile in _dealt(list(groups.values()), piles=piles, rng=rng):
            shown = tuple(
                _shown(pile[index], asked=questions[pile[index].id], rng=rng) for index in rng.permutation(len(pile))
            )
            name = f"{bank.name}-{len(forms) + 1:02d}"
            forms.append(RatingForm(name=name, bank=bank.name, language=bank.language, items=shown))
    return tuple(forms)


def _dealt(groups: Sequence[Sequence[Item]], *, piles: int, rng: np.random.Generator) -> list[list[Item]]:
    """The items on `piles` piles of about the same size, the members of a group on different ones."""
    dealt: list[list[Item]] = [[] for _ in range(piles)]
    for index in rng.permutation(len(groups)):
        emptiest = sorted(range(piles), key=lambda pile: (len(dealt[pile]), rng.random()))
        members = [groups[index][place] for place in rng.permutation(len(groups[index]))]
        for pile, item in zip(emptiest, members, strict=False):
            dealt[pile].append(item)
    return dealt


def _shown(item: Item, *, asked: tuple[RatingQuestion, ...], rng: np.random.Generator) -> FormItem:
    order = rng.permutation(len(item.options))
    options = {_LETTERS[place]: flat(item.options[index].text) for place, index in enumerate(order)}
    return FormItem(
        id=item.id,
        situation=_situation(item),
        question=item.question.strip(),
        options=options,
        asked=asked,
        wording=wording(item),
    )


def _situation(item: Item) -> str:
    """A benefit item is judged with the fact that it rests on; the other kinds are judged without any."""
    if item.kind != "benefit":
        return item.stem.strip()
    known = "\n".join(f"- {fact.text.strip()}" for fact in item.facts)
    return f"What is known of the person who asks:\n{known}\n\n{item.stem.strip()}"


def flat(text: str) -> str:
    """The text on one line, with single spaces."""
    return " ".join(text.split())


def wording(item: Item) -> str:
    """Twelve hex digits that change when a word of what a rater sees changes; the options' order does not matter."""
    texts = (_situation(item), item.question, *sorted(option.text for option in item.options))
    digest = hashlib.sha256("\x1f".join(map(flat, texts)).encode())
    return digest.hexdigest()[:_WORDING_DIGITS]
