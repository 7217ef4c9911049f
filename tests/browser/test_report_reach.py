"""The report reaches everybody: axe-core, the keyboard alone, paper, saved tables and figures."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from axe_playwright_python.sync_playwright import Axe

from evenhand.records.findings import Findings
from evenhand.records.identity import finding_id
from evenhand.report.write import write_report
from tests.support.browser import Visit
from tests.support.findings_fixture import full_findings, quick_findings
from tests.support.hostile_findings import hostile_findings
from tests.support.tried_fixture import tried_findings

pytestmark = pytest.mark.browser

CASES: dict[str, Callable[[], Findings]] = {
    "full": full_findings,
    "quick": quick_findings,
    "hostile": hostile_findings,
    "tried": tried_findings,
}
OPEN = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("reports")
    return {name: write_report(make(), root / name).as_uri() for name, make in CASES.items()}


def saved(visit: Visit, selector: str) -> tuple[str, str]:
    """Name and text of what a button saves."""
    with visit.page.expect_download(timeout=10_000) as waiting:
        visit.page.locator(selector).first.click()
    path = waiting.value.path()
    return waiting.value.suggested_filename, Path(path).read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("case", ["quick", "tried"])
def test_axe_finds_no_violation(browser: Any, reports: dict[str, str], case: str, scheme: str) -> None:
    with Visit(browser, reports[case], scheme=scheme) as visit:
        visit.page.evaluate(OPEN)
        found = Axe().run(visit.page).response["violations"]
        assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found] == []


def test_the_keyboard_reaches_every_control_and_what_it_reaches_is_seen(browser: Any, reports: dict[str, str]) -> None:
    with Visit(browser, reports["tried"]) as visit:
        wanted = visit.page.evaluate(
            """() => { const all = [...document.querySelectorAll("a[href], button, summary, select, [tabindex='0']")]
                .filter((one) => one.checkVisibility() && one.getBoundingClientRect().width > 0);
                all.forEach((one, index) => { one.dataset.stop = index; }); return all.length; }"""
        )
        seen, hidden = set(), []
        for _ in range(wanted + 5):
            visit.page.keyboard.press("Tab")
            stop, width = visit.page.evaluate(
                """() => { const one = document.activeElement;
                return [one.dataset.stop ?? null, getComputedStyle(one).outlineWidth]; }"""
            )
            seen.add(stop)
            hidden += [stop] if stop is not None and width == "0px" else []
        assert wanted > 40
        assert {str(number) for number in range(wanted)} <= seen
        assert hidden == []


def test_a_figure_is_saved_as_a_table_that_a_spreadsheet_reads(browser: Any, reports: dict[str, str]) -> None:
    with Visit(browser, reports["full"]) as visit:
        name, text = saved(visit, "#gap-forest .save button:has-text('CSV')")
        assert re.fullmatch(r"evenhand-\d\d-gaps-\d\d-[a-z-]+\.csv", name)
        rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
        shown = visit.page.locator("#gap-forest details.fold tbody tr").count()
        assert len(rows) == shown > 2
        assert all(float(row["Low"]) < float(row["Estimate"]) < float(row["High"]) for row in rows)
        assert visit.messages == [] and visit.requests[1:] == []


def test_no_cell_of_a_saved_table_is_a_formula(browser: Any, tmp_path: Path) -> None:
    findings = hostile_findings()
    page = write_report(findings, tmp_path)
    page.write_text(
        page.read_text(encoding="utf-8").replace('<th scope="row">', '<th scope="row">=cmd|', 1), encoding="utf-8"
    )
    with Visit(browser, page.as_uri()) as visit:
        visit.page.evaluate(OPEN)
        texts = visit.page.evaluate(
            """async () => { const made = []; URL.createObjectURL = (blob) => { made.push(blob.text()); return "#"; };
                HTMLAnchorElement.prototype.click = () => {};
                document.querySelectorAll(".save button:first-of-type").forEach((one) => { one.click(); });
                await new Promise((resolve) => { setTimeout(resolve, 500); });
                return await Promise.all(made); }"""
        )
        assert len(texts) > 10
        cells = [cell for text in texts for row in csv.reader(io.StringIO(text)) for cell in row]
        assert "'=cmd|" in "".join(cells)
        risky = [cell for cell in cells if re.match(r"[=+@\t\r]|-(?![\d.]+$)", cell)]
        assert risky == []


@pytest.mark.parametrize("figure", ["#gap-forest", "#outcomes", "#intersections .figure:has(table.heat)"])
def test_a_figure_is_saved_as_a_drawing_with_its_words(browser: Any, reports: dict[str, str], figure: str) -> None:
    with Visit(browser, reports["full"]) as visit:
        where = "figure:has(.bar)" if figure == "#outcomes" else figure
        name, text = saved(visit, f"{where} .save button:has-text('SVG')")
        assert name.endswith(".svg")
        drawing = ElementTree.fromstring(text.encode())
        assert drawing.tag == f"{SVG}svg"
        told = drawing.find(f"{SVG}desc")
        assert told is not None and told.text == " ".join(
            visit.page.locator(f"{where} .conclusion").first.inner_text().split()
        )
        words = " ".join("".join(one.itertext()) for one in drawing.iter(f"{SVG}text"))
        assert visit.page.locator(f"{where} h3").first.inner_text().split()[0] in words
        marks = [one for one in drawing.iter() if one.tag in {f"{SVG}rect", f"{SVG}circle", f"{SVG}path", f"{SVG}line"}]
        assert len(marks) > 3
        assert all(not one.get("style") and not one.get("onload") for one in drawing.iter())
        assert visit.messages == []


def test_a_drawing_of_hostile_words_is_well_formed_and_runs_nothing(browser: Any, reports: dict[str, str]) -> None:
    with Visit(browser, reports["hostile"]) as visit:
        _, text = saved(visit, "#factors .figure .save button:has-text('SVG')")
        drawing = ElementTree.fromstring(text.encode())
        assert not [one for one in drawing.iter() if one.tag.endswith("script")]
        assert "<script>alert(1)" in "".join(drawing.itertext())


def test_what_lies_deflated_is_put_in_its_place_when_it_is_opened_linked_to_or_saved(
    browser: Any, tmp_path: Path
) -> None:
    findings = full_findings(tuple(f"host/model-{number}" for number in range(6)))
    url = write_report(findings, tmp_path).as_uri()
    last = [one for one in findings.findings if one.measure == "factor_gap"][-1]
    with Visit(browser, url) as visit:
        folded = visit.page.locator("details.figure:not([data-print]):has(.folded-away.drawn)").first
        folded_id = folded.get_attribute("id")
        figure = visit.page.locator(f"#{folded_id}")
        assert figure.locator(".row").count() == 0
        figure.locator("summary").first.click()
        figure.locator(".row").first.wait_for()
        figure.locator(".row > summary").first.click()
        assert figure.locator(".row .about").first.is_visible()
        _, text = saved(visit, f"#{folded_id} .save button:has-text('CSV')")
        assert len(list(csv.reader(io.StringIO(text)))) == 1 + figure.locator(".row").count() > 10
    with Visit(browser, f"{url}#{finding_id(last)}") as visit:
        visit.page.wait_for_function("(name) => document.getElementById(name)?.open", arg=finding_id(last))
        assert visit.page.locator(f"[id='{finding_id(last)}'] .about").is_visible()
        assert visit.messages == []


def test_names_of_saved_files_sort_as_the_page_does(browser: Any, reports: dict[str, str]) -> None:
    with Visit(browser, reports["full"]) as visit:
        visit.page.evaluate(OPEN)
        names = [
            saved(visit, f"#{section} .save button:has-text('CSV')")[0] for section in ("gaps", "factors", "memory")
        ]
        assert names == sorted(names) and len(set(names)) == 3


def test_paper_shows_no_button_and_nothing_is_cut_at_the_right_edge(
    browser: Any, reports: dict[str, str], tmp_path: Path
) -> None:
    with Visit(browser, reports["full"], width=794) as visit:
        visit.page.emulate_media(media="print")
        visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert not any(one.is_visible() for one in visit.page.locator("button").all())
        assert not visit.page.locator(".contents").is_visible()
        visit.page.set_viewport_size({"width": 680, "height": 1000})
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 680
        visit.page.pdf(path=str(tmp_path / "report.pdf"), prefer_css_page_size=True)
    assert visit.messages == []
    assert (tmp_path / "report.pdf").stat().st_size > 50_000
