"""Commands that read a table of a stranger: what they say first, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evenhand.cli.table_options import columns_of
from evenhand.errors import UsageError
from tests.support.command import Ended

Cli = Callable[..., Ended]
TABLES = Path(__file__).parents[1] / "analysis" / "tables"


def test_as_read_comes_first_on_the_terminal_the_page_and_in_the_file(cli: Cli, tmp_path: Path) -> None:
    table = TABLES / "02c_refusals_that_begin_with_I.csv"
    ended = cli("analyse", table, "--profile", "user", "--out", tmp_path)
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == "As read"
    assert "'user' as user (named with --profile)" in ended.out
    assert "160 answers name none of them and are counted as unparsed: 'Answer: I would rather not" in ended.out
    findings = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))
    assert findings["as_read"]["unread_rows"] == 160
    for name in ("report.html", "report.md"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert 0 < text.index("As read") < text.index("Does the answer depend on who the user is?")


def test_a_covariate_stands_on_the_page_with_its_coefficient(cli: Cli, tmp_path: Path) -> None:
    table = TABLES / "09_covariate.csv"
    ended = cli("analyse", table, "--profile", "user", "--correct", "ok", "--covariates", "anger", "--out", tmp_path)
    assert "'anger': +0.03151 log-odds per unit" in ended.out
    assert "+0.03151 log-odds per unit" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--correct", "okay"), "did you mean 'ok'?"),
        (("--correct", "ok", "--gold", "gold_label"), "--gold 'gold_label' would not be used"),
        (("--correct", "ok", "--factors", " , "), "--factors names nothing"),
        (("--correct", "ok", "--contrast", "gender"), "write FACTOR=A,B with two levels"),
        (("--correct", "ok", "--contrast", "gender=male,male"), "write FACTOR=A,B with two levels"),
        (("--correct", "ok", "--missing", "zip"), "--missing 'zip' occurs in none of the columns used"),
    ],
)
def test_what_would_not_be_used_is_an_error(cli: Cli, tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    ended = cli("analyse", TABLES / "03b_blank_gender.csv", "--profile", "user", *arguments, "--out", tmp_path)
    assert ended.code != 0
    assert says in ended.err
    assert not (tmp_path / "findings.json").exists()


def test_a_run_directory_takes_no_columns(cli: Cli, tmp_path: Path) -> None:
    ended = cli("analyse", tmp_path, "--factors", "gender")
    assert ended.code != 0
    assert "--factors names a column of a table" in ended.err


def test_keys_that_could_count_from_0_or_1_are_refused_until_the_user_says(cli: Cli, tmp_path: Path) -> None:
    options = ("stem=situation", "options=a0,a1,a2", "key=label", "id=id")
    arguments = [
        "items",
        "import",
        TABLES / "11_keys_from_0.jsonl",
        "--format",
        "columns",
        "--out",
        tmp_path / "b.json",
    ]
    arguments += [word for option in options for word in ("--option", option)]
    refused = cli(*arguments)
    assert refused.code == 3
    assert "say which with key_base=0 or key_base=1" in refused.err
    assert cli(*arguments, "--option", "key_base=0").code == 0
    bank = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert [item["key"] for item in bank["items"]] == ["b", "c", "b", "c", "b", "c"]


@pytest.mark.parametrize(
    ("gap", "says"), [("3", "did you mean 0.03?"), ("0", "is not 0"), ("-12", "did you mean -0.12?")]
)
def test_a_gap_that_does_not_exist_is_refused(cli: Cli, gap: str, says: str) -> None:
    ended = cli("power", "--gap", gap)
    assert ended.code != 0
    assert says in ended.err


def test_power_that_the_formula_says_too_much_of_is_said_to_be(cli: Cli) -> None:
    design = ("power", "--items", "24", "--sets", "12", "--accuracy", "0.995")
    told = cli(*design, "--gap", "0.014").out
    assert "This is too much, by 6 to 26 points" in told and "--simulate 2000" in told
    simulated = cli(*design, "--gap", "0.014", "--simulate", "50").out
    assert "By formula it is too much here; believe the simulation." in simulated
    assert "too much" not in cli(*design, "--gap", "0.047").out
    assert json.loads(cli(*design, "--gap", "0.014", "--json").out)["power_overstated"] is True


def test_a_factor_may_have_an_equals_sign() -> None:
    columns = columns_of({"contrast": "a=b=x,y"})
    assert columns is not None
    assert columns.contrast is not None
    assert (columns.contrast.factor, columns.contrast.first, columns.contrast.second) == ("a=b", "x", "y")
    with pytest.raises(UsageError):
        columns_of({"contrast": "a=x,y,z"})
    assert columns_of({"contrast": None}) is None
