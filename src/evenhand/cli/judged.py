"""A run judged by a policy, and the files that say what came out."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Literal, assert_never

from evenhand.cli.compared import compared
from evenhand.errors import InputError, UsageError
from evenhand.gate.decision import GateDecision, decide
from evenhand.gate.junit import render_junit
from evenhand.gate.policy_file import default_policy, policy_text, read_policy
from evenhand.gate.sarif import render_sarif
from evenhand.gate.statement import render_statement
from evenhand.gate.summary import render_summary
from evenhand.records.findings import Findings
from evenhand.report.findings_file import FINDINGS_FILE, read_findings
from evenhand.report.titles import title_of

__all__ = ["Form", "changes_since", "decided", "rendered"]

Form = Literal["junit", "summary", "sarif", "statement"]


def decided(run: Path, *, policy: Path | None, baseline: Path | None) -> GateDecision:
    """The decision on a run, with what changed since a baseline run where one is named.

    Args:
        run: Run directory, or a findings.json.
        policy: Policy in TOML; None: the shipped one.
        baseline: Run directory that came before.

    Raises:
        PolicyError: The policy cannot be read, or asks for less certainty than the plan's tests have.
        UsageError: A rule needs a baseline and there is none, or none needs the one that is named.
        InputError: There is no such run.
        PlanError: The runs did not ask the same questions.
    """
    rules = default_policy() if policy is None else read_policy(policy)
    needed = [rule.name for rule in rules.rule if rule.not_worse]
    if needed and baseline is None:
        raise UsageError(f"rule {needed[0]!r} compares with an earlier run; name it with --baseline RUN")
    if baseline is not None and not needed:
        raise UsageError(
            "no rule of the policy compares with --baseline; add `not_worse = true` to one, or leave it out"
        )
    found = read_findings(run)
    changes = None if baseline is None else changes_since(baseline, run)
    return decide(rules, found, title=title_of, changes=changes)


def changes_since(baseline: Path, run: Path) -> Findings:
    """What changed from one run to a later one of the same questions.

    Raises:
        InputError: There is no such run.
        PlanError: The runs did not ask the same questions.
    """
    if not baseline.exists():
        raise InputError(f"there is no run {str(baseline)!r}; name the run directory that came before with --baseline")
    tables = compared(baseline, run)
    # The statistics are loaded only for what can be read: loading them takes longer than a refusal may.
    from evenhand.analysis.findings.compare import compare

    return compare(*tables)


def rendered(form: Form, decision: GateDecision, *, run: Path, policy: Path | None) -> str:
    """The decision as the text of a file.

    Args:
        form: Which file.
        decision: What was decided.
        run: Run directory, or a findings.json, that was judged.
        policy: The policy that judged it; None: the shipped one.
    """
    match form:
        case "junit":
            return render_junit(decision)
        case "summary":
            return render_summary(decision)
        case "sarif":
            return render_sarif(decision, version=version("evenhand"))
        case "statement":
            findings = run / FINDINGS_FILE if run.is_dir() else run
            rules = policy_text().encode() if policy is None else policy.read_bytes()
            return render_statement(decision, findings=findings.read_bytes(), policy=rules)
        case _ as unreachable:
            assert_never(unreachable)
