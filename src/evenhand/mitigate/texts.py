"""Prompts, word lists and tables of the policies: read from the package, rendered from the text that a plan holds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template, TemplateError

from evenhand.errors import PlanError

__all__ = ["prompt_text", "rendered", "table_text", "text_of"]

_ENVIRONMENT = Environment(undefined=StrictUndefined, autoescape=False)  # plain text, never HTML


def prompt_text(name: str) -> str:
    """A prompt that the package ships, such as `instruct.md.j2`."""
    return (resources.files("evenhand.mitigate") / "prompts" / name).read_text(encoding="utf-8")


def table_text(name: str) -> str:
    """A word list or table that the package ships, such as `social-words.yaml`."""
    return (resources.files("evenhand.mitigate") / "data" / name).read_text(encoding="utf-8")


def text_of(files: Mapping[str, str], name: str) -> str:
    """One of the texts that a plan holds for a policy.

    Raises:
        PlanError: The plan does not hold it.
    """
    try:
        return files[name]
    except KeyError:
        raise PlanError(
            f"The plan has no file {name!r} for its policy; make the plan anew with `evenhand plan`."
        ) from None


@lru_cache(maxsize=64)
def _compiled(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)


def rendered(text: str, **values: object) -> str:
    """A prompt with its values, without blank ends.

    Raises:
        PlanError: It names a value that is not given to it.
    """
    try:
        return _compiled(text).render(values).strip()
    except TemplateError as error:
        raise PlanError(
            f"The prompt {text[:60]!r} of a policy cannot be rendered: {error}; it may use only {sorted(values)}."
        ) from error
