"""Projects for Potato, and what Potato 2 and Potato 1 keep of the answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from evenhand.bank.load import load_bank
from evenhand.bank.rating.forms import RatingForm, deal_forms
from evenhand.bank.rating.potato import potato_files
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


@pytest.fixture
def project(form: RatingForm, tmp_path: Path) -> Path:
    for name, text in potato_files(form).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def radio(schema: str, label: str) -> list[Any]:
    return [{"schema": schema, "name": label}, label]


def keep_state(project: Path, user: str, answers: dict[str, list[Any]], **more: Any) -> Path:
    """A state as Potato 2.12 writes it for a user who answered."""
    folder = project / "annotation_output" / user
    folder.mkdir(parents=True)
    state = {
        "user_id": user,
        "instance_id_ordering": list(answers),
        "current_phase_and_page": ["done", None],
        "instance_id_to_label_to_value": answers,
        "instance_id_to_span_to_value": {},
        "origin": {},
        **more,
    }
    (folder / "user_state.json").write_text(json.dumps(state, indent=2), encoding="utf-8")
    return folder / "user_state.json"


def test_the_project_states_what_potato_requires_and_shows_every_item_escaped(form: RatingForm) -> None:
    files = potato_files(form)
    config = yaml.safe_load(files["config.yaml"])
    needed = {"item_properties", "task_dir", "output_annotation_dir", "annotation_task_name", "data_files"}
    assert needed <= set(config)
    assert config["item_properties"] == {"id_key": "id", "text_key": "text"}
    names = [scheme["name"] for scheme in config["annotation_schemes"]]
    assert names == ["answer", "certainty", "sensitive", *(f"effectiveness_{letter}" for letter in "ABCD"), "note"]
    for scheme in config["annotation_schemes"]:
        labels = scheme.get("labels", [])
        assert all(isinstance(label, str) for label in labels) and len(set(labels)) == len(labels)
    lines = [json.loads(line) for line in files["data/items.jsonl"].splitlines()]
    assert [line["id"] for line in lines] == [item.id for item in form.items]
    assert not any("'" in line["text"] or "\n" in line["text"] for line in lines)


def test_what_potato_2_keeps_becomes_ratings(bank: Bank, form: RatingForm, project: Path) -> None:
    item = form.items[0].id
    said = [[{"schema": "note", "name": "text_box"}, '<b>says</b> "my" friend, twice'], radio("answer", "B")]
    said += [radio("certainty", "1 (a guess)"), radio("sensitive", "No"), radio("effectiveness_A", "10")]
    keep_state(project, "ana", {item: said})
    keep_state(project, "bot", {item: [radio("answer", "A")]}, origin={"kind": "llm", "model": "m"})
    ana, bot = read_ratings([project], bank=bank)
    assert (ana.rater, ana.readers, ana.certainty, ana.sensitive) == ("ana", "person", 1, False)
    assert ana.note == '<b>says</b> "my" friend, twice'
    assert list((ana.effectiveness or {}).values()) == [10.0]
    assert (bot.rater, bot.readers) == ("bot", "language model")
    assert ana.answer != bot.answer


def test_what_potato_1_kept_becomes_the_same_ratings(bank: Bank, form: RatingForm, project: Path) -> None:
    item = form.items[0].id
    state = keep_state(project, "ana", {item: [radio("answer", "B"), radio("certainty", "5 (certain)")]})
    expected = read_ratings([project], bank=bank)
    state.unlink()
    line = {
        "user_id": "ana",
        "instance_id": item,
        "displayed_text": "...",
        "label_annotations": {"answer": {"B": "B"}, "certainty": {"5 (certain)": "5"}},
        "span_annotations": {},
    }
    old = project / "annotation_output" / "annotated_instances.jsonl"
    old.write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert read_ratings([project], bank=bank) == expected


def test_every_label_of_every_aspect_is_turned_back_into_its_code(tmp_path: Path) -> None:
    bank = load_bank("understanding")
    form = deal_forms(bank, asked=("appraisal",), raters=1, rng=stream(2, "t"))[0]
    for name, text in potato_files(form).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    schemes = {s["name"]: s for s in yaml.safe_load((tmp_path / "config.yaml").read_text())["annotation_schemes"]}
    most = max(map(len, ASPECTS.values()))
    answers = {
        form.items[place].id: [
            radio(name, schemes[name]["labels"][place]) for name in ASPECTS if place < len(ASPECTS[name])
        ]
        for place in range(most)
    }
    keep_state(tmp_path, "ana", answers)
    read = read_ratings([tmp_path], bank=bank)
    for aspect, allowed in ASPECTS.items():
        assert tuple(r.appraisal[aspect] for r in read if r.appraisal and aspect in r.appraisal) == allowed


def test_a_folder_without_a_project_or_without_answers_is_said(bank: Bank, project: Path, tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"holds no user_state\.json and no annotated_instances\.jsonl; have people"):
        read_ratings([project], bank=bank)
    with pytest.raises(BankError, match=r"has no config\.yaml; name the folder of the Potato project"):
        read_ratings([project / "data"], bank=bank)


@pytest.mark.parametrize(
    ("answers", "more", "message"),
    [
        ({"m-other": [radio("answer", "A")]}, {}, r"item 'm-other' is not in data/items\.jsonl of this project"),
        ({"m-other": ["answer"]}, {}, "has an answer that is no pair of label and value"),
        ({}, {"instance_id_to_label_to_value": None}, "has no 'instance_id_to_label_to_value'"),
        ({"m-other": [radio("answer", "A")]}, {"user_id": ""}, "does not say whose it is"),
    ],
)
def test_what_is_wrong_with_a_state_is_said(
    bank: Bank, project: Path, answers: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    keep_state(project, "ana", answers, **more)
    with pytest.raises(BankError, match=message):
        read_ratings([project], bank=bank)


def test_a_state_that_breaks_off_is_said(bank: Bank, form: RatingForm, project: Path) -> None:
    path = keep_state(project, "ana", {form.items[0].id: [radio("answer", "A")]})
    path.write_text(path.read_text(encoding="utf-8")[:80], encoding="utf-8")
    with pytest.raises(BankError, match=r"user_state\.json' is not readable"):
        read_ratings([project], bank=bank)
