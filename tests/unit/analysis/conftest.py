"""Every finding that any test of the analysis makes is one that can be stored and read back."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from evenhand.analysis.findings import estimand, item_functioning, option_shift, policy_changes

_MADE = ((estimand, "Finding"), (item_functioning, "ItemReaction"), (option_shift, "OptionShare"))


def _stored(record: type[msgspec.Struct]) -> Callable[..., msgspec.Struct]:
    def made(**fields: object) -> msgspec.Struct:
        one = record(**fields)
        assert msgspec.json.decode(msgspec.json.encode(one), type=record) == one
        return one

    return made


@pytest.fixture(autouse=True)
def findings_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse a record with a name that is not in its closed set, or with a number that is none."""
    for module, name in (*_MADE, (policy_changes, "AspectChange")):
        monkeypatch.setattr(module, name, _stored(getattr(module, name)))
