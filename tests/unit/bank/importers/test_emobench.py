"""EmoBench EU and EA import whole, with the keys of the file."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evenhand.bank.importers.registry import import_bank
from evenhand.errors import BankError, UsageError
from evenhand.records.item import Item

REAL = Path(__file__).parents[5] / "shared" / "data" / "emobench"

EU_ROW: dict[str, Any] = {
    "qid": "7",
    "language": "en",
    "coarse_category": "made_up",
    "finegrained_category": "test_row",
    "scenario": "Pat waited all day for a letter that came at last.",
    "subject": "Pat",
    "emotion_choices": ["Relief", "Guilt", "Relief & Joy"],
    "emotion_label": "Relief & Joy",
    "cause_choices": ["The letter came", "It rained"],
    "cause_label": "The letter came",
}
EA_ROW: dict[str, Any] = {
    "qid": "9",
    "language": "en",
    "category": "Personal-Self",
    "question type": "Response",
    "scenario": "My neighbour thanked me for the soup.",
    "subject": "I",
    "choices": ["Say nothing", "Smile and say that I was glad to"],
    "label": "Smile and say that I was glad to",
}


def write(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def text_of_key(item: Item) -> str:
    return next(option.text for option in item.options if option.id == item.key)


def real_rows(name: str) -> list[dict[str, Any]]:
    path = REAL / name
    if not path.is_file():
        pytest.skip("the EmoBench files are not beside this checkout")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_all_400_rows_of_eu_give_an_emotion_and_a_cause_item_with_the_labelled_key() -> None:
    rows = real_rows("EU.jsonl")
    bank = import_bank(REAL / "EU.jsonl", format="emobench")
    assert len(rows) == 400
    assert len(bank.items) == 800
    for row, emotion, cause in zip(rows, bank.items[0::2], bank.items[1::2], strict=True):
        assert emotion.stem == cause.stem == row["scenario"].strip()
        assert (text_of_key(emotion), text_of_key(cause)) == (row["emotion_label"], row["cause_label"])
        assert [option.text for option in emotion.options] == row["emotion_choices"]
        assert [option.text for option in cause.options] == row["cause_choices"]
    assert Counter(item.tags[0] for item in bank.items) == {"en": 400, "zh": 400}
    assert (bank.licence, bank.language, bank.redistribute) == ("MIT", "mul", True)


def test_all_400_rows_of_ea_give_an_item_with_the_labelled_key() -> None:
    rows = real_rows("EA.jsonl")
    bank = import_bank(REAL / "EA.jsonl", format="emobench")
    assert len(rows) == len(bank.items) == 400
    for row, item in zip(rows, bank.items, strict=True):
        assert text_of_key(item) == row["label"]
        assert [option.text for option in item.options] == row["choices"]
        assert [option.weight for option in item.options] == [float(text == row["label"]) for text in row["choices"]]


@pytest.mark.parametrize(("language", "word"), [("en", "feel"), ("zh", "感受")])
def test_one_language_and_one_task_can_be_asked_for(language: str, word: str) -> None:
    real_rows("EU.jsonl")
    bank = import_bank(REAL / "EU.jsonl", format="emobench", options={"language": language, "task": "emotion"})
    assert len(bank.items) == 200
    assert bank.language == language
    assert bank.name == f"emobench-eu-emotion-{language}"
    assert all(word in item.question for item in bank.items)


def test_an_eu_row_becomes_two_items(tmp_path: Path) -> None:
    emotion, cause = import_bank(write(tmp_path, EU_ROW), format="emobench").items
    assert (emotion.id, cause.id) == ("eu-en-7-emotion", "eu-en-7-cause")
    assert (emotion.key, cause.key) == ("c", "a")
    assert emotion.options[2].emotion == "relief & joy"
    assert cause.options[0].emotion is None
    assert emotion.question == "What is Pat most likely to feel?"


def test_an_ea_row_told_in_the_first_person_is_asked_in_the_first_person(tmp_path: Path) -> None:
    (item,) = import_bank(write(tmp_path, EA_ROW), format="emobench").items
    assert item.kind == "management"
    assert item.question == "Which response by me would be the most effective?"
    assert [option.weight for option in item.options] == [0.0, 1.0]
    assert item.tags == ("en", "response", "Personal-Self")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**EU_ROW, "emotion_label": "Envy"}, "line 2, column 'emotion_label': 'Envy' is given 0 times"),
        ({**EU_ROW, "cause_choices": "one text"}, "line 2, column 'cause_choices': is no list of texts"),
        ({**EU_ROW, "language": "fr"}, "line 2, column 'language': 'fr' is unknown; allowed: en, zh"),
        ({**EA_ROW, "question type": "Dance"}, "line 2, column 'question type': 'dance' is unknown"),
        ({key: value for key, value in EA_ROW.items() if key != "label"}, "line 2: there is no column 'label'"),
    ],
)
def test_a_broken_row_is_named_by_line_and_column(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    first = {**EU_ROW, "qid": "1"} if "emotion_choices" in row else {**EA_ROW, "qid": "1"}
    with pytest.raises(BankError, match=message):
        import_bank(write(tmp_path, first, row), format="emobench")


def test_a_language_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="has no rows in language 'zh'"):
        import_bank(write(tmp_path, EU_ROW), format="emobench", options={"language": "zh"})


def test_an_unknown_task_is_refused_with_a_near_miss(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'emotions'.*did you mean 'emotion'"):
        import_bank(write(tmp_path, EU_ROW), format="emobench", options={"task": "emotions"})
