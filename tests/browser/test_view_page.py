"""`evenhand view` in a real browser: no message, no foreign request, no sideways scroll, keyboard, dark and light."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from evenhand.audit import publish
from evenhand.records.message import Reply
from evenhand.records.trial import Answered, Outcome
from evenhand.serve.listen import listening
from evenhand.store.store import open_store
from evenhand.view.run_folder import RunFolder
from evenhand.view.site import view_app
from tests.support.findings_fixture import full_findings
from tests.support.small_plan import small_plan
from tests.support.viewed_run import HOSTILE, run_rows, says, viewed_run

pytestmark = pytest.mark.browser


def hostile(cell: object, meeting: object) -> tuple[Outcome, Reply | None]:
    return Answered(choice="a"), says(f"{HOSTILE} <img src=x onerror=alert(3)>", reasoning=HOSTILE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("runs")
    for name in ("jan", "feb"):
        viewed_run(place / name)
        publish(full_findings(), place / name)
    viewed_run(place / "hostile", hostile)
    (place / "broken").mkdir()
    (place / "broken" / "plan.json").write_bytes(b"{")
    (place / "letters").mkdir()
    return place


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """The pages over the folder, served by a thread of this process."""
    started, address = threading.Event(), []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with listening(view_app(RunFolder(folder)), path="", grace_s=0.2) as own:
            address.append(own)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert started.wait(30)
    yield address[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)
    loop.close()


class Look:
    """A browser window with everything that it asked for and complained about."""

    def __init__(
        self, browser: Any, url: str, *, width: int = 1440, scheme: str = "light", script: bool = True
    ) -> None:
        self.url = url
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        self.page = self.context.new_page()
        self.messages: list[str] = []
        self.foreign: list[str] = []
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("dialog", lambda dialog: self.messages.append(f"dialog {dialog.message}"))
        self.page.on("request", lambda sent: None if sent.url.startswith(url) else self.foreign.append(sent.url))

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)

    def ready(self, run: str) -> None:
        """Return when the index of a run is complete."""
        for _ in range(100):
            self.go(f"/run/{run}/trials")
            if self.page.locator("table.trials").count() and not self.page.locator(".notice.quiet").count():
                return
            self.page.wait_for_timeout(100)
        raise AssertionError("the index was not made")

    def __enter__(self) -> Look:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def addresses(look: Look, run: str) -> list[str]:
    """One address of every kind of page."""
    look.ready(run)
    trial = look.page.locator("table.trials tbody th a").first.get_attribute("href")
    look.go(f"/run/{run}/pairs?show=two&item=i1")
    arms = look.page.locator("select[name=first] option").evaluate_all("all => all.map((one) => one.value)")[1:]
    look.go(f"/run/{run}/pairs")
    pair = look.page.locator(".pairline .what a").first
    found = [pair.get_attribute("href")] if pair.count() else []
    pages = ["", "/trials", "/trials?q=surely", "/pairs", "/pairs?show=version", "/items", "/item/i1", "/report"]
    own = [f"/run/{run}{page}" for page in pages]
    two = f"/run/{run}/pairs?show=two&item=i1&first={arms[0]}&second={arms[1]}"
    return ["/", "/compare", *own, two, str(trial), *found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("run", ["jan", "hostile"])
def test_no_page_scrolls_sideways_complains_or_asks_elsewhere(
    browser: Any, url: str, run: str, width: int, scheme: str
) -> None:
    with Look(browser, url, width=width, scheme=scheme) as look:
        for address in addresses(look, run):
            if address.endswith("/report") and run == "hostile":
                continue
            look.go(address)
            assert look.page.evaluate("document.documentElement.scrollWidth") <= width, address
            paper = look.page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (sum(map(int, re.findall(r"\d+", paper)[:3])) > 600) == (scheme == "light"), address
            assert look.messages == [], address
        assert look.foreign == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_on_any_page(browser: Any, url: str, scheme: str) -> None:
    with Look(browser, url, scheme=scheme) as look:
        found = []
        for address in addresses(look, "jan"):
            if address.endswith("/report"):  # tests/browser/test_report_reach.py
                continue
            look.go(address)
            violations = Axe().run(look.page).response["violations"]
            found += [(address, one["id"], one["impact"], one["nodes"][0]["html"]) for one in violations]
        assert found == []


def test_every_page_fits_on_paper(browser: Any, url: str) -> None:
    with Look(browser, url, width=794) as look:  # A4 upright, at 96 pixels an inch
        look.page.emulate_media(media="print")
        for address in addresses(look, "jan"):
            if address.endswith("/report"):  # tests/browser/test_report_reach.py
                continue
            look.go(address)
            assert look.page.evaluate("document.documentElement.scrollWidth") <= 794, address
            assert look.page.pdf(format="A4").startswith(b"%PDF"), address


def test_hostile_answers_run_nothing_and_turn_nothing(browser: Any, url: str) -> None:
    with Look(browser, url) as look:
        look.ready("hostile")
        look.page.locator("table.trials tbody th a").first.click()
        assert look.page.locator("img").count() == 0
        said = look.page.locator(".message.reply pre").first.inner_text()
        assert "<script>alert(1)</script>" in said
        assert "<U+202E>txet<U+202C>" in said
        assert "{{ 7*7 }}" in said
        assert look.messages == []


def test_everything_can_be_read_without_a_script(browser: Any, url: str) -> None:
    with Look(browser, url, script=False) as look:
        look.ready("jan")
        look.page.fill("input[name=q]", "surely")
        look.page.keyboard.press("Enter")
        look.page.wait_for_url("**/trials?q=surely*")
        assert look.page.locator("table.trials mark").first.inner_text() == "Surely"
        look.page.get_by_role("link", name="Pairs").click()
        look.page.locator(".pairline .what a").first.click()
        assert look.page.locator(".side mark").count() > 0


def test_a_note_is_written_and_kept(browser: Any, url: str, folder: Path) -> None:
    with Look(browser, url) as look:
        look.go("/run/feb/item/i3")
        look.page.get_by_label("unclear").check()
        look.page.get_by_label("In your words").fill("Two readings.\nOr three.")
        look.page.get_by_role("button", name="Keep the note").click()
        assert look.page.locator(".kept").inner_text() == "The note is kept, in annotations.jsonl of the run."
        assert look.page.get_by_label("In your words").input_value() == "Two readings.\nOr three."
        assert look.page.get_by_label("unclear").is_checked()
        assert look.messages == []
    assert (folder / "feb" / "annotations.jsonl").read_text(encoding="utf-8").count("\n") == 1


def test_the_keyboard_reaches_everything(browser: Any, url: str) -> None:
    with Look(browser, url) as look:
        look.ready("jan")
        reachable = look.page.evaluate(
            "document.querySelectorAll('a[href], button, select, input:not([type=hidden]), [tabindex=\"0\"]').length"
        )
        seen = set()
        for _ in range(reachable + 2):
            look.page.keyboard.press("Tab")
            place = look.page.evaluate(
                """() => { const one = document.activeElement;
                    const shown = getComputedStyle(one);
                    return [Array.from(document.querySelectorAll('*')).indexOf(one), one.tagName,
                        shown.outlineStyle !== 'none' && parseFloat(shown.outlineWidth) > 0]; }"""
            )
            if place[1] != "BODY":
                assert place[2], f"no visible focus on {place[1]}"
                seen.add(place[0])
        assert len(seen) == reachable
        look.go("/run/jan/trials")
        look.page.keyboard.press("Tab")
        assert look.page.evaluate("document.activeElement.textContent") == "Skip to the content"
        look.page.keyboard.press("Enter")
        assert look.page.evaluate("location.hash") == "#main"


def test_every_field_has_a_name_and_every_page_one_heading(browser: Any, url: str) -> None:
    with Look(browser, url) as look:
        for address in addresses(look, "jan"):
            look.go(address)
            unnamed = look.page.evaluate(
                """() => Array.from(document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a'))
                    .filter((one) => !(one.labels && one.labels.length) && !one.textContent.trim()
                        && !one.getAttribute('aria-label')).map((one) => one.outerHTML)"""
            )
            assert unnamed == [], address
            assert look.page.locator("h1").count() == 1, address
            assert look.page.evaluate("document.documentElement.lang") == "en"


def test_a_run_that_goes_on_renews_itself(browser: Any, url: str, folder: Path) -> None:
    plan, run = small_plan(), folder / "going"
    viewed_run(run)
    for path in run.glob("trials*"):
        path.unlink()
    rows = run_rows(plan)
    with open_store(run / "trials.sqlite", plan_sha256=plan.sha256) as store, Look(browser, url) as look:
        store.append(rows[:10])
        look.go("/run/going")
        assert look.page.locator(".state.live").inner_text().endswith("asking now")
        look.page.evaluate("document.title = 'the same page'")
        store.append(rows[10:30])
        look.page.get_by_text(f"30 of {len(rows)} cells").wait_for(timeout=20_000)
        assert look.page.title() == "the same page"
        assert look.messages == []


def test_the_report_opens_with_its_own_script_and_without_access_to_the_pages(browser: Any, url: str) -> None:
    with Look(browser, url) as look:
        look.go("/run/jan/report")
        assert look.page.evaluate("self.origin") == "null"
        row = look.page.locator("#gaps details.row").first
        row.locator("summary").click()
        assert row.locator(".about").is_visible()
        assert look.messages == []
