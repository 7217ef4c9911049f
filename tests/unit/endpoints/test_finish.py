"""Why a server stopped, in its own words."""

from __future__ import annotations

import pytest

from evenhand.endpoints.finish import Finish, finish_of


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
