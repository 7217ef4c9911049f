"""Forms as files, in each format that there is."""

from __future__ import annotations

from typing import Literal, assert_never, get_args

from evenhand.bank.rating.forms import RatingForm
from evenhand.bank.rating.label_studio import label_studio_files
from evenhand.bank.rating.page import form_page
from evenhand.bank.rating.potato import potato_files
from evenhand.bank.rating.table import form_csv
from evenhand.errors import UsageError, near_miss

__all__ = ["PROJECTS", "FormFormat", "form_files", "form_format"]

FormFormat = Literal["html", "csv", "potato", "label-studio"]
"""A page, a table, or a project for Potato or Label Studio."""
PROJECTS: frozenset[FormFormat] = frozenset(("potato", "label-studio"))
"""Formats that many raters share: all of them see one order."""


def form_format(name: str) -> FormFormat:
    """The format of this name.

    Raises:
        UsageError: There is none.
    """
    formats: tuple[FormFormat, ...] = get_args(FormFormat)
    for known in formats:
        if name == known:
            return known
    raise UsageError(f"there is no format {name!r}{near_miss(name, formats)}; use one of {', '.join(formats)}")


def form_files(form: RatingForm, form_as: FormFormat) -> dict[str, str]:
    """Path below the folder of all forms -> content."""
    match form_as:
        case "html":
            return {f"{form.name}.html": form_page(form)}
        case "csv":
            return {f"{form.name}.csv": form_csv(form)}
        case "potato":
            return {f"{form.name}/{name}": text for name, text in potato_files(form).items()}
        case "label-studio":
            return {f"{form.name}/{name}": text for name, text in label_studio_files(form).items()}
        case _ as unreachable:
            assert_never(unreachable)
