"""Which findings a rule is about; a rule that picks none says which of its words the run does not know."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import asdict

from evenhand.errors import near_miss
from evenhand.gate.policy import CHANGE_OF, Rule
from evenhand.records.finding import Finding

__all__ = ["nothing_picked", "picked"]


def picked(rule: Rule, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that a rule is about, in their order."""
    return tuple(finding for finding in findings if all(test(finding) for _, _, test, _ in _tests(rule)))


def nothing_picked(rule: Rule, findings: Sequence[Finding]) -> str:
    """Why a rule picks no finding: the first of its words that no finding has, with what the run has instead."""
    left = list(findings)
    for key, word, test, words in _tests(rule):
        kept = [finding for finding in left if test(finding)]
        if not kept:
            known = sorted({text for finding in left for text in words(finding)})
            with_others = "" if len(left) == len(findings) else " and what the rule names before it"
            return (
                f"No finding of this run has {key} {word!r}{with_others}{near_miss(word, known)}; "
                f"it has {', '.join(map(repr, known)) or 'none'}."
            )
        left = kept
    return "This run has no findings."


_Test = tuple[str, str, Callable[[Finding], bool], Callable[[Finding], list[str]]]
"""Key of the rule, its word, whether a finding has it, and the words that a finding has instead."""


def _tests(rule: Rule) -> list[_Test]:
    """The tests that a rule's words make, in the order of the policy's keys."""
    tests: list[_Test] = []
    measures = rule.measures or (tuple(CHANGE_OF) if rule.not_worse else ())
    if measures:
        tests.append(("measure", " or ".join(measures), lambda f: f.measure in measures, lambda f: [f.measure]))
    if rule.quantity is not None:
        tests.append(
            ("quantity", rule.quantity, lambda f: f.quantity.name == rule.quantity, lambda f: [f.quantity.name])
        )
    if rule.tag is not None:
        tests.append(("tag", rule.tag, lambda f: f.quantity.tag == rule.tag, _tags))
    if rule.role is not None:
        tests.append(("role", rule.role, lambda f: f.role == rule.role, lambda f: [f.role]))
    if rule.kind is not None:
        tests.append(("kind", rule.kind, lambda f: f.kind == rule.kind, lambda f: [f.kind]))
    if rule.model is not None:
        tests.append(("model", rule.model, lambda f: f.model == rule.model, lambda f: [f.model]))
    if rule.factor is not None:
        tests.append(("factor", rule.factor, lambda f: rule.factor in _factors(f), _factors))
    if rule.level is not None:
        tests.append(("level", rule.level, lambda f: rule.level in _levels(rule, f), lambda f: _levels(rule, f)))
    # A rule that names no policy is about the assistant as it is.
    conditions = asdict(rule.condition) | {"mitigation": rule.condition.mitigation or "none"}
    tests += [_condition(key, word) for key, word in conditions.items() if word is not None]
    return tests


def _condition(key: str, word: str) -> _Test:
    def shown(finding: Finding) -> str | None:
        value: str | None = getattr(finding.where, key)
        return value

    return (f"condition.{key}", word, lambda f: shown(f) == word, lambda f: [shown(f) or "none"])


def _factors(finding: Finding) -> list[str]:
    return [one.factor for one in finding.contrast]


def _tags(finding: Finding) -> list[str]:
    return [] if finding.quantity.tag is None else [finding.quantity.tag]


def _levels(rule: Rule, finding: Finding) -> list[str]:
    return [one.level for one in finding.contrast if rule.factor is None or one.factor == rule.factor]
