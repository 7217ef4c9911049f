"""The report in a real browser: no request, no message, no sideways scroll, rows that open, paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evenhand.records.findings import Findings
from evenhand.records.identity import finding_id
from evenhand.report.write import write_report
from tests.support.browser import Visit
from tests.support.findings_fixture import bare_findings, full_findings, quick_findings
from tests.support.hostile_findings import hostile_findings
from tests.support.tried_fixture import tried_findings

pytestmark = pytest.mark.browser

WIDTHS = {"phone": 390, "tablet": 820, "desktop": 1360}
CASES: dict[str, Callable[[], Findings]] = {
    "full": full_findings,
    "quick": quick_findings,
    "bare": bare_findings,
    "hostile": hostile_findings,
    "tried": tried_findings,
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("reports")
    return {name: write_report(make(), root / name).as_uri() for name, make in CASES.items()}


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("case", CASES)
def test_the_page_never_scrolls_sideways_and_has_nothing_to_say(
    browser: Any, reports: dict[str, str], case: str, width: int
) -> None:
    with Visit(browser, reports[case], width=width) as visit:
        visit.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        assert visit.messages == []
        assert visit.requests == [reports[case]]


@pytest.mark.parametrize(("width", "most"), [(1440, 900), (390, 2 * 844)])
def test_the_answer_a_pair_and_the_next_steps_fit_the_first_screen(
    browser: Any, reports: dict[str, str], width: int, most: int
) -> None:
    with Visit(browser, reports["quick"], width=width) as visit:
        assert visit.page.locator("#answer .pair").is_visible()
        assert visit.page.locator("#answer .todo li").count() == 3
        assert visit.page.evaluate("document.getElementById('answer').getBoundingClientRect().bottom") <= most


def test_hostile_text_runs_nothing(browser: Any, reports: dict[str, str]) -> None:
    with Visit(browser, reports["hostile"]) as visit:
        for link in visit.page.query_selector_all("a"):
            assert re.match(r"#|[a-z.-]+$", link.get_attribute("href") or "")
        assert visit.page.evaluate("document.querySelectorAll('script').length") == 1
        assert visit.messages == []


def test_the_policy_stops_a_request_that_a_script_would_make(browser: Any, reports: dict[str, str]) -> None:
    with Visit(browser, reports["quick"]) as visit:
        visit.page.evaluate("fetch('http://127.0.0.1:9/x').catch(() => {})")
        visit.page.wait_for_timeout(50)
        assert any("Content Security Policy" in message for message in visit.messages)


def test_a_row_opens_and_says_what_it_estimates(browser: Any, reports: dict[str, str]) -> None:
    with Visit(browser, reports["full"]) as visit:
        row = visit.page.locator("#gaps details.row").first
        assert not row.locator(".about").is_visible()
        row.locator("summary").click()
        assert "The mean score with the advantaged version" in row.locator(".about").inner_text()
        assert "Method" in row.locator(".about").inner_text()


def test_a_link_to_a_finding_opens_its_row_even_inside_a_folded_figure(browser: Any, reports: dict[str, str]) -> None:
    mixed = next(found for found in full_findings().findings if found.measure == "mixed_model")
    anchor = f"#{finding_id(mixed)}"
    with Visit(browser, reports["full"] + anchor) as visit:
        assert visit.page.locator(f"[id='{anchor[1:]}'] .about").is_visible()


def test_a_row_opens_by_keyboard(browser: Any, reports: dict[str, str]) -> None:
    with Visit(browser, reports["quick"]) as visit:
        visit.page.locator("#gaps details.row summary").first.focus()
        visit.page.keyboard.press("Enter")
        assert visit.page.locator("#gaps details.row .about").first.is_visible()


def test_a_cell_of_the_matrix_says_what_it_stands_for(browser: Any, reports: dict[str, str]) -> None:
    with Visit(browser, reports["full"], width=390) as visit:
        visit.page.locator("table.heat td[title]").first.click()
        assert re.search(r"pooled [\d.]+% \(interval", visit.page.locator(".readout").first.inner_text())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_colour_schemes_reach_paper_ink_and_marks(browser: Any, reports: dict[str, str], scheme: str) -> None:
    with Visit(browser, reports["quick"], scheme=scheme) as visit:
        paper, ink, mark = visit.page.evaluate(
            """() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,
                getComputedStyle(document.querySelector('.whisker')).stroke]"""
        )
        bright = sum(map(int, re.findall(r"\d+", paper)[:3])) > 600
        assert bright == (scheme == "light")
        assert paper != ink and mark not in (paper, "none")


def test_the_contents_follow_the_reading_on_a_wide_screen_and_hide_on_a_phone(
    browser: Any, reports: dict[str, str]
) -> None:
    with Visit(browser, reports["full"]) as visit:
        visit.page.locator("#missing").scroll_into_view_if_needed()
        visit.page.evaluate("document.getElementById('missing').scrollIntoView()")
        visit.page.wait_for_selector(".contents a[aria-current]")
        visit.page.wait_for_function("document.querySelector('.contents a[aria-current]').hash === '#missing'")
    with Visit(browser, reports["full"], width=390) as visit:
        assert not visit.page.locator(".contents").is_visible()


def test_axis_and_marks_share_their_zero(browser: Any, reports: dict[str, str]) -> None:
    with Visit(browser, reports["quick"]) as visit:
        edges = visit.page.evaluate(
            """() => [...document.querySelectorAll('#gap-forest .row .plot, #gap-forest .ticks')]
                .map((one) => [one.getBoundingClientRect().left, one.getBoundingClientRect().width])"""
        )
        assert len({(round(left), round(width)) for left, width in edges}) == 1


def test_on_paper_folded_figures_open_and_the_page_has_a4_size(
    browser: Any, reports: dict[str, str], tmp_path: Path
) -> None:
    with Visit(browser, reports["full"]) as visit:
        visit.page.pdf(path=str(tmp_path / "report.pdf"), prefer_css_page_size=True)
        visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert visit.page.evaluate("document.querySelectorAll('details[data-print]:not([open])').length") == 0
        visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert visit.page.evaluate("document.querySelectorAll('details[data-print]:not([open])').length") > 0
    paper = (tmp_path / "report.pdf").read_bytes()
    found = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper)
    assert found is not None
    assert (round(float(found.group(1))), round(float(found.group(2)))) in {(595, 842), (596, 842), (595, 841)}
