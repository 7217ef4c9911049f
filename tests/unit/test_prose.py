from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "prose.py"))
RULES, ALLOWED, Passage = SCRIPT["RULES"], SCRIPT["ALLOWED"], SCRIPT["Passage"]
document, module, hits_of = SCRIPT["document"], SCRIPT["module"], SCRIPT["hits_of"]


def found(passages: list[object]) -> list[tuple[str, int, str]]:
    return [(hit.rule.name, hit.line, hit.phrase) for hit in hits_of(passages)]


def names(text: str) -> set[str]:
    return {rule for rule, _, _ in found([Passage(line=1, text=text)])}


def test_rules_have_names_of_their_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES) >= 9


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_finds_its_wrong_example_and_passes_its_right_one(rule: object) -> None:
    assert names(rule.wrong) == {rule.name}  # type: ignore[attr-defined]
    assert names(rule.right) == set()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ("1.4 to 1.6 times (0.11 ms a call)", "per"),
        ("five matched pairs an item", "per"),
        ("P matched sets, k sets an item", "per"),
        ("give each item one row, with one weight an option", "per"),
        ("one row\na trial, every factor a column", "per"),
        ("it costs $0.02 a call", "per"),
        ("What stands behind the endpoints", "stands"),
        ("no fact of a profile may stand in the messages", "stands"),
        ("only 1 matched sets", "one of many"),
        ("none asked 1 times", "one of many"),
        ("3 profile are left", "many of one"),
        ("the mean the\nthe median", "double word"),
        ("this debiases the model", "promise"),
    ],
)
def test_other_wordings_of_the_same_mistake_are_found(wrong: str, rule: str) -> None:
    assert names(wrong) == {rule}


@pytest.mark.parametrize(
    "right",
    [
        "Keys stand for options, and none stands out.",
        "the file as it stands",
        "the standard error, a standing-room crowd and a stand-in",
        "Which one a profile has rotates with its levels.",
        "whatever items a profile met; facts a profile has",
        "after an unknown one only a reply that is one claim counts",
        "With 0, half an answer is added",
        "in 2 of 11 items, 1.1 points and 0.1 rows",
        "the unbiased estimate of Simpson",
        "one item, 1 item, 21 items",
        "an interval of 0.5 to 5 points; gaps of 0 to 3 points",
    ],
)
def test_plain_sentences_are_let_through(right: str) -> None:
    assert names(right) == set()


@pytest.mark.parametrize("allowed", ALLOWED, ids=lambda allowed: allowed.pattern)
def test_an_allowed_phrase_has_a_reason_and_is_in_use_or_in_a_test(allowed: object) -> None:
    assert len(allowed.reason.split()) > 3  # type: ignore[attr-defined]
    texts = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPT["files"]())
    assert allowed.compiled().search(texts)  # type: ignore[attr-defined]


def test_code_in_a_document_is_no_prose_and_lines_are_counted() -> None:
    text = "# Title\n\n```\none row a trial\n```\n\nSee `one row a trial`.\n\n* a list\n* with one\n  row a trial\n"
    assert found(document(text)) == [("per", 10, "one row a trial")]


def test_a_table_of_a_document_is_prose() -> None:
    assert found(document("| a | b |\n| --- | --- |\n| x | one row a trial |\n")) == [("per", 3, "one row a trial")]


def test_docstrings_strings_messages_and_comments_of_a_module_are_read() -> None:
    source = (
        '"""Title.\n\nOne row a trial."""\n'
        "# A comment of the\n# the two lines.\n"
        "one = row  # one row an arm\n"
        'raise E(f"{count} items; give one "\n    f"weight an option")\n'
        "stands = a_row_a_trial\n"
    )
    assert sorted(found(module(source)), key=lambda hit: hit[1]) == [
        ("per", 3, "One row a trial"),
        ("double word", 4, "the the"),
        ("per", 6, "one row an arm"),
        ("per", 7, "one weight an option"),
    ]


def test_the_prose_of_the_project_keeps_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        SCRIPT["main"]([])
    assert end.value.code == 0, capsys.readouterr().out


def test_a_hit_is_told_with_its_place_and_fails_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text("\n\nA seed stands in the plan.\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="1 place to mend"):
        SCRIPT["main"]([str(page)])
    assert f"{page}:3: stands: 'stands'" in capsys.readouterr().out
