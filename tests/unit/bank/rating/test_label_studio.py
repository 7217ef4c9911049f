"""Files for Label Studio, and exports of it in the documented format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.rating.forms import RatingForm, deal_forms
from evenhand.bank.rating.label_studio import label_studio_files
from evenhand.bank.rating.read import read_ratings
from evenhand.errors import BankError
from evenhand.records.item import Bank
from evenhand.records.rating import ASPECTS, RATING_QUESTIONS
from evenhand.seeds import stream


@pytest.fixture(scope="module")
def bank() -> Bank:
    return load_bank("management")


@pytest.fixture(scope="module")
def form(bank: Bank) -> RatingForm:
    return deal_forms(bank, asked=RATING_QUESTIONS, raters=1, rng=stream(2, "t"))[0]


def result(name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"id": "Dx_a", "from_name": name, "to_name": "shown", "type": kind, "origin": "manual", "value": value}


def annotation(*results: dict[str, Any], by: object = 7, **more: Any) -> dict[str, Any]:
    return {
        "id": 1001,
        "completed_by": by,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2026-03-09T22:16:08.728353Z",
        "lead_time": 4.288,
        "result": list(results),
        **more,
    }


def export(form: RatingForm, path: Path, *annotations: dict[str, Any]) -> Path:
    """An export whose first task has these annotations, in the shape of the JSON format."""
    (task, *_) = json.loads(label_studio_files(form)["tasks.json"])
    task |= {"id": 1, "project": 83, "annotations": list(annotations), "predictions": [{"result": []}], "drafts": []}
    path.write_text(json.dumps([task]), encoding="utf-8")
    return path


def test_the_interface_has_one_control_a_column_on_the_text_that_every_task_has(form: RatingForm) -> None:
    files = label_studio_files(form)
    view = ElementTree.fromstring(files["label-config.xml"])
    controls = [element for element in view if "toName" in element.attrib]
    assert [control.attrib["name"] for control in controls] == [
        *("answer", "certainty", "sensitive"),
        *(f"effectiveness_{letter}" for letter in "ABCD"),
        "note",
    ]
    shown = view.find("Text")
    assert shown is not None and shown.attrib == {"name": "shown", "value": "$shown"}
    assert {control.attrib["toName"] for control in controls} == {"shown"}
    tasks = json.loads(files["tasks.json"])
    assert [task["data"]["item"] for task in tasks] == [item.id for item in form.items]
    assert all(form.items[0].options[letter] in tasks[0]["data"]["shown"] for letter in "ABCD")
    assert not any(set(task["data"]) - {"form", "item", "wording", "options", "shown"} for task in tasks)


def test_codes_come_back_whatever_the_choice_is_called() -> None:
    form = deal_forms(load_bank("understanding"), asked=("appraisal",), raters=1, rng=stream(2, "t"))[0]
    view = ElementTree.fromstring(label_studio_files(form)["label-config.xml"])
    for control in view.findall("Choices"):
        codes = [choice.attrib.get("alias", choice.attrib["value"]) for choice in control]
        assert tuple(codes) == ASPECTS[control.attrib["name"]]  # type: ignore[index]  # a column that is an aspect


def test_annotations_of_several_people_become_ratings(bank: Bank, form: RatingForm, tmp_path: Path) -> None:
    first = annotation(
        result("answer", "choices", {"choices": ["B"]}),
        result("certainty", "choices", {"choices": ["5"]}),
        result("sensitive", "choices", {"choices": ["no"]}),
        result("effectiveness_A", "number", {"number": 7}),
        result("note", "textarea", {"text": ["one", "two"]}),
    )
    second = annotation(result("answer", "choices", {"choices": ["A"]}), by={"id": 9, "email": "bo@example.org"})
    skipped = annotation(result("answer", "choices", {"choices": ["A"]}), by=11, was_cancelled=True)
    one, two = read_ratings([export(form, tmp_path / "e.json", first, second, skipped)], bank=bank)
    assert (one.rater, one.certainty, one.sensitive, one.note) == ("7", 5, False, "one\ntwo")
    assert list((one.effectiveness or {}).values()) == [7.0]
    assert (two.rater, two.readers) == ("bo@example.org", "person")
    assert one.answer != two.answer


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (annotation(result("answer", "choices", {"choices": ["A", "B"]})), "column 'answer': has 2 choices; one was"),
        (
            annotation(result("answer", "labels", {"labels": ["A"]})),
            "its value holds 'labels'; choices, number or text",
        ),
        (annotation(result("answer", "choices", {"choices": ["A"]}), by=None), "does not say who made it"),
        ({"completed_by": 1}, "an annotation has no list 'result'"),
        (annotation({"from_name": "answer"}), "an entry of 'result' has no 'value'"),
    ],
)
def test_what_is_wrong_with_an_annotation_is_said(
    bank: Bank, form: RatingForm, tmp_path: Path, broken: dict[str, Any], message: str
) -> None:
    with pytest.raises(BankError, match=message):
        read_ratings([export(form, tmp_path / "e.json", broken)], bank=bank)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"id": 3,', "is not JSON .* export the project anew"),
        ('{"a": 1}', "is no list of tasks; export the project of Label Studio in the format JSON"),
        ('[{"id": 3, "shown": "x", "answer": "A", "annotator": 1}]', "task 3: there is no 'data' with 'annotations'"),
        ('[{"id": 3, "data": {"itm": "x"}, "annotations": []}]', "task 3: its data has no text 'form'"),
    ],
)
def test_another_export_is_refused_with_the_next_step(bank: Bank, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "e.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BankError, match=message):
        read_ratings([path], bank=bank)
