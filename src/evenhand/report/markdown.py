"""Page -> Markdown: the same blocks as the page, figures as tables."""

from __future__ import annotations

import re
from collections.abc import Collection
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

__all__ = ["markdown_text", "render_markdown"]

_ROWS = 40
"""Rows of a table record shown; the page and findings.json have them all."""
_CUTS = (40, 12, 5)
"""Rows of every table that is shown where the text may not be longer than so many bytes; the next is tried."""
_FIRST = (
    "reading",
    "verdict",
    "limits",
    "reproduce",
    "planted",
    "tried",
    "gaps",
    "factors",
    "missing",
    "models",
    "writing",
    "memory",
)
"""Sections that are kept before others."""
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_FENCE = re.compile(r"`{3,}")


def render_markdown(findings: Findings, *, most: int | None = None) -> str:
    """The report as GitHub-flavoured Markdown; what a run supplied is escaped or fenced.

    Args:
        findings: the whole of findings.json.
        most: bytes that the text may have; tables are then cut, and after them whole sections left out, the last in
            `_FIRST` first, and what was left out is said. None: everything.
    """
    page = page_of(findings)
    if most is None:
        return _written(page, rows=_ROWS, kept=None)
    for rows in _CUTS:
        text = _written(page, rows=rows, kept=None)
        if _size(text) <= most:
            return text
    kept: list[str] = []
    for section in sorted(page.sections, key=_importance):
        if _size(_written(page, rows=_CUTS[-1], kept=[*kept, section.id])) <= most:
            kept.append(section.id)
    text = _written(page, rows=_CUTS[-1], kept=kept)
    return text if _size(text) <= most else _cut(text, most)


def _size(text: str) -> int:
    return len(text.encode())


def _importance(section: Section) -> int:
    return _FIRST.index(section.id) if section.id in _FIRST else len(_FIRST)


def _cut(text: str, most: int) -> str:
    """The first lines of a text that is too long whatever is left out: very many models."""
    note = "\n\nCut here: the rest is in report.html and findings.json.\n"
    lines, used = [], _size(note)
    for line in text.splitlines(keepends=True):
        used += _size(line)
        if used > most:
            break
        lines.append(line)
    return "".join(lines).rstrip() + note


def _written(page: Page, *, rows: int, kept: Collection[str] | None) -> str:
    """The whole text.

    Args:
        page: The report.
        rows: Rows of a table.
        kept: Ids of the sections that are written; None: all.
    """
    sections = [section for section in page.sections if kept is None or section.id in kept]
    reading = [part for one in sections if one.part == "reading" for part in _section(one, rows=rows)]
    rest = [part for one in sections if one.part != "reading" for part in _section(one, rows=rows)]
    answer = _first(page.first) if page.first is not None else []
    lost = [section.title for section in page.sections if section not in sections]
    left_out = f"Left out here, and in report.html: {markdown_text('; '.join(lost))}." if lost else ""
    head = [*_head(page), *reading, *answer, markdown_text(page.standfirst), _facts(page.facts)]
    return "\n\n".join(part for part in [*head, *rest, left_out, markdown_text(page.footer)] if part) + "\n"


def markdown_text(text: str) -> str:
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
    written = ["| " + " | ".join(markdown_text(cell) or " " for cell in line) + " |" for line in lines]
    return "\n".join([written[0], "| " + " | ".join(rule) + " |", *written[1:]])


def _head(page: Page) -> list[str]:
    notice = page.notice
    before = [f"> **{markdown_text(notice.title)}.** {markdown_text(notice.text)}"] if notice else []
    return [*before, f"# {markdown_text(page.title)}"]


def _first(first: FirstScreen) -> list[str]:
    parts = [f"## {markdown_text(first.question)}"]
    for one in first.answers:
        verdict = f" ({markdown_text(one.verdict)})" if one.verdict else ""
        named = f"{markdown_text(one.model)}: " if len(first.answers) > 1 else ""
        parts += [f"**{named}{markdown_text(one.answer)}**{verdict}", _facts(one.facts)]
    parts.append(_facts(first.facts))
    if first.pair is not None:
        parts += _pair(first.pair)
    steps = [
        f"{number}. **{markdown_text(step.title)}.** {markdown_text(step.text)}\n\n"
        f"   `{shown_text(step.command).replace('`', '')}`"
        for number, step in enumerate(first.steps, 1)
    ]
    return [*parts, *(["### What to do next", *steps] if steps else [])]


def _pair(pair: PairShown) -> list[str]:
    marks = {True: " (the best answer)", False: " (not the best answer)", None: ""}
    sides = [
        f"- **{markdown_text(side.who)}** ({markdown_text('; '.join((*side.facts, side.more)).strip('; '))}): "
        f"{markdown_text(side.answer)}{marks[side.right]}"
        for side in (pair.first, pair.second)
    ]
    rest = " ".join(part for part in (pair.also, pair.tally) if part)
    return [f"### {markdown_text(pair.title)}", markdown_text(pair.situation), "\n".join(sides), markdown_text(rest)]


def _facts(facts: tuple[NamedValue, ...]) -> str:
    return "\n".join(f"- {markdown_text(fact.name)}: {markdown_text(fact.value)}" for fact in facts)


