from __future__ import annotations

import pytest

from evenhand.records.cell import Cell
from evenhand.records.condition import Condition
from evenhand.records.item import Item, Option
from evenhand.records.message import Reply
from evenhand.records.trial import Answered, Outcome, Refused, Truncated, Unparsed
from evenhand.scoring.extractors.choice_letter import choice_letter
from evenhand.scoring.outcome import outcome_of

ITEM = Item(
    id="i",
    kind="understanding",
    stem="s",
    question="q",
    options=(Option(id="a", text="Joy"), Option(id="b", text="Relief"), Option(id="c", text="Fear")),
    key="b",
)
CELL = Cell(
    cell_key="00",
    model="m",
    arm="none",
    item="i",
    condition=Condition(),
    replicate=0,
    order_index=0,
    option_order=(2, 0, 1),
)


def outcome(reply: Reply) -> Outcome:
    return outcome_of(reply, item=ITEM, cell=CELL, extract=choice_letter)


def test_the_letter_shown_is_turned_back_into_the_option() -> None:
    assert outcome(Reply(text="C", finish="stop")) == Answered(choice="b")
    assert outcome(Reply(text="A", finish="stop")) == Answered(choice="c")


def test_a_truncated_answer_is_never_parsed_for_a_letter() -> None:
    assert outcome(Reply(text="The answer is B", finish="length")) == Truncated()


def test_what_the_provider_blocks_is_refused_whatever_the_text() -> None:
    assert outcome(Reply(text="B", finish="content_filter")) == Refused(by="provider")


def test_an_explicit_refusal_field_stands_before_the_text() -> None:
    assert outcome(Reply(text="", finish="stop", refusal="No.")) == Refused(by="assistant")


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot answer questions about people's feelings.",
        "As an AI language model, I am unable to judge emotions.",
        "I must decline to answer.",
    ],
)
def test_a_refusal_in_words_is_told_from_an_answer_that_cannot_be_read(text: str) -> None:
    assert outcome(Reply(text=text, finish="stop")) == Refused(by="assistant")


def test_a_hesitating_answer_is_an_answer() -> None:
    assert outcome(Reply(text="I cannot be sure, but the answer is B.", finish="stop")) == Answered(choice="a")


@pytest.mark.parametrize("text", ["", "   ", "Hard to say.", "A or B"])
def test_what_cannot_be_read_is_unparsed_with_a_reason(text: str) -> None:
    found = outcome(Reply(text=text, finish="stop"))
    assert isinstance(found, Unparsed)
    assert found.reason


def test_a_second_models_reading_decides_where_there_is_one() -> None:
    assert outcome(Reply(text="joyous words", finish="stop", extracted="B")) == Answered(choice="a")
    assert isinstance(outcome(Reply(text="joyous words", finish="stop", extracted="")), Unparsed)


def test_a_reply_that_ended_for_an_unknown_reason_counts_only_as_one_whole_claim() -> None:
    assert outcome(Reply(text="Answer: B", finish="other")) == Answered(choice="a")
    assert outcome(Reply(text="C. Relief", finish="other")) == Answered(choice="b")
    for half in ("B is tempting. So the answer is C", "Answer: B. Then again", "Let me see. Option A is"):
        assert isinstance(outcome(Reply(text=half, finish="other")), Unparsed)


def test_an_assistant_whose_refusal_a_second_model_reads_as_none_is_refused() -> None:
    assert outcome(Reply(text="I can't help with that.", finish="stop", extracted="")) == Refused(by="assistant")
    assert isinstance(outcome(Reply(text="Joy or fear.", finish="stop", extracted="A or B")), Unparsed)
