"""Files that cannot be read name the place and the next step."""

from __future__ import annotations

import pytest

from evenhand.bank.document import convert_document, line_of, parse_document
from evenhand.errors import BankError, CohortError
from evenhand.records.item import Bank

HEAD = "schema: evenhand.bank/1\nname: b\nversion: '1'\nsource: s\nlicence: l\nredistribute: true\nvalidated: false\n"
ITEM = "items:\n- id: q1\n  kind: understanding\n  stem: s\n  question: q\n  key: a\n"
OPTIONS = "  options:\n  - {id: a, text: Joy}\n  - {id: b, text: Fear}\n"


def read(text: str | bytes) -> Bank:
    data = text if isinstance(text, bytes) else text.encode()
    return convert_document(parse_document(data, source="my.yaml", error=BankError), Bank, error=BankError)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"'my.yaml' is empty"),
        ("  \n\n", r"'my.yaml' is empty"),
        ("name: [1, 2\nversion: x", r"line 2, column \d+: .*; mend that place"),
        ("name: \tx\n\tversion: y", r"line \d+, column \d+"),
        ('{"name": "x",', r"not readable as YAML or JSON"),
        ("name: caf\xe9".encode("latin-1"), r"line 1: byte 0xe9 is not UTF-8; save the file with encoding UTF-8"),
        (b"name: x\nversion: \xff", r"line 2: byte 0xff is not UTF-8"),
        ("name: x\n".encode("utf-16"), r"byte 0xff is not UTF-8"),
        ("name: a\nversion: b\x00c", r"line 2: control character '\\x00'"),
        ("name: a\nversion: '1'\nname: b\n", r"line 3, column 1: key 'name' is given twice"),
        ("a: &x [*x]\n", r"line 1, column 8: the alias 'x' is inside what it names; remove it"),
        ("[" * 100_000, r"nested too deeply"),
        ("- " * 100_000, r"nested too deeply"),
        ('{"a":' * 100_000, r"not readable as YAML or JSON: "),
        ("!!python/object/apply:os.system ['true']", r"could not determine a constructor"),
    ],
)
def test_what_cannot_be_parsed_is_named_by_place(text: str | bytes, message: str) -> None:
    with pytest.raises(BankError, match=message):
        read(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b\n", r"'my.yaml', field 'the whole file': expected `object`, got `array`"),
        ("just a sentence\n", r"field 'the whole file': expected `object`, got `str`"),
        (HEAD, r"missing required field `items`; add it"),
        (
            HEAD + ITEM.replace("stem:", "# stem:"),
            r"'my.yaml', line 9, record 'q1', field 'items\[0\]': .*missing required field `stem`; add it",
        ),
        (
            HEAD.replace("version: '1'", "version: 1.0") + ITEM + OPTIONS,
            r"line 3, field 'version': expected `str`, got `float`; put quotes round 1.0",
        ),
        (
            HEAD + ITEM + OPTIONS.replace("Joy", "yes"),
            r"line 15, record 'a', field 'items\[0\].options\[0\].text': expected `str`, got `bool`; put quotes",
        ),
        (
            HEAD + ITEM.replace("stem:", "stemm:") + OPTIONS,
            r"record 'q1', field 'items\[0\]': .*unknown field `stemm`; did you mean 'stem'\?",
        ),
        (
            HEAD + ITEM.replace("understanding", "understandig") + OPTIONS,
            r"line 10, .*invalid enum value 'understandig'",
        ),
        (HEAD + ITEM + OPTIONS + "  xqzw: 1\n", r"unknown field `xqzw`; remove it, or correct its name"),
        (
            HEAD + ITEM + OPTIONS + "  tags: {a: b}\n",
            r"field 'items\[0\].tags': expected `array`, got `object`; got \{'a': 'b'\}",
        ),
        (
            HEAD.replace("bank/1", "bank/2") + ITEM + OPTIONS,
            r"line 1, field 'schema': invalid enum value 'evenhand.bank/2'",
        ),
    ],
)
def test_a_wrong_field_is_named_by_line_record_and_path(text: str, message: str) -> None:
    with pytest.raises(BankError, match=message):
        read(text)


def test_the_error_is_of_the_kind_asked_for() -> None:
    with pytest.raises(CohortError, match=r"'group.yaml' is empty"):
        parse_document(b"", source="group.yaml", error=CohortError)


def test_a_date_stays_the_text_it_is() -> None:
    assert parse_document(b"version: 2026-01-01", source="x", error=BankError).value == {"version": "2026-01-01"}


def test_json_fields_have_lines_too() -> None:
    document = parse_document(b'{\n "name": "x",\n "items": [\n  {"id": "q"}\n ]\n}', source="x", error=BankError)
    assert line_of(document, ("items", 0, "id")) == 4
    assert line_of(document, ("name",)) == 2


def test_a_place_that_is_not_there_has_the_line_of_what_it_should_be_in() -> None:
    document = parse_document(b"items:\n- id: q\n", source="x", error=BankError)
    assert line_of(document, ("items", 0, "stem")) == 2
    assert line_of(document, ("nothing",)) is None


def test_a_long_value_is_shortened_in_the_message() -> None:
    with pytest.raises(BankError) as caught:
        read(HEAD + ITEM + OPTIONS + "  tags: " + "x" * 10_000_000 + "\n")
    assert len(str(caught.value)) < 300
