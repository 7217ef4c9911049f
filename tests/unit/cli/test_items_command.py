from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from evenhand.bank.load import load_bank
from evenhand.bank.write import write_bank
from tests.support.command import Ended

Cli = Callable[..., Ended]
EMOBENCH = Path(__file__).parents[4] / "shared" / "data" / "emobench"


def test_list_tells_of_every_shipped_bank(cli: Cli) -> None:
    banks = {row["bank"]: row for row in json.loads(cli("items", "list", "--json").out)}
    assert {"understanding", "management", "benefit", "leakage", "sycophancy", "situations"} <= banks.keys()
    assert not any(row["validated"] for row in banks.values())
    assert "understanding" in cli("items", "list").out


def test_list_of_a_bank_names_every_item(cli: Cli) -> None:
    rows = json.loads(cli("items", "list", "management", "--json").out)
    assert [row["item"] for row in rows] == [item.id for item in load_bank("management").items]


def test_show_prints_stem_options_key_and_appraisal(cli: Cli) -> None:
    item = load_bank("understanding").items[0]
    shown = cli("items", "show", "understanding", item.id).out
    for option in item.options:
        assert option.text in shown
    assert "[key]" in shown
    assert "Appraisal:" in shown
    assert json.loads(cli("items", "show", "understanding", item.id, "--json").out)["id"] == item.id


def test_show_of_an_item_that_is_not_there_names_near_ones(cli: Cli) -> None:
    ended = cli("items", "show", "understanding", load_bank("understanding").items[0].id + "x")
    assert ended.code == 2
    assert "near:" in ended.err


@pytest.mark.parametrize("bank", ["understanding", "management", "benefit", "leakage", "sycophancy"])
def test_our_banks_pass_their_own_linters_without_errors(cli: Cli, bank: str) -> None:
    ended = cli("items", "check", bank, "--json")
    assert ended.code == 0, ended.err
    assert not [row for row in json.loads(ended.out) if row["severity"] == "error"]


def test_a_key_that_the_rule_does_not_give_ends_with_exit_code_three(cli: Cli, tmp_path: Path) -> None:
    bank = load_bank("understanding")
    first = bank.items[0]
    other = next(option.id for option in first.options if option.id != first.key)
    path = tmp_path / "b.yaml"
    write_bank(replace(bank, items=(replace(first, key=other), *bank.items[1:])), path)
    ended = cli("items", "check", path)
    assert ended.code == 3
    assert first.id in ended.out


@pytest.mark.skipif(
    not EMOBENCH.exists(), reason="EmoBench files are not beside the checkout (../shared/data/emobench)"
)
@pytest.mark.parametrize(("name", "rows"), [("EU.jsonl", 800), ("EA.jsonl", 400)])
def test_emobench_imports_whole_and_loads_again(cli: Cli, tmp_path: Path, name: str, rows: int) -> None:
    out = tmp_path / "emo.yaml"
    ended = cli("items", "import", EMOBENCH / name, "--format", "emobench", "--out", out, "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["items"] == rows == len(load_bank(out).items)


def test_a_table_imports_with_a_column_map(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "mine.yaml"
    ended = cli(
        "items",
        "import",
        _table(tmp_path),
        "--format",
        "columns",
        "--option",
        "stem=s",
        "--option",
        "options=A,B",
        "--option",
        "key=k",
        "--out",
        out,
    )
    assert ended.code == 0, ended.err
    assert [item.key for item in load_bank(out).items] == [load_bank(out).items[0].options[0].id] * 2


def test_an_unknown_format_names_the_near_one(cli: Cli, tmp_path: Path) -> None:
    ended = cli("items", "import", _table(tmp_path), "--format", "colums", "--out", tmp_path / "o.yaml")
    assert ended.code == 2
    assert "columns" in ended.err


def test_raters_drop_the_items_they_flag(cli: Cli, tmp_path: Path) -> None:
    template = tmp_path / "template.csv"
    assert cli("items", "annotate", "leakage", "--out", template).code == 0
    with template.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    files = []
    for rater in ("ana", "bo", "cy"):
        files.append(tmp_path / f"{rater}.csv")
        with files[-1].open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, fieldnames=list(rows[0]))
            writer.writeheader()
            for index, row in enumerate(rows):
                writer.writerow({**row, "rater": rater, "sensitive": "y" if index < 2 else "n"})
    screened = tmp_path / "screened.yaml"
    ended = cli("items", "screen", "leakage", *files, "--out", screened)
    assert ended.code == 0, ended.err
    assert "Krippendorff" in ended.out
    assert len(load_bank(screened).items) == len(rows) - 2


def _table(directory: Path) -> Path:
    path = directory / "q.csv"
    path.write_text(
        "s,A,B,k\nKim waits at a bus stop and the bus comes at last,Relief,Anger,Relief\n"
        "Kim reads a letter that says the exam was passed,Joy,Fear,Joy\n",
        encoding="utf-8",
    )
    return path
