"""Screenshots for people to look at: pages at two widths, light and dark, the first screen and the whole.

    python scripts/screens.py build/screens [RUN_DIR ...]

Without run directories four respondents of the gallery are audited first (minutes). `index.html` in the folder shows
all pictures. Needs Chromium (scripts/install-browser.sh). What a page says on the console is printed, and ends with 1.
"""

from __future__ import annotations

import html
import os
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from evenhand.report.findings_file import read_findings
from evenhand.report.write import write_report
from evenhand.selftest.gallery import GALLERY, HANDFUL, audit_case

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WINDOWS = {"wide": (1440, 900), "narrow": (390, 844)}
SCHEMES = ("light", "dark")


def main() -> None:
    """Write the reports, take the pictures, and write the page that shows them."""
    out, runs = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    out.mkdir(parents=True, exist_ok=True)
    pages = {path.name: report_of(path, out) for path in runs} or dict(gallery(out))
    with sync_playwright() as playwright:
        chromium = os.environ.get("EVENHAND_CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        said = [line for name, page in pages.items() for line in pictures(browser, name, page, out=out)]
        browser.close()
    (out / "index.html").write_text(index(list(pages)), encoding="utf-8")
    print(out / "index.html")
    for line in said:
        print(line)
    sys.exit(bool(said))


def report_of(run: Path, out: Path) -> Path:
    """The page of a run directory, written anew."""
    return write_report(read_findings(run), out / run.name)


def gallery(out: Path) -> list[tuple[str, Path]]:
    """Pages of the gallery's respondents that stand for the rest."""
    cases = [case for case in GALLERY if case.name in HANDFUL]
    return [(case.name, write_report(audit_case(case)[1], out / case.name)) for case in cases]


def pictures(browser: Any, name: str, page: Path, *, out: Path) -> list[str]:
    """Pictures of one page; what it said on the console."""
    said: list[str] = []
    for window, (width, height) in WINDOWS.items():
        for scheme in SCHEMES:
            shown = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            shown.on("console", lambda message: said.append(f"{name}: {message.text}"))
            shown.on("pageerror", lambda error: said.append(f"{name}: {error}"))
            shown.goto(page.resolve().as_uri())
            shown.wait_for_timeout(500)
            shown.screenshot(path=str(out / f"{name}-{window}-{scheme}-first.png"))
            shown.screenshot(path=str(out / f"{name}-{window}-{scheme}-whole.png"), full_page=True)
            shown.close()
    return said


def index(names: list[str]) -> str:
    """A page with every picture."""
    figures = [
        f"<figure><figcaption>{html.escape(f'{name}, {window}, {scheme}, {part}')}</figcaption>"
        f'<img loading="lazy" alt="" src="{html.escape(f"{name}-{window}-{scheme}-{part}.png")}"></figure>'
        for name in names
        for part in ("first", "whole")
        for window in WINDOWS
        for scheme in SCHEMES
    ]
    style = "body{font:1rem sans-serif}img{max-width:100%;border:1px solid #888}figure{margin:0 0 2rem}"
    return f'<!doctype html><meta charset="utf-8"><title>Screens</title><style>{style}</style>{"".join(figures)}\n'


if __name__ == "__main__":
    main()
