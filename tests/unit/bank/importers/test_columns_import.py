"""Any CSV or JSONL table of questions imports with a column map, also a very long one."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from evenhand.bank.importers.registry import import_bank
from evenhand.errors import BankError, UsageError

HEAD = "id,text,A,B,C,best"
ROWS = "q1,It rains.,joy,anger,pride,B\nq2,It snows.,fear,envy,guilt,3\nq3,It hails.,love,shame,hope,love\n"
MAP = {"stem": "text", "options": "A,B,C", "key": "best", "id": "id"}


def table(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_key_may_be_a_letter_a_number_or_the_text(tmp_path: Path) -> None:
    bank = import_bank(table(tmp_path, f"{HEAD}\n{ROWS}"), format="columns", options=MAP)
    assert [item.key for item in bank.items] == ["b", "c", "a"]
    assert [item.id for item in bank.items] == ["q1", "q2", "q3"]
    assert [option.text for option in bank.items[1].options] == ["fear", "envy", "guilt"]
    assert (bank.name, bank.redistribute, bank.licence) == ("table", False, "not stated")


def test_a_table_with_semicolons_is_read(tmp_path: Path) -> None:
    text = f"{HEAD}\n{ROWS}".replace(",", ";")
    bank = import_bank(table(tmp_path, text), format="columns", options=MAP)
    assert [item.key for item in bank.items] == ["b", "c", "a"]


def test_head_and_question_can_be_stated(tmp_path: Path) -> None:
    stated = {"name": "mine", "licence": "CC0-1.0", "redistribute": "yes", "validated": "yes", "ask": "And now?"}
    bank = import_bank(table(tmp_path, f"{HEAD}\n{ROWS}"), format="columns", options={**MAP, **stated})
    assert (bank.name, bank.licence, bank.redistribute, bank.validated) == ("mine", "CC0-1.0", True, True)
    assert {item.question for item in bank.items} == {"And now?"}


def test_weights_make_management_items_keyed_at_the_highest(tmp_path: Path) -> None:
    text = "text,A,B,wa,wb,how,where\nI am late.,run,wait,0.2,.9,acceptance,work\n"
    options = {"stem": "text", "options": "A,B", "weights": "wa,wb", "context": "where", "tags": "where"}
    (item,) = import_bank(table(tmp_path, text), format="columns", options=options).items
    assert (item.kind, item.key, item.context, item.tags) == ("management", "b", "work", ("work",))
    assert [option.weight for option in item.options] == [0.2, 0.9]


def test_jsonl_rows_may_hold_options_and_weights_as_lists(tmp_path: Path) -> None:
    row = {"q": "I am late.", "choices": ["run", "wait"], "w": [0.2, 1], "s": "I run."}
    path = table(tmp_path, json.dumps(row) + "\n\n", name="rows.jsonl")
    options = {"stem": "q", "options": "choices", "weights": "w"}
    (item,) = import_bank(path, format="columns", options=options).items
    assert [(option.text, option.weight) for option in item.options] == [("run", 0.2), ("wait", 1.0)]


def test_a_csv_cell_may_hold_a_json_list(tmp_path: Path) -> None:
    text = 'text,all,w,best\nIt rains.,"[""joy"", ""fear""]","[0, 1]",b\n'
    options = {"stem": "text", "options": "all", "weights": "w", "key": "best"}
    (item,) = import_bank(table(tmp_path, text), format="columns", options=options).items
    assert [option.text for option in item.options] == ["joy", "fear"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEAD}\nq1,It rains.,joy,anger,pride,D\n", "line 2, column 'best': 'D' is no option"),
        (f"{HEAD}\nq1,It rains.,joy,anger,pride,\n", "line 2, column 'best': is empty"),
        (f"{HEAD}\n{ROWS}q4,It,is,too,short\n", "line 5: 5 fields, but the header names 6"),
        ("id,text,A,B,best\nq1,It rains.,joy,anger,a\n", "there is no column 'C'; the row has 'id', 'text'"),
        ("id,text,A,A,C,best\n", "line 1: column 'A' is given twice"),
        ("", r"is empty \(0 bytes\); it needs a header"),
        (f"{HEAD}\n", "has no rows"),
        (f'{HEAD}\n"q1,It rains', "line 2: unexpected end of data"),
        (f"{HEAD}\nq1,a,b,c,d,a\nq1,e,f,g,h,b\n", "is given twice"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BankError, match=message):
        import_bank(table(tmp_path, text), format="columns", options=MAP)


@pytest.mark.parametrize("weight", ["1.2", "-0.1", "nan", "much"])
def test_a_weight_outside_the_unit_interval_is_named(tmp_path: Path, weight: str) -> None:
    path = table(tmp_path, f"text,A,B,wa,wb\nI am late.,run,wait,{weight},1\n")
    options = {"stem": "text", "options": "A,B", "weights": "wa,wb"}
    with pytest.raises(BankError, match=f"line 2, column 'wa': '{weight}' is no weight"):
        import_bank(path, format="columns", options=options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"options": "A,B,C", "key": "best"}, "needs option 'stem'"),
        ({"stem": "text", "key": "best"}, "needs option 'options'"),
        ({"stem": "text", "options": "A,B,C"}, r"needs option 'key' \(or 'weights'\)"),
        ({**MAP, "weights": "w1,w2"}, "2 columns of weights for 3 of options"),
        ({**MAP, "strategies": "s1"}, "1 columns of strategies for 3 of options"),
        ({**MAP, "kind": "management"}, "needs option 'weights'"),
        ({**MAP, "steam": "text"}, "no option 'steam'.*did you mean 'stem'"),
        ({**MAP, "validated": "perhaps"}, "'validated' is 'perhaps'; allowed: yes, no"),
        ({**MAP, "name": "two words"}, "'name' is 'two words'"),
    ],
)
def test_a_map_that_cannot_be_meant_is_refused(tmp_path: Path, options: Mapping[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        import_bank(table(tmp_path, f"{HEAD}\n{ROWS}"), format="columns", options=options)


@pytest.mark.parametrize(
    ("line", "message"),
    [("{not json}", "line 2: not JSON"), ("[1, 2]", "line 2: list instead of a JSON object"), ("7", "line 2: int")],
)
def test_a_line_that_is_no_object_is_named(tmp_path: Path, line: str, message: str) -> None:
    row = json.dumps({"q": "It rains.", "choices": ["joy", "fear"], "k": "a"})
    path = table(tmp_path, f"{row}\n{line}\n", name="rows.jsonl")
    with pytest.raises(BankError, match=message):
        import_bank(path, format="columns", options={"stem": "q", "options": "choices", "key": "k"})


def test_another_encoding_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(f"{HEAD}\nq1,Caf\xe9,joy,anger,pride,A\n".encode("cp1252"))
    assert import_bank(path, format="columns", options=MAP).items[0].stem == "Caf\xe9"


def test_100_000_rows_import_and_show_progress(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEAD.split(","))
        writer.writerows(
            [f"q{n}", f"It rains for the {n}th time.", "joy", "anger", "pride", "b"] for n in range(100_000)
        )
    seen: list[int] = []
    bank = import_bank(path, format="columns", options=MAP, progress=seen.append)
    assert len(bank.items) == 100_000
    assert seen[:2] == [1000, 2000]
    assert seen[-1] == 100_000
    assert bank.items[-1].id == "q99999"
