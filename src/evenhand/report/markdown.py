"""Page -> Markdown: the same blocks as the page, figures as tables."""

from __future__ import annotations

import re
from typing import assert_never

from evenhand.records.findings import Findings
from evenhand.report.blocks import (
    Bars,
    Block,
    Facts,
    FirstScreen,
    Forest,
    Grid,
    Heat,
    NamedValue,
    Note,
    Page,
    PairShown,
    Points,
    Prompt,
    Prompts,
    Reader,
    Scatter,
    Section,
    Verdicts,
)
from evenhand.report.context import page_of
from evenhand.report.shown import shown_text
from evenhand.report.tables import SYMBOLS
from evenhand.report.words import plural

__all__ = ["render_markdown"]

_ROWS = 40
"""Rows of a table record shown; the page and findings.json have them all."""
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_FENCE = re.compile(r"`{3,}")


def render_markdown(findings: Findings) -> str:
    """The report as GitHub-flavoured Markdown; what a run supplied is escaped or fenced.

    Args:
        findings: the whole of findings.json.
    """
    page = page_of(findings)
    reading = [part for section in page.sections if section.part == "reading" for part in _section(section)]
    rest = [part for section in page.sections if section.part != "reading" for part in _section(section)]
    answer = _first(page.first) if page.first is not None else []
    parts = [*_head(page), *reading, *answer, _text(page.standfirst), _facts(page.facts), *rest, _text(page.footer)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _text(text: str) -> str:
    """Text as text: markup characters escaped, line breaks turned to spaces."""
    return _MARKUP.sub(r"\\\1", " ".join(shown_text(text).split()))


def _fenced(text: str) -> str:
    """Text word for word, in a fence longer than any within."""
    text = shown_text(text)
    longest = max((len(found) for found in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]], *, numeric: tuple[bool, ...] = ()) -> str:
    rule = ["---:" if index < len(numeric) and numeric[index] else "---" for index in range(len(columns))]
    lines = [columns, *rows]
    written = ["| " + " | ".join(_text(cell) or " " for cell in line) + " |" for line in lines]
    return "\n".join([written[0], "| " + " | ".join(rule) + " |", *written[1:]])


def _head(page: Page) -> list[str]:
    notice = page.notice
    before = [f"> **{_text(notice.title)}.** {_text(notice.text)}"] if notice else []
    return [*before, f"# {_text(page.title)}"]


def _first(first: FirstScreen) -> list[str]:
    parts = [f"## {_text(first.question)}"]
    for one in first.answers:
        verdict = f" ({_text(one.verdict)})" if one.verdict else ""
        named = f"{_text(one.model)}: " if len(first.answers) > 1 else ""
        parts += [f"**{named}{_text(one.answer)}**{verdict}", _facts(one.facts)]
    parts.append(_facts(first.facts))
    if first.pair is not None:
        parts += _pair(first.pair)
    steps = [
        f"{number}. **{_text(step.title)}.** {_text(step.text)}\n\n   `{shown_text(step.command).replace('`', '')}`"
        for number, step in enumerate(first.steps, 1)
    ]
    return [*parts, *(["### What to do next", *steps] if steps else [])]


def _pair(pair: PairShown) -> list[str]:
    marks = {True: " (the best answer)", False: " (not the best answer)", None: ""}
    sides = [
        f"- **{_text(side.who)}** ({_text('; '.join((*side.facts, side.more)).strip('; '))}): "
        f"{_text(side.answer)}{marks[side.right]}"
        for side in (pair.first, pair.second)
    ]
    rest = " ".join(part for part in (pair.also, pair.tally) if part)
    return [f"### {_text(pair.title)}", _text(pair.situation), "\n".join(sides), _text(rest)]


def _facts(facts: tuple[NamedValue, ...]) -> str:
    return "\n".join(f"- {_text(fact.name)}: {_text(fact.value)}" for fact in facts)


def _section(section: Section) -> list[str]:
    blocks = [part for block in section.blocks for part in _block(block)]
    return [f"## {_text(section.title)}", *(_text(paragraph) for paragraph in section.lead), *blocks]


