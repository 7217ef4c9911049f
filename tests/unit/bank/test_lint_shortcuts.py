"""What is asked by default cannot be guessed; lures that lure nobody are named."""

from __future__ import annotations

import msgspec
import pytest

from evenhand.bank.guessers import GUESSERS, Guesser, guess, hit_rate
from evenhand.bank.lint_shortcuts import SHORTCUT_POINTS, lint_shortcuts
from evenhand.bank.load import load_bank
from evenhand.records.item import Bank, Pilot

ASKED = ("understanding", "management", "benefit", "leakage", "sycophancy", "twins-understanding", "twins-management")


@pytest.mark.parametrize("guesser", GUESSERS)
@pytest.mark.parametrize("name", ASKED)
def test_no_guesser_is_more_than_ten_points_above_chance_on_what_is_asked_by_default(
    name: str, guesser: Guesser
) -> None:
    share, chance = hit_rate(guess([item for item in load_bank(name).items if not item.easy], guesser))
    assert share - chance <= SHORTCUT_POINTS


def test_the_management_items_with_the_easy_ones_are_named_as_guessable() -> None:
    bank = load_bank("management")
    whole = msgspec.structs.replace(bank, items=tuple(msgspec.structs.replace(item, easy=False) for item in bank.items))
    lints = list(lint_shortcuts(whole))
    assert {lint.rule for lint in lints} == {"shortcut"}
    assert any("only the strategies or emotions of the options" in lint.message for lint in lints)
    assert list(lint_shortcuts(bank)) == []


def piloted(bank: Bank, answers: dict[str, int]) -> Bank:
    first = msgspec.structs.replace(bank.items[0], pilot=(Pilot(readers="person", answers=answers),))
    return msgspec.structs.replace(bank, items=(first,))


def test_a_lure_that_none_of_five_readers_picked_is_named() -> None:
    bank = load_bank("sycophancy")
    item = bank.items[0]
    wrong = [option.id for option in item.options if option.id != item.key]
    lints = list(lint_shortcuts(piloted(bank, {item.key: 4, wrong[0]: 1})))
    assert [lint.rule for lint in lints] == ["lure"] * (len(wrong) - 1)
    assert all(f"picked {wrong[0]!r}" not in lint.message for lint in lints)
    assert list(lint_shortcuts(piloted(bank, {item.key: 4}))) == []


def test_the_answer_that_is_right_without_the_fact_is_no_lure() -> None:
    bank = load_bank("benefit")
    item = bank.items[0]
    lints = list(lint_shortcuts(piloted(bank, {item.key: 9})))
    assert len(lints) == len(item.options) - 2
    assert all(f"picked {item.key_without!r}" not in lint.message for lint in lints)
