"""Whatever a sound bank holds, writing and reading it gives it back, and its hash sees every word."""

from __future__ import annotations

import itertools

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.bank.appraisal import EMOTIONS, appraisal_distance, compatible, keyed_emotion
from evenhand.bank.load import bank_sha256, parse_bank
from evenhand.bank.validate import check_bank
from evenhand.bank.write import bank_text
from evenhand.errors import BankError
from evenhand.records.item import Appraisal, Bank, Item, Option

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=200).filter(
    lambda text: text.strip()
)
IDS = st.text(st.characters(categories=("L", "N"), include_characters="-_."), min_size=1, max_size=20)


@st.composite
def items(draw: st.DrawFn) -> Item:
    texts = draw(st.lists(TEXT, min_size=2, max_size=6, unique_by=lambda text: " ".join(text.split()).casefold()))
    options = tuple(Option(id=f"o{index}", text=text) for index, text in enumerate(texts))
    key = draw(st.sampled_from([option.id for option in options]))
    return Item(
        id=draw(IDS), kind="understanding", stem=draw(TEXT), question=draw(TEXT), options=options, key=key,
        tags=tuple(draw(st.lists(TEXT, max_size=2))),
    )  # fmt: skip


@st.composite
def banks(draw: st.DrawFn) -> Bank:
    drawn = draw(st.lists(items(), min_size=1, max_size=4, unique_by=lambda item: item.id))
    return Bank(
        name=draw(TEXT), version=draw(TEXT), source=draw(TEXT), licence=draw(TEXT), redistribute=draw(st.booleans()),
        validated=draw(st.booleans()), language=draw(st.sampled_from(["en", "zh", "no"])), items=tuple(drawn),
    )  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(banks())
def test_yaml_and_json_give_back_the_same_bank(bank: Bank) -> None:
    check_bank(bank, source="drawn")
    for data in (bank_text(bank).encode(), msgspec.json.encode(bank)):
        again = parse_bank(data, source="drawn")
        assert again == bank
        assert bank_sha256(again) == bank_sha256(bank)


@settings(deadline=None, max_examples=100)
@given(banks(), TEXT)
def test_a_changed_situation_changes_the_hash(bank: Bank, stem: str) -> None:
    first = msgspec.structs.replace(bank.items[0], stem=stem)
    changed = msgspec.structs.replace(bank, items=(first, *bank.items[1:]))
    assert (bank_sha256(changed) == bank_sha256(bank)) == (stem == bank.items[0].stem)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_bank_or_a_sentence(data: bytes) -> None:
    try:
        parse_bank(data, source="drawn")
    except BankError as error:
        assert str(error).startswith("'drawn'")


def test_every_whole_appraisal_fixes_exactly_one_emotion_or_none() -> None:
    for cause, consistency, motive, certainty, control, unexpectedness, problem in itertools.product(
        ("circumstance", "other", "self"), ("consistent", "inconsistent", None), ("appetitive", "aversive"),
        ("certain", "uncertain"), ("high", "low"), ("expected", "unexpected"), ("instrumental", "intrinsic"),
    ):  # fmt: skip
        appraisal = msgspec.convert(
            {
                "cause": cause, "consistency": consistency, "motive": motive, "certainty": certainty,
                "control": control, "unexpectedness": unexpectedness, "problem": problem,
            },
            Appraisal,
        )  # fmt: skip
        fitting = [emotion for emotion in EMOTIONS if compatible(appraisal, emotion)]
        neutral_and_nothing_to_wonder_at = consistency is None and (
            cause != "circumstance" or unexpectedness == "expected"
        )
        assert len(fitting) == (0 if neutral_and_nothing_to_wonder_at else 1)
        if fitting:
            assert keyed_emotion(appraisal) == fitting[0]


def test_distance_is_a_metric_up_to_what_emotions_leave_open() -> None:
    for first, second in itertools.product(EMOTIONS, repeat=2):
        assert appraisal_distance(first, second) == appraisal_distance(second, first)
        assert (appraisal_distance(first, second) == 0) == (first == second)
