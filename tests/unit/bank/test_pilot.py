"""Blind sheets hide keys and part twins; letters come back as counts of options."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.pilot import (
    Letters,
    Sheet,
    blind_sheets,
    changed_items,
    count_letters,
    read_letters,
    read_sheets,
    with_pilot,
)
from evenhand.errors import BankError
from evenhand.records.item import Bank


@pytest.fixture(scope="module")
def bank() -> Bank:
    """A bank nobody has answered yet."""
    loaded = load_bank("twins-management")
    return msgspec.structs.replace(
        loaded, items=tuple(msgspec.structs.replace(item, pilot=()) for item in loaded.items)
    )


@pytest.fixture(scope="module")
def sheets(bank: Bank) -> dict[str, Sheet]:
    return {sheet.name: sheet for sheet in blind_sheets(bank, readers=3, rng=np.random.default_rng(1))}


def letters(bank: Bank, sheet: Sheet, *, option: str | None = None) -> Letters:
    """A reader who picks the key everywhere, or the option of that id."""
    items = {item.id: item for item in bank.items}
    answers: dict[str, str | None] = {}
    for shown in sheet.items:
        wanted = next(o.text for o in items[shown.id].options if o.id == (option or items[shown.id].key))
        answers[shown.id] = next(letter for letter, text in shown.options.items() if text == wanted)
    return Letters(sheet=sheet.name, readers="language model", answers=answers)


def test_every_item_stands_on_as_many_sheets_as_asked_and_twins_never_meet(
    bank: Bank, sheets: dict[str, Sheet]
) -> None:
    seen = Counter(shown.id for sheet in sheets.values() for shown in sheet.items)
    assert seen == Counter({item.id: 3 for item in bank.items})
    pair_of = {item.id: item.pair for item in bank.items}
    for sheet in sheets.values():
        assert max(Counter(pair_of[shown.id] for shown in sheet.items).values()) == 1


def test_a_sheet_holds_nothing_of_the_key(bank: Bank, sheets: dict[str, Sheet]) -> None:
    sheet = next(iter(sheets.values()))
    text = msgspec.json.encode(sheet).decode()
    items = {item.id: item for item in bank.items}
    places: Counter[str] = Counter()
    for shown in sheet.items:
        item = items[shown.id]
        assert (item.rationale or "") not in text
        assert sorted(shown.options.values()) == sorted(option.text for option in item.options)
        key = next(option.text for option in item.options if option.id == item.key)
        places[next(letter for letter, words in shown.options.items() if words == key)] += 1
    assert max(places.values()) < 0.5 * len(sheet.items)
    for word in ("weight", "strategy", "misses", "best_when", "rationale"):
        assert f'"{word}"' not in text


def test_letters_are_counted_by_the_words_behind_them(bank: Bank, sheets: dict[str, Sheet]) -> None:
    names = list(sheets)
    given = {"one.json": letters(bank, sheets[names[0]]), "two.json": letters(bank, sheets[names[2]], option="b")}
    counted = count_letters(bank, sheets=sheets, letters=given)
    keyed, second = ({shown.id for shown in sheets[name].items} for name in (names[0], names[2]))
    for item in bank.items:
        expected = Counter({item.key: int(item.id in keyed)}) + Counter({"b": int(item.id in second)})
        pilots = counted.get(item.id, ())
        assert [pilot.readers for pilot in pilots] == ["language model"] * bool(expected)
        assert Counter(pilots[0].answers if pilots else {}) == expected
    after = with_pilot(bank, counted)
    assert after.validated is False
    assert {item.id for item in after.items if item.pilot} == keyed | second


def test_an_item_left_out_counts_as_unanswered_and_never_as_wrong(bank: Bank, sheets: dict[str, Sheet]) -> None:
    sheet = next(iter(sheets.values()))
    given = letters(bank, sheet)
    missing, null = sheet.items[0].id, sheet.items[1].id
    answers = {name: letter for name, letter in given.answers.items() if name != missing} | {null: None}
    counted = count_letters(bank, sheets=sheets, letters={"a.json": msgspec.structs.replace(given, answers=answers)})
    for name in (missing, null):
        (pilot,) = counted[name]
        assert (pilot.answers, pilot.unanswered) == ({}, 1)


def test_wrong_letters_items_and_sheets_are_refused_by_name(bank: Bank, sheets: dict[str, Sheet]) -> None:
    sheet = next(iter(sheets.values()))
    given = letters(bank, sheet)
    first = sheet.items[0].id
    replace = msgspec.structs.replace

    def count(answer: Letters) -> None:
        count_letters(bank, sheets=sheets, letters={"ana.json": answer})

    with pytest.raises(BankError, match=rf"'ana.json', item '{first}': 'Q' was not offered; use one of A, B, C, D"):
        count(replace(given, answers=given.answers | {first: "Q"}))
    with pytest.raises(BankError, match=r"item 'nobody' is not on sheet"):
        count(replace(given, answers={"nobody": "A"}))
    with pytest.raises(BankError, match=rf"none of the sheets; did you mean '{sheet.name}'"):
        count(replace(given, sheet=sheet.name + "x"))


def test_files_of_another_shape_are_refused_with_line_and_field(tmp_path: Path) -> None:
    path = tmp_path / "ana.json"
    path.write_text('{"schema": "evenhand.letters/1", "sheet": "s", "readers": "robot", "answers": {}}')
    with pytest.raises(BankError, match=r"ana.json', line 1, field 'readers'"):
        read_letters(path)
    path.write_text('{"schema": "evenhand.sheet/1", "name": "s", "bank": "b", "items": [], "instruction": ""}')
    again = tmp_path / "bo.json"
    again.write_bytes(path.read_bytes())
    with pytest.raises(BankError, match=r"the sheet 's' is in two files"):
        read_sheets([path, again])


def test_items_that_changed_since_are_named_and_not_counted(bank: Bank, sheets: dict[str, Sheet]) -> None:
    sheet = next(iter(sheets.values()))
    given = {"ana.json": letters(bank, sheet)}
    changed = sheet.items[0].id
    mended = tuple(
        msgspec.structs.replace(item, stem=item.stem + " Now.") if item.id == changed else item for item in bank.items
    )
    after = msgspec.structs.replace(bank, items=mended)
    assert changed_items(bank, sheets) == ()
    assert changed_items(after, sheets) == (changed,)
    counted = count_letters(after, sheets=sheets, letters=given)
    assert set(counted) == {shown.id for shown in sheet.items} - {changed}
