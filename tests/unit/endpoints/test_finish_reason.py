"""Finish reasons are read by their stems."""

from __future__ import annotations

import pytest

from evenhand.endpoints.finish_reason import Ended, ended_by, finish_of

KINDS: dict[Ended, list[object]] = {
    "done": [None, "stop", "STOP", "eos", "eos_token", "end_turn", "endTurn", "stop_sequence", "completed", "done",
             "FINISH_REASON_STOP", "<|eot_id|>"],
    "cut": ["length", "max_tokens", "MAX_TOKENS", "maxOutputTokens", "max_output_tokens", "token_limit", "incomplete",
            "model_context_window_exceeded", "truncated", "stop: length", "LENGTH_LIMIT", "max_completion_tokens"],
    "blocked": ["content_filter", "contentFiltered", "SAFETY", "refusal", "PROHIBITED_CONTENT", "RECITATION",
                "BLOCKLIST", "guardrail_intervened", "moderation", "SPII", "content-policy"],
    "fault": ["error", "MALFORMED_FUNCTION_CALL", "abort", "cancelled", "timeout", "insufficient_system_resource",
              "internal_error", "failed"],
    "unknown": ["tool_calls", "function_call", "", "other", 2, True, ["stop"], {}, "?"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("ended", "reason"), [(ended, reason) for ended, reasons in KINDS.items() for reason in reasons]
)
def test_a_reason_means_what_its_stem_means(ended: Ended, reason: object) -> None:
    assert ended_by(reason) == ended


def test_a_failure_has_no_closed_form() -> None:
    closed = [finish_of(reason) for reason in ("eos", "MAX_TOKENS", "SAFETY", "tool_calls", "error")]
    assert closed == ["stop", "length", "content_filter", "other", None]
