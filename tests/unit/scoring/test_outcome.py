from __future__ import annotations

import msgspec
import pytest

from evenhand.records.answer_format import AnswerFormat
from evenhand.records.cell import Cell
from evenhand.records.condition import Condition
from evenhand.records.item import Item, Option
from evenhand.records.message import FinishReason, Reply
from evenhand.records.trial import Answered, Outcome, Rated, Refused, Truncated, Unparsed, Written
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


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(text=" ", finish="stop"), "empty answer"),
        (Reply(text="Hm.", finish="stop", extracted=""), "the reading model found none"),
        (
            Reply(text="Answer: B. Then again", finish="other"),
            "ended for an unknown reason before the answer was whole",
        ),
        (
            Reply(text="Joy or fear.", finish="stop", extracted="A or B"),
            "names several options, or one that was not shown",
        ),
        (Reply(text="Joy or fear.", finish="stop", extracted="I can't help with that."), "declines to answer"),
    ],
)
def test_the_reason_is_given_why_there_is_no_answer(reply: Reply, reason: str) -> None:
    assert outcome(reply) == Unparsed(reason=reason)


def test_an_assistant_that_declines_is_refused_whatever_a_second_model_reads() -> None:
    declined = Reply(text="I can't help with that.", finish="stop", extracted="A or B")
    assert outcome(declined) == Refused(by="assistant")
    assert outcome(msgspec.structs.replace(declined, extracted=None)) == Refused(by="assistant")


def stated(text: str, answer: AnswerFormat, finish: FinishReason = "stop") -> Outcome:
    cell = msgspec.structs.replace(CELL, condition=Condition(answer=answer))
    return outcome_of(Reply(text=text, finish=finish), item=ITEM, cell=cell, extract=choice_letter)


def test_shares_belong_to_the_options_as_shown() -> None:
    found = stated("A: 60%, B: 30%, C: 10%", "distribution")
    assert isinstance(found, Answered)
    assert found.choice == "c"
    assert found.stated == pytest.approx({"c": 0.6, "a": 0.3, "b": 0.1})


def test_ratings_belong_to_the_emotions_as_shown_and_are_no_shares() -> None:
    assert stated("Fear: 8\nJoy: 0\nRelief: 3", "rating") == Rated(ratings={"c": 8.0, "a": 0.0, "b": 3.0})


def test_a_number_that_may_have_been_cut_is_not_read() -> None:
    assert stated("Fear: 8\nJoy: 0\nRelief: 1", "rating", "other") == Unparsed(
        reason="ended for an unknown reason, perhaps within a number"
    )
    assert isinstance(stated("Fear: 8\nJoy: 0\nRelief: 10.", "rating", "other"), Rated)
    assert isinstance(stated("Fear: 8\nJoy: 0\nRelief: 1 \n", "rating", "other"), Unparsed)


def test_a_written_answer_is_kept_unless_it_is_cut_empty_or_a_refusal() -> None:
    assert stated("Call her. Listen first.", "text") == Written()
    assert stated("<think>Hm.</think>Call her.", "text") == Written()
    assert stated("Call her and", "text", "other") == Unparsed(
        reason="ended for an unknown reason, perhaps within a sentence"
    )
    assert stated("<think>Call her.</think> ...", "text") == Unparsed(reason="holds no words")


def test_an_answer_of_up_to_three_sentences_that_declines_is_a_refusal_and_a_longer_one_is_an_answer() -> None:
    short = "I can't help with that. It is private. Ask a friend."
    assert stated(short, "text") == Refused(by="assistant")
    assert stated(f"{short} Or write it down.", "text") == Written()
    assert stated("Ask her.", "text") == Written()


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
