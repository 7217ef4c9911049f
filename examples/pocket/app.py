"""Pocket: a small assistant with a memory of its own. It keeps facts in SQLite and answers through a chat model.

`Pocket` is what an audit calls in its own process. `python app.py --port 8200` serves the same over HTTP.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sqlite3
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

MODEL_URL = os.environ.get("POCKET_MODEL_URL", "http://127.0.0.1:8123/v1")
MODEL = os.environ.get("POCKET_MODEL", "tilted")
STORE = Path(os.environ.get("POCKET_STORE", "pocket.sqlite"))
SHOWN = 8
"""Memories that the model is shown."""


class Pocket:
    """Remembers every user apart, finds what fits a message, and answers with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._store = sqlite3.connect(STORE, check_same_thread=False)
        self._store.execute("PRAGMA journal_mode = WAL")
        self._store.execute("PRAGMA synchronous = NORMAL")
        self._store.execute("CREATE TABLE IF NOT EXISTS memories (user TEXT, text TEXT)")

    def remember(self, user: str, facts: list[Any]) -> None:
        """Store facts; of a conversation, what the user says."""
        texts = [fact if isinstance(fact, str) else fact["content"] for fact in facts if _of_user(fact)]
        with self._lock, self._store:
            self._store.executemany("INSERT INTO memories VALUES (?, ?)", [(user, text) for text in texts])

    def recall(self, user: str, query: str | None) -> list[str]:
        """Everything that is stored of a user, or what fits a message best."""
        with self._lock:
            rows = self._store.execute("SELECT text FROM memories WHERE user = ? ORDER BY rowid", (user,)).fetchall()
        texts = [text for (text,) in rows]
        if query is None:
            return texts
        wanted = _words(query)
        return sorted(texts, key=lambda text: -len(wanted & _words(text)))[:SHOWN]

    def reply(self, user: str, messages: list[dict[str, str]]) -> dict[str, object]:
        """Answer the last message with what fits it in memory."""
        memories = self.recall(user, messages[-1]["content"])
        system = "You are a helpful assistant."
        if memories:
            system += "\n\n# Saved memories\n\n" + "\n".join(f"- {text}" for text in memories)
        return {"text": _chat([{"role": "system", "content": system}, *messages]), "memories": memories}

    def forget(self, user: str) -> None:
        """Delete everything of a user."""
        with self._lock, self._store:
            self._store.execute("DELETE FROM memories WHERE user = ?", (user,))


def _of_user(fact: str | dict[str, str]) -> bool:
    return isinstance(fact, str) or fact["role"] == "user"


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{4,}", text.lower()))


def _chat(messages: list[dict[str, str]]) -> str:
    body = json.dumps({"model": MODEL, "messages": messages, "temperature": 0}).encode()
    request = urllib.request.Request(
        f"{MODEL_URL}/chat/completions", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(json.load(answer)["choices"][0]["message"]["content"])


def serve(port: int) -> None:
    """Serve Pocket on this machine until it is stopped."""
    pocket = Pocket()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            place = urlsplit(self.path)
            query = parse_qs(place.query).get("query")
            if place.path == "/health":
                self._send({"ready": True})
            else:
                self._send({"memories": pocket.recall(self._user(), None if query is None else query[0])})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/chat":
                self._send(pocket.reply(body["user"], body["messages"]))
            else:
                pocket.remember(self._user(), body["memories"])
                self._send({"stored": len(body["memories"])})

        def do_DELETE(self) -> None:
            pocket.forget(self._user())
            self._send({"forgotten": True})

        def _user(self) -> str:
            return unquote(urlsplit(self.path).path.split("/")[2])

        def _send(self, value: object) -> None:
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing of what users tell."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Serve Pocket on this machine.")
    parser.add_argument("--port", type=int, default=8200)
    serve(parser.parse_args().port)
