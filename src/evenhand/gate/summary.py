"""A decision as Markdown, for the summary of a GitHub job."""

from __future__ import annotations

import re
from collections.abc import Iterable

from evenhand.gate.decision import GateDecision, RuleDecision
from evenhand.gate.result import Result
from evenhand.gate.words import visible

__all__ = ["render_summary"]

_ROWS = 20
"""Findings of a rule that are listed; the JSON and the JUnit file have them all."""
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&@])")
_SIGNS: dict[Result, str] = {"pass": "✅", "not met": "❌", "inconclusive": "❔", "not assessable": "⛔"}


def render_summary(decision: GateDecision) -> str:
    """The decision as GitHub-flavoured Markdown; whatever a model, a bank or a person wrote is escaped."""
    parts = [
        f"## {_SIGNS[decision.result]} evenhand gate: {decision.result}",
        _text(decision.reason),
        _table(
            ("rule", "result", "why"),
            ((_text(rule.name), _signed(rule.result), _text(rule.reason)) for rule in decision.rules),
        ),
        *(_open_findings(rule) for rule in decision.rules if rule.result != "pass" and len(rule.findings) > 1),
        _origin(decision),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _open_findings(rule: RuleDecision) -> str:
    """The findings of a rule that do not pass."""
    wrong = [finding for finding in rule.findings if finding.result != "pass"]
    table = _table(
        ("finding", "result", "why"),
        ((_text(one.title), _signed(one.result), _text(one.reason)) for one in wrong[:_ROWS]),
    )
    left = f"\n\n{len(wrong) - _ROWS} more are in the JSON." if len(wrong) > _ROWS else ""
    return f"### {_text(rule.name)}: {len(wrong)} of {len(rule.findings)} findings do not pass\n\n{table}{left}"


def _origin(decision: GateDecision) -> str:
    plan = f"; plan `{decision.plan_sha256[:12]}`" if decision.plan_sha256.isalnum() else ""
    return f"Policy: {_text(decision.policy)}; run: {_text(decision.run or 'a table')}{plan}."


def _signed(result: Result) -> str:
    return f"{_SIGNS[result]} {result}"


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(text: str) -> str:
    """Text as text: markup escaped, one line."""
    return _MARKUP.sub(r"\\\1", visible(" ".join(text.split())))
