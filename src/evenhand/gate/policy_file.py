"""From a TOML file to a policy; whatever is wrong with the file is one sentence with the next step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from msgspec.structs import replace

from evenhand.errors import PolicyError, near_miss
from evenhand.gate.policy import CHANGE_OF, Policy, PolicyCondition, Rule
from evenhand.gate.repair import ANY_POLICY
from evenhand.records.finding import Role
from evenhand.records.measure import MEASURES, QUANTITY_NAMES
from evenhand.records.mitigation import known_mitigations
from evenhand.records.profile import CUES, PLACEMENTS, READERS
from evenhand.toml_file import TomlFile, TomlPlace, parse_toml, read_toml

__all__ = ["default_policy", "policy_text", "read_policy"]

_NEXT = "`evenhand gate --init` writes a policy that explains every key"
_WORDS: Mapping[str, Sequence[str]] = {"measure": MEASURES, "quantity": QUANTITY_NAMES, "role": get_args(Role)}
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


def policy_text() -> str:
    """The commented policy that `evenhand gate --init` writes; it is also the one that holds when none is named."""
    return files("evenhand.gate").joinpath("policy.toml").read_text(encoding="utf-8")


def default_policy() -> Policy:
    """Every confirmatory finding is equivalent within the margin of the plan."""
    data = policy_text().encode()
    return _policy(parse_toml(data, source="policy.toml", error=PolicyError, next_step=_NEXT))


def read_policy(path: Path) -> Policy:
    """The policy in a file.

    Raises:
        PolicyError: The file cannot be read, or is no policy; the message says where and what to write instead.
    """
    file = read_toml(path, what="the policy", error=PolicyError, next_step=_NEXT)
    return replace(_policy(file), file=str(path))


def _policy(file: TomlFile) -> Policy:
    top = file.top()
    top.check_keys(file.table, (name for name in Policy.__struct_fields__ if name not in ("file", "lines")))
    rules = file.table.get("rule", [])
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, dict) for rule in rules):
        raise PolicyError(f"{top.at('rule')} has no rule; begin one with a line [[rule]]; {_NEXT}")
    for index, rule in enumerate(rules):
        _check_rule(rule, place=top.inner("rule", index, label=f"rule {rule.get('name', index + 1)!r}"))
    policy = file.converted(Policy)
    names = [rule.name for rule in policy.rule]
    for name in names:
        if names.count(name) > 1:
            second = file.where("rule", names.index(name, names.index(name) + 1))
            raise PolicyError(f"{second} has {names.count(name)} rules named {name!r}; give each a name of its own")
    lines = [file.lines.get(("rule", index)) for index in range(len(rules))]
    return replace(policy, lines=tuple(line for line in lines if line is not None) if None not in lines else ())


def _check_rule(rule: dict[str, Any], *, place: TomlPlace) -> None:
    place.check_keys(rule, Rule.__struct_fields__)
    if not isinstance(rule.get("name"), str) or not rule["name"].strip():
        raise PolicyError(f'{place.at("name")} has no name; add a line such as name = "no gap"')
    for key, known in _WORDS.items():
        _check_words(rule.get(key, ()), known, place=place, key=key)
    condition = rule.get("condition", {})
    if not isinstance(condition, dict):
        raise PolicyError(f'{place.at("condition")}: condition is {condition!r}; write it as {{ cue = "stated" }}')
    place.inner("condition", label=f"{place.label}, condition").check_keys(condition, PolicyCondition.__struct_fields__)
    for key, known in _CONDITIONS.items():
        _check_words(condition.get(key, ()), known, place=place, key=f"condition.{key}")
    _check_words(condition.get("mitigation", ()), known_mitigations(), place=place, key="condition.mitigation")
    repairs = (ANY_POLICY, *(name for name in known_mitigations() if name != "none"))
    _check_words(rule.get("unless_repaired_by", ()), repairs, place=place, key="unless_repaired_by")
    _check_numbers(rule, place=place)
    _check_sense(rule, place=place)


def _check_words(value: object, known: Iterable[str], *, place: TomlPlace, key: str) -> None:
    known = tuple(known)
    for word in value if isinstance(value, list | tuple) else (value,):
        if not isinstance(word, str) or word not in known:
            where = place.at(*key.split("."))
            raise PolicyError(f"{where}: {key} is {word!r}{near_miss(str(word), known)}; known are {', '.join(known)}")


def _check_numbers(rule: dict[str, Any], *, place: TomlPlace) -> None:
    numbers = ("margin", "certainty", "minimum", "maximum", "maximum_missing", "maximum_detectable", "minimum_power")
    for key in numbers:
        value = rule.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise PolicyError(f"{place.at(key)}: {key} is {value!r}; write a number such as 0.05 for 5 points or 5%")
        limit = _ABOVE_ZERO.get(key)
        if limit is not None and not 0 < value < limit:
            below = f" and below {limit:g}" if math.isfinite(limit) else ""
            raise PolicyError(f"{place.at(key)}: {key} is {value!r}; it must be above 0{below}")
    if "certainty" in rule and not _CERTAINTY <= rule["certainty"] < 1:
        raise PolicyError(
            f"{place.at('certainty')}: certainty is {rule['certainty']!r}; it must be at least {_CERTAINTY} and below 1"
        )
    if "maximum_missing" in rule and not 0 <= rule["maximum_missing"] < 1:
        where, given = place.at("maximum_missing"), rule["maximum_missing"]
        raise PolicyError(f"{where}: maximum_missing is {given!r}; it is a share, from 0 to below 1, such as 0.05")


def _check_sense(rule: dict[str, Any], *, place: TomlPlace) -> None:
    """Keys that contradict each other."""
    bounded = [key for key in ("minimum", "maximum") if key in rule]
    if bounded and "margin" in rule:
        raise PolicyError(
            f"{place.at('margin')} has both margin and {bounded[0]}; a margin lies around zero: make two rules"
        )
    if bounded and "minimum_power" in rule:
        raise PolicyError(
            f"{place.at('minimum_power')} has both minimum_power and {bounded[0]}; power is that against a margin"
        )
    if len(bounded) == 2 and rule["minimum"] > rule["maximum"]:
        raise PolicyError(
            f"{place.at('minimum')}: minimum {rule['minimum']!r} is above maximum {rule['maximum']!r}; exchange them"
        )
    if rule.get("not_worse"):
        _check_comparison(rule, place=place, bounded=bounded)
    if rule.get("unless_repaired_by") and rule.get("condition", {}).get("mitigation", "none") != "none":
        raise PolicyError(
            f"{place.at('unless_repaired_by')} is about the assistant with {rule['condition']['mitigation']!r} and "
            "asks for a repair as well; leave out one of the two"
        )
    if "level" in rule and "factor" not in rule:
        raise PolicyError(
            f'{place.at("level")} names level {rule["level"]!r} without its factor; add factor, e.g. "religion"'
        )


def _check_comparison(rule: dict[str, Any], *, place: TomlPlace, bounded: Sequence[str]) -> None:
    """Keys that do not go with a comparison with a baseline run."""
    for key in (*bounded, *(key for key in ("minimum_power", "maximum_detectable") if key in rule)):
        raise PolicyError(f"{place.at(key)} has both not_worse and {key}; make two rules")
    named = rule.get("measure", ())
    for measure in (named,) if isinstance(named, str) else named:
        if measure not in CHANGE_OF:
            raise PolicyError(
                f"{place.at('measure')}: a comparison of two runs does not tell how {measure!r} changed; not_worse "
                f"works with {', '.join(CHANGE_OF)}"
            )
