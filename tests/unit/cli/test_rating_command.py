"""People answer forms, and the keys are held against them, by the commands a person would type."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.write import write_bank
from evenhand.seeds import stream
from tests.support.command import Ended
from tests.support.raters import right_most_of_the_time, write_filled

Cli = Callable[..., Ended]
PEOPLE = 22


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Four pairs of twins as a bank of the user's own."""
    bank = load_bank("twins-management")
    path = tmp_path / "small.yaml"
    write_bank(msgspec.structs.replace(bank, name="small", items=bank.items[:8]), path)
    return path


def hand_back(forms: Path, bank_file: Path, *, share: float, readers: str = "person") -> list[Path]:
    """One invented rater a form."""
    bank, rng, paths = load_bank(bank_file), stream(3, "hand back"), []
    for number, form in enumerate(sorted(forms.glob("*.csv"))):
        with form.open(encoding="utf-8", newline="") as stream_:
            rows = list(csv.DictReader(stream_))
        for row in rows:
            texts = dict(line.split(". ", 1)[::-1] for line in row["options"].splitlines())
            item = next(item for item in bank.items if item.id == row["item"])
            letters = {option.id: texts[" ".join(option.text.split())] for option in item.options}
            said = right_most_of_the_time(bank, share=share, rng=rng)(item.id, letters)
            row |= {name: value for name, value in said.items() if name in row and name != "sensitive"}
            row |= {"rater": f"p{number}", "readers": readers, "sensitive": "no"}
        paths.append(write_filled(rows, forms / f"answers-{number:02d}.csv"))
    return paths


def test_forms_go_out_and_a_rated_bank_comes_back(cli: Cli, small: Path, tmp_path: Path) -> None:
    forms = tmp_path / "forms"
    ended = cli("items", "form", small, "--format", "csv", "--raters", PEOPLE, "--out", forms)
    assert ended.code == 0 and f"holds {2 * PEOPLE} forms of small; give each to one person" in ended.out
    paths = hand_back(forms, small, share=0.97)
    rated = tmp_path / "rated.yaml"
    ended = cli("items", "agree", small, *paths, "--who", "Invented raters", "--out", rated, "--json")
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)
    assert found["judged"]["people"] == 2 * PEOPLE and found["judged"]["unmet"] == {}
    assert {one["question"] for one in found["agreements"]} == {"answer", "certainty", "sensitive", "effectiveness"}
    answer = next(one for one in found["agreements"] if one["question"] == "answer")
    assert answer["alpha"]["value"] > 0.8 and answer["cohen"] > 0.8
    assert "8 items written to" in ended.err and "`validated: true`" in ended.err
    bank = load_bank(rated)
    assert bank.validated and bank.validation is not None and bank.validation.who == "Invented raters"


def test_a_person_reads_shares_intervals_and_what_is_not_met(cli: Cli, small: Path, tmp_path: Path) -> None:
    forms = tmp_path / "forms"
    assert cli("items", "form", small, "--format", "csv", "--raters", 3, "--out", forms).code == 0
    paths = hand_back(forms, small, share=0.97)
    ended = cli("items", "agree", small, *paths)
    assert ended.code == 0, ended.err
    assert "95% interval" in ended.out and "Krippendorff's alpha" in ended.out
    assert "Meet all criteria: 0 of 8 items, by 6 people." in ended.out
    assert "raters, " in ended.out


def test_language_models_are_counted_apart_and_said(cli: Cli, small: Path, tmp_path: Path) -> None:
    forms, rated = tmp_path / "forms", tmp_path / "rated.yaml"
    assert cli("items", "form", small, "--format", "csv", "--raters", PEOPLE, "--out", forms).code == 0
    paths = hand_back(forms, small, share=1.0, readers="language model")
    ended = cli("items", "agree", small, *paths, "--who", "A model", "--out", rated)
    assert ended.code == 0, ended.err
    assert f"Raters who are language models: {2 * PEOPLE}." in ended.out
    assert "`validated: false`" in ended.out
    assert not load_bank(rated).validated


@pytest.mark.parametrize(
    ("form", "files"),
    [
        ("html", {"small-01.html", "small-02.html"}),
        ("csv", {"small-01.csv", "small-02.csv"}),
        ("potato", {"small-01/config.yaml", "small-01/data/items.jsonl", "small-02/config.yaml"}),
        ("label-studio", {"small-01/label-config.xml", "small-01/tasks.json", "small-02/tasks.json"}),
    ],
)
def test_every_format_writes_its_files(cli: Cli, small: Path, tmp_path: Path, form: str, files: set[str]) -> None:
    out = tmp_path / "out"
    raters = ("--raters", 1) if form in ("html", "csv") else ()
    assert cli("items", "form", small, "--format", form, *raters, "--out", out).code == 0
    assert files <= {str(path.relative_to(out)) for path in out.rglob("*")}


def test_criteria_are_printed_read_back_and_decide(cli: Cli, small: Path, tmp_path: Path) -> None:
    criteria = tmp_path / "criteria.yaml"
    text = cli("items", "criteria").out
    assert "raters: 20" in text
    criteria.write_text(text.replace("raters: 20", "raters: 3"), encoding="utf-8")
    forms = tmp_path / "forms"
    assert cli("items", "form", small, "--format", "csv", "--raters", 4, "--out", forms).code == 0
    paths = hand_back(forms, small, share=1.0)
    ended = cli("items", "agree", small, *paths, "--criteria", criteria)
    assert "Meet all criteria: 8 of 8 items" in ended.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "htm", "--out", "x"), "there is no format 'htm' (did you mean 'html'?)"),
        (("--ask", "answr", "--out", "x"), "there is no question 'answr' (did you mean 'answer'?)"),
        (("--format", "potato", "--raters", "3", "--out", "x"), "a project of potato takes any number of raters"),
        (("--out", "."), "exists already and is not an empty folder"),
    ],
)
def test_a_form_that_cannot_be_meant_is_refused(
    cli: Cli, small: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(small.parent)
    ended = cli("items", "form", small, *arguments)
    assert (ended.code, message in ended.err) == (2, True), ended.err


def test_a_rated_bank_without_a_word_on_its_raters_is_refused(cli: Cli, small: Path, tmp_path: Path) -> None:
    ended = cli("items", "agree", small, tmp_path / "none.csv", "--out", tmp_path / "rated.yaml")
    assert ended.code == 2 and "--who TEXT" in ended.err
