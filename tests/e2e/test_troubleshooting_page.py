"""Every message of docs/troubleshooting.md is raised here, by the command that a person would have run."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from evenhand.audit import audit
from evenhand.plan.file import write_plan
from evenhand.store.store import open_store
from tests.support.chat_server import chat_body
from tests.support.command import SMALL, evenhand
from tests.support.running_server import free_port
from tests.support.small_plan import small_plan

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"
MESSAGES = re.findall(r"```text\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
SHOWN = "http://127.0.0.1:8000/v1"
FEW = (*SMALL, "--items", "60", "--out", "runs/mine")
Said = Callable[..., str]


def matches(message: str, said: str) -> bool:
    """Whether the page quotes what was said; `...` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in " ".join(message.split()).split("..."))
    return re.search(pattern, " ".join(said.split())) is not None


@contextmanager
def server(status: int, body: bytes | dict[str, Any], **headers: str) -> Iterator[str]:
    """A chat server that always says the same, and lists two models."""
    answer = body if isinstance(body, bytes) else json.dumps(body).encode()
    listed = json.dumps({"object": "list", "data": [{"id": "tiny-1"}, {"id": "tiny-2"}]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.put(status, answer)

        def do_GET(self) -> None:
            self.put(200, listed)

        def put(self, status: int, body: bytes) -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}/v1"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    """What a command that fails says, in a folder of its own and with no key in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.endswith("_KEY")]:
        monkeypatch.delenv(name)

    def run(*arguments: str, at: str = SHOWN) -> str:
        ended = evenhand(*arguments, capsys=capsys, monkeypatch=monkeypatch)
        assert ended.code != 0, f"{arguments} ended well"
        return (ended.out + ended.err).replace(at, SHOWN)

    return run


def at_server(said: Said, status: int, body: bytes | dict[str, Any], *more: str, **headers: str) -> str:
    with server(status, body, **headers) as url:
        return said("audit", "vllm/my-model", "--base-url", url, *FEW, *more, at=url)


def no_server(said: Said) -> str:
    url = f"http://127.0.0.1:{free_port()}/v1"
    return said("audit", "vllm/my-model", "--base-url", url, *FEW, at=url)


def without_extra(said: Said) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "torch", None)
        patch.setitem(sys.modules, "transformers", None)
        return said("doctor", "hf/./my-checkpoint")


def two_servers(said: Said) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MY_VARIABLE", "a-key-of-mine")
        return said("audit", "openai/gpt-5.1", "mistral/x", "--api-key-env", "MY_VARIABLE", "--yes", *FEW)


def settings(said: Said, text: str, *command: str) -> str:
    Path("evenhand.toml").write_text(text, encoding="utf-8")
    return said(*command)


def at_work(said: Said) -> str:
    plan = small_plan()
    write_plan(plan, Path("runs/mine"))
    with open_store(Path("runs/mine/trials.sqlite"), plan_sha256=plan.sha256):
        return said("run", "runs/mine")


def another_plan(said: Said) -> str:
    words = ("audit", "simulated/null", *FEW)
    said(*words, "--max-calls", "20")
    return said(*words, "--seed", "4")


def edited(said: Said) -> str:
    plan = small_plan()
    write_plan(msgspec.structs.replace(plan, seed=plan.seed + 1), Path("runs/mine"))
    return said("run", "runs/mine")


def newer_store(said: Said) -> str:
    audit(small_plan(), "runs/mine")
    database = sqlite3.connect("runs/mine/trials.sqlite")
    database.execute("PRAGMA user_version = 99")
    database.close()
    return said("run", "runs/mine")


def broken_store(said: Said) -> str:
    write_plan(small_plan(), Path("runs/mine"))
    Path("runs/mine/trials.sqlite").write_bytes(b"x" * 5000)
    return said("run", "runs/mine")


def unasked(said: Said) -> str:
    write_plan(small_plan(), Path("runs/mine"))
    return said("gate", "runs/mine")


def bad_policy(said: Said) -> str:
    audit(small_plan(), "runs/mine")
    Path("policy.toml").write_text('[[rule]]\nname = "no gap"\nmargins = 0.05\n', encoding="utf-8")
    return said("gate", "runs/mine", "--policy", "policy.toml")


ELSEWHERE = ("--base-url", "https://models.example/v1")
QUOTA = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
KEY = {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}
MODEL = {"error": {"message": "no such model", "code": "model_not_found"}}
BUSY = {"error": {"message": "Rate limit reached", "type": "tokens"}}
CASES: dict[str, Callable[[Said], str]] = {
    "no key": lambda said: said("audit", "openai/gpt-5.1"),
    "unknown prefix": lambda said: said("audit", "opnai/gpt-5.1"),
    "no module": lambda said: said("audit", "python:myapp.assistant:reply"),
    "no extra": without_extra,
    "nobody agrees": lambda said: said("audit", "openai/x", *ELSEWHERE, *FEW),
    "no price": lambda said: said("audit", "openai/a-model-of-ours", *ELSEWHERE, *FEW, "--yes", "--max-cost", "5"),
    "key in address": lambda said: said("plan", "openai/x", "--base-url", "https://me:secret@models.example/v1"),
    "two servers": two_servers,
    "unknown setting": lambda said: settings(said, '\nprest = "quick"', "plan"),
    "key in settings": lambda said: settings(said, 'api-key-env = "sk-proj-abcdefghijklmnop1234"', "plan"),
    "no server": no_server,
    "wrong key": lambda said: at_server(said, 401, KEY),
    "no such model": lambda said: at_server(said, 404, MODEL),
    "no credit": lambda said: at_server(said, 402, QUOTA),
    "long wait": lambda said: at_server(said, 429, BUSY, Retry_After="3600"),
    "web page": lambda said: at_server(said, 200, b"<html><body>Hello</body></html>"),
    "same error": lambda said: at_server(said, 400, {"error": {"message": "prompt too long"}}),
    "no answers": lambda said: at_server(said, 200, chat_body("I would rather not say.")),
    "budget": lambda said: said("audit", "simulated/null", *FEW, "--max-calls", "20"),
    "another plan": another_plan,
    "at work": at_work,
    "no plan": lambda said: said("run", "runs/mine"),
    "edited plan": edited,
    "newer store": newer_store,
    "broken store": broken_store,
    "no findings": unasked,
    "no table": lambda said: said("analyse", "predictions.csv"),
    "bad policy": bad_policy,
    "init twice": lambda said: settings(said, "seed = 3", "init", "--yes"),
}


QUOTED = list(zip(MESSAGES, CASES, strict=True))
"""Each message of the page with its case, in the order of the page."""


@pytest.mark.parametrize(("message", "case"), QUOTED, ids=list(CASES))
def test_the_page_quotes_what_is_said(message: str, case: str, said: Said) -> None:
    text = CASES[case](said)
    assert matches(message, text), f"the page says:\n{message}\nand evenhand says:\n{text}"
