"""Files for Potato: a project to serve, and the answers that Potato keeps beside it.

Written: `config.yaml` and `data/items.jsonl`. Read: the project's folder, where Potato keeps one `user_state.json` a
user (since version 2) or one `annotated_instances.jsonl` for all (version 1) under the folder of its answers.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from evenhand.bank.document import read_document
from evenhand.bank.importers.rows import numbered_lines
from evenhand.bank.rating.cells import Cells, Place, letters_of
from evenhand.bank.rating.forms import RatingForm
from evenhand.bank.rating.questions import CHOICES, allowed_answers, column_words
from evenhand.bank.rating.shown import asked_columns, form_letters, shown_text
from evenhand.bank.rating.table import options_text
from evenhand.errors import BankError
from evenhand.records.rating import ASPECTS, SCALE_TOP

__all__ = ["potato_files", "read_potato"]

_CONFIG, _ITEMS, _ANSWERS = "config.yaml", "data/items.jsonl", "annotation_output"
_STATE, _OLD = "user_state.json", "annotated_instances.jsonl"
_DATA = ("id", "form", "wording", "options")
_CODES = {
    (column, CHOICES[code]): code
    for column in ("certainty", "sensitive", *ASPECTS)
    for code in allowed_answers(column) or ()
}
"""Column and what was read -> what is kept."""


def potato_files(form: RatingForm) -> dict[str, str]:
    """File name -> content of a project that asks what the form asks."""
    config = {
        "annotation_task_name": form.name,
        "task_dir": ".",
        "data_files": [_ITEMS],
        "item_properties": {"id_key": "id", "text_key": "text"},
        "output_annotation_dir": f"{_ANSWERS}/",
        "output_annotation_format": "jsonl",
        "assignment_strategy": "fixed_order",
        "user_config": {"allow_all_users": True, "users": []},
        "require_password": False,
        "annotation_schemes": [_scheme(column, letters=form_letters(form)) for column in asked_columns(form)],
    }
    lines = [
        {
            "id": item.id,
            "text": html.escape(shown_text(item)).replace("\n", "<br>"),
            "form": form.name,
            "wording": item.wording,
            "options": options_text(item.options),
        }
        for item in form.items
    ]
    return {
        _CONFIG: yaml.safe_dump(config, sort_keys=False, allow_unicode=True),
        _ITEMS: "".join(f"{msgspec.json.encode(line).decode()}\n" for line in lines),
    }


def _scheme(column: str, *, letters: tuple[str, ...]) -> dict[str, Any]:
    common = {"name": column, "description": column_words(column)}
    if column == "note":
        return {"annotation_type": "text", **common}
    codes = letters if column == "answer" else allowed_answers(column)
    if codes is None:
        labels = [str(step) for step in range(SCALE_TOP + 1)]
    else:
        labels = [code if column == "answer" else CHOICES[code] for code in codes]
    return {"annotation_type": "radio", **common, "labels": labels, "horizontal": True}


def read_potato(folder: Path) -> Iterator[Cells]:
    """What every user said of every item, users in the order of their names.

    Raises:
        BankError: The folder is no project that `evenhand items form` wrote, or holds no answers, or they are damaged.
    """
    config_path = folder / _CONFIG
    if not config_path.is_file():
        raise BankError(f"{str(folder)!r} has no {_CONFIG}; name the folder of the Potato project")
    config = read_document(config_path, error=BankError).value
    output = config.get("output_annotation_dir") if isinstance(config, dict) else None
    if not isinstance(output, str):
        raise BankError(f"{str(config_path)!r} has no text 'output_annotation_dir'; it says where the answers are")
    items = _items(folder / _ITEMS)
    answers = folder / output
    states = sorted(answers.glob(f"*/{_STATE}"))
    old = sorted(answers.glob(f"**/{_OLD}"))
    if not states and not old:
        raise BankError(f"{str(answers)!r} holds no {_STATE} and no {_OLD}; have people answer first, then stop Potato")
    for path in states:
        yield from _of_state(path, items=items)
    for path in old if not states else ():
        yield from _of_lines(path, items=items)


def _items(path: Path) -> dict[str, dict[str, str]]:
    """Item id -> what was shown with it."""
    items: dict[str, dict[str, str]] = {}
    for number, line in numbered_lines(path, error=BankError):
        place = Place(source=str(path), spot=f"line {number}")
        value = _decoded(line, place=place)
        if any(not isinstance(value.get(name), str) for name in _DATA):
            raise place.problem(f"lacks one of {', '.join(_DATA)}; use the file that `evenhand items form` wrote")
        items[value["id"]] = {name: value[name] for name in _DATA}
    return items


def _decoded(text: str | bytes, *, place: Place) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as cause:
        raise place.problem(f"is not JSON ({cause}); Potato was perhaps stopped while it wrote") from cause
    if not isinstance(value, dict):
        raise place.problem(f"holds a {type(value).__name__}; an object was expected")
    return value


def _of_state(path: Path, *, items: Mapping[str, dict[str, str]]) -> Iterator[Cells]:
    state = read_document(path, error=BankError).value
    place = Place(source=str(path), spot="user")
    labels = state.get("instance_id_to_label_to_value") if isinstance(state, dict) else None
    if not isinstance(labels, dict):
        raise place.problem("has no 'instance_id_to_label_to_value'; it is no state that Potato 2 wrote")
    readers = "language model" if _by_machine(state.get("origin")) else "person"
    for name, pairs in labels.items():
        spot = Place(source=str(path), spot=f"item {name!r}")
        chosen: dict[str, tuple[str, object]] = {}
        for pair in pairs if isinstance(pairs, list) else ():
            match pair:
                case [{"schema": str(column), "name": str(label)}, value]:
                    chosen[column] = (label, value)
                case _:
                    raise spot.problem("has an answer that is no pair of label and value")
        yield _cells(spot, item=name, user=state.get("user_id"), chosen=chosen, items=items, readers=readers)


def _by_machine(origin: object) -> bool:
    """Whether the user is no person: Potato states an origin for programs and language models only."""
    return bool(origin) and not (isinstance(origin, dict) and origin.get("kind") == "human")


def _of_lines(path: Path, *, items: Mapping[str, dict[str, str]]) -> Iterator[Cells]:
    for number, line in numbered_lines(path, error=BankError):
        place = Place(source=str(path), spot=f"line {number}")
        value = _decoded(line, place=place)
        labels = value.get("label_annotations")
        if not isinstance(labels, dict) or not all(isinstance(given, dict) for given in labels.values()):
            raise place.problem("has no 'label_annotations'; it is no line that Potato 1 wrote")
        chosen = {str(column): next(reversed(given.items())) for column, given in labels.items() if given}
        item = str(value.get("instance_id", value.get("id", "")))
        yield _cells(place, item=item, user=value.get("user_id"), chosen=chosen, items=items, readers="person")


def _cells(
    place: Place,
    *,
    item: str,
    user: object,
    chosen: Mapping[str, tuple[str, object]],
    items: Mapping[str, dict[str, str]],
    readers: str,
) -> Cells:
    if not isinstance(user, str) or not user:
        raise place.problem("does not say whose it is ('user_id')")
    shown = items.get(item)
    if shown is None:
        raise place.problem(f"item {item!r} is not in {_ITEMS} of this project")
    return Cells(
        place=place,
        item=item,
        rater=user,
        readers=readers,
        letters=letters_of(shown["options"]),
        wording=shown["wording"],
        answers={column: _said(column, label, value) for column, (label, value) in chosen.items()},
    )


def _said(column: str, label: str, value: object) -> str:
    """Of a radio button its label, as the code that stands for it; of a text box what was typed."""
    if column == "note":
        return value if isinstance(value, str) else ""
    return _CODES.get((column, label), label)
