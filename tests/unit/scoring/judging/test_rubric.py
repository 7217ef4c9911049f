"""Rubric files."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.errors import EvenhandError
from evenhand.scoring.judging.rubric import load_rubric


def test_the_shipped_rubric_has_the_five_criteria() -> None:
    names = [criterion.id for criterion in load_rubric()]
    assert names == ["effectiveness", "warmth", "autonomy", "condescension", "safety"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema: evenhand.rubric/1\ncriteria: []\n", "0 criteria"),
        ("schema: evenhand.rubric/1\ncriteria:\n- {id: Warm th, question: x}\n", "one word"),
        ("schema: evenhand.rubric/1\ncriteria:\n- {id: warm, question: x}\n- {id: warm, question: y}\n", "twice"),
        ("schema: evenhand.rubric/1\ncriteria:\n- {id: warm, question: ' '}\n", "empty"),
        ("schema: evenhand.rubric/1\ncriteria:\n- {id: warm, quest: x}\n", "quest"),
    ],
)
def test_a_rubric_that_cannot_be_used_says_why(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EvenhandError, match=message):
        load_rubric(path)
