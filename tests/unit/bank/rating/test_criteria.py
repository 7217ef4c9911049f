"""Criteria come from a file, and each of them can fail an item by itself."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evenhand.bank.rating.criteria import criteria_text, default_criteria, read_criteria, unmet_criteria
from evenhand.bank.rating.item_ratings import ItemRatings, share_of
from evenhand.errors import BankError
from evenhand.records.validation import Criteria


def rated(right: int, people: int = 25, *, flagged: int = 0, asked: int = 25, most_chosen: bool = True) -> ItemRatings:
    return ItemRatings(
        item="x",
        key=share_of(right, people, interval="wilson", level=0.95),
        chosen={},
        most_chosen=most_chosen,
        sensitive=share_of(flagged, asked, interval="wilson", level=0.95),
        certainty=None,
        discrimination=None,
        strengths={},
        effectiveness={},
        aspects={},
    )


def test_the_shipped_file_states_the_defaults_of_the_record() -> None:
    assert default_criteria() == Criteria()
    assert all(f"{name}:" in criteria_text() for name in Criteria.__struct_fields__)


@pytest.mark.parametrize(
    ("item", "unmet"),
    [
        (rated(20), ()),
        (rated(15, 19), ("raters",)),
        (rated(12), ("share",)),
        (rated(13), ()),
        (rated(10, 20), ("lower_bound",)),
        (rated(11, 20), ()),
        (rated(20, most_chosen=False), ("most_chosen",)),
        (rated(20, flagged=5), ("sensitive",)),
        (rated(20, flagged=4), ()),
        (rated(20, asked=19), ("sensitive",)),
        (rated(20, asked=0), ("sensitive",)),
        (rated(0, 0), ("raters", "share", "lower_bound")),
    ],
)
def test_each_criterion_fails_by_itself(item: ItemRatings, unmet: tuple[str, ...]) -> None:
    assert unmet_criteria(item, Criteria()) == unmet


def test_a_criterion_that_is_not_asked_for_fails_nobody() -> None:
    criteria = msgspec.structs.replace(Criteria(), sensitive=None, most_chosen=False)
    assert unmet_criteria(rated(20, asked=0, most_chosen=False), criteria) == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("share: 60", "field 'share': is 60.0; give a share from 0 to 1"),
        ("lower_bound: -0.1", "field 'lower_bound': is -0.1"),
        ("sensitive: 2", "field 'sensitive': is 2.0"),
        ("level: 95", "field 'level': is 95.0; give a coverage between 0 and 1"),
        ("raters: 0", "field 'raters': is 0; give a number of people from 1"),
        ("rater: 3", "unknown field `rater`; did you mean 'raters'?"),
        ("interval: walson", "invalid enum value 'walson'"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "criteria.yaml"
    path.write_text(f"schema: evenhand.criteria/1\n{line}\n", encoding="utf-8")
    with pytest.raises(BankError) as refused:
        read_criteria(path)
    assert message in str(refused.value)


def test_a_file_states_only_what_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "criteria.yaml"
    path.write_text("schema: evenhand.criteria/1\nraters: 9\nsensitive: null\n", encoding="utf-8")
    assert read_criteria(path) == msgspec.structs.replace(Criteria(), raters=9, sensitive=None)
