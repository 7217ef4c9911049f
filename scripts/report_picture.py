"""Pictures of a report for the README: the first screen, light and dark.

    .venv/bin/python scripts/report_picture.py RUN_DIR docs/images

Needs Chromium (scripts/install-browser.sh).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def main() -> None:
    """Write report-light.png and report-dark.png."""
    run, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("EVENHAND_CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
            page.goto((run / "report.html").resolve().as_uri())
            page.screenshot(path=str(out / f"report-{scheme}.png"))
            print(out / f"report-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main()
