"""`evenhand gate`: may this build go on, by what a run has found?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, assert_never

import typer

from evenhand.cli.output import print_json, print_table, say
from evenhand.errors import EvenhandError, GateFailed, GateInconclusive, GateNotAssessable, UsageError
from evenhand.gate.result import Result

__all__ = ["register"]

_HELP = """Decide by a policy whether a run is good enough, and end with an exit code that says so.

0: pass. 7: not met, what the policy forbids was found. 8: inconclusive, a larger run would settle it. 13: not
assessable, the run cannot answer what the policy asks. Without --policy, every comparison that the plan named
beforehand must be shown to be equivalent within the plan's margin. RUN may also be the folder of a comparison.
--sarif points at the lines of the policy's rules; --statement is an in-toto statement, to be signed by other tools.

Examples:

  evenhand gate --init                                  write a commented policy.toml

  evenhand gate runs/2026-11-23-gpt                     the shipped policy

  evenhand gate runs/2026-11-23-gpt --policy policy.toml

  evenhand gate runs/2026-11-23-gpt --policy policy.toml --baseline runs/2026-11-01-gpt     rules with not_worse

  evenhand gate runs/2026-11-23-gpt --junit gate.xml --summary gate.md

  evenhand gate runs/2026-11-23-gpt --policy policy.toml --sarif gate.sarif --statement gate.intoto.json

  evenhand gate runs/2026-11-23-gpt --json
"""
_POLICY = Path("policy.toml")


def gate(
    run: Annotated[Path | None, typer.Argument(help="Run directory, or a findings.json.")] = None,
    policy: Annotated[Path | None, typer.Option(help="Policy in TOML; none: the shipped one.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML here.")] = None,
    summary: Annotated[
        Path | None, typer.Option(help="Add Markdown to this file, such as $GITHUB_STEP_SUMMARY.")
    ] = None,
    sarif: Annotated[Path | None, typer.Option(help="Write SARIF here; needs --policy.")] = None,
    statement: Annotated[Path | None, typer.Option(help="Write an in-toto statement (not signed) here.")] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Run that came before, of the same questions, for rules with `not_worse`.")
    ] = None,
    init: Annotated[
        bool, typer.Option("--init", help="Write a commented policy to --policy (default policy.toml), and end.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the decision as JSON.")] = False,
) -> None:
    """Filled from `_HELP`."""
    if init:
        _write_policy(policy or _POLICY, run=run)
        return
    if run is None:
        raise UsageError("name the run that is judged, e.g. `evenhand gate runs/DATE-MODEL`, or say --init")
    if sarif is not None and policy is None:
        raise UsageError(
            "--sarif points at lines of a policy file; write one with `evenhand gate --init`, and name it with --policy"
        )
    from evenhand.cli.judged import Form, decided, rendered

    decision = decided(run, policy=policy, baseline=baseline)
    wanted: dict[Form, Path | None] = {
        "junit": junit,
        "summary": summary,
        "sarif": sarif,
        "statement": statement,
    }
    for form, path in wanted.items():
        if path is not None:
            _write(path, rendered(form, decision, run=run, policy=policy), append=form == "summary")
    if json:
        print_json(decision)
    else:
        print_table(("rule", "result", "why"), [(rule.name, rule.result, rule.reason) for rule in decision.rules])
        say(f"{decision.policy}: {decision.result}.")
    _end(decision.result, decision.reason)


def _end(result: Result, reason: str) -> None:
    """End with the exit code of the result; a pass returns.

    Raises:
        GateFailed: Not met.
        GateInconclusive: Inconclusive.
        GateNotAssessable: Not assessable.
    """
    match result:
        case "pass":
            return
        case "not met":
            raise GateFailed(f"not met. {reason}")
        case "inconclusive":
            raise GateInconclusive(f"inconclusive. {reason}")
        case "not assessable":
            raise GateNotAssessable(f"not assessable. {reason}")
        case _ as unreachable:
            assert_never(unreachable)


def _write_policy(path: Path, *, run: Path | None) -> None:
    from evenhand.gate.policy_file import policy_text

    if run is not None:
        raise UsageError(f"--init writes a policy and judges no run; leave out {str(run)!r}, or leave out --init")
    if path.exists():
        raise UsageError(f"{str(path)!r} exists and is not overwritten; name another file with --policy")
    _write(path, policy_text(), append=False)
    say(f"Policy: {path}")


def _write(path: Path, text: str, *, append: bool) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if append else "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise EvenhandError(
            f"cannot write {str(path)!r} ({error.strerror}); name a file that can be written"
        ) from error


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("gate", help=_HELP)(gate)
