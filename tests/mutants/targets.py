"""The modules whose faults must be noticed, one record a target; add yours here."""

from __future__ import annotations

from tests.mutants.runner import Target

__all__ = ["TARGETS"]

TARGETS: tuple[Target, ...] = (
    Target(
        name="row gate",
        modules=("evenhand.store.gate",),
        tests=("tests/unit/store/test_gate.py",),
    ),
    Target(
        name="reader",
        modules=(
            "evenhand.reading.claims",
            "evenhand.reading.declining",
            "evenhand.reading.fields",
            "evenhand.reading.mentions",
            "evenhand.reading.plain",
            "evenhand.reading.read",
            "evenhand.reading.thoughts",
            "evenhand.scoring.extractors.regex",
            "evenhand.scoring.extractors.yes_no",
            "evenhand.scoring.judge",
            "evenhand.scoring.llm_extract",
            "evenhand.scoring.probability",
            "evenhand.endpoints.openai.finish",
            "evenhand.endpoints.letter_logprobs",
        ),
        tests=(
            "tests/unit/reading",
            "tests/unit/scoring",
            "tests/unit/endpoints/openai/test_chat_parts.py",
        ),
    ),
)
