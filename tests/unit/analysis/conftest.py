"""Every finding that any test of the analysis makes can be stored and read back, and names an explained method."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from evenhand.analysis.findings import estimand, item_functioning, option_shift, policy_changes


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


_MADE = ((estimand, "Finding"), (item_functioning, "ItemReaction"), (option_shift, "OptionShare"))

_DOCS = Path(__file__).parents[3] / "docs" / "methods"
_EXPLAINED = frozenset(_words("\n".join(path.read_text(encoding="utf-8") for path in _DOCS.glob("*.md"))))


def _stored(record: type[msgspec.Struct]) -> Callable[..., msgspec.Struct]:
    def made(**fields: object) -> msgspec.Struct:
        one = record(**fields)
        assert msgspec.json.decode(msgspec.json.encode(one), type=record) == one
        assert _EXPLAINED.issuperset(_words(str(fields.get("method", ""))))
        return one

    return made


@pytest.fixture(autouse=True)
def findings_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse a record with a name that is not in its closed set, with a number that is none, or a method in words
    that docs/methods does not use."""
    for module, name in (*_MADE, (policy_changes, "AspectChange")):
        monkeypatch.setattr(module, name, _stored(getattr(module, name)))
