from __future__ import annotations

import msgspec

from evenhand.records.message import Reply
from evenhand.records.trial import Answered, Failed, Outcome, Refused, Truncated, Unparsed
from evenhand.store.rows import StoredTrial, row_of, stored_trial
from evenhand.store.troubles import Troubles
from tests.support.scripted_run import make_work


def stored(outcome: Outcome, text: str | None = "Hm", *, item: str = "i") -> StoredTrial:
    reply = None if text is None else Reply(text=text, finish="stop")
    found = stored_trial(row_of(make_work(1), outcome, reply).columns)
    return msgspec.structs.replace(found, cell=msgspec.structs.replace(found.cell, item=item))


def test_reasons_are_counted_with_one_raw_example_each_the_most_frequent_first() -> None:
    troubles = Troubles()
    for number in range(3):
        troubles.add(stored(Failed(error=f"HTTP 400: no such model (request req-00{number}f)", attempts=1), None))
    troubles.add(stored(Unparsed(reason="no option in it"), "I am not sure."))
    troubles.add(stored(Unparsed(reason="two letters"), "A or B"))
    troubles.add(stored(Unparsed(reason="two letters"), "C or D"))
    troubles.add(stored(Refused(by="assistant"), "I cannot help with that."))
    troubles.add(stored(Truncated(), "Let me thi"))
    troubles.add(stored(Answered(choice="a"), "A"))
    assert [(found.outcome, found.reason, found.count, found.example) for found in troubles.found()] == [
        ("failed", "HTTP 400: no such model (request #)", 3, "HTTP 400: no such model (request req-000f)"),
        ("unparsed", "two letters", 2, "A or B"),
        ("refused", "declined by the assistant", 1, "I cannot help with that."),
        ("truncated", "cut off at the token limit", 1, "Let me thi"),
        ("unparsed", "no option in it", 1, "I am not sure."),
    ]


def test_rare_reasons_are_counted_together_and_none_is_lost() -> None:
    troubles = Troubles()
    for number in range(40):
        troubles.add(stored(Unparsed(reason="reason " + chr(65 + number) * 3), "?"))
    found = troubles.found()
    assert sum(trouble.count for trouble in found) == 40
    assert found[-1].reason == "other reasons"
    assert len(found) == 13


def test_keys_are_taken_out_before_an_example_is_cut() -> None:
    troubles = Troubles()
    key = "sk-" + "k" * 40
    troubles.add(stored(Failed(error="x" * 380 + f" {key}", attempts=1), None))
    (found,) = troubles.found()
    assert "kkk" not in found.example
    assert "kkk" not in found.reason
    assert len(found.example) <= 400


def test_replies_to_items_that_may_not_be_passed_on_are_not_quoted() -> None:
    troubles = Troubles(closed={"secret"})
    troubles.add(stored(Unparsed(reason="?"), "the item says", item="secret"))
    assert "the item says" not in troubles.found()[0].example
    troubles.add(stored(Unparsed(reason="?"), "an open one", item="open"))
    assert troubles.found()[0].example == "an open one"
