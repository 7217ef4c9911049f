"""The table of policies in the documentation: from findings, and the page has it where the script looks for it."""

from __future__ import annotations

import pytest

from evenhand.mitigate.named import mitigation_spec
from scripts.policy_table import HEADING, PAGE, RUNS, policy_rows, policy_table, with_table
from tests.support.tried_fixture import tried


def test_a_row_says_what_the_findings_say_and_names_options_that_are_not_usual() -> None:
    specs = [mitigation_spec(written) for written in ("redact", "gate?threshold=2", "check")]
    rows = policy_rows([tried("harmful"), tried("repaired", policy="redact", after=-0.002, kept=1.0)], specs)
    assert rows == [
        "| `redact` | repaired | +15.0 → −0.2 | −17.2 to −13.2 | 80.0 → 85.0 | – | 100.0% (95.0% to 105.0%) |",
        "| `gate?threshold=2` | harmful | +15.0 → +3.0 | −14.0 to −10.0 | 80.0 → 85.0 | – | 60.0% (55.0% to 65.0%) |",
    ]
    assert policy_rows([tried(None, policy="redact")], [mitigation_spec("redact?by=both")])[0].startswith(
        "| `redact?by=both` | interim |"
    )


def test_the_table_takes_the_place_of_the_one_under_its_heading() -> None:
    page = f"# P\n\n| a |\n\n{HEADING}\n\nWords.\n\n| old |\n| --- |\n\nMore.\n\n| other |\n"
    assert with_table(page, "| new |") == page.replace("| old |\n| --- |", "| new |")
    with pytest.raises(ValueError, match="no table under"):
        with_table("# P\n\n| a |\n", "| new |")


def test_the_page_has_every_policy_of_the_script() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert with_table(text, policy_table([])) != text
    under = text.partition(HEADING)[2].partition("\n## ")[0]
    assert [f"`{name}`" for run in RUNS for name in run] == [
        line.split("|")[1].strip() for line in under.splitlines() if line.startswith("| `")
    ]
