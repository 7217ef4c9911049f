"""The memory prompts: template files, frozen into the plan by name, rendered from the plan's text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from evenhand.errors import PlanError
from evenhand.records.language import Language

__all__ = ["load_templates", "render"]

_FOLDER = "prompts"
_PREFIX = "memory/"
# Plain text, never HTML. A plan may come from somebody else, so its templates reach nothing but their values.
_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


def load_templates(language: Language = "en") -> dict[str, str]:
    """The text of every memory template the package ships in a language, by name (`memory/system.md.j2`), sorted.

    Called once, when a plan is made; from then on the plan's text is what counts.
    """
    root = resources.files("evenhand.memory") / _FOLDER
    folder = root if language == "en" else root / language
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".md.j2")), key=lambda entry: entry.name)
    return {_PREFIX + entry.name: entry.read_text(encoding="utf-8") for entry in files}


@lru_cache(maxsize=256)
def _compiled(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)


def render(templates: Mapping[str, str], name: str, /, **values: object) -> str:
    """The template `memory/{name}.md.j2` of `templates` with `values`, without a trailing newline.

    Raises:
        PlanError: The plan has no such template, or it names a value that is not given to it.
    """
    key = f"{_PREFIX}{name}.md.j2"
    try:
        text = templates[key]
    except KeyError:
        message = f"The plan has no memory template {key!r}; make the plan anew with `evenhand plan`."
        raise PlanError(message) from None
    try:
        return _compiled(text).render(values).rstrip("\n")
    except TemplateError as error:
        message = f"The memory template {key!r} cannot be rendered: {error}; it may use only {sorted(values)}."
        raise PlanError(message) from error
