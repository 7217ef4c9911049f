"""A protocol written in the STEU or STEM layout and read back is the same, whatever it says."""

from __future__ import annotations

import tempfile
import textwrap
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.bank.importers.registry import import_bank

WORDS = ("rain", "train", "letter", "garden", "well-kept", "asks", "waits", "finds", "at", "14", "noon", "Kim's", "tea")
LETTERS = "abcdefgh"

sentences = st.lists(st.sampled_from(WORDS), min_size=3, max_size=16).map(lambda words: "Then " + " ".join(words) + ".")


@st.composite
def protocols(draw: st.DrawFn) -> tuple[list[tuple[str, list[str], int]], int]:
    """Items (situation, options, place of the key) and a width to wrap at."""
    count = draw(st.integers(2, 6))
    items = []
    for _ in range(draw(st.integers(1, 6))):
        options = draw(st.lists(sentences, min_size=count, max_size=count, unique_by=lambda text: text.casefold()))
        items.append((draw(sentences), options, draw(st.integers(0, count - 1))))
    return items, draw(st.integers(30, 100))


def wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=True, break_long_words=False)


@settings(max_examples=40, deadline=None)
@given(protocol=protocols())
def test_a_written_protocol_is_read_back(protocol: tuple[list[tuple[str, list[str], int]], int]) -> None:
    items, width = protocol
    lines = ["A well-kept test"]
    for number, (stem, options, _) in enumerate(items, 1):
        lines += wrapped(f"{number}. {stem} What is felt?", width)
        for letter, option in zip(LETTERS, options, strict=False):
            lines += wrapped(f"({letter}) {option}", width)
    keyed = [*lines, "Key", *(f"{number} {LETTERS[place]}" for number, (_, _, place) in enumerate(items, 1))]
    weighted = [*lines, "Weights"]
    for number, (_, options, place) in enumerate(items, 1):
        weighted.append(" ".join([str(number), *("1.00" if spot == place else ".25" for spot in range(len(options)))]))
    with tempfile.TemporaryDirectory() as folder:
        for format, text in (("steu", keyed), ("stem", weighted)):
            path = Path(folder) / f"{format}.txt"
            path.write_text("\n".join(text), encoding="utf-8")
            bank = import_bank(path, format=format)
            read = [(item.stem, [option.text for option in item.options], item.key) for item in bank.items]
            assert read == [(stem, options, LETTERS[place]) for stem, options, place in items]
