"""A policy is read whole, or refused in one sentence that says what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.errors import PolicyError
from evenhand.gate.policy import Policy, Rule
from evenhand.gate.policy_file import default_policy, policy_text, read_policy

RULE = '[[rule]]\nname = "a"\n'
BAD = [
    ("", "begin one with a line [[rule]]"),
    ("rule = []", "begin one with a line [[rule]]"),
    ('[rule]\nname = "a"', "begin one with a line [[rule]]"),
    ("rule = [1]", "begin one with a line [[rule]]"),
    ("name = \n", "is no TOML file (Invalid value (at line 1"),
    ("name = 3\n" + RULE, "Expected `str`, got `int` - at `$.name`"),
    ("rules = 3\n" + RULE, "unknown key 'rules' (did you mean 'rule'?)"),
    ('file = "x"\n' + RULE, "unknown key 'file'"),
    ("[[rule]]\nmargin = 0.05", "rule 1 has no name"),
    ('[[rule]]\nname = " "', "has no name"),
    (RULE + RULE, "2 rules named 'a'"),
    (RULE + "margins = 0.05", "rule 'a': unknown key 'margins' (did you mean 'margin'?)"),
    (RULE + "max_missing = 0.05", "unknown key 'max_missing' (did you mean 'maximum_missing'?)"),
    (RULE + 'measure = "gaps"', "measure is 'gaps' (did you mean 'gap'?)"),
    (RULE + 'measure = ["gap", "factor-gap"]', "measure is 'factor-gap' (did you mean 'factor_gap'?)"),
    (RULE + "measure = 3", "measure is 3"),
    (RULE + 'role = "confirmatry"', "role is 'confirmatry' (did you mean 'confirmatory'?)"),
    (RULE + "kind = 3", "Expected `str | null`, got `int` - at `$.rule[0].kind`"),
    (RULE + 'condition = "stated"', "condition is 'stated'"),
    (RULE + 'condition = { place = "system" }', "unknown key 'place' (did you mean 'placement'?)"),
    (RULE + 'condition = { cue = "states" }', "condition.cue is 'states' (did you mean 'stated'?)"),
    (RULE + 'condition = { mitigation = "magic" }', "condition.mitigation is 'magic'; known are none"),
    (RULE + 'margin = "3 points"', "margin is '3 points'; write a number"),
    (RULE + "margin = true", "margin is True; write a number"),
    (RULE + "margin = nan", "margin is nan; write a number"),
    (RULE + "margin = 0", "margin is 0; it must be above 0"),
    (RULE + "certainty = 95", "certainty is 95; it must be at least 0.5 and below 1"),
    (RULE + "certainty = 0.2", "certainty is 0.2"),
    (RULE + "maximum_missing = 5", "maximum_missing is 5; it is a share"),
    (RULE + "maximum_detectable = -1", "maximum_detectable is -1; it must be above 0"),
    (RULE + "minimum_power = 1.0", "minimum_power is 1.0; it must be above 0 and below 1"),
    (RULE + "minimum = 0.5\nmaximum = 0.4", "minimum 0.5 is above maximum 0.4"),
    (RULE + "margin = 0.5\nmaximum = 0.4", "has both margin and maximum"),
    (RULE + "minimum_power = 0.5\nminimum = 0.4", "has both minimum_power and minimum"),
    (RULE + 'level = "muslim"', "names level 'muslim' without its factor"),
    (RULE + 'not_worse = "yes"', "Expected `bool`, got `str` - at `$.rule[0].not_worse`"),
    (RULE + "not_worse = true\nmaximum = 0.4", "has both not_worse and maximum"),
    (RULE + "not_worse = true\nminimum_power = 0.4", "has both not_worse and minimum_power"),
    (RULE + 'not_worse = true\nmeasure = ["gap", "accuracy"]', "does not tell how 'accuracy' changed; not_worse works"),
    (RULE + 'unless_repaired_by = "redacted"', "unless_repaired_by is 'redacted' (did you mean 'redact'?)"),
    (RULE + 'unless_repaired_by = "none"', "unless_repaired_by is 'none'"),
    (
        RULE + 'unless_repaired_by = "any"\ncondition = { mitigation = "gate" }',
        "is about the assistant with 'gate' and asks for a repair as well",
    ),
    ("a = " + "[" * 3000, "is no TOML file"),
]


@pytest.mark.parametrize(("text", "said"), BAD, ids=range(len(BAD)))
def test_a_bad_policy_is_refused_in_one_sentence(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as raised:
        read_policy(path)
    assert said in str(raised.value)
    assert "policy.toml" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b"name = '\xff'")
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * 1_000_001)
    for bad, said in ((path, "no TOML"), (tmp_path, "Is a directory"), (tmp_path / "no", "No such"), (large, "larger")):
        with pytest.raises(PolicyError, match=said):
            read_policy(bad)


def test_every_key_is_read(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(
        '\ufeffname = "p"\n[[rule]]\nname = "a"\nmeasure = "gap"\nquantity = "score"\ntag = "t"\n'
        'role = "exploratory"\nkind = "k"\nmodel = "m"\n'
        'factor = "f"\nlevel = "l"\ncondition = { cue = "stated", mitigation = "none" }\nmargin = 1\ncertainty = 0.99\n'
        "maximum_missing = 0\nmaximum_detectable = 0.1\nminimum_power = 0.8\n[[rule]]\n"
        'name = "b"\nmeasure = ["gap", "accuracy"]\nminimum = -1\nmaximum = 1\n'
        ' [[ rule ]]\nname = "c"\nnot_worse = true\nunless_repaired_by = "redact"\n',
        encoding="utf-8",
    )
    policy = read_policy(path)
    assert (policy.name, policy.file, [rule.name for rule in policy.rule]) == ("p", str(path), ["a", "b", "c"])
    assert [rule.measures for rule in policy.rule] == [("gap",), ("gap", "accuracy"), ()]
    assert policy.lines == (2, 18, 23)
    unset = Rule(name="")
    for name in Rule.__struct_fields__:
        assert any(getattr(rule, name) != getattr(unset, name) for rule in policy.rule), name


def test_the_policy_that_init_writes_is_the_one_that_holds_without_one_and_explains_every_key(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(policy_text(), encoding="utf-8")
    assert read_policy(path).rule == default_policy().rule
    assert [rule.role for rule in default_policy().rule] == ["confirmatory"]
    for key in (*Rule.__struct_fields__, *(name for name in Policy.__struct_fields__ if name not in ("file", "lines"))):
        assert key in policy_text(), key


def test_what_the_written_policy_shows_in_comments_is_a_policy_when_the_comment_signs_are_removed(
    tmp_path: Path,
) -> None:
    _, _, examples = policy_text().partition("# More rules follow the same way:\n")
    path = tmp_path / "policy.toml"
    path.write_text("\n".join(line.removeprefix("# ").removeprefix("#") for line in examples.splitlines()))
    assert len(read_policy(path).rule) == 2


def test_rules_that_are_not_written_one_by_one_have_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('rule = [{ name = "a" }, { name = """\n[[rule]]\n""" }]', encoding="utf-8")
    assert read_policy(path).lines == ()
