"""A form as one self-contained HTML page: it works from a file, asks nothing of the network, and saves a table.

Autoescape is on, and the page's script writes texts as texts. The content security policy forbids every request and
every script and style but the two that are in the page. Answers are kept in the browser as they are given.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from evenhand.bank.rating.forms import FormItem, RatingForm
from evenhand.bank.rating.questions import ASPECT_WORDS, CHOICES, WORDS, allowed_answers
from evenhand.bank.rating.shown import asked_columns
from evenhand.records.rating import ASPECTS, SCALE_TOP, RatingQuestion

__all__ = ["form_page"]

_TALL = 3
"""Choices with more characters than this are shown below each other."""


def form_page(form: RatingForm) -> str:
    """The page, UTF-8 text; it holds no key, weight or rationale, as the form has none."""
    style, script = Markup(_text("page.css")), Markup(_text("page.js"))
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return _template().render(name=form.name, data=_data(form), style=style, script=script, policy=policy) + "\n"


def _text(name: str) -> str:
    return resources.files("evenhand.bank.rating").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_text("page.html.j2"))


def _data(form: RatingForm) -> Markup:
    """The form as JSON that is safe inside a script element: no `<`, `>` or `&` is left as it is."""
    value = {
        "name": form.name,
        "language": form.language,
        "fingerprint": hashlib.sha256(msgspec.json.encode(form)).hexdigest()[:12],
        "columns": asked_columns(form),
        "items": [_item(item) for item in form.items],
    }
    text = msgspec.json.encode(value).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _item(item: FormItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "wording": item.wording,
        "situation": item.situation,
        "question": item.question,
        "options": list(item.options.items()),
        "questions": [
            {"text": WORDS[question], "fields": _fields(question, options=item.options)} for question in item.asked
        ],
    }


def _fields(question: RatingQuestion, *, options: dict[str, str]) -> list[dict[str, Any]]:
    """Groups of radio buttons, each for one column of the table."""
    match question:
        case "answer":
            choices = [(letter, f"{letter}. {text}") for letter, text in options.items()]
            tall = any(len(text) > _TALL for text in options.values())
            return [{"column": question, "text": "", "choices": choices, "tall": tall}]
        case "certainty" | "sensitive":
            return [_field(question, text="")]
        case "appraisal":
            return [_field(aspect, text=ASPECT_WORDS[aspect]) for aspect in ASPECTS]
        case "intensity" | "effectiveness":
            steps = [(str(step), str(step)) for step in range(SCALE_TOP + 1)]
            return [
                {"column": f"{question}_{letter}", "text": f"{letter}. {text}", "choices": steps, "tall": False}
                for letter, text in options.items()
            ]


def _field(column: str, *, text: str) -> dict[str, Any]:
    choices = [(code, CHOICES[code]) for code in allowed_answers(column) or ()]
    return {"column": column, "text": text, "choices": choices, "tall": False}
