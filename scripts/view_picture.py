"""Pictures of `evenhand view`: every kind of page, light and dark, at two widths.

    .venv/bin/python scripts/view_picture.py RUN_DIR OUT            all pages, to look at
    .venv/bin/python scripts/view_picture.py RUN_DIR docs/images --docs     the one of docs/view.md

Needs Chromium (scripts/install-browser.sh).
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from evenhand.serve.listen import listening
from evenhand.view.run_folder import RunFolder
from evenhand.view.site import view_app

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


async def addresses(page: Any, url: str, run: str) -> dict[str, str]:
    """Name -> address of every kind of page."""
    base = f"/run/{run}"
    await page.goto(f"{url}{base}/trials")
    while not await page.locator("table.trials").count() or await page.locator(".notice.quiet").count():
        await asyncio.sleep(0.2)
        await page.goto(f"{url}{base}/trials")
    trial = await page.locator("table.trials tbody th a").last.get_attribute("href")
    item = await page.locator("table.trials tbody th a").first.inner_text()
    found = {"runs": "/", "run": base, "trials": f"{base}/trials", "trial": trial, "pairs": f"{base}/pairs"}
    found |= {"items": f"{base}/items", "item": f"{base}/item/{item}", "compare": "/compare"}
    await page.goto(f"{url}{base}/pairs")
    pair = page.locator(".pairline .what a").first
    return found | ({"pair": await pair.get_attribute("href")} if await pair.count() else {})


def shots(names: Iterator[str], *, docs: bool) -> list[tuple[str, int, str]]:
    """(page, width, scheme) of every picture."""
    if docs:
        return [("pairs", 1200, "light")]
    return list(product(names, (1440, 390), ("light", "dark")))


async def main() -> None:
    """Write the pictures."""
    run, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    docs = "--docs" in sys.argv
    out.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("EVENHAND_CHROMIUM", "/usr/bin/chromium")
    async with listening(view_app(RunFolder(run.parent)), path="") as url, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        found = await addresses(await browser.new_page(), url, run.name)
        for name, width, scheme in shots(iter(found), docs=docs):
            page = await browser.new_page(
                viewport={"width": width, "height": 760 if docs else 900}, color_scheme=scheme
            )
            await page.goto(url + found[name])
            path = out / ("view.png" if docs else f"view-{name}-{width}-{scheme}.png")
            await page.screenshot(path=str(path))
            await page.close()
            print(path)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
