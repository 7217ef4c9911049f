from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.endpoints.redact import forget, remember
from evenhand.records.message import Reply
from evenhand.records.trial import Answered, Failed, Outcome, Rated, Refused, Truncated, Unparsed, Written
from evenhand.store.reading import open_trials
from evenhand.view.known_plan import KnownPlan
from evenhand.view.shown_trial import LONGEST_TEXT, TrialLine, TrialShown, part_of, trial_line, trial_shown
from tests.support.viewed_run import says, viewed_run


def shown_one(
    directory: Path, outcome: Outcome, reply: Reply | None, *, level: str = ""
) -> tuple[TrialShown, TrialLine]:
    plan = viewed_run(directory, lambda cell, meeting: (outcome, reply))
    known = KnownPlan(plan)
    with open_trials(directory / "trials.sqlite") as trials:
        stored = next(
            one
            for one in trials.rows()
            if one.cell.item == "i1"
            and (known.arms[one.cell.arm].levels.get("position") == level if level else one.cell.arm == "none")
        )
        return trial_shown(stored, known, trials), trial_line(stored, known)


@pytest.mark.parametrize(
    ("outcome", "reply", "said"),
    [
        (Answered(choice="b"), says("B"), "Read as: Relief, the best option."),
        (Answered(choice="a"), says("A"), "Read as: Joy; best is: Relief."),
        (
            Answered(choice="b", stated={"a": 0.25, "b": 0.75}),
            says("x"),
            "Read as: Relief, the best option. Stated: Joy 25.0%; Relief 75.0%.",
        ),
        (Rated(ratings={"a": 1.5, "c": 9.0}), says("x"), "Read as ratings from 0 to 10: Joy 1.5; Fear 9.0."),
        (Written(), says("x"), "A written answer: its words are measured, nothing is read from it as right or wrong."),
        (Refused(by="provider"), says(""), "Refused by the provider."),
        (Truncated(), says("x"), "Cut off before it was complete, so nothing was read from it."),
        (Unparsed(reason="two options"), says("x"), "No option could be read: two options"),
        (Failed(error="ServerError: 503", attempts=1), None, "No answer after 1 attempt: ServerError: 503"),
    ],
)
def test_every_outcome_says_how_it_was_read(tmp_path: Path, outcome: Outcome, reply: Reply | None, said: str) -> None:
    shown, _ = shown_one(tmp_path, outcome, reply)
    assert shown.read_as == said


def test_a_trial_shows_its_memory_its_turns_and_its_thoughts(tmp_path: Path) -> None:
    reply = says("B", reasoning="Let me see.")
    shown, line = shown_one(tmp_path, Answered(choice="b"), reply, level="advantaged")
    (fact,) = shown.facts
    assert fact.startswith("The user inherited house ")
    assert [turn.role for turn in shown.turns] == ["system", "user"]
    assert fact in shown.turns[0].text
    assert [(turn.role, turn.text) for turn in shown.replies] == [("answer", "B"), ("thoughts", "Let me see.")]
    assert (line.who, line.best) == (f"Advantaged · p{fact[-2]}", True)


def test_a_long_text_is_cut_and_whole_behind_its_link(tmp_path: Path) -> None:
    text = "long " * LONGEST_TEXT
    shown, _ = shown_one(tmp_path, Written(), says(text))
    (turn,) = shown.replies
    assert (len(turn.text), turn.cut) == (LONGEST_TEXT, len(text) - LONGEST_TEXT)
    with open_trials(tmp_path / "trials.sqlite") as trials:
        stored = next(trials.rows())
        assert part_of(stored, trials, "answer") == text
        assert str(part_of(stored, trials, "1")).startswith("Kim finds parcel")
        for nothing in ("2", "-1", "thoughts", "", "٣", "9" * 30, "answer/.."):
            assert part_of(stored, trials, nothing) is None


def test_a_secret_of_this_process_is_not_shown(tmp_path: Path) -> None:
    remember("correct-horse-battery")
    try:
        shown, line = shown_one(tmp_path, Written(), says("It is correct-horse-battery."))
    finally:
        forget()
    assert "correct-horse-battery" not in str(shown)
    assert "correct-horse-battery" not in str(line)


def test_a_text_that_the_store_lacks_is_said(tmp_path: Path) -> None:
    import sqlite3

    shown_one(tmp_path, Written(), says("x"))
    database = sqlite3.connect(tmp_path / "trials.sqlite")
    database.execute("DELETE FROM texts")
    database.commit()
    database.close()
    with open_trials(tmp_path / "trials.sqlite") as trials:
        assert str(part_of(next(trials.rows()), trials, "0")).startswith("[the store lacks this text, ")
