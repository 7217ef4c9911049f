from __future__ import annotations

import asyncio
import re
from pathlib import Path

import msgspec
import pytest

from evenhand.audit import analyse_run, publish
from evenhand.plan.file import stamp_plan, write_plan
from evenhand.records.plan import Plan
from evenhand.view.over_time import contrast_key
from tests.support.small_plan import small_bank, small_plan
from tests.support.viewed_run import right, viewed_run, viewing


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of one design on two days, one of another design, and one that was not analysed."""
    place = tmp_path_factory.mktemp("runs")
    plan = small_plan()
    later = stamp_plan(msgspec.structs.replace(plan, created="2026-02-03T00:00:00+00:00"))
    other = small_plan(bank=small_bank(4))
    for name, own, answer in (("jan", plan, right), ("feb", later, None), ("other", other, right)):
        analysed(place / name, own, *([answer] if answer else []))
    viewed_run(place / "open", plan=plan)
    return place


def analysed(directory: Path, plan: Plan, *answer: object) -> None:
    viewed_run(directory, *answer, plan=plan)  # type: ignore[arg-type]
    write_plan(plan, directory)
    publish(analyse_run(plan, directory), directory)


async def test_runs_of_the_same_questions_stand_in_one_table_the_oldest_first(folder: Path) -> None:
    async with viewing(folder) as (client, url), client.get(f"{url}/compare") as answer:
        page = await answer.text()
    assert re.findall(r'<th scope="row"><a href="/run/(\w+)"', page) == ["jan", "feb"]
    assert re.findall(r'<span class="label">(\w+)</span>', page) == ["jan", "feb"]
    assert "1 run is left out: not analysed yet, or not readable." in page
    assert len(re.findall(r'<option value="[0-9a-f]{12}"[^>]*>small; \d+ cells per model \(\d\)', page)) == 2


async def test_a_contrast_is_the_same_in_every_run(folder: Path) -> None:
    from evenhand.report.findings_file import read_findings

    gaps = [
        next(one for one in read_findings(folder / name).findings if one.measure == "gap") for name in ("jan", "feb")
    ]
    assert contrast_key(gaps[0]) == contrast_key(gaps[1])
    memory = next(one for one in read_findings(folder / "jan").findings if one.measure == "memory_effect")
    assert contrast_key(memory) != contrast_key(gaps[0])
    assert gaps[0].value == 0.0
    assert gaps[1].value == 1.0
    async with viewing(folder) as (client, url):
        async with client.get(f"{url}/compare?what={contrast_key(gaps[0])}") as answer:
            page = await answer.text()
        async with client.get(f"{url}/compare?what=nothing") as answer:
            assert answer.status == 400
        async with client.get(f"{url}/compare?questions=nothing") as answer:
            assert answer.status == 400
    assert re.findall(r'<td class="n">(0\.0|\+100\.0)</td>', page) == ["0.0", "+100.0"]


async def changed(url: str, client: object, first: str, second: str) -> str:
    for _ in range(200):
        async with client.get(f"{url}/change?first={first}&second={second}") as answer:  # type: ignore[attr-defined]
            page: str = await answer.text()
            if "are being compared" not in page:
                return page
        await asyncio.sleep(0.05)
    raise AssertionError("the comparison was not made")


async def test_two_runs_are_compared_as_the_command_compares_them(folder: Path) -> None:
    from evenhand.analysis.findings.compare import compare
    from evenhand.cli.compared import compared
    from evenhand.report.html import render_html

    async with viewing(folder) as (client, url):
        page = await changed(url, client, "jan", "feb")
        unlike = await changed(url, client, "jan", "other")
        without = await changed(url, client, "jan", "open")
        async with client.get(f"{url}/change?first=jan&second=..") as answer:
            assert answer.status == 400
    assert page == render_html(compare(*compared(folder / "jan", folder / "feb")))
    assert "did not ask the same questions" in unlike
    assert "has no scores.parquet yet" in without
