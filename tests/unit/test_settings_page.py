"""docs/settings.md says what the reader of settings and the log do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from evenhand.cli.config import read_settings
from evenhand.run.event_log import EVERY_S, LogEvent

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("profile", [None, "nightly"])
def test_the_example_can_be_read(profile: str | None, tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "evenhand.toml"
    path.write_text(text, encoding="utf-8")
    read = read_settings(path, profile=profile, environment={})
    assert read["models"] == ["openai/gpt-5.1"]
    assert read["max_cost"] == (5 if profile is None else 40)


def test_the_table_of_events_names_every_kind_and_every_field() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE))
    kinds = {msgspec.inspect.type_info(event).tag: event for event in get_args(LogEvent)}  # type: ignore[attr-defined]
    assert set(rows) == set(kinds)
    for kind, event in kinds.items():
        named = set(re.findall(r"`(\w+)`", rows[str(kind)]))
        assert named == set(event.__struct_fields__) - {"time"}
    assert EVERY_S == 1.0, "the page says at most once a second"
