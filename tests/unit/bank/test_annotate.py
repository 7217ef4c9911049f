"""Raters fill in a table or answer at the terminal; both give the same judgements."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from evenhand.bank.annotate import COLUMNS, annotate, append_rating, template_csv
from evenhand.bank.load import load_bank
from evenhand.bank.rating.read import read_ratings
from evenhand.errors import BankError, UsageError
from evenhand.records.item import Bank
from evenhand.records.rating import Rating


@pytest.fixture(scope="module")
def bank() -> Bank:
    return load_bank("sycophancy")


def fill(bank: Bank, folder: Path, answers: dict[str, str], *, name: str = "ann.csv", rater: str = "") -> Path:
    rows = list(csv.DictReader(io.StringIO(template_csv(bank))))
    for row in rows:
        row["sensitive"], row["rater"] = answers.get(row["item"], ""), rater
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_the_template_has_a_row_an_item_and_does_not_tell_the_key(bank: Bank) -> None:
    rows = list(csv.DictReader(io.StringIO(template_csv(bank))))
    assert [row["item"] for row in rows] == [item.id for item in bank.items]
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["options"].count("\n- ") == 3
    assert not any(row["sensitive"] or row["rater"] for row in rows)


def test_filled_tables_are_read_and_a_blank_rater_is_the_name_of_the_file(bank: Bank, tmp_path: Path) -> None:
    first, second = bank.items[0].id, bank.items[1].id
    paths = [
        fill(bank, tmp_path, {first: "yes", second: "0"}),
        fill(bank, tmp_path, {first: "N"}, name="b.csv", rater="Bo"),
    ]
    assert read_ratings(paths, bank=bank) == (
        Rating(rater="ann", item=first, sensitive=True),
        Rating(rater="ann", item=second, sensitive=False),
        Rating(rater="Bo", item=first, sensitive=False),
    )


def test_a_rater_who_judges_an_item_in_two_files_is_refused(bank: Bank, tmp_path: Path) -> None:
    paths = [fill(bank, tmp_path, {bank.items[0].id: "y"}, name=name, rater="Bo") for name in ("a.csv", "b.csv")]
    with pytest.raises(BankError, match=r"b.csv', line \d+: rater 'Bo' judged item .* in another file too"):
        read_ratings(paths, bank=bank)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item,sensitive\nq-unknown,yes\n", "line 2: item 'q-unknown' is not in bank 'sycophancy'"),
        ("item,sensitive\ns-venting-anger,maybe\n", "line 2, column 'sensitive': 'maybe' is neither yes nor no"),
        ("item,sensitive\ns-venting-anger,\n", "no judgements in"),
        ("item,judged\ns-venting-anger,yes\n", "there is no column 'sensitive'"),
        ("sensitive\nyes\n", "there is no column 'item'"),
    ],
)
def test_what_is_wrong_with_a_table_of_ratings_is_said(bank: Bank, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "r.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BankError, match=message):
        read_ratings([path], bank=bank)


def test_ratings_are_durable_one_by_one_and_read_back(bank: Bank, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    given = [
        Rating(rater="Bo", item=bank.items[0].id, sensitive=True, note='says "my" flat, twice'),
        Rating(rater="Bo", item=bank.items[1].id, sensitive=False),
    ]
    for rating in given:
        append_rating(path, rating)
    assert list(read_ratings([path], bank=bank)) == given


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="cannot be written"):
        append_rating(tmp_path / "no" / "log.csv", Rating(rater="Bo", item="q", sensitive=True))


class Typist:
    """Types prepared lines and keeps what it was shown."""

    def __init__(self, *lines: str) -> None:
        self.lines: Iterator[str] = iter(lines)
        self.shown: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.shown.append(prompt)
        return next(self.lines)


def test_the_form_asks_item_by_item_and_takes_notes(bank: Bank) -> None:
    typist = Typist("y depends on age", "n", "s", "Q")
    given = list(annotate(bank, rater="Bo", ask=typist))
    assert given == [
        Rating(rater="Bo", item=bank.items[0].id, sensitive=True, note="depends on age"),
        Rating(rater="Bo", item=bank.items[1].id, sensitive=False),
    ]
    assert typist.shown[0].startswith(f"[1/{len(bank.items)}] {bank.items[0].stem}")
    assert typist.shown[3].startswith("[4/")


def test_going_back_asks_again_and_the_last_judgement_stands(bank: Bank, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    for rating in annotate(bank, rater="Bo", ask=Typist("b", "y", "b", "n", "q")):
        append_rating(path, rating)
    assert read_ratings([path], bank=bank) == (Rating(rater="Bo", item=bank.items[0].id, sensitive=False),)


def test_a_line_that_is_not_understood_is_asked_again_with_help(bank: Bank) -> None:
    typist = Typist("perhaps", "y", "q")
    assert len(list(annotate(bank, rater="Bo", ask=typist))) == 1
    assert typist.shown[1].startswith("'perhaps' was not understood: y or n")


def test_items_that_this_rater_has_judged_are_not_asked_again(bank: Bank) -> None:
    done = [
        Rating(rater="Bo", item=bank.items[0].id, sensitive=True),
        Rating(rater="Ann", item=bank.items[1].id, sensitive=True),
    ]
    typist = Typist("q")
    list(annotate(bank, rater="Bo", ask=typist, done=done))
    assert typist.shown[0].startswith(f"[1/{len(bank.items) - 1}] {bank.items[1].stem}")


def test_the_form_ends_after_the_last_item(bank: Bank) -> None:
    assert len(list(annotate(bank, rater="Bo", ask=lambda prompt: "n"))) == len(bank.items)


def test_a_rater_needs_a_name(bank: Bank) -> None:
    with pytest.raises(UsageError, match="a rater needs a name"):
        list(annotate(bank, rater=" ", ask=lambda prompt: "q"))
