"""Small products with their own memory, for `python:FILE.py:NAME`: a sound one, and one for everything that goes wrong.

What they hold is in the folder that PRODUCT_MEMORY names, a file for every user, so that a test can look, and so that
it outlives a process, as a product's store does. Each answers questions from what it holds.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import threading
import time
from pathlib import Path
from typing import Any

LOCK = threading.Lock()
Messages = list[dict[str, Any]]


def folder() -> Path:
    return Path(os.environ["PRODUCT_MEMORY"])


class Sound:
    """Keeps the facts of every user apart and forgets them when told to."""

    def _file(self, user: str) -> Path:
        return folder() / f"{user}.json"

    def _held(self, user: str) -> list[str]:
        try:
            return list(json.loads(self._file(user).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return []

    def remember(self, user: str, facts: list[Any]) -> None:
        texts = [fact if isinstance(fact, str) else fact["content"] for fact in facts]
        with LOCK:
            part = self._file(user).with_suffix(f".{threading.get_ident()}")
            part.write_text(json.dumps([*self._held(user), *texts]), encoding="utf-8")
            part.replace(self._file(user))

    def reply(self, user: str, messages: Messages) -> Any:
        return answer(messages[-1]["content"], self._held(user))

    def forget(self, user: str) -> None:
        self._file(user).unlink(missing_ok=True)

    def recall(self, user: str, query: str | None) -> list[str]:
        held = self._held(user)
        return held if query is None else held[:3]


class NoRecall:
    """Sound, without `recall`."""

    def __init__(self) -> None:
        self._sound = Sound()

    def remember(self, user: str, facts: list[Any]) -> None:
        self._sound.remember(user, facts)

    def reply(self, user: str, messages: Messages) -> Any:
        return self._sound.reply(user, messages)

    def forget(self, user: str) -> None:
        self._sound.forget(user)


class Asynchronous:
    """Sound, in coroutines, and it shows in its replies what it used."""

    def __init__(self) -> None:
        self._sound = Sound()

    async def remember(self, user: str, facts: list[Any]) -> None:
        await asyncio.sleep(0)
        self._sound.remember(user, facts)

    async def reply(self, user: str, messages: Messages) -> Any:
        await asyncio.sleep(0)
        return {"text": self._sound.reply(user, messages), "memories": self._sound.recall(user, None)[:1]}

    async def forget(self, user: str) -> None:
        self._sound.forget(user)


class Leaky(Sound):
    """Cuts the names of users short, as a column that is too narrow does."""

    def _file(self, user: str) -> Path:
        return folder() / f"{user[:14]}.json"


class LeakyWithoutRecall(NoRecall):
    """The same, seen in its answers alone."""

    def __init__(self) -> None:
        self._sound = Leaky()


class Keeping(Sound):
    """Says that it forgets, and does not."""

    def forget(self, user: str) -> None:
        return None


class Forgetful(Sound):
    """Stores nothing."""

    def remember(self, user: str, facts: list[Any]) -> None:
        return None


class Prejudiced(Sound):
    """Has something in the memory of every user from the beginning."""

    def _held(self, user: str) -> list[str]:
        return ["Users like short answers.", *super()._held(user)]


class Broken(Sound):
    """Cannot write."""

    def remember(self, user: str, facts: list[Any]) -> None:
        raise ConnectionError("the store is away")


class Slow(Sound):
    """Takes its time for an answer, so that a run can be stopped in the middle of it."""

    def reply(self, user: str, messages: Messages) -> Any:
        time.sleep(0.05)
        return super().reply(user, messages)


class Lossy(Sound):
    """Loses facts of people who rent, more than of others; merges and invents a little."""

    def remember(self, user: str, facts: list[Any]) -> None:
        kept = [fact for fact in facts if "rents" not in fact or int(hashlib.sha256(fact.encode()).hexdigest(), 16) % 2]
        super().remember(user, kept)


def answer(question: str, held: list[str]) -> str:
    """A name that is held, or an option: another one for other memories."""
    asked = re.search(r"What is my (\w+) called", question)
    if asked is not None:
        names = [re.search(rf"\b{asked[1]} is called (\w+)", fact) for fact in held]
        return next((name[1] for name in names if name is not None), "I do not know.")
    return "B" if any("rents" in fact for fact in held) else "A"
