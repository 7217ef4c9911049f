"""A loopback model server for memory stores: embeddings by words, mem0's extraction, and answers from the prompt."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.support.chat_server import chat_body, chat_server
from tests.support.products import answer

__all__ = ["DIMS", "ModelServer", "model_server"]

DIMS = 64


class ModelServer:
    """What was asked; `failing` answers come first."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.failing: list[int] = []

    def answered(self, asked: dict[str, Any], _: Mapping[str, str]) -> tuple[int, bytes]:
        self.asked.append(asked)
        if self.failing:
            return self.failing.pop(0), b'{"error": {"message": "busy"}}'
        if "input" in asked:
            texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
            data = [
                {"object": "embedding", "index": place, "embedding": vector(text)} for place, text in enumerate(texts)
            ]
            usage = {"prompt_tokens": 1, "total_tokens": 1}
            return 200, json.dumps({"object": "list", "model": "e", "data": data, "usage": usage}).encode()
        return 200, chat_body(self._said(asked["messages"]), created=1)

    def _said(self, messages: list[dict[str, str]]) -> str:
        """What mem0's extraction is to find in what was just said; or an answer from what the prompt holds."""
        last = messages[-1]["content"]
        new = re.search(r"## New Messages\n(.*?)\n\n\n", last, re.DOTALL)
        if new is None:
            return answer(last, messages[0]["content"].splitlines())
        said = re.findall(r"^user: (.*)$", new[1], re.MULTILINE)
        return json.dumps({"memory": [{"id": str(place), "text": text} for place, text in enumerate(said)]})


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """Serve until the block ends."""
    state = ModelServer()
    with chat_server(state.answered) as url:
        state.url = url
        yield state


def vector(text: str) -> list[float]:
    """A bag of words, hashed, of length 1."""
    found = [0.0] * DIMS
    for word in re.findall(r"[a-z]{3,}", text.lower()):
        found[int(hashlib.sha256(word.encode()).hexdigest(), 16) % DIMS] += 1.0
    length = sum(one * one for one in found) ** 0.5
    return [one / length for one in found] if length else [1.0] + [0.0] * (DIMS - 1)
