"""A real browser for tests of pages: one page with everything it asked for and complained about."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

__all__ = ["Visit", "started"]

CHROMIUM = Path(os.environ.get("EVENHAND_CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]
"""The last one keeps the browser on this machine, where the guard of `tests/support/loopback.py` cannot look."""


@contextmanager
def started() -> Iterator[Any]:
    """A browser; without one the test is skipped, and fails where EVENHAND_CI is 1."""
    if not CHROMIUM.exists():
        reason = f"no browser at {CHROMIUM}: run scripts/install-browser.sh as root, or set EVENHAND_CHROMIUM"
        if os.environ.get("EVENHAND_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A page with everything it asked for and complained about."""

    def __init__(self, browser: Any, url: str, *, width: int = 1360, height: int = 900, scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.messages: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("dialog", lambda dialog: self.messages.append(f"dialog {dialog.message}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(url)

    def bottom(self, selector: str) -> float:
        """Where an element ends, in pixels from the top of the page."""
        found = self.page.evaluate("(one) => document.querySelector(one).getBoundingClientRect().bottom", selector)
        return float(found)

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