def _block(block: Block) -> list[str]:
    match block:
        case Verdicts():
            return _verdicts(block)
        case Forest() | Heat() | Scatter() | Bars():
            return _figure(block)
        case Grid():
            return _grid(block)
        case Reader():
            return [f"### {_text(block.title)}", f"{_text(block.caption)} They are read in report.html."]
        case Note():
            return [f"> **{_text(block.title)}.** {_text(block.text)}"]
        case Prompts():
            return [part for prompt in block.prompts for part in _prompt(prompt)]
        case Points():
            return ["\n".join(f"- **{_text(point.title)}.** {_text(point.text)}" for point in block.points)]
        case Facts():
            command = [_fenced(block.command)] if block.command else []
            return [f"### {_text(block.title)}", *command, _facts(block.facts)]
        case _ as unreachable:
            assert_never(unreachable)


def _told(block: Forest | Heat | Scatter | Bars) -> list[str]:
    """Title and conclusion of a figure."""
    return [f"### {_text(block.title)}", f"**{_text(block.conclusion)}**" if block.conclusion else ""]


def _figure(block: Forest | Heat | Scatter | Bars) -> list[str]:
    """A figure as a table or a list."""
    match block:
        case Forest():
            return _forest(block)
        case Heat():
            return [*_told(block), _text(block.caption), _heat(block)]
        case Scatter():
            return _scatter(block)
        case Bars():
            return [*_told(block), "\n".join(f"- {_text(b.label)}: {_text(b.text)}" for b in block.bars)]
        case _ as unreachable:
            assert_never(unreachable)


def _verdicts(block: Verdicts) -> list[str]:
    parts = []
    for card in block.cards:
        verdict = f" ({_text(card.verdict)})" if card.verdict else ""
        parts.append(f"### {_text(card.model)}: {_text(card.answer)}{verdict}")
        lines = [f"- {SYMBOLS[line.shape]} **{_text(line.label)}.** {_text(line.sentence)}" for line in card.lines]
        facts = [f"- {_text(fact.name)}: {_text(fact.value)}" for fact in card.facts]
        parts += ["\n".join(lines), "\n".join(facts)]
    return parts


def _forest(block: Forest) -> list[str]:
    columns = ("Group", "Contrast", "Variant", "Estimate", "Interval", "Verdict")
    rows = [
        (group.title, row.label, row.detail, row.value, row.span, row.verdict)
        for group in block.groups
        for row in group.rows
    ]
    kept = [index for index in range(len(columns)) if any(row[index] for row in rows)]
    table = _table(
        tuple(columns[index] for index in kept),
        [tuple(row[index] for index in kept) for row in rows],
        numeric=tuple(columns[index] in ("Estimate", "Interval") for index in kept),
    )
    estimands = list(dict.fromkeys(row.estimand for group in block.groups for row in group.rows))
    shown = ["Estimated: " + " / ".join(_text(one) for one in estimands)] if block.explorable else []
    unit = [f"In {block.axis.unit}."] if block.axis.unit else []
    return [*_told(block), *shown, " ".join([_text(block.caption), *unit]).strip(), table]


def _scatter(block: Scatter) -> list[str]:
    columns = tuple(column.name for column in block.table.columns)
    numeric = tuple(column.numeric for column in block.table.columns)
    table = _table(columns, list(block.table.rows), numeric=numeric)
    return [*_told(block), _text(block.caption), table]


def _heat(block: Heat) -> str:
    columns = (*block.row_names, *(", ".join(column) for column in block.columns))
    rows = [(*names, *(cell.text + ("*" if cell.marked else "") for cell in cells)) for names, cells in block.rows]
    return _table(columns, rows, numeric=tuple(index >= len(block.row_names) for index in range(len(columns))))


def _grid(block: Grid) -> list[str]:
    head = [f"### {_text(block.title)}", _text(block.caption)]
    if not block.rows:
        return [*head, "No rows."]
    table = _table(
        tuple(column.name for column in block.columns),
        list(block.rows[:_ROWS]),
        numeric=tuple(column.numeric for column in block.columns),
    )
    left = len(block.rows) - _ROWS
    more = f"{plural(left, 'more row')} {'is' if left == 1 else 'are'} in report.html and findings.json."
    return [*head, table, more if left > 0 else ""]


def _prompt(prompt: Prompt) -> list[str]:
    messages = [part for role, content in prompt.messages for part in (f"*{_text(role)}*", _fenced(content))]
    answer = ["*answer*", _fenced(prompt.answer)] if prompt.answer is not None else []
    return [f"### {_text(prompt.title)}", _text(prompt.meta), *messages, *answer]
