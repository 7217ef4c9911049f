"""From a TOML file to a policy; whatever is wrong with the file is one sentence with the next step."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from evenhand.errors import PolicyError, near_miss
from evenhand.gate.policy import CHANGE_OF, Policy, PolicyCondition, Rule
from evenhand.gate.repair import ANY_POLICY
from evenhand.records.finding import Role
from evenhand.records.measure import MEASURES
from evenhand.records.mitigation import known_mitigations
from evenhand.records.profile import CUES, PLACEMENTS, READERS

__all__ = ["default_policy", "policy_text", "read_policy"]

_LARGEST = 1_000_000
"""Bytes; the largest policy that is read."""
_NEXT = "`evenhand gate --init` writes a policy that explains every key"
_WORDS: Mapping[str, Sequence[str]] = {"measure": MEASURES, "role": get_args(Role)}
_CONDITIONS: Mapping[str, Sequence[str]] = {
    "placement": PLACEMENTS,
    "cue": CUES,
    "reader": READERS,
}
_ABOVE_ZERO: Mapping[str, float] = {
    "margin": math.inf,
    "maximum_detectable": math.inf,
    "minimum_power": 1.0,
}
"""Numbers that must lie above 0 and below this."""
_CERTAINTY = 0.5
_HEADER = re.compile(rb"\s*\[\[\s*rule\s*\]\]")


def policy_text() -> str:
    """The commented policy that `evenhand gate --init` writes; it is also the one that holds when none is named."""
    return files("evenhand.gate").joinpath("policy.toml").read_text(encoding="utf-8")


def default_policy() -> Policy:
    """Every confirmatory finding is equivalent within the margin of the plan."""
    return _policy(policy_text().encode(), source="policy.toml")


def read_policy(path: Path) -> Policy:
    """The policy in a file.

    Raises:
        PolicyError: The file cannot be read, or is no policy; the message says where and what to write instead.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise PolicyError(f"cannot read the policy {str(path)!r} ({error.strerror}); {_NEXT}") from error
    if len(data) > _LARGEST:
        raise PolicyError(f"{str(path)!r} is larger than {_LARGEST:,} bytes; that is no policy; {_NEXT}")
    return replace(_policy(data, source=str(path)), file=str(path))


def _policy(data: bytes, *, source: str) -> Policy:
    try:
        value = msgspec.toml.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise PolicyError(f"{source!r} is no TOML file ({reason}); {_NEXT}") from error
    _check_keys(value, Policy, where=repr(source), but=("file", "lines"))
    rules = value.get("rule", [])
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, dict) for rule in rules):
        raise PolicyError(f"{source!r} has no rule; begin one with a line [[rule]]; {_NEXT}")
    for number, rule in enumerate(rules, 1):
        _check_rule(rule, where=f"{source!r}, rule {rule.get('name', number)!r}")
    try:
        policy = msgspec.convert(value, Policy, strict=True)
    except msgspec.ValidationError as error:
        raise PolicyError(f"{source!r}: {error}; {_NEXT}") from error
    names = [rule.name for rule in policy.rule]
    for name in names:
        if names.count(name) > 1:
            raise PolicyError(f"{source!r} has {names.count(name)} rules named {name!r}; give each a name of its own")
    return replace(policy, lines=_lines(data, count=len(policy.rule)))


def _lines(data: bytes, *, count: int) -> tuple[int, ...]:
    """The lines on which the rules begin; none where they are not written as one `[[rule]]` each."""
    found = [at for at, line in enumerate(data.splitlines(), 1) if _HEADER.match(line)]
    return tuple(found) if len(found) == count else ()


def _check_rule(rule: dict[str, Any], *, where: str) -> None:
    _check_keys(rule, Rule, where=where)
    if not isinstance(rule.get("name"), str) or not rule["name"].strip():
        raise PolicyError(f'{where} has no name; add a line such as name = "no gap"')
    for key, known in _WORDS.items():
        _check_words(rule.get(key, ()), known, where=where, key=key)
    condition = rule.get("condition", {})
    if not isinstance(condition, dict):
        raise PolicyError(f'{where}: condition is {condition!r}; write it as {{ cue = "stated" }}')
    _check_keys(condition, PolicyCondition, where=f"{where}, condition")
    for key, known in _CONDITIONS.items():
        _check_words(condition.get(key, ()), known, where=where, key=f"condition.{key}")
    _check_words(condition.get("mitigation", ()), known_mitigations(), where=where, key="condition.mitigation")
    repairs = (ANY_POLICY, *(name for name in known_mitigations() if name != "none"))
    _check_words(rule.get("unless_repaired_by", ()), repairs, where=where, key="unless_repaired_by")
    _check_numbers(rule, where=where)
    _check_sense(rule, where=where)


