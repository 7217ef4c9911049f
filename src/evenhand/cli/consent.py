"""Consent before models are asked that may cost money."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import typer

from evenhand.errors import UsageError
from evenhand.records.model_spec import ModelSpec

__all__ = ["agree_to_spend"]


def agree_to_spend(
    models: Sequence[ModelSpec], *, yes: bool, doing: str, question: str, preview: Callable[[], None] | None = None
) -> None:
    """Ask before money is spent; nothing is asked where no model is paid.

    Args:
        models: The models that will be asked.
        yes: Whether consent was given on the command line.
        doing: What may cost money, as a word that begins a sentence.
        question: What the person at the terminal is asked.
        preview: Shows what it costs, before anything is asked.

    Raises:
        UsageError: Nobody is there to ask and `--yes` was not given.
    """
    from evenhand.endpoints.kinds import kind_of

    if yes or not any(kind_of(model).paid(model) for model in models):
        return
    if preview is not None:
        preview()
    if not sys.stdin.isatty():
        raise UsageError(f"{doing} may cost money and nobody is at the terminal to agree; add --yes to start it")
    typer.confirm(question, abort=True, err=True)
