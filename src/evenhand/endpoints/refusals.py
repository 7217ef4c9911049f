"""What an HTTP status other than 200 means for the request and for the run."""

from __future__ import annotations

import re
from typing import Literal

from evenhand.endpoints.retry import RETRIED_STATUS

__all__ = ["Refusal", "refusal_of"]

Refusal = Literal[
    "fault", "busy", "settings", "filtered", "request", "key", "model", "path", "credit", "effort", "redirect"
]
"""`fault`: try again; `busy`: try again when the server says; `settings`: it does not take a parameter; `filtered`:
the provider blocked the question; `request`: this request cannot be answered; the others end the run: wrong key,
unknown model, wrong path, no credit, a reasoning effort the model does not take, a server that has moved."""

_NO_MODEL = re.compile(
    r"model_not_found|invalid model|no such model|unknown model|server is pinned to"
    r"|model[^.]{0,80}(?:not exist|not found|not available)|not a valid model"
)
_NO_KEY = re.compile(r"invalid_api_key|incorrect api key|api key not valid|invalid api key|unauthori[sz]ed")
_NO_CREDIT = re.compile(r"insufficient_quota|insufficient (?:credit|balance|fund)|exceeded your current quota|billing")
_FILTERED = re.compile(
    r"content_filter|content_policy|content management policy|content policy|responsibleai"
    r"|flagged|moderation|data_inspection"
)
_SETTINGS = re.compile(r"max_tokens|max_completion_tokens|temperature|top_p|logprobs|\bseed\b")


def refusal_of(status: int, body: bytes) -> Refusal:
    """What a status and a body mean."""
    text = body[:4000].decode("utf-8", "replace").lower()
    if status == 402 or (status in {400, 403, 429} and _NO_CREDIT.search(text)):
        return "credit"
    if status == 429:
        return "busy"
    if status in RETRIED_STATUS or status >= 500:
        return "fault"
    if 300 <= status < 400:
        return "redirect"
    if status in {404, 405}:
        return "model" if "model" in text else "path"
    if status == 401:
        return "key"
    return _client_error(status, text)


def _client_error(status: int, text: str) -> Refusal:
    """400, 403, 422 and their like, where only the words tell."""
    if _FILTERED.search(text):
        return "filtered"
    if _NO_KEY.search(text):
        return "key"
    if _NO_MODEL.search(text):
        return "model"
    if "reasoning_effort" in text or "reasoning.effort" in text:
        return "effort"
    if _SETTINGS.search(text):
        return "settings"
    return "key" if status == 403 else "request"
