"""Options of asking by batches, for `plan`, `audit` and `run`."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

__all__ = ["BatchOptions"]

BATCHES = "Batches"


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """Whether and how questions are asked by batches."""

    batch: Annotated[
        bool | None,
        typer.Option(
            "--batch/--no-batch",
            help="Ask by the provider's batches: half the price, within a day; `run` collects them (openai/, groq/, "
            "anthropic/). A run that was begun so goes on so.",
            rich_help_panel=BATCHES,
            show_default=False,
        ),
    ] = None
    batch_rows: Annotated[
        int | None,
        typer.Option(min=1, max=100_000, help="Questions in a batch at most [10,000].", rich_help_panel=BATCHES),
    ] = None
    drop_unknown: Annotated[
        bool,
        typer.Option(
            "--drop-unknown",
            help="Ask the questions of batches again that the provider does not know: they may be paid for twice.",
            rich_help_panel=BATCHES,
        ),
    ] = False
