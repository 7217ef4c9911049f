"""Pages as HTML. Everything that is put into a template is escaped, and what turns the direction of text is shown."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from evenhand.gate.words import visible
from evenhand.report.numbers import count, decimal, duration, money, percent

__all__ = ["ASSETS", "ShownPage", "asset", "render_page"]

ASSETS = {"style.css": "text/css", "view.js": "text/javascript", "icon.svg": "image/svg+xml"}
"""Files that pages ask for, with their types."""
_OWN, _REPORT = "evenhand.view", "evenhand.report"
_OF_THE_REPORT = ("forest.html.j2", "grid.html.j2")
"""Templates of the report that pages use as they are."""


class ShownPage(Struct, frozen=True, kw_only=True):
    """A template with its values."""

    template: str
    values: dict[str, object]
    status: int = 200


def _text(package: str, name: str) -> str:
    return resources.files(package).joinpath("templates", name).read_text(encoding="utf-8")


def _template(name: str) -> str:
    return _text(_REPORT if name in _OF_THE_REPORT else _OWN, name)


def _shown(value: object) -> object:
    """A text with every control character and every mark that turns its direction written as its code."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters |= {
        "count": count,
        "percent": percent,
        "money": money,
        "duration": duration,
        "decimal": decimal,
    }
    environment.filters["slug"] = _slug
    return environment


def _slug(text: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text).strip("-") or "block"


@lru_cache(maxsize=len(ASSETS))
def asset(name: str) -> bytes:
    """A file of `ASSETS`; the style is that of the report with what lists and forms need besides."""
    if name == "style.css":
        return (_text(_REPORT, "style.css") + _text(_OWN, "view.css")).encode()
    return _text(_OWN, name).encode()


def render_page(page: ShownPage) -> str:
    """The page as HTML."""
    return _environment().get_template(page.template).render(**page.values)
