"""The question as asked: prompt files that belong to the extractors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources

import jinja2

from evenhand.records.answer_format import AnswerFormat
from evenhand.records.item import Item
from evenhand.records.language import Language
from evenhand.records.plan import Extractor
from evenhand.records.rubric import Criterion

__all__ = [
    "ask",
    "ask_templates",
    "extraction_question",
    "judge_question",
    "judge_templates",
    "pair_prompt",
    "pair_question",
]

_PREFIX = "scoring/"
_EXTRACT = "scoring/extract-letter.md.j2"
_JUDGE = "scoring/judge.md.j2"
_FILES: Mapping[AnswerFormat, str] = {
    "distribution": "ask-distribution.md.j2",
    "rating": "ask-rating.md.j2",
    "text": "ask-text.md.j2",
}
"""Prompt files of the formats that no extractor reads."""


@lru_cache(maxsize=64)
def _compiled(text: str) -> jinja2.Template:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    return environment.from_string(text)


def ask_templates(
    extractor: Extractor, formats: tuple[AnswerFormat, ...] = ("letter",), language: Language = "en"
) -> dict[str, str]:
    """The prompt files that an extractor and the answer formats need: name -> text, to be frozen into the plan.

    What a second model is asked, that reads letters, is in English: it is shown question and reply as they are.
    """
    files = [f"ask-{extractor}.md.j2", *(_FILES[answer] for answer in sorted(formats) if answer in _FILES)]
    root = resources.files("evenhand.scoring") / "prompts"
    folder = root if language == "en" else root / language
    found = {_PREFIX + name: (folder / name).read_text(encoding="utf-8") for name in files}
    if extractor == "llm_extract":
        found[_EXTRACT] = (root / _EXTRACT.removeprefix(_PREFIX)).read_text(encoding="utf-8")
    return found


def ask(
    item: Item,
    *,
    order: Sequence[int],
    letters: str,
    extractor: Extractor,
    templates: Mapping[str, str],
    answer: AnswerFormat = "letter",
) -> str:
    """The user's last turn: situation, question and options in the order shown, and how to answer."""
    options = [(letters[position], item.options[index].text) for position, index in enumerate(order)]
    template = _compiled(templates[_PREFIX + _FILES.get(answer, f"ask-{extractor}.md.j2")])
    return template.render(stem=item.stem.strip(), question=item.question.strip(), options=options).strip()


def judge_templates() -> dict[str, str]:
    """The prompt file that a judge needs: name -> text."""
    file = resources.files("evenhand.scoring") / "prompts" / "judge.md.j2"
    return {_JUDGE: file.read_text(encoding="utf-8")}


def judge_question(situation: str, answer: str, *, criteria: Sequence[Criterion], templates: Mapping[str, str]) -> str:
    """What a judge is asked, to rate a written answer."""
    template = _compiled(templates[_JUDGE])
    return template.render(situation=situation.strip(), answer=answer, criteria=criteria).strip()


def pair_prompt() -> str:
    """The prompt file of a judge that compares two answers."""
    return (resources.files("evenhand.scoring") / "prompts" / "judge-pair.md.j2").read_text(encoding="utf-8")


def pair_question(situation: str, one: str, two: str, *, criteria: Sequence[Criterion], prompt: str) -> str:
    """What a judge is asked, to compare two answers in the places given."""
    return _compiled(prompt).render(situation=situation.strip(), one=one, two=two, criteria=criteria).strip()


def extraction_question(question: str, reply: str, *, templates: Mapping[str, str]) -> str:
    """What a second model is asked, to read the option from a free answer."""
    return _compiled(templates[_EXTRACT]).render(question=question, reply=reply).strip()
