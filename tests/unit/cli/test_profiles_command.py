from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evenhand.bank.cohorts import load_cohort
from tests.support.command import Ended

Cli = Callable[..., Ended]


def test_list_tells_of_every_shipped_cohort(cli: Cli) -> None:
    cohorts = {row["cohort"]: row for row in json.loads(cli("profiles", "list", "--json").out)}
    assert cohorts["explicit"]["profiles"] >= 120
    assert cohorts["intersectional"]["profiles"] == 3 * 81


@pytest.mark.parametrize("placement", ["system", "narrative", "history", "retrieved", "tool"])
def test_show_prints_what_an_assistant_sees(cli: Cli, placement: str) -> None:
    profile = load_cohort("explicit").profiles[0]
    shown = cli("profiles", "show", "explicit", profile.id, "--placement", placement)
    assert shown.code == 0, shown.err
    assert profile.facts[0].text in shown.out
    assert "[system]" in shown.out


def test_show_of_a_profile_that_is_not_there_names_near_ones(cli: Cli) -> None:
    ended = cli("profiles", "show", "explicit", load_cohort("explicit").profiles[0].id[:-1])
    assert ended.code == 2
    assert "near:" in ended.err


@pytest.mark.parametrize("cohort", ["explicit", "intersectional"])
def test_our_cohorts_pass_their_own_linters(cli: Cli, cohort: str) -> None:
    ended = cli("profiles", "check", cohort)
    assert ended.code == 0, ended.err


def test_personas_import_as_a_cohort(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "p.jsonl"
    source.write_text(
        "\n".join(json.dumps({"persona": f"A gardener who grows {n} kinds of beans"}) for n in range(5)),
        encoding="utf-8",
    )
    out = tmp_path / "c.yaml"
    ended = cli("profiles", "import", source, "--format", "personahub", "--out", out)
    assert ended.code == 0, ended.err
    assert load_cohort(out).profiles
