"""A loopback server with batches in both dialects, which plays every state that a provider's batch can be in.

It keeps count of what it would bill: every row that it answered, and every question that it answered one by one.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any, Literal

from aiohttp import web

__all__ = ["BatchServer", "End", "Fate", "Step", "batch_server"]

Fate = Literal["answer", "error", "filtered", "unasked", "missing", "damaged"]
"""What becomes of a row: answered; refused with an error; blocked by a filter; not asked before the batch ended;
counted as answered and in no file; counted as answered, and its line is cut off."""
End = Literal["completed", "expired", "cancelled", "failed", "archived"]
Step = Literal["upload.before", "create.before", "create.after", "look", "results"]
"""Where the server stops and never answers: before or after it did what it was asked."""
KEPT_S = 1_000_000.0


class _Batch:
    """One batch as the server keeps it."""

    def __init__(self, number: int, rows: list[dict[str, Any]], metadata: dict[str, str], file: str | None) -> None:
        self.id = f"batch_{number}"
        self.rows = rows
        self.metadata = metadata
        self.file = file
        self.made = time.time()
        self.looks = 0
        self.fates: list[Fate] = []
        self.end: End | None = None
        self.errors: list[dict[str, str]] = []


class BatchServer:
    """The state of the server, set by a test before or between requests."""

    def __init__(self) -> None:
        self.base_url = ""
        self.batches: dict[str, _Batch] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.live = 0
        """Questions that were answered one by one."""
        self.fate: Callable[[int, int], Fate] = lambda batch, row: "answer"
        """From the number of a batch and of a row in it to what becomes of the row."""
        self.end: Callable[[int], End] = lambda batch: "completed"
        self.looks = 1
        """Looks at a batch before it has ended."""
        self.rejection = ("invalid_json_line", "This line is not parseable as valid JSON.")
        """Code and words of a batch that ends as `failed`."""
        self.refuse_create: Callable[[int], tuple[int, dict[str, Any]] | None] = lambda batch: None
        """From the number of the batch to be made to a status and a body instead of it."""
        self.hold: Step | None = None
        self.held = Event()
        """Set when a request is held."""
        self.released = Event()
        self.requests: list[str] = []
        self.heads: list[dict[str, str]] = []
        self.answer = "A"
        self.late_listing = 0
        """Lists of batches that lack the newest one."""
        self.live_status = 200
        self.without_batches = False
        self.drops_metadata = False
        self.counts_unasked = False
        """Whether rows that were not asked are among those that it counts as failed."""
        self.readings: int | None = None
        """Answers that the model `reader` still gives; None: as many as it is asked for."""

    @property
    def billed(self) -> int:
        """Rows and questions that were answered."""
        paid = ("answer", "filtered", "missing", "damaged")
        return self.live + sum(fate in paid for batch in self.batches.values() for fate in batch.fates)

    @property
    def answered_rows(self) -> list[str]:
        """The cells that batches answered, each as often as it was."""
        return [
            row["custom_id"].partition("-")[2]
            for batch in self.batches.values()
            for row, fate in zip(batch.rows, batch.fates, strict=False)
            if fate == "answer"
        ]

    def release(self) -> None:
        """Let held requests go, and hold none from now on."""
        self.hold = None
        self.released.set()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=2**28, middlewares=[self._noted])
        app.router.add_get("/v1/files", self._list_files)
        app.router.add_post("/v1/files", self._upload)
        app.router.add_get("/v1/files/{id}", self._file)
        app.router.add_delete("/v1/files/{id}", self._delete_file)
        app.router.add_get("/v1/files/{id}/content", self._content)
        app.router.add_post("/v1/batches", self._create)
        app.router.add_get("/v1/batches", self._list)
        app.router.add_get("/v1/batches/{id}", self._look)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/messages", self._message)
        app.router.add_post("/v1/messages/batches", self._create_messages)
        app.router.add_get("/v1/messages/batches", self._list_messages)
        app.router.add_get("/v1/messages/batches/{id}", self._look_messages)
        app.router.add_get("/v1/messages/batches/{id}/results", self._message_results)
        return app

    @web.middleware
    async def _noted(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path}")
        self.heads.append(dict(request.headers))
        if self.without_batches and request.path not in ("/v1/chat/completions", "/v1/messages"):
            raise web.HTTPNotFound
        response: web.StreamResponse = await handler(request)
        return response

    async def _hold(self, step: Step) -> bool:
        """Stop here for as long as the test wishes; True where the request was held."""
        if self.hold != step:
            return False
        self.held.set()
        await asyncio.get_running_loop().run_in_executor(None, self.released.wait, 60.0)
        return True

    def _make(self, rows: list[dict[str, Any]], metadata: dict[str, str], file: str | None = None) -> _Batch:
        batch = _Batch(len(self.batches), rows, metadata, file)
        self.batches[batch.id] = batch
        return batch

    def _advance(self, batch: _Batch) -> None:
        """Let time pass for a batch that is looked at."""
        batch.looks += 1
        if batch.end is not None or batch.looks <= self.looks:
            return
        number = int(batch.id.partition("_")[2])
        batch.end = self.end(number)
        if batch.end == "failed":
            code, words = self.rejection
            batch.errors = [{"code": code, "message": words}]
            return
        batch.fates = [self.fate(number, index) for index in range(len(batch.rows))]

    # OpenAI's dialect

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        if await self._hold("upload.before"):
            raise web.HTTPServiceUnavailable
        part = form["file"]
        assert isinstance(part, web.FileField)
        assert form["purpose"] == "batch"
        name = f"file-{len(self.files)}"
        self.files[name] = (part.filename, part.file.read())
        return web.json_response({"id": name, "object": "file", "filename": part.filename})

    async def _list_files(self, request: web.Request) -> web.Response:
        data = [{"id": name, "filename": file} for name, (file, _) in self.files.items()]
        return web.json_response({"object": "list", "data": data})

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if name not in self.files:
            raise web.HTTPNotFound
        return web.json_response({"id": name, "filename": self.files[name][0], "expires_at": time.time() + KEPT_S})

    async def _delete_file(self, request: web.Request) -> web.Response:
        self.files.pop(request.match_info["id"], None)
        return web.json_response({"deleted": True})

    async def _content(self, request: web.Request) -> web.StreamResponse:
        body = self.files[request.match_info["id"]][1]
        return await self._results(request, body)

    async def _results(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if self.hold != "results":
            return web.Response(body=body, content_type="application/octet-stream")
        response = web.StreamResponse(headers={"Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        await self._hold("results")
        return response

    async def _create(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if await self._hold("create.before"):
            raise web.HTTPServiceUnavailable
        refused = self.refuse_create(len(self.batches))
        if refused is not None:
            return web.json_response(refused[1], status=refused[0])
        rows = [json.loads(line) for line in self.files[asked["input_file_id"]][1].splitlines() if line]
        assert all(row["url"] == asked["endpoint"] == "/v1/chat/completions" for row in rows)
        batch = self._make(rows, asked["metadata"], asked["input_file_id"])
        if await self._hold("create.after"):
            raise web.HTTPServiceUnavailable
        return web.json_response(self._shown(batch))

    async def _list(self, request: web.Request) -> web.Response:
        newest = list(reversed(self.batches.values()))
        if self.late_listing:
            self.late_listing -= 1
            newest = newest[1:]
        return self._page([self._shown(one) for one in newest], request, after=request.query.get("after"))

    def _page(self, shown: list[dict[str, Any]], request: web.Request, *, after: str | None) -> web.Response:
        names = [one["id"] for one in shown]
        begin = 0 if after is None else names.index(after) + 1
        most = min(int(request.query.get("limit", "20")), 2)  # pages of two, so that pages are turned
        page = shown[begin : begin + most]
        return web.json_response({"data": page, "has_more": begin + most < len(shown)})

    async def _look(self, request: web.Request) -> web.Response:
        await self._hold("look")
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return web.json_response(
                {"error": {"message": "No such batch", "type": "invalid_request_error"}}, status=404
            )
        self._advance(batch)
        return web.json_response(self._shown(batch))

    def _shown(self, batch: _Batch) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": batch.id,
            "object": "batch",
            "status": "in_progress" if batch.looks else "validating",
            "metadata": None if self.drops_metadata else batch.metadata,
            "input_file_id": batch.file,
            "created_at": int(batch.made),
            "expires_at": int(batch.made) + 86_400,
            "errors": None,
            "output_file_id": None,
            "error_file_id": None,
            "request_counts": {"total": len(batch.rows), "completed": 0, "failed": 0},
        }
        if batch.end is None:
            return shown
        if batch.end == "failed":
            return shown | {
                "status": "failed",
                "errors": {"object": "list", "data": batch.errors},
                "request_counts": None,
            }
        lines: dict[str, list[bytes]] = {"output": [], "error": []}
        for row, fate in reversed(list(zip(batch.rows, batch.fates, strict=True))):  # in no order that was asked for
            file, line = self._line(row, fate)
            lines[file] += [] if line is None else [line]
        for file, held in lines.items():
            name = f"file-{file}-{batch.id}"
            if held and batch.end != "archived":
                self.files.setdefault(name, (name, b"\n".join(held) + b"\n"))
            shown[f"{file}_file_id"] = name if held else None
        counted = sum(fate != "unasked" for fate in batch.fates)
        failed = sum(fate in ("error", "filtered") for fate in batch.fates)
        unasked = sum(fate == "unasked" for fate in batch.fates) if self.counts_unasked else 0
        status = "completed" if batch.end == "archived" else batch.end
        counts = {"total": len(batch.rows), "completed": counted - failed, "failed": failed + unasked}
        return shown | {"status": status, "request_counts": counts}

    def _line(self, row: dict[str, Any], fate: Fate) -> tuple[str, bytes | None]:
        """(file, line) of a row; None where it is in none."""
        head = {"id": "x", "custom_id": row["custom_id"], "error": None}
        match fate:
            case "answer" | "damaged":
                body = self._completion(row["body"])
                line = json.dumps(head | {"response": {"status_code": 200, "request_id": "r", "body": body}}).encode()
                return "output", line if fate == "answer" else line[: len(line) // 2]
            case "error" | "filtered":
                code = "content_filter" if fate == "filtered" else None
                words = "The prompt was filtered." if fate == "filtered" else "Something is wrong with it."
                error = {"message": words, "type": "invalid_request_error", "code": code}
                response = {"status_code": 400, "request_id": "r", "body": {"error": error}}
                return "error", json.dumps(head | {"response": response}).encode()
            case "unasked":
                error = {"code": "batch_expired", "message": "This request could not be executed in time."}
                return "error", json.dumps(head | {"response": None, "error": error}).encode()
            case "missing":
                return "output", None

    def _completion(self, asked: dict[str, Any]) -> dict[str, Any]:
        message = {"role": "assistant", "content": self.answer}
        return {
            "id": "c",
            "object": "chat.completion",
            "model": asked["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 1},
        }

    async def _chat(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if "temperature" in asked and asked["model"] == "warm":
            error = {"message": "Unsupported value: 'temperature' does not support 0.0 with this model."}
            return web.json_response({"error": error | {"code": "unsupported_value"}}, status=400)
        if asked["model"] == "reader":
            return self._read(asked)
        if self.live_status != 200:
            return web.json_response({"error": {"message": "Incorrect API key provided"}}, status=self.live_status)
        self.live += 1
        return web.json_response(self._completion(asked))

    def _read(self, asked: dict[str, Any]) -> web.Response:
        """The answer of a second model, which reads the answers of the first."""
        if self.readings == 0:
            return web.json_response({"error": {"message": "The reader is away."}}, status=400)
        self.readings = None if self.readings is None else self.readings - 1
        return web.json_response(self._completion(asked) | {"model": "reader"})

    # Anthropic's dialect

    async def _message(self, request: web.Request) -> web.Response:
        asked = await request.json()
        assert "anthropic-version" in request.headers
        self.live += 1
        return web.json_response(self._said(asked))

    def _said(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": "msg",
            "type": "message",
            "role": "assistant",
            "model": asked["model"],
            "content": [{"type": "text", "text": self.answer}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 90, "cache_read_input_tokens": 10, "output_tokens": 1},
        }

    async def _create_messages(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if await self._hold("create.before"):
            raise web.HTTPServiceUnavailable
        refused = self.refuse_create(len(self.batches))
        if refused is not None:
            return web.json_response(refused[1], status=refused[0])
        batch = self._make(asked["requests"], {})
        if await self._hold("create.after"):
            raise web.HTTPServiceUnavailable
        return web.json_response(self._shown_messages(batch))

    async def _list_messages(self, request: web.Request) -> web.Response:
        newest = list(reversed(self.batches.values()))
        for batch in newest:
            self._advance(batch)  # time passes while nobody looks at a batch by its name
        return self._page([self._shown_messages(one) for one in newest], request, after=request.query.get("after_id"))

    async def _look_messages(self, request: web.Request) -> web.Response:
        await self._hold("look")
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return web.json_response({"type": "error", "error": {"type": "not_found_error"}}, status=404)
        self._advance(batch)
        return web.json_response(self._shown_messages(batch))

    def _shown_messages(self, batch: _Batch) -> dict[str, Any]:
        def stamp(seconds: float) -> str:
            return datetime.fromtimestamp(seconds, tz=UTC).isoformat().replace("+00:00", "Z")

        counted: list[Fate] = batch.fates
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "in_progress" if batch.end is None else "ended",
            "request_counts": {
                "processing": len(batch.rows) - len(counted),
                "succeeded": sum(fate in ("answer", "missing", "damaged") for fate in counted),
                "errored": sum(fate in ("error", "filtered") for fate in counted),
                "canceled": 0,
                "expired": sum(fate == "unasked" for fate in counted),
            },
            "created_at": stamp(batch.made),
            "expires_at": stamp(batch.made + 86_400),
            "ended_at": None if batch.end is None else stamp(time.time()),
            "archived_at": stamp(time.time()) if batch.end == "archived" else None,
            "results_url": None if batch.end is None else f"https://elsewhere.example/{batch.id}",
        }

    async def _message_results(self, request: web.Request) -> web.StreamResponse:
        batch = self.batches[request.match_info["id"]]
        lines = []
        for row, fate in reversed(list(zip(batch.rows, batch.fates, strict=True))):
            result: dict[str, Any]
            match fate:
                case "answer" | "damaged":
                    result = {"type": "succeeded", "message": self._said(row["params"])}
                case "error" | "filtered":
                    error = {"type": "invalid_request_error", "message": "Something is wrong with it."}
                    result = {"type": "errored", "error": {"type": "error", "error": error}}
                case "unasked":
                    result = {"type": "expired"}
                case "missing":
                    continue
            line = json.dumps({"custom_id": row["custom_id"], "result": result}).encode()
            lines.append(line if fate != "damaged" else line[: len(line) // 2])
        return await self._results(request, b"\n".join(lines) + b"\n")


@contextmanager
def batch_server() -> Iterator[BatchServer]:
    """Serve until the block ends; the state says where."""
    server = BatchServer()
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(server.application(), shutdown_timeout=0.1)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    port = loop.run_until_complete(start())
    server.base_url = f"http://127.0.0.1:{port}/v1"
    thread = Thread(target=loop.run_forever, name="batch-server")
    thread.start()
    try:
        yield server
    finally:
        server.release()
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
