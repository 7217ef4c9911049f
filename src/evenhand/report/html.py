"""Page -> one self-contained HTML file.

Autoescape is on for everything. The content security policy forbids every request and every script and style but the
two that are in the page, by their hashes; there is no style attribute and no event handler in the markup.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from functools import lru_cache
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from evenhand.records.findings import Findings
from evenhand.report.blocks import Bars, Forest, Heat
from evenhand.report.context import page_of
from evenhand.report.shown import shown_text

__all__ = ["holds_our_style", "page_policy", "render", "render_figure", "render_html"]


_SCRIPTS = ("unpack.js", "page.js", "save.js", "reader.js")
"""What the page's one script is made of."""


def _text(name: str) -> str:
    return resources.files("evenhand.report").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _block_type(block: object) -> str:
    return type(block).__name__


def _slug(text: str) -> str:
    """A figure's id as an HTML id: letters, digits and hyphens."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text).strip("-") or "block"


_LONG = 12_000
"""Characters of markup that is folded from which on it is deflated."""


def _folded(markup: Markup, kind: str = "") -> Markup:
    """Markup of something that is folded: as it is where it is short, else deflated, for the page's script.

    Args:
        markup: What a template made, escaped.
        kind: `drawn` for a figure, which can be saved as a drawing.
    """
    if len(markup) <= _LONG:
        return markup
    data = base64.b64encode(zlib.compress(markup.encode("utf-8", "replace"), 9)).decode()
    return Markup(
        '<div class="folded-away {}"><p class="plain">This long part needs the script of the page. All of its numbers '
        'are in <a href="findings.json">findings.json</a> too.</p><pre hidden>{}</pre></div>'
    ).format(kind, data)


def _shown(value: object) -> object:
    """What a template puts out; text that is no markup of ours shows its hidden characters."""
    return shown_text(value) if type(value) is str else value


def _kept(markup: Markup, kind: str = "") -> Markup:
    """Markup of something that is folded, as it is: for pages without a script."""
    return markup


@lru_cache(maxsize=2)
def _environment(*, scripted: bool) -> Environment:
    environment = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["block_type"] = _block_type
    environment.filters["slug"] = _slug
    environment.filters["fold"] = _folded if scripted else _kept
    return environment


def render(template: str, *, scripted: bool = True, **values: object) -> str:
    """A template of this package with its values, which are escaped.

    Args:
        template: Name of the template.
        scripted: Whether the page has our script, which unpacks what is folded and long.
        values: What the template is given.
    """
    return _environment(scripted=scripted).get_template(template).render(**values)


def render_html(findings: Findings) -> str:
    """The report as one HTML file that needs nothing beside it.

    Args:
        findings: the whole of findings.json.

    Returns:
        The page, UTF-8 text.

    Example:
        >>> import evenhand
        >>> from evenhand.report.html import render_html
        >>> page = render_html(evenhand.open_run("runs/example").findings)
        >>> page.lower().startswith("<!doctype html>")
        True
    """
    style, script = Markup(_text("style.css")), Markup(_script())
    return render("page.html.j2", page=page_of(findings), style=style, script=script, policy=page_policy()) + "\n"


def _script() -> str:
    return "".join(map(_text, _SCRIPTS))


def page_policy() -> str:
    """The content security policy of a report of this version: its own style and script, and nothing else."""
    style, script = _text("style.css"), _script()
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def holds_our_style(text: str) -> bool:
    """Whether a page has the style and the script of this version, so that `page_policy` lets it be shown."""
    return f"<style>{_text('style.css')}</style>" in text and f"<script>{_script()}</script>" in text


def render_figure(block: Forest | Heat | Bars) -> str:
    """One figure of the report as a page of its own, without a script."""
    style = Markup(_text("style.css"))
    policy = f"default-src 'none'; style-src '{_hash(style)}'; base-uri 'none'; form-action 'none'"
    return render("figure.html.j2", scripted=False, one=block, title=block.title, style=style, policy=policy)
