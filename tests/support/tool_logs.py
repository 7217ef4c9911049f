"""The small log files that scripts/tool_logs made with the tools themselves, and the questions that they hold."""

from __future__ import annotations

from pathlib import Path

from scripts.tool_logs.questions import QUESTIONS, answer

__all__ = ["LOGS", "MISTAKES"]

LOGS = Path(__file__).parents[1] / "unit" / "interop" / "logs"
MISTAKES = tuple(one["id"] for one in QUESTIONS if answer(f"{one['memory']}\n\n{one['question']}") != one["gold"])
"""Questions that the server answered wrongly."""