def _section(section: Section, *, rows: int) -> list[str]:
    blocks = [part for block in section.blocks for part in _block(block, rows=rows)]
    return [f"## {markdown_text(section.title)}", *(markdown_text(paragraph) for paragraph in section.lead), *blocks]


def _block(block: Block, *, rows: int) -> list[str]:
    match block:
        case Verdicts():
            return _verdicts(block)
        case Forest() | Heat() | Scatter() | Bars():
            return _figure(block, rows=rows)
        case Grid():
            return _grid(block, rows=rows)
        case Reader():
            return [
                f"### {markdown_text(block.title)}",
                f"{markdown_text(block.caption)} They are read in report.html.",
            ]
        case Note():
            return [f"> **{markdown_text(block.title)}.** {markdown_text(block.text)}"]
        case Prompts():
            return [part for prompt in block.prompts for part in _prompt(prompt)]
        case Points():
            return [
                "\n".join(f"- **{markdown_text(point.title)}.** {markdown_text(point.text)}" for point in block.points)
            ]
        case Facts():
            command = [_fenced(block.command)] if block.command else []
            return [f"### {markdown_text(block.title)}", *command, _facts(block.facts)]
        case _ as unreachable:
            assert_never(unreachable)


def _told(block: Forest | Heat | Scatter | Bars) -> list[str]:
    """Title and conclusion of a figure."""
    return [f"### {markdown_text(block.title)}", f"**{markdown_text(block.conclusion)}**" if block.conclusion else ""]


def _figure(block: Forest | Heat | Scatter | Bars, *, rows: int) -> list[str]:
    """A figure as a table or a list."""
    match block:
        case Forest():
            return _forest(block, rows=rows)
        case Heat():
            return [*_told(block), markdown_text(block.caption), _heat(block)]
        case Scatter():
            return _scatter(block)
        case Bars():
            return [
                *_told(block),
                "\n".join(f"- {markdown_text(b.label)}: {markdown_text(b.text)}" for b in block.bars),
            ]
        case _ as unreachable:
            assert_never(unreachable)


def _verdicts(block: Verdicts) -> list[str]:
    parts = []
    for card in block.cards:
        verdict = f" ({markdown_text(card.verdict)})" if card.verdict else ""
        parts.append(f"### {markdown_text(card.model)}: {markdown_text(card.answer)}{verdict}")
        lines = [
            f"- {SYMBOLS[line.shape]} **{markdown_text(line.label)}.** {markdown_text(line.sentence)}"
            for line in card.lines
        ]
        facts = [f"- {markdown_text(fact.name)}: {markdown_text(fact.value)}" for fact in card.facts]
        parts += ["\n".join(lines), "\n".join(facts)]
    return parts


def _forest(block: Forest, *, rows: int) -> list[str]:
    columns = ("Group", "Contrast", "Variant", "Estimate", "Interval", "Verdict")
    found = [
        (group.title, row.label, row.detail, row.value, row.span, row.verdict)
        for group in block.groups
        for row in group.rows
    ]
    kept = [index for index in range(len(columns)) if any(row[index] for row in found)]
    table = _table(
        tuple(columns[index] for index in kept),
        [tuple(row[index] for index in kept) for row in (found if rows >= _ROWS else found[:rows])],
        numeric=tuple(columns[index] in ("Estimate", "Interval") for index in kept),
    )
    more = _more(len(found) - rows) if rows < _ROWS else ""
    estimands = list(dict.fromkeys(row.estimand for group in block.groups for row in group.rows))
    shown = ["Estimated: " + " / ".join(markdown_text(one) for one in estimands)] if block.explorable else []
    unit = [f"In {block.axis.unit}."] if block.axis.unit else []
    return [*_told(block), *shown, " ".join([markdown_text(block.caption), *unit]).strip(), table, more]


def _scatter(block: Scatter) -> list[str]:
    columns = tuple(column.name for column in block.table.columns)
    numeric = tuple(column.numeric for column in block.table.columns)
    table = _table(columns, list(block.table.rows), numeric=numeric)
    return [*_told(block), markdown_text(block.caption), table]


def _heat(block: Heat) -> str:
    columns = (*block.row_names, *(", ".join(column) for column in block.columns))
    rows = [(*names, *(cell.text + ("*" if cell.marked else "") for cell in cells)) for names, cells in block.rows]
    return _table(columns, rows, numeric=tuple(index >= len(block.row_names) for index in range(len(columns))))


def _grid(block: Grid, *, rows: int) -> list[str]:
    head = [f"### {markdown_text(block.title)}", markdown_text(block.caption)]
    if not block.rows:
        return [*head, "No rows."]
    table = _table(
        tuple(column.name for column in block.columns),
        list(block.rows[:rows]),
        numeric=tuple(column.numeric for column in block.columns),
    )
    return [*head, table, _more(len(block.rows) - rows)]


def _more(left: int) -> str:
    """How many rows were left out; empty for none."""
    return (
        f"{plural(left, 'more row')} {'is' if left == 1 else 'are'} in report.html and findings.json."
        if left > 0
        else ""
    )


def _prompt(prompt: Prompt) -> list[str]:
    messages = [part for role, content in prompt.messages for part in (f"*{markdown_text(role)}*", _fenced(content))]
    answer = ["*answer*", _fenced(prompt.answer)] if prompt.answer is not None else []
    return [f"### {markdown_text(prompt.title)}", markdown_text(prompt.meta), *messages, *answer]
