"""A bank is validated by people who meet the criteria, by nobody else, and says who they were."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evenhand.bank.load import bank_sha256, load_bank
from evenhand.bank.rating.forms import deal_forms
from evenhand.bank.rating.read import read_ratings
from evenhand.bank.rating.validation import judged_bank, rated_bank
from evenhand.bank.validate import bank_problems
from evenhand.bank.write import write_bank
from evenhand.errors import BankError, UsageError
from evenhand.records.item import Bank, Pilot, ReaderKind
from evenhand.records.rating import Rating
from evenhand.records.validation import Criteria
from evenhand.seeds import stream
from tests.support.raters import filled, right_most_of_the_time, write_filled

WHO = "Invented raters of a test."


@pytest.fixture(scope="module")
def bank() -> Bank:
    """Six pairs, which nobody has answered."""
    loaded = load_bank("twins-management")
    items = tuple(msgspec.structs.replace(item, pilot=()) for item in loaded.items[:12])
    return msgspec.structs.replace(loaded, items=items)


def ratings_of(bank: Bank, *, people: int = 24, wrong: str = "", readers: ReaderKind = "person") -> list[Rating]:
    """Everybody chooses the key and flags nothing, except on the item `wrong`; half of them see each twin."""
    return [
        Rating(
            rater=f"{readers}-{item.id[-1]}-{number}",
            item=item.id,
            readers=readers,
            answer=next(o.id for o in item.options if (o.id == item.key) != (item.id == wrong)),
            sensitive=False,
        )
        for item in bank.items
        for number in range(people)
    ]


def test_a_bank_whose_every_item_meets_the_criteria_is_validated_and_says_by_whom(bank: Bank, tmp_path: Path) -> None:
    ratings = ratings_of(bank)
    judged = judged_bank(bank, ratings, criteria=Criteria())
    rated = rated_bank(bank, ratings, judged, criteria=Criteria(), who=WHO)
    assert rated.validated and rated.validation is not None
    assert (rated.validation.who, rated.validation.people, rated.validation.judgements) == (WHO, 48, 12 * 24)
    assert rated.validation.criteria == Criteria() and rated.validation.unmet == {}
    assert all(item.pilot == (Pilot(readers="person", answers={item.key: 24}),) for item in rated.items)
    assert rated.version == f"{bank.version}+rated"
    assert not list(bank_problems(rated))
    for name in ("rated.yaml", "rated.json"):
        write_bank(rated, tmp_path / name)
        assert load_bank(tmp_path / name) == rated
    assert bank_sha256(rated) != bank_sha256(bank)


def test_one_item_that_fails_keeps_the_bank_unvalidated_and_is_named(bank: Bank) -> None:
    wrong = bank.items[3].id
    ratings = ratings_of(bank, wrong=wrong)
    judged = judged_bank(bank, ratings, criteria=Criteria())
    assert judged.unmet == {wrong: ("share", "lower_bound", "most_chosen")} and not judged.validated
    rated = rated_bank(bank, ratings, judged, criteria=Criteria(), who=WHO)
    assert not rated.validated and rated.validation is not None
    assert rated.validation.unmet == judged.unmet
    assert len(rated.items) == len(bank.items)


def test_dropping_what_fails_takes_its_twin_and_validates_the_rest(bank: Bank) -> None:
    wrong = bank.items[3]
    ratings = ratings_of(bank, wrong=wrong.id)
    judged = judged_bank(bank, ratings, criteria=Criteria())
    rated = rated_bank(bank, ratings, judged, criteria=Criteria(), who=WHO, drop=True)
    assert rated.validated
    assert {item.id for item in bank.items} - {item.id for item in rated.items} == {
        item.id for item in bank.items if item.pair == wrong.pair
    }
    assert wrong.id in rated.notes
    assert not list(bank_problems(rated))


def test_language_models_validate_nothing_however_many_and_however_right(bank: Bank) -> None:
    ratings = ratings_of(bank, people=200, readers="language model")
    judged = judged_bank(bank, ratings, criteria=Criteria())
    assert (judged.people, judged.language_models, judged.validated) == (0, 400, False)
    rated = rated_bank(bank, ratings, judged, criteria=Criteria(), who=WHO)
    assert not rated.validated
    assert rated.items[0].pilot == (Pilot(readers="language model", answers={rated.items[0].key: 200}),)
    lenient = Criteria(raters=1, share=0.0, lower_bound=0.0, most_chosen=False, sensitive=None)
    assert not judged_bank(bank, ratings, criteria=lenient).validated


def test_language_models_beside_people_do_not_help_them(bank: Bank) -> None:
    ratings = [*ratings_of(bank, people=5), *ratings_of(bank, people=100, readers="language model")]
    judged = judged_bank(bank, ratings, criteria=Criteria())
    assert set(judged.unmet) == {item.id for item in bank.items}
    assert all("raters" in names for names in judged.unmet.values())


def test_a_file_that_claims_validation_against_its_own_record_is_refused(bank: Bank) -> None:
    ratings = ratings_of(bank, wrong=bank.items[3].id)
    judged = judged_bank(bank, ratings, criteria=Criteria())
    rated = rated_bank(bank, ratings, judged, criteria=Criteria(), who=WHO)
    claimed = msgspec.structs.replace(rated, validated=True)
    assert [problem.field for problem in bank_problems(claimed)] == ["validated"]


def test_counts_of_other_readers_stay_and_those_of_the_same_kind_are_replaced(bank: Bank) -> None:
    old = (Pilot(readers="language model", answers={"a": 3}), Pilot(readers="person", answers={"b": 1}))
    piloted = msgspec.structs.replace(
        bank, items=tuple(msgspec.structs.replace(item, pilot=old) for item in bank.items)
    )
    ratings = ratings_of(piloted, people=2)
    judged = judged_bank(piloted, ratings, criteria=Criteria())
    rated = rated_bank(piloted, ratings, judged, criteria=Criteria(), who=WHO)
    assert rated.items[0].pilot == (old[0], Pilot(readers="person", answers={rated.items[0].key: 2}))


def test_a_rater_of_two_kinds_and_a_bank_without_a_word_on_its_raters_are_refused(bank: Bank) -> None:
    ratings = ratings_of(bank, people=1)
    mixed = [*ratings, msgspec.structs.replace(ratings[0], item=bank.items[2].id, readers="language model")]
    with pytest.raises(BankError, match="is a person in one rating and a language model in another"):
        judged_bank(bank, mixed, criteria=Criteria())
    judged = judged_bank(bank, ratings, criteria=Criteria())
    with pytest.raises(UsageError, match="say who the raters were"):
        rated_bank(bank, ratings, judged, criteria=Criteria(), who=" ")
    with pytest.raises(BankError, match="no item of bank 'twins-management' meets the criteria"):
        rated_bank(bank, ratings, judged, criteria=Criteria(), who=WHO, drop=True)


def test_from_forms_to_a_validated_bank(bank: Bank, tmp_path: Path) -> None:
    """Forms are dealt, invented raters who are right in 95% fill them in, and the planted wrong key is found."""
    rng = stream(9, "raters")
    mistaken = msgspec.structs.replace(bank.items[0], key=bank.items[1].key, pair=None)
    planted = msgspec.structs.replace(bank, items=(mistaken, *bank.items[2:]))
    forms = deal_forms(bank, asked=("answer", "sensitive"), raters=24, rng=stream(9, "forms"))
    paths = []
    for number, form in enumerate(forms):
        fill = right_most_of_the_time(bank, share=0.95, rng=rng)
        rows = [row for row in filled(form, bank, fill, rater=f"p{number}") if row["item"] != bank.items[1].id]
        paths.append(write_filled(rows, tmp_path / f"p{number}.csv"))
    judged = judged_bank(planted, read_ratings(paths, bank=planted), criteria=Criteria())
    assert set(judged.unmet) == {mistaken.id}
    assert "most_chosen" in judged.unmet[mistaken.id]
