"""What an error of a server means for the request and for the run."""

from __future__ import annotations

import re
from typing import Literal

from evenhand.endpoints.openai.retry import RETRIED_STATUS
from evenhand.endpoints.openai.server_error import ServerError

__all__ = ["Refusal", "refusal_of"]

Refusal = Literal[
    "fault", "busy", "settings", "filtered", "request", "key", "model", "path", "credit", "effort", "redirect"
]
"""`fault`: try again; `busy`: try again when the server says; `settings`: it does not take a parameter; `filtered`:
the provider blocked the question; `request`: this request cannot be answered; the others end the run: wrong key,
unknown model, wrong path, no credit, a reasoning effort the model does not take, a server that has moved."""

_BUSY_NAMES = frozenset(
    [
        "429",
        "rate_limit_exceeded",
        "rate_limit_error",
        "rate_limited",
        "too_many_requests",
        "resource_exhausted",
        "throttled",
        "throttlingexception",
        "ratelimitreached",
        "slow_down",
    ]
)
_KEY_NAMES = frozenset(["invalid_api_key", "authentication_error", "unauthenticated", "authenticationerror"])
_MODEL_NAMES = frozenset(["model_not_found", "model_not_available", "invalid_model", "deploymentnotfound"])
_CREDIT_NAMES = frozenset(
    [
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "insufficient_credits",
        "insufficient_balance",
    ]
)
_FILTER_NAMES = re.compile(r"content_?filter|content_?policy|responsibleai|data_inspection|moderation|^safety$")
_REFUSED_NAMES = frozenset(["unsupported_parameter", "unsupported_value", "unknown_parameter", "extra_forbidden"])

_NO_MODEL = re.compile(
    r"model_not_found|invalid model|no such model|unknown model|server is pinned to"
    r"|model[^.]{0,80}(?:not exist|not found|not available)|not a valid model"
)
_NO_KEY = re.compile(r"incorrect api key|api key not valid|invalid api key|unauthori[sz]ed")
_NO_CREDIT = re.compile(r"insufficient[ _](?:quota|credit|balance|fund)|exceeded your current quota|billing")
_FILTERED = re.compile(r"content management policy|content policy|content_filter|flagged|moderation")
_SETTINGS = re.compile(r"max_tokens|max_completion_tokens|temperature|top_p|logprobs|\bseed\b|requested parameters")
_NOT_TAKEN = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unexpected"
    r"|unknown (?:param|argument|field|name)|not permitted|not allowed"
    r"|extra inputs|extra_forbidden|deprecated|only the default|not implemented|must be|no endpoints found that"
)
_NO_PROVIDER = re.compile(
    r"no (?:allowed )?(?:providers?|endpoints?)[^.]{0,60}\b(?:available|match\w*|allowed|policy)\b"
)
"""A gateway that knows the model and the address, and has nobody who may answer."""
_UNTOLD = frozenset({401, 402, 408, 425, 429})
"""Statuses that say by themselves what is wrong, unless the code says that a parameter is refused."""


def refusal_of(error: ServerError, *, window: float | None = None) -> Refusal:
    """What an error means, told by status, code, type, parameter and message.

    Args:
        error: The error.
        window: Seconds that the server asks to wait; None where it does not. A server that names a time is busy,
            whatever else it says of quotas, unless the key, the question or a parameter is what it refuses.
    """
    status = error.status
    if 300 <= status < 400:
        return "redirect"
    if _refuses_a_parameter(error):
        return "effort" if "reasoning" in error.words and "effort" in error.words else "settings"
    if any(_FILTER_NAMES.search(name) for name in error.names):
        return "filtered"
    if status == 402:
        return "credit"
    if window is not None and status != 401:
        return "busy"
    if error.names & _CREDIT_NAMES or (status in {0, 400, 403, 429} and _NO_CREDIT.search(error.message)):
        return "credit"
    if status == 429 or error.names & _BUSY_NAMES:
        return "busy"
    return _settled(error)


def _refuses_a_parameter(error: ServerError) -> bool:
    """Whether a parameter is what the server does not take; any 4xx may say so, and 501."""
    status = error.status
    if not (400 <= status < 500 or status in {0, 501}):
        return False
    named = _SETTINGS.search(error.words) is not None or "reasoning_effort" in error.words
    if error.names & _REFUSED_NAMES:
        return named or "reasoning.effort" in error.words
    return named and status not in _UNTOLD and _NOT_TAKEN.search(error.words) is not None


def _settled(error: ServerError) -> Refusal:
    """An error that is neither of a parameter nor passing."""
    status = error.status
    if status in RETRIED_STATUS or status >= 500:
        return "fault"
    if status == 401:
        return "key"
    if status in {404, 405}:
        return _not_found(error)
    refusal = _client_error(error)
    return "fault" if status == 0 and refusal == "request" and not _blames_the_request(error) else refusal


def _not_found(error: ServerError) -> Refusal:
    if _NO_PROVIDER.search(error.message):
        return "request"
    told = "model" in error.message or "no endpoints found for" in error.message
    return "model" if told or error.names & _MODEL_NAMES else "path"


def _client_error(error: ServerError) -> Refusal:
    """400, 403, 422 and their like, where only the names and the words tell."""
    words = error.words
    if _FILTERED.search(error.message):
        return "filtered"
    if error.names & _KEY_NAMES or _NO_KEY.search(words):
        return "key"
    if error.names & _MODEL_NAMES or _NO_MODEL.search(words):
        return "model"
    if "reasoning_effort" in words or "reasoning.effort" in words:
        return "effort"
    if _SETTINGS.search(words):
        return "settings"
    return "key" if error.status == 403 else "request"


def _blames_the_request(error: ServerError) -> bool:
    return any("invalid" in name or "bad_request" in name or "badrequest" in name for name in error.names)
