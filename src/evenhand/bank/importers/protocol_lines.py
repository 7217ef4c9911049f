"""Lines of a test protocol, cleaned: no page headers, plain quotes, broken words joined again."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

__all__ = ["ITEM_START", "OPTION_START", "Line", "join_lines", "protocol_lines"]

ITEM_START = re.compile(r"(?:item\s+|question\s+)?(\d{1,4})\s*[.)]\s*(?!\d)(.*)", re.IGNORECASE)
"""Number and rest of a line that may open an item."""
OPTION_START = re.compile(r"\(\s*([A-Za-z])\s*\)\s*(.*)|([A-Za-z])\s*\)\s*(.*)|([a-z])\.\s+(.*)")
"""Letter and rest of a line that may open an option: (a), a) or a."""
_NAMED_PAGE = re.compile(r"[-–—|\s]*page\s+\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?[-–—|\s]*", re.IGNORECASE)
_PLAIN = {
    ord(mark): plain
    for marks, plain in (
        ("‘’‚‛′`´", "'"),
        ("“”„‟″«»", '"'),
        ("\u00a0\u2007\u202f\u2009", " "),
        ("\u00ad\u200b\ufeff", ""),
    )
    for mark in marks
}
_LIGATURES = {ord(mark): unicodedata.normalize("NFKC", mark) for mark in "ﬀﬁﬂﬃﬄﬅﬆ"}
_EDGE = 2
"""Lines at the top and the bottom of a page among which headers and footers are looked for."""


class Line(Struct, frozen=True, kw_only=True):
    """One line of text."""

    number: int
    """1-based line of the text as extracted."""
    text: str
    page: int
    """0-based page, where the text has pages (form feeds); else 0."""
    page_edge: bool
    """Whether it is among the first or last lines of a page, where the text has pages."""


def protocol_lines(text: str) -> tuple[Line, ...]:
    """Non-empty lines of a text without page headers, footers and page numbers.

    A line is a header when it says `page N`; when it is the title again; when it comes, digits apart, at the edge of
    half of the pages (at least two); or, in a text without pages, when it is a wording that comes back with a higher
    number each time. Lines that open an item or an option, and rows of a key table, are never headers.
    """
    lines = _numbered(text)
    pages = 1 + max((line.page for line in lines), default=0)
    edges = Counter(shape for shape, _ in {(_shape(line.text), line.page) for line in lines if line.page_edge})
    headers = {shape for shape, count in edges.items() if count >= max(2, pages / 2)}
    headers |= _running_titles(lines)
    title = _shape(lines[0].text) if lines else ""
    kept: list[Line] = []
    for place, line in enumerate(lines):
        shape = _shape(line.text)
        bare = shape.strip("-–— ") == "#"
        repeated = (line.page_edge or not bare) and shape in headers
        if not _opens(line.text) and (repeated or (place > 0 and shape == title) or _NAMED_PAGE.fullmatch(line.text)):
            continue
        kept.append(line)
    return tuple(kept)


def _running_titles(lines: Sequence[Line]) -> set[str]:
    """Shapes of two long words or more whose number rises each time they come back, as the number of a page does.

    A line that begins like an item or a table row, or ends a sentence, is none.
    """
    numbers: dict[str, list[int]] = {}
    for line in lines:
        shape = _shape(line.text)
        words = re.findall(r"[^\W\d_]{4,}", shape)
        if (
            "#" in shape
            and len(words) >= 2
            and not re.match(r"#|item\b|question\b", shape)
            and shape[-1] not in ".?!,;:"
        ):
            numbers.setdefault(shape, []).append(int(re.findall(r"\d+", line.text)[-1]))
    return {
        shape
        for shape, found in numbers.items()
        if len(found) >= 2 and all(first < second for first, second in itertools.pairwise(found))
    }


def _numbered(text: str) -> list[Line]:
    lines: list[Line] = []
    number = 0
    pages = text.replace("\r\n", "\n").replace("\r", "\n").split("\f")
    for index, page in enumerate(pages):
        cleaned = [" ".join(raw.translate(_PLAIN).translate(_LIGATURES).split()) for raw in page.split("\n")]
        places = [place for place, line in enumerate(cleaned) if line]
        edges = {*places[:_EDGE], *places[-_EDGE:]} if len(pages) > 1 else set[int]()
        for place in places:
            lines.append(Line(number=number + place + 1, text=cleaned[place], page=index, page_edge=place in edges))
        number += len(cleaned)
    return lines


def _shape(text: str) -> str:
    return re.sub(r"\d+", "#", text.casefold())


def _opens(text: str) -> bool:
    option = OPTION_START.fullmatch(text)
    item = ITEM_START.fullmatch(text)
    return option is not None or (item is not None and bool(item.group(2))) or _is_table_row(text)


def _is_table_row(text: str) -> bool:
    """A row of a key table: a number, then letters or numbers, and no long word."""
    words = re.findall(r"[^\s.,;:()\[\]|/-]+", text)
    return len(words) > 1 and words[0].isdecimal() and all(len(word) == 1 or word.isdecimal() for word in words[1:])


def join_lines(lines: Sequence[str], *, words: frozenset[str] = frozenset()) -> str:
    """Lines as one text; a word broken by a hyphen at the end of a line is joined again.

    The hyphen is kept where the text has the hyphenated word elsewhere too.

    Args:
        lines: Lines in order.
        words: Words of the whole text, in lower case.
    """
    text = ""
    for line in lines:
        broken = re.search(r"(\w+)-$", text)
        following = re.match(r"[a-zà-ÿ]\w*", line)
        if broken and following:
            hyphenated = f"{broken.group(1)}-{following.group()}".casefold()
            text = (text if hyphenated in words else text[:-1]) + line
        else:
            text = f"{text} {line}" if text else line
    return text
