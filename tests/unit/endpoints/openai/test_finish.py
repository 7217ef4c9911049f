"""Finish reasons are read by their stems."""

from __future__ import annotations

import pytest

from evenhand.endpoints.openai.finish import Finish, finish_of

KINDS: dict[Finish, list[object]] = {
    "stop": [None, "", "stop", "STOP", "eos", "eos_token", "end_turn", "endTurn", "stop_sequence", "completed",
             "done", "FINISH_REASON_STOP", "<|eot_id|>", "<|im_end|>", "im_end", "<|endoftext|>", "ended", "finished",
             "success", "normal", "natural", "ok", "null", "none", "stop_reason: end", "finishReason: stop", False],
    "length": ["length", "max_tokens", "MAX_TOKENS", "maxOutputTokens", "max_output_tokens", "incomplete",
            "token_limit", "model_context_window_exceeded", "truncated", "stop: length", "LENGTH_LIMIT", "window_full",
            "budget", "max", "output_max", "out_of_tokens", "limit", "quota", "too_long", "cut_off", "context"],
    "content_filter": ["content_filter", "contentFiltered", "SAFETY", "refusal", "PROHIBITED_CONTENT", "RECITATION",
                "BLOCKLIST", "guardrail_intervened", "moderation", "SPII", "content-policy", "ending_unsafe"],
    "fault": ["error", "MALFORMED_FUNCTION_CALL", "abort", "cancelled", "timeout", "insufficient_system_resource",
              "internal_error", "failed", "rate limit", "rateLimit", "rate-limit", "request timed  out",
              "context_invalid", "length_abort", "token_cancel"],
    "other": ["tool_calls", "function_call", "other", 2, True, ["stop"], {}, "?", "climax", "unstoppable", "tendency",
              "nullable", "okay then", "nonempty", "stop_reason: tool_use"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("ended", "reason"), [(ended, reason) for ended, reasons in KINDS.items() for reason in reasons]
)
def test_a_reason_means_what_its_stem_means(ended: Finish, reason: object) -> None:
    assert finish_of(reason) == ended


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (None, "stop"),
        ("", "stop"),
        ("stop", "stop"),
        ("STOP", "stop"),
        ("FINISH_REASON_STOP", "stop"),
        ("end_turn", "stop"),
        ("eos_token", "stop"),
        ("completed", "stop"),
        ("length", "length"),
        ("model_length", "length"),
        ("maxTokens", "length"),
        ("max-output-tokens", "length"),
        ("incomplete", "length"),
        ("content_filter", "content_filter"),
        ("contentFiltered", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("guardrail_intervened", "content_filter"),
        ("error", "fault"),
        ("cancelled", "fault"),
        ("time_limit", "fault"),
        ("rate_limit", "fault"),
        ("token_error", "fault"),
        ("insufficient_system_resource", "fault"),
        ("tool_calls", "other"),
        ("something_new", "other"),
        (7, "other"),
    ],
)
def test_a_reason_is_known_by_its_stem(reason: object, expected: Finish) -> None:
    assert finish_of(reason) == expected
