"""Linters over a bank, ours or a user's: what a careful reader would object to.

A bank that loads has no broken references (`evenhand.bank.validate`); a bank that lints clean gives nothing away by
position, length, wording or repetition, and every key that can be derived is.
"""

from __future__ import annotations

from typing import get_args

from evenhand.bank.lint_balance import lint_balance
from evenhand.bank.lint_duplicates import lint_duplicates
from evenhand.bank.lint_keys import lint_keys
from evenhand.bank.lint_record import Lint, Rule
from evenhand.bank.lint_shortcuts import lint_shortcuts
from evenhand.bank.lint_text import lint_text
from evenhand.bank.lint_words import lint_words
from evenhand.records.item import Bank

__all__ = ["RULES", "Lint", "lint_bank"]

RULES: tuple[Rule, ...] = get_args(Rule)
"""Every rule there is."""

_ORDER = {"error": 0, "warning": 1, "note": 2}


def lint_bank(bank: Bank) -> tuple[Lint, ...]:
    """Everything the linters say, errors first, then in the order of the bank.

    Rules that need words (`lexicon`, `named`, `readability`) are left out for languages they have no words for.
    """
    found = (
        *lint_keys(bank),
        *lint_words(bank),
        *lint_duplicates(bank),
        *lint_balance(bank),
        *lint_text(bank),
        *lint_shortcuts(bank),
    )
    place = {item.id: index for index, item in enumerate(bank.items)}
    return tuple(sorted(found, key=lambda lint: (_ORDER[lint.severity], place.get(lint.item or "", -1))))
