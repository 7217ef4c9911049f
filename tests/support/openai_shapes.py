"""An upstream that answers in every shape of the chat interface, and requests that ask for each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from tests.support.upstream import pieces

__all__ = ["REQUESTS", "TOOLS", "answering"]

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "recall_memory",
            "description": "What is stored of the user",
            "parameters": {"type": "object", "properties": {"about": {"type": "string"}}},
        },
    }
]
_HEAD = {"id": "chatcmpl-1", "created": 1764000000, "model": "m", "system_fingerprint": "fp_1"}
_USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "recall_memory", "arguments": '{"about":"user"}'},
}
_ERRORS: dict[str, tuple[int, str, str | None]] = {
    "e400": (400, "invalid_request_error", "bad_value"),
    "e401": (401, "invalid_request_error", "invalid_api_key"),
    "e403": (403, "permission_error", None),
    "e404": (404, "invalid_request_error", "model_not_found"),
    "e409": (409, "conflict", None),
    "e422": (422, "invalid_request_error", None),
    "e429": (429, "tokens", "rate_limit_exceeded"),
    "e500": (500, "server_error", None),
    "e503": (503, "server_error", None),
}

REQUESTS: dict[str, dict[str, Any]] = {
    "chat": {"temperature": 0.0, "logprobs": True, "top_logprobs": 2},
    "several": {"n": 2},
    "stream": {"stream": True, "stream_options": {"include_usage": True}},
    "tools": {"tools": TOOLS, "tool_choice": "auto"},
    "tool stream": {"tools": TOOLS, "stream": True},
    "error in a stream": {"stream": True, "model": "cut"},
    **{f"error {name[1:]}": {"model": name} for name in _ERRORS},
}
"""What a request has besides its messages."""


async def answering(request: web.Request, body: bytes) -> web.StreamResponse:
    """The answer of the upstream."""
    if request.path.endswith("/models"):
        model = {"id": "m", "object": "model", "created": 1764000000, "owned_by": "tests"}
        return web.json_response({"object": "list", "data": [model]})
    asked = json.loads(body)
    if asked["model"] in _ERRORS:
        status, kind, code = _ERRORS[asked["model"]]
        error = {"message": f"No: é {status}.", "type": kind, "param": None, "code": code}
        return web.json_response({"error": error}, status=status, headers={"x-request-id": "req_1"})
    if asked.get("stream"):
        return await pieces(request, *_events(asked))
    choices = [_choice(asked, index) for index in range(asked.get("n", 1))]
    whole = _HEAD | {"object": "chat.completion", "choices": choices, "usage": _USAGE}
    return web.json_response(whole, headers={"x-request-id": "req_1"})


def _choice(asked: dict[str, Any], index: int) -> dict[str, Any]:
    if "tools" in asked:
        message = {"role": "assistant", "content": None, "refusal": None, "tool_calls": [_CALL]}
        return {"index": index, "message": message, "logprobs": None, "finish_reason": "tool_calls"}
    entry = {"token": "B", "logprob": -0.1, "bytes": [66], "top_logprobs": []}
    logprobs = {"content": [entry], "refusal": None} if asked.get("logprobs") else None
    message = {"role": "assistant", "content": f"B{index}", "refusal": None}
    return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": "stop"}


def _events(asked: dict[str, Any]) -> Iterator[bytes]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if "tools" in asked:
        deltas += [{"tool_calls": [{"index": 0} | _CALL | {"function": {"name": "recall_memory", "arguments": ""}}]}]
        deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": part}}]} for part in ('{"about"', ':"user"}')]
    else:
        deltas += [{"content": piece} for piece in ("Rel", "ief", " é")]
    for delta in deltas:
        yield _event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    if asked["model"] == "cut":
        yield b'data: {"error": {"message": "overloaded", "type": "server_error", "param": null, "code": null}}\n\n'
        return
    finish = "tool_calls" if "tools" in asked else "stop"
    yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if asked.get("stream_options"):
        yield _event({"choices": [], "usage": _USAGE})
    yield b": a comment\n\ndata: [DONE]\n\n"


def _event(fields: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(_HEAD | {"object": "chat.completion.chunk"} | fields).encode() + b"\n\n"
