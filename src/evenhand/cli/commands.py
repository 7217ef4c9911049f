"""The commands by name, each loaded when it is used: `--help` and completion load none that they do not show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

__all__ = ["COMMANDS", "CommandGroup"]

COMMANDS: Mapping[str, str] = {
    "init": "Write a commented evenhand.toml (settings) and policy.toml (what the gate demands), by asking.",
    "doctor": "Look whether a model can be audited, with ten calls, before a plan is made.",
    "audit": "Audit one or several assistants and write a report.",
    "plan": "Fix what will be asked, and show what it costs and what it can detect. Needs no key.",
    "run": "Ask every cell of a planned run that is not answered yet, then write findings and report.",
    "status": (
        "Say what a run has done, whether it is at work, what it cost, how long it takes yet, and what to do next."
    ),
    "analyse": "Analyse a run directory, a score table, a plain table of predictions, or the log of another tool.",
    "report": "Write report.html, report.md and model-card.md from the findings.json of a run directory.",
    "export": "Write a run, or the questions of its plan, in the form of another tool.",
    "compare": "Compare two runs, cell by cell: how gaps and effects of memory changed, with intervals.",
    "judge": "Have a model compare what the two users of a matched pair were told, and analyse the run again.",
    "gate": "Decide by a policy whether a run is good enough, and end with an exit code that says so.",
    "view": "Open a local page over a folder of runs: progress, verdicts, trials, pairs, notes, changes over time.",
    "power": (
        "Smallest gap that a design detects, by formula; with --gap its power, with --simulate checked by simulation."
    ),
    "selftest": "Run models of known bias, and of none, through plan, run, score and analyse.",
    "serve": (
        "Serve a specimen over the OpenAI protocol, so that any tool can be pointed at a model whose bias is known."
    ),
    "gateway": "Put a policy of an audit between an application and its assistant.",
    "items": (
        "The items that are asked: list, show, check, import; form, agree, criteria; annotate, screen; blind, pilot."
    ),
    "profiles": "The users it is asked of: list, show, check, import.",
    "preferences": "Preference data from a model's own answers.",
    "train": "Train a model on preference data (extra `train`).",
}
"""Every command with what it does, in the order of the help.

The command NAME is in `evenhand/cli/NAME.py`, which has either `register(app)` or, for a group of commands, `app`. What
is said here is the first paragraph of its own help (`tests/unit/cli/test_commands.py`).
"""


class _Loaded(MutableMapping[str, Any]):
    """Name -> command, built when it is looked up."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            if name not in COMMANDS:
                raise KeyError(name)
            self._built[name] = _build(name)
        return self._built[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._built[name] = command

    def __delitem__(self, name: str) -> None:
        del self._built[name]

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS or name in self._built

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def _build(name: str) -> Any:
    module = import_module(f"evenhand.cli.{name}")
    if hasattr(module, "app"):
        command: Any = typer.main.get_group(module.app)
    else:
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        module.register(alone)
        command = typer.main.get_command(alone)
    command.name = name
    return command


class CommandGroup(TyperGroup):
    """The program: its help is plain text from `COMMANDS`, its commands are loaded one by one."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes | {"commands": _Loaded()})

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Without a word the help is shown, and the exit code is that of wrong usage."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            ctx.exit(2)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Usage, options and commands as plain text; the panels of the commands' own help take longer to load."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        self.format_options(ctx, formatter)
        self.format_epilog(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The commands, each with what it does."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
