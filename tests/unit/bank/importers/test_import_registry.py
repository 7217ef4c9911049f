"""Formats are found by name; a wrong name is answered with the near one."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.bank.importers.registry import (
    BANK_FORMATS,
    COHORT_FORMATS,
    format_names,
    import_bank,
    import_cohort,
    parse_options,
)
from evenhand.errors import UsageError


def test_formats_are_listed_with_what_they_are_and_which_options_they_have() -> None:
    assert format_names() == ("columns", "emobench", "eqbench", "personahub", "prism", "stem", "steu")
    for name, known in (*BANK_FORMATS.items(), *COHORT_FORMATS.items()):
        assert known.name == name
        assert known.summary
        assert all(suffix.startswith(".") for suffix in known.suffixes)
        assert {"name", "licence", "redistribute", *known.options} <= set(known.all_options())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("emo-bench", "no format 'emo-bench'.*did you mean 'emobench'"),
        ("prism", "for `evenhand profiles import`"),
        ("xml", "no format 'xml'; allowed: columns, emobench, eqbench, stem, steu"),
    ],
)
def test_an_unknown_bank_format_is_refused(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        import_bank(Path("any.jsonl"), format=name)


def test_a_bank_format_is_no_cohort_format() -> None:
    with pytest.raises(UsageError, match="for `evenhand items import`"):
        import_cohort(Path("any.jsonl"), format="steu")


def test_options_are_parted_at_the_first_equals_sign() -> None:
    assert parse_options(["stem=text", "ask=Is 1 = 1?"]) == {"stem": "text", "ask": "Is 1 = 1?"}


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["stem"], "'stem' is not NAME=VALUE"),
        (["=x"], "'=x' is not NAME=VALUE"),
        (["a=1", "a=2"], "'a' is given twice"),
    ],
)
def test_options_that_are_no_pairs_are_refused(pairs: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_options(pairs)


@pytest.mark.parametrize("limit", ["0", "-3", "many"])
def test_a_limit_is_a_whole_number_of_at_least_one(tmp_path: Path, limit: str) -> None:
    path = tmp_path / "personas.txt"
    path.write_text("A baker\n", encoding="utf-8")
    with pytest.raises(UsageError, match="'limit'"):
        import_cohort(path, format="personahub", options={"limit": limit})
