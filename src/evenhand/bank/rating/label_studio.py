"""Files for Label Studio: the labelling interface and the tasks, and the export of what was annotated.

Written: `label-config.xml` (the labelling interface) and `tasks.json` (tasks to import). Read: the export in the format
JSON, which holds for each task its `data` and its `annotations`; predictions of models are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec

from evenhand.bank.document import read_bytes
from evenhand.bank.rating.cells import Cells, Place, letters_of
from evenhand.bank.rating.forms import RatingForm
from evenhand.bank.rating.questions import CHOICES, allowed_answers, column_words
from evenhand.bank.rating.shown import asked_columns, form_letters, shown_text
from evenhand.bank.rating.table import options_text
from evenhand.errors import BankError, near_miss
from evenhand.records.rating import SCALE_TOP

__all__ = ["label_studio_files", "read_label_studio"]

_SHOWN = "shown"
_DATA = ("form", "item", "wording", "options", _SHOWN)


def label_studio_files(form: RatingForm) -> dict[str, str]:
    """File name -> content of a project that asks what the form asks."""
    tasks = [
        {
            "data": {
                "form": form.name,
                "item": item.id,
                "wording": item.wording,
                "options": options_text(item.options),
                _SHOWN: shown_text(item),
            }
        }
        for item in form.items
    ]
    return {
        "label-config.xml": _config(form),
        "tasks.json": msgspec.json.format(msgspec.json.encode(tasks), indent=1).decode() + "\n",
    }


def _config(form: RatingForm) -> str:
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Text", name=_SHOWN, value=f"${_SHOWN}")
    for column in asked_columns(form):
        ElementTree.SubElement(view, "Header", value=column_words(column), size="5")
        _control(view, column, letters=form_letters(form))
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _control(view: ElementTree.Element, column: str, *, letters: tuple[str, ...]) -> None:
    common = {"name": column, "toName": _SHOWN}
    if column == "note":
        ElementTree.SubElement(view, "TextArea", common, rows="2", maxSubmissions="1", editable="true")
        return
    codes = letters if column == "answer" else allowed_answers(column)
    if codes is None:
        ElementTree.SubElement(view, "Number", common, min="0", max=str(SCALE_TOP), step="1")
        return
    choices = ElementTree.SubElement(view, "Choices", common, choice="single-radio", showInline="true")
    for code in codes:
        text = code if column == "answer" else CHOICES[code]
        alias = {} if text == code else {"alias": code}
        ElementTree.SubElement(choices, "Choice", {"value": text, **alias})


def read_label_studio(path: Path) -> Iterator[Cells]:
    """What every annotator said of every task, in the order of the file; skipped tasks are passed over.

    Raises:
        BankError: The file is no export of tasks in the format JSON, or a task lacks what the import needs.
    """
    try:
        tasks = msgspec.json.decode(read_bytes(path, error=BankError))
    except (msgspec.DecodeError, RecursionError) as cause:
        raise BankError(f"{str(path)!r} is not JSON ({cause}); export the project anew") from cause
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise BankError(f"{str(path)!r} is no list of tasks; export the project of Label Studio in the format JSON")
    for number, task in enumerate(tasks, start=1):
        place = Place(source=str(path), spot=f"task {task.get('id', number)}")
        data = _data(task, place=place)
        for annotation in task["annotations"]:
            if isinstance(annotation, dict) and not annotation.get("was_cancelled"):
                yield _cells(annotation, data=data, place=place)


def _data(task: dict[str, Any], *, place: Place) -> dict[str, str]:
    data, annotations = task.get("data"), task.get("annotations")
    if not isinstance(data, dict) or not isinstance(annotations, list):
        raise place.problem(
            "there is no 'data' with 'annotations'; export in the format JSON (JSON-MIN leaves out who answered what)"
        )
    for name in _DATA:
        if not isinstance(data.get(name), str):
            raise place.problem(
                f"its data has no text {name!r}{near_miss(name, map(str, data))}; use the tasks that `evenhand items "
                "form` wrote"
            )
    return {name: data[name] for name in _DATA}


def _cells(annotation: dict[str, Any], *, data: dict[str, str], place: Place) -> Cells:
    results = annotation.get("result")
    if not isinstance(results, list):
        raise place.problem("an annotation has no list 'result'; export in the format JSON")
    answers: dict[str, str] = {}
    for result in results:
        if not isinstance(result, dict) or not isinstance(result.get("value"), dict):
            raise place.problem("an entry of 'result' has no 'value'; export in the format JSON")
        name = str(result.get("from_name", ""))
        answers[name] = _value(result["value"], column=name, place=place)
    return Cells(
        place=place,
        item=data["item"],
        rater=_annotator(annotation, place=place),
        readers="person",
        letters=letters_of(data["options"]),
        wording=data["wording"],
        answers=answers,
    )


def _value(value: dict[str, Any], *, column: str, place: Place) -> str:
    """The text of a result: its one choice, its number, or its lines of text."""
    if "number" in value:
        return str(value["number"])
    found = value.get("choices", value.get("text"))
    if isinstance(found, str):
        return found
    if not isinstance(found, list) or not all(isinstance(part, str) for part in found):
        raise place.problem(
            f"its value holds {', '.join(map(repr, value)) or 'nothing'}; choices, number or text was expected",
            column=column,
        )
    if "choices" in value and len(found) != 1:
        raise place.problem(f"has {len(found)} choices; one was asked for", column=column)
    return "\n".join(found)


def _annotator(annotation: dict[str, Any], *, place: Place) -> str:
    who = annotation.get("completed_by")
    if isinstance(who, dict):
        who = who.get("email") or who.get("id")
    if isinstance(who, bool) or not isinstance(who, int | str) or who == "":
        raise place.problem("an annotation does not say who made it ('completed_by'); export with annotators")
    return str(who)
