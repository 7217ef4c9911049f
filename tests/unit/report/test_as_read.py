"""What is said of the log of another tool, beside what is said of every table."""

from __future__ import annotations

from msgspec.structs import replace

from evenhand.records.as_read import AsRead, ColumnRead, LogRead, RepeatsRead
from evenhand.report.as_read import as_read_facts

TABLE = AsRead(
    file="x.json",
    rows=4,
    items=2,
    users=2,
    columns=(ColumnRead(column="who", role="profile", option="--profile", place="the field 'vars.who'"),),
    repeats=RepeatsRead(most=1, cells=0),
)
LOG = LogRead(
    tool="promptfoo",
    version="0.1",
    models=("a", "b"),
    rows=6,
    kept=(("prompt", "0"),),
    failed=1,
    notes=("It did not end.",),
    unused=tuple(f"f{n}" for n in range(14)),
)


def said(read: AsRead) -> list[tuple[str, str]]:
    return [(fact.name, fact.value) for fact in as_read_facts(read)]


def test_a_table_says_nothing_of_a_log() -> None:
    assert {"Log", "Cells", "Kept", "Missing", "Not used"}.isdisjoint(name for name, _ in said(TABLE))


def test_the_log_is_told_before_the_columns() -> None:
    assert said(replace(TABLE, log=LOG))[:7] == [
        ("Table", "x.json: 4 rows, 2 items, 2 users"),
        ("Log", "of promptfoo 0.1: 6 answers; answered by 'a' and 'b'"),
        ("Kept", "only rows whose 'prompt' is '0', as --where says"),
        ("Missing", "1 answer of the log ended with an error: missing, and never counted as wrong"),
        ("Note", "It did not end."),
        ("Not used", "fields of the log: " + ", ".join(f"'f{n}'" for n in range(12)) + " and 2 more"),
        ("Columns", "'who' as user (named with --profile; the field 'vars.who')"),
    ]


def test_a_log_that_names_no_model_says_so() -> None:
    bare = LogRead(tool="DeepEval", rows=1)
    assert ("Log", "of DeepEval: 1 answer; it names no model") in said(replace(TABLE, log=bare))


def test_answers_to_a_plan_need_no_columns() -> None:
    of_plan = replace(LOG, by_plan=True, kept=(), failed=0, notes=(), unused=(), unknown=3, repeated=1)
    assert said(replace(TABLE, columns=(), log=of_plan)) == [
        ("Table", "x.json: 4 rows, 2 items, 2 users"),
        ("Log", "of promptfoo 0.1: 6 answers; answered by 'a' and 'b'"),
        ("Cells", "each answer names the cell of the plan that it was given to"),
        ("Left out", "3 answers to no cell of the plan"),
        ("Left out", "1 answer to a cell that has one already"),
    ]
