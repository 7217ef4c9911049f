"""TOML files that people write: what is wrong is named with its line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from evenhand.errors import InputError, PolicyError
from evenhand.gate.policy_file import read_policy
from evenhand.serve.form_file import read_forms
from evenhand.toml_file import TomlFile, key_lines, parse_toml, read_toml

NEXT = "write it anew"
MIXED = '''\
# a comment = with an equals sign
name = "a [b] = 1"  # and another
text = """
not = "a key"
[nor.a.table]
"""
plain = \'\'\'
neither = this\'\'\'
list = [
  "one = 1", # comment with ]
  [2, 3],
]
inline = { a = 1, b = [1, 2] }

[[rule]]
name = "first"
[rule.condition]
cue = "stated"

[[rule]]
"quoted key" = 'it''s' # TOML has no doubled quotes
'''.replace("'it''s' # TOML has no doubled quotes", "'its'")


class Small(Struct, forbid_unknown_fields=True):
    size: int
    names: list[str] = []


def parsed(text: str) -> TomlFile:
    return parse_toml(text.encode(), source="a.toml", error=InputError, next_step=NEXT)


def test_every_key_has_the_line_it_stands_in() -> None:
    assert key_lines(MIXED) == {
        ("name",): 2,
        ("text",): 3,
        ("plain",): 7,
        ("list",): 9,
        ("inline",): 13,
        ("rule",): 15,
        ("rule", 0): 15,
        ("rule", 0, "name"): 16,
        ("rule", 0, "condition"): 17,
        ("rule", 0, "condition", "cue"): 18,
        ("rule", 1): 20,
        ("rule", 1, "quoted key"): 21,
    }


def paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """Every key of nested tables, and every table of a list of tables."""
    if isinstance(value, dict):
        return {(*path, key) for key in value}.union(*(paths(inner, (*path, key)) for key, inner in value.items()))
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return {(*path, n) for n in range(len(value))}.union(*(paths(one, (*path, n)) for n, one in enumerate(value)))
    return set()


VALUES = st.one_of(
    st.integers(-9, 9).map(str),
    st.sampled_from(
        ['"a # b"', "'[x] = 1'", '"""\nk = 1\n"""', "'''\n[t]\n'''", "[\n 1, # ]\n 2\n]", '["]", "="]', "true"]
    ),
)
KEYS = st.sampled_from(["a", "b-c", '"d e"', "f.g"])
TABLES = st.sampled_from(["", "[t]", "[t.u]", "[[l]]", "[[l.m]]"])


@given(st.lists(st.tuples(TABLES, st.dictionaries(KEYS, VALUES, max_size=3)), max_size=4))
def test_the_lines_name_the_keys_that_the_reader_of_python_finds(
    blocks: list[tuple[str, dict[str, str]]],
) -> None:
    text = "\n".join(
        line for head, keys in blocks for line in (head, *(f"{key} = {value}" for key, value in keys.items()))
    )
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # the same table twice, say
        return
    found = key_lines(text)
    implied = {path[:size] for path in found for size in range(1, len(path))}
    assert set(found) | implied == paths(table)
    for path, line in found.items():
        names = [part for part in path if isinstance(part, str)]
        assert names[-1] in text.splitlines()[line - 1]


def test_a_refusal_names_the_line_of_the_key_or_of_the_table_that_holds_it() -> None:
    file = parsed(MIXED)
    assert file.where("rule", 1, "quoted key") == "'a.toml', line 21"
    assert file.where("inline", "b") == "'a.toml', line 13"
    assert file.where("absent") == "'a.toml'"
    with pytest.raises(
        InputError, match=r"'a\.toml', line 2: unknown key 'name' \(did you mean 'names'\?\); known are"
    ):
        file.top().check_keys(file.table, ["names", "text"])


def test_a_value_of_another_type_is_named_with_its_line() -> None:
    with pytest.raises(InputError, match=r"'a\.toml', line 2: Expected `int`, got `str`.*write it anew"):
        parsed('\nsize = "3"').converted(Small)
    with pytest.raises(InputError, match=r"'a\.toml', line 2: Expected `str`, got `int`"):
        parsed("size = 3\nnames = [1]").converted(Small)
    assert parsed('\ufeffsize = 3\nnames = ["a"]').converted(Small) == Small(size=3, names=["a"])


def test_what_is_no_toml_is_said_with_the_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'a\.toml' is no TOML file \(.*line 2.*\); write it anew"):
        parsed("a = 1\nb =\nc = 2")
    with pytest.raises(PolicyError, match=r"cannot read the thing '.*absent' \(No such file or directory\); write it"):
        read_toml(tmp_path / "absent", what="the thing", error=PolicyError, next_step=NEXT)


def test_policies_and_forms_of_memory_are_read_by_it(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('name = "p"\n\n[[rule]]\nname = "a"\n\nmargins = 0.05\n', encoding="utf-8")
    with pytest.raises(PolicyError, match=r"policy\.toml', line 6, rule 'a': unknown key 'margins'"):
        read_policy(policy)
    forms = tmp_path / "memory.toml"
    forms.write_text('[[marked]]\nname = "m"\nstart = "x"\nentry = "text"\nshape = "entries"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"memory\.toml', line 4, marked 'm': entry is 'text'"):
        read_forms(forms)
