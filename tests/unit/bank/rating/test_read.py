"""Filled tables come back as ratings; whatever is wrong with one is a sentence with its place."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.rating.forms import FormItem, RatingForm, deal_forms, flat
from evenhand.bank.rating.read import read_ratings
from evenhand.bank.rating.table import form_csv
from evenhand.errors import BankError
from evenhand.records.item import Bank
from evenhand.records.rating import RATING_QUESTIONS, Rating
from evenhand.seeds import stream
from tests.support.raters import write_filled


@pytest.fixture(scope="module")
def bank() -> Bank:
    return load_bank("twins-management")


@pytest.fixture(scope="module")
def form(bank: Bank) -> RatingForm:
    return deal_forms(bank, asked=RATING_QUESTIONS, raters=1, rng=stream(2, "t"))[0]


def row_of(form: RatingForm, **answers: str) -> list[dict[str, str]]:
    rows = list(csv.DictReader(io.StringIO(form_csv(form))))
    rows[0] |= answers
    return rows[:1]


def option_id(bank: Bank, shown: FormItem, letter: str) -> str:
    item = next(item for item in bank.items if item.id == shown.id)
    return next(option.id for option in item.options if flat(option.text) == shown.options[letter])


def test_a_filled_row_is_read_whole(bank: Bank, form: RatingForm, tmp_path: Path) -> None:
    said = {"rater": "Bo", "answer": "b", "certainty": "4", "sensitive": "No", "note": 'says "my" flat, twice'}
    said |= {"effectiveness_A": "7,5", "effectiveness_D": "0"}
    path = write_filled(row_of(form, **said), tmp_path / "f.csv")
    shown = form.items[0]
    assert read_ratings([path], bank=bank) == (
        Rating(
            rater="Bo",
            item=shown.id,
            answer=option_id(bank, shown, "B"),
            certainty=4,
            sensitive=False,
            effectiveness={option_id(bank, shown, "A"): 7.5, option_id(bank, shown, "D"): 0.0},
            note='says "my" flat, twice',
        ),
    )


def test_the_letters_of_another_order_stand_for_the_same_options(bank: Bank, tmp_path: Path) -> None:
    forms = deal_forms(bank, asked=("answer",), raters=6, rng=stream(3, "t"))
    name = bank.items[0].id
    paths = []
    for number, one in enumerate(form for form in forms if any(item.id == name for item in form.items)):
        shown = next(item for item in one.items if item.id == name)
        key = next(option.text for option in bank.items[0].options if option.id == bank.items[0].key)
        letter = next(letter for letter, text in shown.options.items() if text == flat(key))
        rows = [row for row in csv.DictReader(io.StringIO(form_csv(one))) if row["item"] == name]
        paths.append(write_filled([rows[0] | {"answer": letter}], tmp_path / f"r{number}.csv"))
    ratings = read_ratings(paths, bank=bank)
    assert len(ratings) == 6
    assert {rating.answer for rating in ratings} == {bank.items[0].key}
    assert {rating.rater for rating in ratings} == {f"r{number}" for number in range(6)}


def test_appraisals_and_strengths_are_read(tmp_path: Path) -> None:
    bank = load_bank("scenes")
    form = deal_forms(bank, asked=RATING_QUESTIONS, raters=1, rng=stream(2, "t"))[0]
    said = {f"intensity_{letter}": str(place) for place, letter in enumerate("ABCDE")}
    path = write_filled(row_of(form, **said, cause="Other", happened="unclear"), tmp_path / "f.csv")
    (rating,) = read_ratings([path], bank=bank)
    assert sorted((rating.intensity or {}).values()) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert rating.appraisal == {"cause": "other", "happened": "unclear"}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"answer": "E"}, "line 5, column 'answer': 'E' was not offered for item '.*'; use one of A, B, C, D"),
        ({"answer": "A", "options": ""}, "column 'answer': the options that the letters stand for are missing"),
        ({"answer": "A", "options": "A. Sing."}, r"has no option 'Sing\.' any more; have it rated again"),
        ({"answer": "A", "wording": "0123"}, "was rated in other words than bank 'twins-management' has now"),
        ({"certainty": "6"}, "column 'certainty': '6' is outside 0 to 5"),
        ({"certainty": "2.5"}, "column 'certainty': '2.5' is none of 1, 2, 3, 4, 5"),
        ({"certainty": "sure"}, "column 'certainty': 'sure' is no number"),
        ({"sensitive": "maybe"}, "column 'sensitive': 'maybe' is neither yes nor no"),
        ({"effectiveness_A": "11"}, "column 'effectiveness_A': '11' is outside 0 to 10"),
        ({"effectiveness_A": "nan"}, "column 'effectiveness_A': 'nan' is outside 0 to 10"),
        ({"answer": "A", "readers": "persn"}, r"'persn' is no kind of reader \(did you mean 'person'\?\)"),
        ({"answer": "A", "item": "tm-nothing"}, "item 'tm-nothing' is not in bank 'twins-management'"),
        ({}, "no judgements in"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(
    bank: Bank, form: RatingForm, tmp_path: Path, said: dict[str, str], message: str
) -> None:
    path = write_filled(row_of(form, **said), tmp_path / "f.csv")
    with pytest.raises(BankError, match=message):
        read_ratings([path], bank=bank)


def test_an_unknown_aspect_value_names_its_near_miss(tmp_path: Path) -> None:
    bank = load_bank("understanding")
    form = deal_forms(bank, asked=("appraisal",), raters=1, rng=stream(2, "t"))[0]
    path = write_filled(row_of(form, cause="circumstances"), tmp_path / "f.csv")
    with pytest.raises(BankError, match=r"'circumstances' is none of .* \(did you mean 'circumstance'\?\)"):
        read_ratings([path], bank=bank)


def test_a_column_with_a_slip_in_its_name_is_not_passed_over(bank: Bank, form: RatingForm, tmp_path: Path) -> None:
    (row,) = row_of(form, answer="A")
    row["anwser"] = row.pop("answer")
    path = write_filled([row], tmp_path / "f.csv")
    with pytest.raises(BankError, match=r"column 'anwser' is unknown \(did you mean 'answer'\?\)"):
        read_ratings([path], bank=bank)


def test_a_column_of_the_researchers_own_does_no_harm(bank: Bank, form: RatingForm, tmp_path: Path) -> None:
    (row,) = row_of(form, answer="A")
    path = write_filled([row | {"batch 7": "x", "answers": "A B"}], tmp_path / "f.csv")
    assert len(read_ratings([path], bank=bank)) == 1


def test_a_rater_who_judges_an_item_in_two_files_is_refused(bank: Bank, form: RatingForm, tmp_path: Path) -> None:
    paths = [write_filled(row_of(form, answer="A", rater="Bo"), tmp_path / name) for name in ("a.csv", "b.csv")]
    with pytest.raises(BankError, match=r"b.csv', line 5: rater 'Bo' judged item .* in another file too"):
        read_ratings(paths, bank=bank)