def _check_keys(value: dict[str, Any], record: type[Struct], *, where: str, but: tuple[str, ...] = ()) -> None:
    known = [name for name in record.__struct_fields__ if name not in but]
    for key in value:
        if key not in known:
            raise PolicyError(f"{where}: unknown key {key!r}{near_miss(key, known)}; known are {', '.join(known)}")


def _check_words(value: object, known: Iterable[str], *, where: str, key: str) -> None:
    known = tuple(known)
    for word in value if isinstance(value, list | tuple) else (value,):
        if not isinstance(word, str) or word not in known:
            raise PolicyError(f"{where}: {key} is {word!r}{near_miss(str(word), known)}; known are {', '.join(known)}")


def _check_numbers(rule: dict[str, Any], *, where: str) -> None:
    numbers = ("margin", "certainty", "minimum", "maximum", "maximum_missing", "maximum_detectable", "minimum_power")
    for key in numbers:
        value = rule.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise PolicyError(f"{where}: {key} is {value!r}; write a number such as 0.05 for 5 points or 5%")
        limit = _ABOVE_ZERO.get(key)
        if limit is not None and not 0 < value < limit:
            below = f" and below {limit:g}" if math.isfinite(limit) else ""
            raise PolicyError(f"{where}: {key} is {value!r}; it must be above 0{below}")
    if "certainty" in rule and not _CERTAINTY <= rule["certainty"] < 1:
        raise PolicyError(f"{where}: certainty is {rule['certainty']!r}; it must be at least {_CERTAINTY} and below 1")
    if "maximum_missing" in rule and not 0 <= rule["maximum_missing"] < 1:
        raise PolicyError(
            f"{where}: maximum_missing is {rule['maximum_missing']!r}; it is a share, from 0 to below 1, such as 0.05"
        )


def _check_sense(rule: dict[str, Any], *, where: str) -> None:
    """Keys that contradict each other."""
    bounded = [key for key in ("minimum", "maximum") if key in rule]
    if bounded and "margin" in rule:
        raise PolicyError(f"{where} has both margin and {bounded[0]}; a margin lies around zero: make two rules")
    if bounded and "minimum_power" in rule:
        raise PolicyError(f"{where} has both minimum_power and {bounded[0]}; power is that against a margin")
    if len(bounded) == 2 and rule["minimum"] > rule["maximum"]:
        raise PolicyError(f"{where}: minimum {rule['minimum']!r} is above maximum {rule['maximum']!r}; exchange them")
    if rule.get("not_worse"):
        _check_comparison(rule, where=where, bounded=bounded)
    if rule.get("unless_repaired_by") and rule.get("condition", {}).get("mitigation", "none") != "none":
        raise PolicyError(
            f"{where} is about the assistant with {rule['condition']['mitigation']!r} and asks for a repair as well; "
            "leave out one of the two"
        )
    if "level" in rule and "factor" not in rule:
        raise PolicyError(f'{where} names level {rule["level"]!r} without its factor; add factor, e.g. "religion"')


def _check_comparison(rule: dict[str, Any], *, where: str, bounded: Sequence[str]) -> None:
    """Keys that do not go with a comparison with a baseline run."""
    for key in (*bounded, *(key for key in ("minimum_power", "maximum_detectable") if key in rule)):
        raise PolicyError(f"{where} has both not_worse and {key}; make two rules")
    named = rule.get("measure", ())
    for measure in (named,) if isinstance(named, str) else named:
        if measure not in CHANGE_OF:
            raise PolicyError(
                f"{where}: a comparison of two runs does not tell how {measure!r} changed; not_worse works with "
                f"{', '.join(CHANGE_OF)}"
            )
