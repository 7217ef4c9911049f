"""Options that say where a run is asked: in this process, or on the machines of a cluster.

They are given on the command line alone. A file of settings says what is asked and how; its `store` is a product's
memory, so that the parameter behind `--store` has another name here.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal, get_args

import typer

from evenhand.errors import UsageError, near_miss

__all__ = ["ENGINES", "Engine", "EngineOptions"]

Engine = Literal["local", "ray"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
_PANEL = "Where it runs"


@dataclasses.dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """Where a run is asked."""

    engine: Annotated[
        str,
        typer.Option(help="local: this process; ray: the machines of a Ray cluster.", rich_help_panel=_PANEL),
    ] = "local"
    address: Annotated[
        str | None,
        typer.Option(
            help="ray: HOST:PORT of the cluster's head; left out: Ray is started on this machine.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    shared: Annotated[
        str | None,
        typer.Option(
            "--store",
            help="ray: where all machines keep the answers: a folder they share, s3://..., gs://...",
            rich_help_panel=_PANEL,
        ),
    ] = None
    part: Annotated[
        int | None, typer.Option(min=1, help="ray: cells that one worker takes at a time.", rich_help_panel=_PANEL)
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="ray: workers without a GPU; left out: on every machine one for each CPU but one.",
            rich_help_panel=_PANEL,
        ),
    ] = None

    def chosen(self) -> Engine:
        """The engine.

        Raises:
            UsageError: There is no such engine, or options of one are given to another.
        """
        engine = next((known for known in ENGINES if known == self.engine), None)
        if engine is None:
            raise UsageError(
                f"--engine got {self.engine!r}{near_miss(self.engine, ENGINES)}; it takes one of: {', '.join(ENGINES)}"
            )
        options = {"--address": self.address, "--store": self.shared, "--part": self.part, "--workers": self.workers}
        given = [name for name, value in options.items() if value is not None]
        if engine == "local" and given:
            raise UsageError(f"{given[0]} goes with --engine ray; add it, or leave {given[0]} out")
        if engine == "ray" and self.shared is None:
            raise UsageError(
                "--engine ray needs --store: where all machines keep the answers, for example a folder that they "
                "share, or s3://bucket/run"
            )
        return engine
