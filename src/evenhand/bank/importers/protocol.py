"""Published test protocols as banks: the layouts of STEU (keyed) and STEM (expert weights).

Numbered situations, options (a), (b), ..., then a key table (`1 c`) or a table of weights (`1 .00 .25 .75 .00`); a
weight may also be at the end of its option, in brackets. Text, DOCX and PDF. The texts of STEU and STEM (MacCann
and Roberts 2008) have no licence to pass them on, so a bank made here says `redistribute: false` unless told otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from evenhand.bank.document import read_bytes
from evenhand.bank.importers.contained import contained_text
from evenhand.bank.importers.protocol_items import ProtocolItem, split_protocol
from evenhand.bank.importers.protocol_key import read_keys, read_weights
from evenhand.bank.importers.protocol_lines import Line, protocol_lines
from evenhand.bank.importers.settings import Progress, Settings, SourceHead
from evenhand.errors import BankError
from evenhand.records.item import Bank, Item, Option

__all__ = ["OPTIONS", "protocol_text", "read_stem", "read_steu"]

OPTIONS = {
    "language": "language of the items",
    "ask": "the question, for items whose situation does not end with one",
    "key_heading": "the line that opens the key table, where it is none of the usual ones",
}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_INLINE_WEIGHT = re.compile(r"(.*\S)\s*[\[(]\s*(-?\d*[.,]?\d+)\s*[\])]\.?")
_RIGHTS = "Copyright of the test's authors; not to be passed on"
Layout = Literal["steu", "stem"]


class _Scored(Struct, frozen=True, kw_only=True):
    """What the key part says of one item."""

    key: str
    weights: tuple[float, ...] | None
    texts: tuple[str, ...]


def protocol_text(path: Path) -> str:
    """The text of a .txt, .md, .docx or .pdf file; pages, where there are any, are parted by form feeds.

    Raises:
        BankError: Another suffix, unreadable, not UTF-8, or far larger in memory than in the file.
        MissingExtraError: The library that reads DOCX or PDF is not installed.
    """
    match path.suffix.lower():
        case ".docx":
            return contained_text(path, "docx")
        case ".pdf":
            return contained_text(path, "pdf")
        case ".txt" | ".md" | ".text":
            data = read_bytes(path, error=BankError)
            try:
                return data.decode("utf-8-sig")
            except UnicodeDecodeError as cause:
                line = data.count(b"\n", 0, cause.start) + 1
                raise BankError(
                    f"{str(path)!r}, line {line}: byte {data[cause.start]:#04x} is not UTF-8; "
                    "save the file with encoding UTF-8"
                ) from cause
        case other:
            raise BankError(f"{str(path)!r} has suffix {other!r}; a protocol is read from .txt, .docx or .pdf")


def read_steu(path: Path, *, settings: Settings, progress: Progress) -> Bank:
    """A protocol with one keyed option an item; the items are understanding items.

    Raises:
        BankError: Naming file and line: a gap in the numbers, options out of order, another number of options, a
            missing key, two keys.
    """
    return _read(path, layout="steu", settings=settings, progress=progress)


def read_stem(path: Path, *, settings: Settings, progress: Progress) -> Bank:
    """A protocol with one weight per option; the items are management items, keyed at their highest weight.

    Raises:
        BankError: As `read_steu`; also weights missing, too many, or outside [0, 1].
    """
    return _read(path, layout="stem", settings=settings, progress=progress)


def _read(path: Path, *, layout: Layout, settings: Settings, progress: Progress) -> Bank:
    source = str(path)
    lines = protocol_lines(protocol_text(path))
    items, key_lines = split_protocol(lines, source=source, key_heading=settings.maybe("key_heading"))
    _check_counts(items, source=source)
    score = _weighted if layout == "stem" else _keyed
    scored = score(items, key_lines, source=source)
    ask = settings.text("ask", "What would be best to do?" if layout == "stem" else "What is most likely to be felt?")
    made = tuple(_item(item, scored[item.number], layout=layout, ask=ask) for item in items)
    progress(len(made))
    sheet = settings.sheet(
        SourceHead(
            name=layout,
            version="1",
            source=f"A test protocol in the layout of {layout.upper()}, imported from {path.name}",
            licence=_RIGHTS,
            redistribute=False,
            validated=False,
        )
    )
    return Bank(
        name=sheet.name,
        version=sheet.version,
        source=sheet.source,
        licence=sheet.licence,
        redistribute=sheet.redistribute,
        validated=sheet.validated,
        language=settings.text("language", "en"),
        items=made,
    )


def _check_counts(items: Sequence[ProtocolItem], *, source: str) -> None:
    """All items must have as many options as most have."""
    usual, _ = Counter(len(item.options) for item in items).most_common(1)[0]
    for item in items:
        if len(item.options) != usual:
            raise BankError(
                f"{source!r}, line {item.line}: item {item.number} has {len(item.options)} options, the others have "
                f"{usual}; complete it, or check that each option opens its own line with (a), (b), ..."
            )


def _keyed(items: Sequence[ProtocolItem], key_lines: Sequence[Line], *, source: str) -> dict[int, _Scored]:
    texts = {item.number: item.options for item in items}
    keys = read_keys(key_lines, texts=texts, letters=_LETTERS, source=source)
    return {item.number: _Scored(key=keys[item.number], weights=None, texts=item.options) for item in items}


def _weighted(items: Sequence[ProtocolItem], key_lines: Sequence[Line], *, source: str) -> dict[int, _Scored]:
    inline = {item.number: [_INLINE_WEIGHT.fullmatch(text) for text in item.options] for item in items}
    if any(match for matches in inline.values() for match in matches):
        return {item.number: _inline(item, inline[item.number], source=source) for item in items}
    counts = {item.number: len(item.options) for item in items}
    weights = read_weights(key_lines, counts=counts, letters=_LETTERS, source=source)
    return {
        item.number: _Scored(key=_best(weights[item.number]), weights=weights[item.number], texts=item.options)
        for item in items
    }


def _inline(item: ProtocolItem, matches: Sequence[re.Match[str] | None], *, source: str) -> _Scored:
    texts: list[str] = []
    weights: list[float] = []
    for letter, match in zip(_LETTERS, matches, strict=False):
        if match is None:
            raise BankError(
                f"{source!r}, line {item.line}: option ({letter}) of item {item.number} has no weight, others have; "
                "end the option with its weight in brackets"
            )
        weight = float(match.group(2).replace(",", "."))
        if not 0.0 <= weight <= 1.0:
            raise BankError(
                f"{source!r}, line {item.line}: option ({letter}) of item {item.number} has weight {weight:g}; "
                "weights lie in [0, 1], rescale them"
            )
        texts.append(match.group(1))
        weights.append(weight)
    return _Scored(key=_best(weights), weights=tuple(weights), texts=tuple(texts))


def _best(weights: Sequence[float]) -> str:
    return _LETTERS[max(range(len(weights)), key=lambda place: weights[place])]


def _item(item: ProtocolItem, scored: _Scored, *, layout: Layout, ask: str) -> Item:
    stem, question = _stem_and_question(item.stem, ask=ask)
    options = tuple(
        Option(
            id=letter,
            text=text,
            emotion=text.casefold().rstrip(".") if layout == "steu" else None,
            weight=scored.weights[place] if scored.weights else None,
        )
        for place, (letter, text) in enumerate(zip(_LETTERS, scored.texts, strict=False))
    )
    return Item(
        id=f"{layout}-{item.number:02d}",
        kind="management" if layout == "stem" else "understanding",
        stem=stem,
        question=question,
        options=options,
        key=scored.key,
    )


def _stem_and_question(text: str, *, ask: str) -> tuple[str, str]:
    """The situation and its last sentence, where that is the question and something precedes it."""
    parts = re.split(r"(?<=[.!?\"'])\s+(?=[\"'(]?\w)", text)
    tail = parts[-1]
    if len(parts) > 1 and tail.endswith(("?", ":", "...", "…")):
        return text[: -len(tail)].rstrip(), tail
    return text, ask
