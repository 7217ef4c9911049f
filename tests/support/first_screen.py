"""The text of a report's first screen, as somebody reads it who scrolls no further."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["first_screen_text"]

_VOID = {"meta", "br", "hr", "img", "input", "link", "path", "line", "rect", "circle", "use"}


class _Reader(HTMLParser):
    """Keeps the text within the element whose id is `answer`."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        if self.depth or ("id", "answer") in attrs:
            self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        if self.depth and tag not in _VOID:
            self.depth -= 1

    def handle_data(self, data: str) -> None:
        if self.depth and data.strip():
            self.texts.append(" ".join(data.split()))


def first_screen_text(page: str) -> str:
    """One line per piece of text, in the order of the page."""
    reader = _Reader()
    reader.feed(page)
    return "\n".join(reader.texts)
