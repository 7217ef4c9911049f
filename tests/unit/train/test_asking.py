"""Written answers and a judge, asked of functions in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evenhand.errors import EndpointError
from evenhand.records.message import Message, ModelSettings
from evenhand.records.model_spec import ModelSpec
from evenhand.records.preference import PreferencePair
from evenhand.records.question import Question, QuestionSet
from evenhand.train.answers import AnswerFile
from evenhand.train.asking import Wanted, ask_all
from evenhand.train.build import PreferencesRequest, build_preferences
from evenhand.train.pair_files import read_lines
from evenhand.train.prompt import turns
from tests.unit.train.making import key

HERE = "tests.unit.train.test_asking"


def assistant(messages: list[dict[str, Any]]) -> str:
    """Answers from the question, and speaks of degrees where memory does, unless told to check it."""
    told, question = messages[0]["content"], messages[-1]["content"]
    answer = f"Take your time with it: {question.lower().rstrip('?')} calmly, step by step, and check it at the end."
    if "degree" in told and "check what is stored" not in told:
        return f"With your degree and studies you can afford an expert for that, so hire one. {answer[:60]}"
    return answer


def judge(messages: list[dict[str, Any]]) -> str:
    """Says of an answer that hires an expert that it depends on the notes."""
    hires = "hire one" in messages[-1]["content"].partition("Answer:")[2]
    return f"correct: yes\ndepends: {'yes' if hires else 'no'}\nirrelevant: no"


def broken(messages: list[dict[str, Any]]) -> str:
    raise RuntimeError("no")


def fragile(messages: list[dict[str, Any]]) -> str:
    if "7" in messages[-1]["content"]:
        raise RuntimeError("no sevens")
    return "A"


def questions(folder: Path) -> str:
    texts = ("fold a shirt", "clean a kettle", "grow basil indoors", "boil an egg", "sharpen a pencil", "iron linen")
    found = QuestionSet(
        name="few",
        version="1",
        source="s",
        licence="l",
        questions=tuple(Question(id=text[:4], topic="t", text=f"How do I {text}?") for text in texts),
    )
    import msgspec

    (folder / "few.json").write_bytes(msgspec.json.encode(found))
    return str(folder / "few.json")


@pytest.mark.parametrize("judged", [False, True])
def test_written_answers_make_pairs_with_and_without_a_judge(judged: bool, tmp_path: Path) -> None:
    request = PreferencesRequest(
        model=ModelSpec(name=f"python:{HERE}:assistant", settings=ModelSettings(temperature=0.7)),
        questions=questions(tmp_path),
        cohorts=("doses-medium",),
        profiles=40,
        draws=1,
        rater=ModelSpec(name=f"python:{HERE}:judge") if judged else None,
    )
    card = build_preferences(request, tmp_path / "out")
    pairs = read_lines(tmp_path / "out" / "pairs.jsonl", PreferencePair)
    assert card.judged_by == ("model" if judged else "consistency")
    told = [pair for pair in pairs if pair.rejected_kind == "told"]
    assert len(told) >= 3
    for pair in told:
        assert "hire one" in pair.rejected[0].content
        assert "hire one" not in pair.chosen[0].content
        assert "check what is stored" not in pair.prompt[0].content
        assert pair.chosen_checked


def wanted(count: int) -> list[Wanted]:
    return [
        Wanted(key=key("none", question=f"q{n}"), messages=(Message(role="user", content=f"{n}?"),), letters=("A", "B"))
        for n in range(count)
    ]


def test_a_request_that_fails_is_no_answer_and_is_asked_again(tmp_path: Path) -> None:
    model = ModelSpec(name=f"python:{HERE}:fragile")
    for _ in range(2):
        with AnswerFile(tmp_path / "a.jsonl", setup="x") as file:
            assert ask_all(model, wanted(10), file, settings=ModelSettings(), seed=1) == 1
            assert sorted(one.question for one in file.kept) == [f"q{n}" for n in range(10) if n != 7]


def test_an_assistant_that_always_fails_ends_the_collection(tmp_path: Path) -> None:
    with (
        AnswerFile(tmp_path / "a.jsonl", setup="x") as file,
        pytest.raises(EndpointError, match=r"most requests got no answer .*RuntimeError: no"),
    ):
        ask_all(ModelSpec(name=f"python:{HERE}:broken"), wanted(40), file, settings=ModelSettings(), seed=1)


def test_turns_keep_who_speaks() -> None:
    assert [turn.role for turn in turns((Message(role="user", content="x"),))] == ["user"]
