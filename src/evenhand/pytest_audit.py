"""What the fixture `evenhand_audit` does and gives: an audit, and what a policy says of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evenhand.audit import audit
from evenhand.cli.judged import changes_since
from evenhand.errors import EvenhandError, UsageError, near_miss
from evenhand.gate.decision import GateDecision, decide
from evenhand.gate.policy import Policy
from evenhand.gate.policy_file import default_policy, read_policy
from evenhand.plan.make import PlanRequest
from evenhand.records.findings import Findings
from evenhand.report.titles import title_of
from evenhand.run.limits import Limits
from evenhand.rundir import RunDirectory

__all__ = ["AuditResult", "audited"]

_OWN = ("policy", "baseline", "max_calls")
"""What the marker takes beside the fields of a request."""


class AuditResult:
    """What an audit found, and what the policy says of it.

    Attributes:
        run: The run directory.
        decision: What the policy says.
    """

    def __init__(self, run: RunDirectory, decision: GateDecision) -> None:
        self.run = run
        self.decision = decision

    @property
    def findings(self) -> Findings:
        """The whole of findings.json."""
        return self.run.findings

    @property
    def passed(self) -> bool:
        """Whether every rule of the policy is shown to be met; inconclusive and not assessable are no pass."""
        return self.decision.result == "pass"

    def require_pass(self) -> None:
        """Fail the test unless the policy is met; the message names rule, group and size.

        Raises:
            pytest.fail.Exception: The result is another than pass.
        """
        __tracebackhide__ = True
        if not self.passed:
            pytest.fail(f"evenhand gate: {self.decision.result}. {self.decision.reason}", pytrace=False)


def audited(config: pytest.Config, *, test: str, models: tuple[Any, ...], named: Mapping[str, Any]) -> AuditResult:
    """Audit as a test's marker says, and judge by the project's policy.

    Args:
        config: Settings of the project.
        test: Id of the test; the run directory is named after it.
        models: Positional arguments of the marker.
        named: Its other arguments.

    Raises:
        pytest.UsageError: The marker names what is not known, or the assistant cannot be audited.
    """
    own = {key: named[key] for key in _OWN if key in named}
    request = {key: value for key, value in named.items() if key not in _OWN}
    runs = config.rootpath / str(config.getini("evenhand_runs"))
    folder = runs / re.sub(r"[^\w.-]+", "-", test).strip("-")
    try:
        policy = _policy(config, own.get("policy"))
        run = audit(_plan_request(models, request), folder, limits=Limits(max_calls=own.get("max_calls")))
        before = own.get("baseline")
        changes = None if before is None else changes_since(config.rootpath / str(before), folder)
        return AuditResult(run, decide(policy, run.findings, title=title_of, changes=changes))
    except EvenhandError as error:
        raise pytest.UsageError(f"{test}: {error}") from error


def _plan_request(models: tuple[Any, ...], named: Mapping[str, Any]) -> PlanRequest:
    fields = PlanRequest.__struct_fields__
    for key in named:
        if key not in fields:
            known = (*_OWN, *fields)
            raise UsageError(f"the marker has {key!r}{near_miss(key, known)}; known are {', '.join(known)}")
    models = models or tuple(named.get("models", ()))
    if not models:
        raise UsageError('the marker names no model; write for example @pytest.mark.evenhand("python:app:reply")')
    return PlanRequest(**{**named, "models": models})


def _policy(config: pytest.Config, named: object) -> Policy:
    path = named or config.getini("evenhand_policy")
    return read_policy(config.rootpath / Path(str(path))) if path else default_policy()
