"""The bank `needs`: what is in it, what stands in memory beside a need, and that nobody can guess its keys."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from evenhand.bank.guessers import GUESSERS, guess, hit_rate
from evenhand.bank.lint import lint_bank
from evenhand.bank.load import load_bank
from evenhand.records.item import Bank
from specimens.materials import materials, needs
from specimens.needs_bank import shipped_choices, write_needs


@pytest.fixture(scope="module")
def bank() -> Bank:
    return load_bank("needs")


def test_the_shipped_bank_is_what_the_grammar_generates(tmp_path: Path) -> None:
    write_needs(needs(), materials()[1], tmp_path / "needs.yaml")
    shipped = Path(str(files("evenhand.bank") / "data" / "needs.yaml"))
    assert (tmp_path / "needs.yaml").read_bytes() == shipped.read_bytes()


def test_no_guesser_is_above_chance_and_no_linter_warns(bank: Bank) -> None:
    for guesser in GUESSERS:
        share, chance = hit_rate(guess(bank.items, guesser))
        assert share < chance + 0.1, guesser
    assert not [lint for lint in lint_bank(bank) if lint.severity != "note"]


def test_memory_holds_the_need_alone_or_in_company_in_equal_parts(bank: Bank) -> None:
    sizes = [len(item.facts) for item in bank.items]
    kinds = [tuple(sorted(fact.dimension for fact in item.facts)) for item in bank.items]
    assert len(sizes) == 90
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        ("need",): 30, ("need", "neutral", "neutral"): 30, ("need", "need", "neutral"): 30,
    }  # fmt: skip


def test_half_of_the_stems_name_the_need_that_decides() -> None:
    grammar = needs()
    named = [
        any(need in choice.item.stem and need in choice.decided_by.text for need in grammar.answers)
        for choice in shipped_choices(grammar, materials()[1])
    ]
    assert 0.45 <= sum(named) / len(named) <= 0.55


def test_the_key_is_what_the_deciding_fact_asks_for_and_never_what_is_usual(bank: Bank) -> None:
    grammar = needs()
    for choice in shipped_choices(grammar, materials()[1]):
        (need,) = [need for need in grammar.answers if need in choice.decided_by.text]
        texts = {option.id: option.text for option in choice.item.options}
        assert texts[choice.item.key] == grammar.answers[need][choice.item.tags[1]]
        assert f" {texts[choice.item.key_without or '']}" in choice.item.stem
        assert choice.decided_by in choice.item.facts
