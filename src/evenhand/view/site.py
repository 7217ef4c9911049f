"""The web application: addresses, and what is answered to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from aiohttp import web

from evenhand.errors import EvenhandError, UsageError
from evenhand.rundir import FINDINGS_FILE
from evenhand.store.reading import open_trials
from evenhand.view.annotations import LONGEST_NOTE, add_annotation, read_annotations
from evenhand.view.exporting import ExportFormat, exported_notes, exported_trial, lines_of, trial_columns
from evenhand.view.item_pages import item_page, items_page
from evenhand.view.library import Library
from evenhand.view.over_time import compare_page
from evenhand.view.pair_pages import pair_page, pairs_page
from evenhand.view.render import ASSETS, ShownPage, asset, render_page
from evenhand.view.run_changes import RunChanges
from evenhand.view.run_folder import FolderEntry, RunFolder
from evenhand.view.run_pages import run_page, runs_page
from evenhand.view.served_report import REPORT_POLICY, ServedReports
from evenhand.view.trial_filter import read_filter
from evenhand.view.trial_pages import page_number, table_and_row, trial_page, trial_text, trials_page, wanted_places
from evenhand.view.visitor import DOCUMENT_POLICY, PAGE_HEADERS, RefusedVisit, Visitors

__all__ = ["view_app"]

T = TypeVar("T")
_LARGEST_FORM = 16 * LONGEST_NOTE
_LONGEST_ADDRESS = 4_000
_EXPORTED_AT_ONCE = 500


class Site:
    """The pages of a folder, answered by one thread for what is quick and another for what may take long.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.library = Library(folder)
        self.visitors = Visitors()
        self._changes = RunChanges(self.library)
        self._reports = ServedReports(self.library)
        self._quick = ThreadPoolExecutor(max_workers=1, thread_name_prefix="evenhand-view-page")
        self._slow = ThreadPoolExecutor(max_workers=1, thread_name_prefix="evenhand-view-file")

    async def close(self, _: web.Application) -> None:
        """End the threads."""
        for pool in (self._quick, self._slow):
            pool.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self.library.close)

    def routes(self) -> list[web.RouteDef]:
        """Every address."""
        run = "/run/{name}"
        return [
            web.get("/", self.runs),
            web.get("/health", self.health),
            web.get("/assets/{file}", self.asset),
            web.get("/compare", self.compare),
            web.get("/change", self.change),
            web.get(run, self.run),
            web.get(f"{run}/report", self.report),
            web.get(f"{run}/trials", self.trials),
            web.get(f"{run}/trials.{{form:csv|jsonl}}", self.exported_trials),
            web.get(f"{run}/trial/{{key}}", self.trial),
            web.get(f"{run}/trial/{{key}}/text/{{part}}", self.text),
            web.get(f"{run}/pairs", self.pairs),
            web.get(f"{run}/pair", self.pair),
            web.get(f"{run}/items", self.items),
            web.get(f"{run}/notes.{{form:csv|jsonl|json}}", self.notes),
            web.get(f"{run}/item/{{item:.+}}", self.item),
            web.post(f"{run}/item/{{item:.+}}", self.annotate),
        ]

    async def health(self, _: web.Request) -> web.Response:
        """That the server answers."""
        return web.json_response({"status": "ok"})

    async def asset(self, request: web.Request) -> web.Response:
        """A style, a script or a picture of ours."""
        name = request.match_info["file"]
        if name not in ASSETS:
            raise web.HTTPNotFound
        return web.Response(body=asset(name), content_type=ASSETS[name], charset="utf-8")

    async def runs(self, request: web.Request) -> web.Response:
        """The list of runs."""
        return await self._page(partial(runs_page, self.library, number=page_number(request.query)))

    async def compare(self, request: web.Request) -> web.Response:
        """Runs over time."""
        return await self._page(partial(compare_page, self.library, dict(request.query)))

    async def run(self, request: web.Request) -> web.Response:
        """One run."""
        return await self._page(partial(run_page, self._entry(request, "run"), self.library))

    async def trials(self, request: web.Request) -> web.Response:
        """A list of trials."""
        entry = self._entry(request, "run")
        return await self._page(partial(trials_page, entry, self.library, dict(request.query)))

    async def trial(self, request: web.Request) -> web.Response:
        """One trial."""
        entry = self._entry(request, "run")
        return await self._page(partial(trial_page, entry, self.library, request.match_info["key"]))

    async def pairs(self, request: web.Request) -> web.Response:
        """A list of pairs."""
        entry = self._entry(request, "run")
        return await self._page(partial(pairs_page, entry, self.library, dict(request.query)))

    async def pair(self, request: web.Request) -> web.Response:
        """Two trials side by side."""
        entry = self._entry(request, "run")
        return await self._page(partial(pair_page, entry, self.library, dict(request.query)))

    async def items(self, request: web.Request) -> web.Response:
        """The items."""
        entry = self._entry(request, "run")
        return await self._page(partial(items_page, entry, self.library, dict(request.query)))

    async def item(self, request: web.Request) -> web.Response:
        """One item."""
        entry, token = self._entry(request, "run"), self.visitors.token
        kept = request.query.get("kept") == "1"
        made = partial(item_page, entry, self.library, request.match_info["item"], token=token, kept=kept)
        return await self._page(made)

    async def annotate(self, request: web.Request) -> web.Response:
        """Keep a note of an item."""
        form = await request.post()
        self.visitors.check_change(request.headers, str(form.get("token", "")))
        entry, item = self._entry(request, "run"), request.match_info["item"]
        flags = tuple(str(flag) for flag in form.getall("flag", []))

        def keep() -> bool:
            if item not in self.library.plan(entry.path).items:
                return False
            add_annotation(entry.path, item=item, flags=flags, note=str(form.get("note", "")))
            return True

        if not await self._in(self._quick, keep):
            raise web.HTTPNotFound
        raise web.HTTPSeeOther(f"/run/{quote(entry.name, safe='')}/item/{quote(item)}?kept=1")

    async def text(self, request: web.Request) -> web.Response:
        """One text of a trial, whole."""
        entry, found = self._entry(request, "run"), request.match_info
        text = await self._in(self._quick, partial(trial_text, entry, self.library, found["key"], found["part"]))
        if text is None:
            raise web.HTTPNotFound
        headers = {"Content-Security-Policy": DOCUMENT_POLICY}
        return web.Response(
            body=text.encode("utf-8", "replace"), content_type="text/plain", charset="utf-8", headers=headers
        )

    async def report(self, request: web.Request) -> web.Response:
        """The report of a run."""
        entry = self._entry(request)
        page = await self._in(self._slow, partial(self._reports.of, entry.path, FINDINGS_FILE))
        return _report(page)

    async def change(self, request: web.Request) -> web.Response:
        """The report of what changed between two runs, or that it is being made."""
        entries = [self.library.folder.entry(request.query.get(side, "")) for side in ("first", "second")]
        runs = [entry for entry in entries if entry is not None and entry.kind == "run"]
        if len(runs) < 2:
            raise UsageError("a comparison needs two runs of this folder; choose them on the page Over time")
        change = await self._in(self._quick, partial(self._changes.between, runs[0].path, runs[1].path))
        if change.page is not None:
            return _report(change.page)
        values: dict[str, object] = {
            "title": "What changed",
            "problem": change.problem,
            "live": 0 if change.problem else 2,
        }
        return await self._page(lambda: ShownPage(template="change.html.j2", values=values))

    async def notes(self, request: web.Request) -> web.Response:
        """The notes of a run as a file."""
        entry, form = self._entry(request, "run"), request.match_info["form"]
        notes = await self._in(self._quick, partial(read_annotations, entry.path))
        rows = exported_notes(notes.notes)
        if form == "json":
            return _file(msgspec.json.encode(rows), f"{entry.name}-notes.json", "application/json")
        made = lines_of(iter(rows), ("item", "flags", "note", "when"), form=_form(form))
        return _file(b"".join(made), f"{entry.name}-notes.{form}", _TYPES[form])

    async def exported_trials(self, request: web.Request) -> web.StreamResponse:
        """The trials that are asked for as a file, piece by piece."""
        entry, form = self._entry(request, "run"), _form(request.match_info["form"])
        query = dict(request.query)
        pieces = await self._in(self._quick, partial(self._pieces, entry, query, form))
        response = web.StreamResponse(headers=_file_headers(f"{entry.name}-trials.{form}"))
        response.content_type, response.charset = _TYPES[form], "utf-8"
        await response.prepare(request)
        async for piece in self._streamed(pieces):
            await response.write(piece)
        await response.write_eof()
        return response

    def _pieces(self, entry: FolderEntry, query: dict[str, str], form: ExportFormat) -> Iterator[bytes]:
        """Pieces of the file; a filter that cannot be meant is refused before the first."""
        run = self.library.run(entry.path)
        snapshot = run.snapshot
        places = wanted_places(read_filter(query, run.known), snapshot)
        columns = trial_columns(run.known)

        def rows(start: int) -> Iterator[dict[str, Any]]:
            with open_trials(run.store) as trials:
                for place in places[start : start + _EXPORTED_AT_ONCE]:
                    stored = trials.at(*table_and_row(snapshot.columns, int(place)))
                    if stored is not None:
                        yield exported_trial(stored, run.known, trials)

        def pieces() -> Iterator[bytes]:
            yield b"".join(lines_of(iter(()), columns, form=form))
            for start in range(0, len(places), _EXPORTED_AT_ONCE):
                lines = lines_of(rows(start), columns, form=form)
                if form == "csv":
                    next(lines)  # the header went first
                yield b"".join(lines)

        return pieces()

    async def _streamed(self, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
        while (piece := await self._in(self._slow, partial(next, pieces, None))) is not None:
            if piece:
                yield piece

    def _entry(self, request: web.Request, kind: str = "") -> FolderEntry:
        """The directory that an address names.

        Raises:
            HTTPNotFound: There is none of this kind.
        """
        entry = self.library.folder.entry(request.match_info["name"])
        if entry is None or entry.kind == "foreign" or (kind and entry.kind != kind):
            raise web.HTTPNotFound
        return entry

    async def _page(self, make: Callable[[], ShownPage | None]) -> web.Response:
        """A page, made in the thread for pages."""

        def made() -> tuple[str, int]:
            page = make()
            if page is None:
                raise web.HTTPNotFound
            return render_page(page), page.status

        text, status = await self._in(self._quick, made)
        return _html(text, status=status)

    async def _in(self, pool: ThreadPoolExecutor, make: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, make)


_TYPES = {"csv": "text/csv", "jsonl": "application/jsonl"}
_SAID = {
    404: ("Not found", "There is nothing at this address. The run may have been moved or renamed."),
    405: ("Not possible", "This address cannot be asked in this way."),
    413: ("Too large", "What was sent is larger than any form of this page."),
}


def _form(given: str) -> ExportFormat:
    return "csv" if given == "csv" else "jsonl"


def _html(text: str, *, status: int = 200) -> web.Response:
    return web.Response(body=text.encode("utf-8", "replace"), status=status, content_type="text/html", charset="utf-8")


def _report(page: str) -> web.Response:
    response = _html(page)
    response.headers["Content-Security-Policy"] = REPORT_POLICY
    return response


def _file_headers(name: str) -> dict[str, str]:
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-._") else "-" for letter in name)
    return {"Content-Disposition": f'attachment; filename="{plain}"', "Content-Security-Policy": DOCUMENT_POLICY}


def _file(body: bytes, name: str, content_type: str) -> web.Response:
    return web.Response(body=body, content_type=content_type, charset="utf-8", headers=_file_headers(name))


def _told(title: str, text: str, *, status: int) -> web.Response:
    values: dict[str, object] = {"title": title, "text": text, "live": 0}
    return _html(render_page(ShownPage(template="told.html.j2", values=values)), status=status)


def view_app(folder: RunFolder) -> web.Application:
    """The web application over a folder of runs."""
    site = Site(folder)

    @web.middleware
    async def guarded(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            site.visitors.check_host(request.headers)
            if len(request.raw_path) > _LONGEST_ADDRESS:
                raise UsageError(f"an address has {_LONGEST_ADDRESS:,} characters at most")
            return await handler(request)
        except RefusedVisit as refused:
            return _told("Refused", str(refused), status=403)
        except UsageError as error:
            return _told("This cannot be shown", _sentence(error), status=400)
        except EvenhandError as error:
            return _told("This cannot be read", _sentence(error), status=500)
        except web.HTTPException as answer:
            if answer.status not in _SAID:
                raise
            title, text = _SAID[answer.status]
            told = _told(title, text, status=answer.status)
            told.headers.update({name: value for name, value in answer.headers.items() if name == "Allow"})
            return told

    async def with_headers(_: web.Request, response: web.StreamResponse) -> None:
        for name, value in PAGE_HEADERS.items():
            response.headers.setdefault(name, value)

    app = web.Application(middlewares=[guarded], client_max_size=_LARGEST_FORM)
    app.on_response_prepare.append(with_headers)
    app.on_cleanup.append(site.close)
    app.add_routes(site.routes())
    return app


def _sentence(error: EvenhandError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]
