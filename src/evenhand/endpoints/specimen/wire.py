"""The chat completions format as the specimen server writes it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import structs

from evenhand.endpoints.specimen.batch import Answer
from evenhand.endpoints.specimen.request import ChatBody, WireError
from evenhand.records.message import TokenProbability

__all__ = ["completion", "error_object", "stopped", "stream_chunks"]


def stopped(answer: Answer, stops: Sequence[str]) -> Answer:
    """The answer up to the first of the texts at which it is to end, without that text."""
    text = "".join(answer.pieces)
    places = [place for place in map(text.find, stops) if place >= 0]
    if not places:
        return answer
    end, kept, length = min(places), 0, 0
    while length < end:
        length += len(answer.pieces[kept])
        kept += 1
    pieces = list(answer.pieces[:kept])
    if length > end:
        pieces[-1] = pieces[-1][: len(pieces[-1]) - (length - end)]
    return structs.replace(
        answer,
        text=text[:end],
        finish="stop",
        pieces=tuple(pieces),
        logprobs=answer.logprobs[:kept],
        steps=answer.steps[:kept],
    )


def error_object(error: WireError) -> dict[str, Any]:
    """An error in OpenAI's form."""
    fields = {"message": str(error), "type": "invalid_request_error", "param": error.param, "code": error.code}
    return {"error": fields}


def completion(body: ChatBody, answers: Sequence[Answer], *, model: str, prompt: int) -> dict[str, Any]:
    """Whole answers."""
    choices = []
    for index, answer in enumerate(answers):
        logprobs = _logprobs(body, answer)
        choices.append(
            {
                "index": index,
                "message": {"role": "assistant", "content": answer.text, "refusal": None},
                "logprobs": None if logprobs is None else {"content": logprobs, "refusal": None},
                "finish_reason": answer.finish,
            }
        )
    head = _head(body, answers, model=model, kind="chat.completion")
    return head | {"choices": choices, "usage": _usage(answers, prompt=prompt)}


def stream_chunks(body: ChatBody, answers: Sequence[Answer], *, model: str, prompt: int) -> Iterator[dict[str, Any]]:
    """The same answers token by token: the role, every token, the reason for stopping, and usage where asked for."""
    head = _head(body, answers, model=model, kind="chat.completion.chunk")
    for index, answer in enumerate(answers):
        for choice in _pieces(body, answer):
            yield head | {"choices": [{"index": index} | choice]}
    if body.stream_options is not None and body.stream_options.include_usage:
        yield head | {"choices": [], "usage": _usage(answers, prompt=prompt)}


def _pieces(body: ChatBody, answer: Answer) -> Iterator[dict[str, Any]]:
    """One answer as the choices of chunks."""
    nothing: dict[str, Any] = {"logprobs": None, "finish_reason": None}
    entries = _logprobs(body, answer)
    yield {"delta": {"role": "assistant", "content": ""}} | nothing
    for at, piece in enumerate(answer.pieces):
        logprobs = None if entries is None else {"content": [entries[at]], "refusal": None}
        yield {"delta": {"content": piece}, "logprobs": logprobs, "finish_reason": None}
    yield {"delta": {}, "logprobs": None, "finish_reason": answer.finish}


def _head(body: ChatBody, answers: Sequence[Answer], *, model: str, kind: str) -> dict[str, Any]:
    texts = [*(repr(message) for message in body.messages), *(answer.text for answer in answers)]
    digest = hashlib.blake2b("\x00".join(texts).encode(), digest_size=12).hexdigest()
    return {"id": f"chatcmpl-{digest}", "object": kind, "created": 0, "model": model}


def _entry(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def _token(piece: str, logprob: float, top: tuple[TokenProbability, ...]) -> dict[str, Any]:
    return _entry(piece, logprob) | {"top_logprobs": [_entry(other.token, other.logprob) for other in top]}


def _logprobs(body: ChatBody, answer: Answer) -> list[dict[str, Any]] | None:
    if not body.logprobs:
        return None
    kept = body.top_logprobs or 0
    return [
        _token(piece, logprob, top[:kept])
        for piece, logprob, top in zip(answer.pieces, answer.logprobs, answer.steps, strict=True)
    ]


def _usage(answers: Sequence[Answer], *, prompt: int) -> dict[str, int]:
    made = sum(len(answer.pieces) + (answer.finish == "stop") for answer in answers)
    return {"prompt_tokens": prompt, "completion_tokens": made, "total_tokens": prompt + made}
