"""The pages over a real server on loopback: what they show, what they refuse, and what stays text."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import aiohttp
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from yarl import URL

from evenhand.audit import publish
from evenhand.records.message import Reply
from evenhand.records.plan import Plan
from evenhand.records.trial import Answered, Outcome
from evenhand.report.findings_file import read_findings
from evenhand.report.html import render_html
from evenhand.view import followed_run
from evenhand.view.annotations import read_annotations
from evenhand.view.search import WordSearch, found_texts
from evenhand.view.visitor import PAGE_POLICY
from tests.support.findings_fixture import full_findings
from tests.support.small_plan import small_bank, small_plan
from tests.support.viewed_run import HOSTILE, add_rows, failing, run_rows, says, viewed_run, viewing

PAGES = ("", "/trials", "/pairs", "/pairs?show=version", "/pairs?show=two", "/items")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "runs"
    viewed_run(place / "a")
    publish(full_findings(), place / "a")
    (place / "letters").mkdir()
    return place


async def text_of(
    client: aiohttp.ClientSession, url: str, *, status: int = 200, at_once: bool = False, **more: object
) -> str:
    """The page; one that is still searching is asked for again, unless `at_once`."""
    for _ in range(200):
        async with client.get(url, allow_redirects=False, **more) as answer:  # type: ignore[arg-type]
            text = await answer.text()
            assert answer.status == status, f"{url}: {answer.status} {text[-400:]}"
        if at_once or "The words are being looked for." not in text:
            return text
        await asyncio.sleep(0.05)
    raise AssertionError(f"{url}: the search has no end")


async def indexed(client: aiohttp.ClientSession, url: str, run: str = "a") -> None:
    """Return when the index of a run is complete."""
    for _ in range(200):
        page = await text_of(client, f"{url}/run/{run}/trials")
        if "<strong>0 trials" not in page and "The index is being made" not in page:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the index was not made")


class Markup(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


async def test_every_page_of_a_run_answers_with_the_policy(folder: Path) -> None:
    async with viewing(folder) as (client, url):
        await indexed(client, url)
        for page in ("/", "/compare", *(f"/run/a{page}" for page in PAGES)):
            async with client.get(url + page) as answer:
                assert answer.status == 200
                assert answer.headers["Content-Security-Policy"] == PAGE_POLICY
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
                assert (await answer.text()).startswith("<!doctype html>")


async def test_no_page_has_an_inline_style_a_handler_or_a_foreign_address(folder: Path) -> None:
    async with viewing(folder) as (client, url):
        await indexed(client, url)
        for page in ("/", "/compare", *(f"/run/a{page}" for page in PAGES)):
            for tag, attributes in Markup(await text_of(client, url + page)).elements:
                assert "style" not in attributes, (page, tag)
                assert not any(name.startswith("on") for name in attributes), (page, tag)
                assert tag != "script" or attributes.get("src") == "/assets/view.js"
                for name in ("href", "src", "action"):
                    assert re.match(r"/(?!/)|#", attributes.get(name) or "/"), (page, tag, attributes)


async def test_the_list_says_what_each_directory_is(folder: Path) -> None:
    (folder / "broken").mkdir()
    (folder / "broken" / "plan.json").write_bytes(b"{")
    async with viewing(folder) as (client, url):
        page = await text_of(client, url)
    assert '<a href="/run/a">a</a>' in page
    assert "is not a plan this version can read" in page
    assert "They hold neither a plan nor findings, so there is nothing to show: letters." in page


async def test_an_empty_folder_says_how_to_make_a_run(tmp_path: Path) -> None:
    async with viewing(tmp_path) as (client, url):
        assert "Make one with <code>evenhand audit</code>" in await text_of(client, url)


@pytest.mark.parametrize(
    "path",
    [
        "/run/..",
        "/run/%2e%2e",
        "/run/..%2f..%2fetc%2fpasswd",
        "/run/%2e%2e%2fa",
        "/run/a%2f..%2fa",
        "/run/letters",
        "/run/nobody",
        "/run/a/trial/" + "0" * 32,
        "/run/a/trial/..%2f..%2fplan.json",
        "/run/a/trial/x/text/0",
        "/run/a/item/nobody",
        "/run/a/pair?first=x&second=y",
        "/run/a/plan.json",
        "/assets/..%2fbase.html.j2",
        "/assets/base.html.j2",
        "/etc/passwd",
        "/run/%00",
        "/run/a/notes.exe",
    ],
)
async def test_what_is_not_there_is_not_found(folder: Path, path: str) -> None:
    async with viewing(folder) as (client, url):
        page = await text_of(client, URL(url + path, encoded=True), status=404)  # type: ignore[arg-type]
    assert "There is nothing at this address." in page
    assert "root:" not in page


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "192.168.0.7", "", "127.0.0.1.evil.example"])
async def test_another_host_name_is_refused(folder: Path, host: str) -> None:
    async with viewing(folder) as (client, url):
        page = await text_of(client, f"{url}/run/a", status=403, headers={"Host": host})
    assert "answers this machine only" in page
    assert "simulated/null" not in page


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_pages_take_no_other_method(folder: Path, method: str) -> None:
    async with viewing(folder) as (client, url):
        for page in ("/", "/run/a", "/run/a/trials", "/run/a/trials.csv", "/run/a/notes.csv"):
            async with client.request(method, url + page) as answer:
                assert answer.status == 405
                assert answer.headers["Content-Security-Policy"] == PAGE_POLICY


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("outcome=answerd", "did you mean &#39;answered&#39;"),
        ("page=0", "there is no page"),
        ("page=-1", "there is no page"),
        ("page=99999999999999999999", "there is no page"),
        ("page=1e3", "there is no page"),
        ("q=" + "x" * 201, "a search has 200 characters at most"),
        ("q=%22%22", "there is no word in the search"),
        ("item=%3Cscript%3E", "&lt;script&gt;"),
        ("q=" + "x" * 5000, "an address has 4,000 characters at most"),
    ],
)
async def test_what_cannot_be_meant_is_said(folder: Path, query: str, said: str) -> None:
    async with viewing(folder) as (client, url):
        page = await text_of(client, f"{url}/run/a/trials?{query}", status=400)
    assert said.lower() in page.lower()
    assert "<script>" not in page


async def test_a_page_behind_the_last_is_empty(folder: Path) -> None:
    async with viewing(folder) as (client, url):
        await indexed(client, url)
        assert "There is no such page." in await text_of(client, f"{url}/run/a/trials?page=1000000")
        assert "There is no such page." in await text_of(client, f"{url}/run/a/pairs?page=1000000")


def keys_of(page: str) -> list[str]:
    return re.findall(r'href="/run/a/trial/([0-9a-f]{32})"', page)


async def test_the_pages_of_a_list_hold_every_trial_once(folder: Path) -> None:
    async with viewing(folder) as (client, url):
        await indexed(client, url)
        first = await text_of(client, f"{url}/run/a/trials")
        (total,) = re.findall(r"<strong>([\d,]+) trials", first)
        keys, address = keys_of(first), f"{url}/run/a/trials?page=1"
        assert len(keys) == 50
        while following := re.search(r'rel="next" href="([^"]+)"', await text_of(client, address)):
            address = url + following[1]
            keys += keys_of(await text_of(client, address))
    assert len(keys) == len(set(keys)) == int(total.replace(",", "")) == len(run_rows(small_plan()))


async def test_a_trial_shows_what_was_sent_and_answered(folder: Path) -> None:
    async with viewing(folder) as (client, url):
        await indexed(client, url)
        page = await text_of(client, f"{url}/run/a/trials?item=i2&group=position%3Ddisadvantaged")
        (key, *_) = keys_of(page)
        assert '<span class="hit no">not best</span>' in page
        shown = await text_of(client, f"{url}/run/a/trial/{key}")
        assert "Kim finds parcel number 2." in shown
        assert "You are a helpful assistant." in shown
        assert re.search(r"Rather \w, said of i2\.", shown)
        whole = await text_of(client, f"{url}/run/a/trial/{key}/text/1")
    assert whole == "Kim finds parcel number 2. What is Kim most likely to feel?"


async def test_pairs_show_both_sides_with_what_differs(folder: Path) -> None:
    async with viewing(folder) as (client, url):
        await indexed(client, url)
        for show in ("memory", "version"):
            page = await text_of(client, f"{url}/run/a/pairs?show={show}&item=i2")
            assert "Disadvantaged" in page
            first, second = re.findall(r"/pair\?first=(\w+)&amp;second=(\w+)", page)[0]
            side = await text_of(client, f"{url}/run/a/pair?first={first}&second={second}")
            assert re.search(r"<mark>(The user rents from house \d\.|Rather)</mark>", side)
            assert "Two answers side by side" in side
        two = await text_of(client, f"{url}/run/a/pairs?show=two")
        assert "Choose an item and two users." in two
        page = await text_of(client, f"{url}/run/a/trials?item=i2&group=position%3Ddisadvantaged")
        arms = re.findall(r'<option value="(pairs/p\d\.disadvantaged)">', page)
        found = [
            await text_of(client, f"{url}/run/a/pairs?show=two&item=i2&first={quote(arm, safe='')}&second=none")
            for arm in arms
        ]
        assert sum("2 pairs</strong>: 2 with different options chosen" in one for one in found) == 2


async def test_items_say_how_they_were_answered(folder: Path) -> None:
    async with viewing(folder) as (client, url):
        await indexed(client, url)
        page = await text_of(client, f"{url}/run/a/items")
        assert page.count('<th scope="row"><a href="/run/a/item/') == 6
        item = await text_of(client, f"{url}/run/a/item/i2")
    assert "Kim finds parcel number 2." in item
    assert re.search(r'Fear <span class="hit yes">best</span></th><td class="n">\d+%</td><td class="n">100%', item)


async def test_the_numbers_of_the_items_are_those_of_the_trials(folder: Path) -> None:
    async with viewing(folder) as (client, url):
        await indexed(client, url)
        for query in ("", "?kind=understanding", "?answer=letter"):
            page = await text_of(client, f"{url}/run/a/items{query}")
            (row,) = re.findall(r'<tr><th scope="row"><a href="/run/a/item/i2">.*?</tr>', page, re.DOTALL)
            numbers = re.findall(r'<td class="n"[^>]*>(?:<a [^>]*>)?([^<]+)', row)
            trials = [
                json.loads(one) for one in (await text_of(client, f"{url}/run/a/trials.jsonl?item=i2")).splitlines()
            ]
            with_memory = [one["best"] for one in trials if one["arm"] != "none"]
            share = f"{100 * sum(with_memory) / len(with_memory):.0f}%"
            changed = str(sum(not best for best in with_memory))
            assert numbers == [str(len(trials)), str(len(trials)), share, "100%", changed], query


async def noted(client: aiohttp.ClientSession, url: str, **sent: str) -> tuple[int, str]:
    page = await text_of(client, f"{url}/run/a/item/i2")
    (token,) = re.findall(r'name="token" value="([^"]+)"', page)
    data = {"token": token, "note": "a note", "flag": "unclear", **sent}
    headers = {"Origin": url}
    async with client.post(f"{url}/run/a/item/i2", data=data, headers=headers, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", "")


async def test_a_note_is_kept_and_survives_a_new_analysis(folder: Path) -> None:
    async with viewing(folder) as (client, url):
        assert await noted(client, url, note=HOSTILE) == (303, "/run/a/item/i2?kept=1")
        publish(full_findings(), folder / "a")
        page = await text_of(client, f"{url}/run/a/item/i2?kept=1")
        assert "The note is kept" in page
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page
        listed = await text_of(client, f"{url}/run/a/items?noted=1")
        rows = json.loads(await text_of(client, f"{url}/run/a/notes.json"))
        lines = [json.loads(line) for line in (await text_of(client, f"{url}/run/a/notes.jsonl")).splitlines()]
        table = list(csv.DictReader(io.StringIO(await text_of(client, f"{url}/run/a/notes.csv"), newline="")))
    assert "1 item</strong>, 1 with a note" in listed or "<strong>0 items" in listed
    (note,) = read_annotations(folder / "a").notes
    assert (note.item, note.flags, note.note) == ("i2", ("unclear",), HOSTILE)
    assert rows == lines == [{"item": "i2", "flags": ["unclear"], "note": HOSTILE, "when": note.when}]
    assert (table[0]["note"], json.loads(table[0]["flags"])) == (HOSTILE, ["unclear"])


@pytest.mark.parametrize(
    ("sent", "status"),
    [({"token": ""}, 403), ({"token": "x" * 43}, 403), ({"flag": "nonsense"}, 400), ({"note": "x" * 4001}, 400)],
)
async def test_a_form_that_is_not_ours_changes_nothing(folder: Path, sent: dict[str, str], status: int) -> None:
    async with viewing(folder) as (client, url):
        assert (await noted(client, url, **sent))[0] == status
    assert not (folder / "a" / "annotations.jsonl").exists()


async def test_a_form_of_another_origin_changes_nothing(folder: Path) -> None:
    async with viewing(folder) as (client, url):
        page = await text_of(client, f"{url}/run/a/item/i2")
        (token,) = re.findall(r'name="token" value="([^"]+)"', page)
        for origin in ("http://evil.example", "null"):
            data = {"token": token, "note": "x"}
            async with client.post(f"{url}/run/a/item/i2", data=data, headers={"Origin": origin}) as answer:
                assert answer.status == 403
        async with client.post(f"{url}/run/a/item/i2", data={"token": token, "note": "x" * 200_000}) as answer:
            assert answer.status == 413
        async with client.post(f"{url}/run/a/item/nobody", data={"token": token, "note": "x"}) as answer:
            assert answer.status == 404
        await text_of(client, f"{url}/run/a/item/i2?token={token}&note=x&flag=unclear")
    assert not (folder / "a" / "annotations.jsonl").exists()


def hostile_plan() -> Plan:
    bank = small_bank()
    items = tuple(
        msgspec.structs.replace(
            item,
            id=f"i{place} {HOSTILE}",
            stem=f"{HOSTILE} {place}",
            options=tuple(msgspec.structs.replace(option, text=f"{option.text} {HOSTILE}") for option in item.options),
        )
        for place, item in enumerate(bank.items)
    )
    return small_plan(bank=msgspec.structs.replace(bank, items=items))


async def test_hostile_texts_stay_text_everywhere(tmp_path: Path) -> None:
    def answer(cell: object, meeting: object) -> tuple[Outcome, Reply | None]:
        return Answered(choice="a"), says(f"{HOSTILE} <img src=x onerror=alert(3)>", reasoning=HOSTILE, note=HOSTILE)

    viewed_run(tmp_path / "runs" / "a", answer, plan=hostile_plan())
    async with viewing(tmp_path / "runs") as (client, url):
        await indexed(client, url)
        trials = await text_of(client, f"{url}/run/a/trials?q=alert")
        (key, other, *_) = keys_of(trials)
        items = await text_of(client, f"{url}/run/a/items")
        (item, *_) = re.findall(r'<th scope="row"><a href="([^"]+)"', items)
        pages = [trials, items, await text_of(client, url)]
        for page in (*PAGES, f"/trial/{key}", f"/pair?first={key}&second={other}"):
            pages.append(await text_of(client, f"{url}/run/a{page}"))
        pages.append(await text_of(client, URL(url + item, encoded=True)))  # type: ignore[arg-type]
        async with client.get(f"{url}/run/a/trial/{key}/text/answer") as raw:
            assert raw.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert raw.headers["Content-Security-Policy"].endswith("sandbox")
            assert raw.headers["X-Content-Type-Options"] == "nosniff"
    for page in pages:
        found = Markup(page).elements
        assert [attributes.get("src") for tag, attributes in found if tag == "script"] == ["/assets/view.js"]
        assert not [
            tag for tag, attributes in found if tag == "img" or any(name.startswith("on") for name in attributes)
        ]
        assert "\u202e" not in page
        assert "\x1b" not in page
        assert ">49<" not in page
    shown = "".join(pages)
    assert "&lt;U+202E&gt;txet" in shown
    assert "{{ 7*7 }}{% raw %}" in shown


async def test_trials_are_exported_as_they_are_filtered(folder: Path) -> None:
    async with viewing(folder) as (client, url):
        await indexed(client, url)
        page = await text_of(client, f"{url}/run/a/trials?item=i2&q=rather")
        async with client.get(f"{url}/run/a/trials.jsonl?item=i2&q=rather") as answer:
            assert answer.headers["Content-Disposition"] == 'attachment; filename="a-trials.jsonl"'
            lines = [json.loads(line) for line in (await answer.text()).splitlines()]
        table = list(csv.DictReader(io.StringIO(await text_of(client, f"{url}/run/a/trials.csv?item=i2&q=rather"))))
        everything = (await text_of(client, f"{url}/run/a/trials.jsonl")).splitlines()
        await text_of(client, f"{url}/run/a/trials.csv?item=nobody", status=400)
    assert {line["cell_key"] for line in lines} == set(keys_of(page))
    assert [row["cell_key"] for row in table] == [line["cell_key"] for line in lines]
    assert {line["item"] for line in lines} == {"i2"}
    assert len(everything) == len(run_rows(small_plan()))


async def test_a_search_that_takes_long_says_so_and_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def slow(index: Path, search: WordSearch) -> NDArray[np.int64]:
        assert go_on.wait(20)
        return found_texts(index, search)

    monkeypatch.setattr(followed_run, "found_texts", slow)
    async with viewing(folder) as (client, url):
        await indexed(client, url)
        waiting = await text_of(client, f"{url}/run/a/trials?q=rather", at_once=True)
        assert "The words are being looked for." in waiting
        assert 'data-live="1"' in waiting
        assert "Trials of a" in await text_of(client, f"{url}/run/a/trials")
        go_on.set()
        page = await text_of(client, f"{url}/run/a/trials?q=rather")
    assert len(keys_of(page)) == sum('"Rather' in str(row.columns) for row in run_rows(small_plan()))


async def test_the_report_is_served_as_an_origin_of_its_own(folder: Path) -> None:
    async with viewing(folder) as (client, url), client.get(f"{url}/run/a/report") as answer:
        policy = answer.headers["Content-Security-Policy"]
        page = await answer.text()
    assert page == (folder / "a" / "report.html").read_text(encoding="utf-8")
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    assert "'unsafe-inline'" not in policy
    assert re.search(r"script-src 'sha256-[\w+/=]+'", policy)


async def test_a_report_that_somebody_changed_is_made_from_the_findings(folder: Path) -> None:
    (folder / "a" / "report.html").write_text("<script>alert(1)</script>", encoding="utf-8")
    async with viewing(folder) as (client, url):
        page = await text_of(client, f"{url}/run/a/report")
    assert page == render_html(read_findings(folder / "a"))


async def test_a_run_without_findings_says_how_to_get_them(tmp_path: Path) -> None:
    viewed_run(tmp_path / "runs" / "a")
    async with viewing(tmp_path / "runs") as (client, url):
        assert "was not analysed yet" in await text_of(client, f"{url}/run/a/report", status=500)
        assert "This run was not analysed yet." in await text_of(client, f"{url}/run/a")


@pytest.mark.parametrize("name", ["plan.json", "trials.sqlite"])
async def test_a_damaged_run_is_a_sentence_on_every_page(folder: Path, name: str) -> None:
    (folder / "a" / name).write_bytes(b"damaged" * 900)
    async with viewing(folder) as (client, url):
        assert "cannot be read" in await text_of(client, url) or "is not a" in await text_of(client, url)
        for page in PAGES:
            async with client.get(f"{url}/run/a{page}") as answer:
                text = await answer.text()
                assert answer.status == 500
                assert "This cannot be read" in text
                assert "Traceback" not in text


async def test_a_run_that_goes_on_is_followed(tmp_path: Path) -> None:
    from evenhand.store.store import open_store

    plan = small_plan()
    run = tmp_path / "runs" / "a"
    viewed_run(run)
    for path in run.glob("trials*"):
        path.unlink()
    rows = run_rows(plan)
    add_rows(run, plan, run_rows(plan, failing, cells=slice(20, 21)))
    with open_store(run / "trials.sqlite", plan_sha256=plan.sha256) as store:
        store.append(rows[:20])
        async with viewing(tmp_path / "runs") as (client, url):
            await indexed(client, url)
            first = await text_of(client, f"{url}/run/a")
            assert "asking now" in first
            assert 'data-live="5"' in first
            assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in first
            assert f"21 of {len(rows)} cells" in first
            store.append(rows[20:50])
            second = await text_of(client, f"{url}/run/a")
            for _ in range(100):
                if f"50 of {len(rows)} cells" in second and "failed" not in second:
                    break
                await asyncio.sleep(0.05)
                second = await text_of(client, f"{url}/run/a")
            assert f"50 of {len(rows)} cells" in second
            assert "asking now" in await text_of(client, url)


async def test_many_at_once_are_all_answered(folder: Path) -> None:
    async with viewing(folder) as (client, url):
        await indexed(client, url)
        pages = [f"{url}/run/a{page}" for page in PAGES] * 8
        texts = await asyncio.gather(*(text_of(client, page) for page in pages))
    assert all(text.startswith("<!doctype html>") for text in texts)
