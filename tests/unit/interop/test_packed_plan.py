from __future__ import annotations

import base64
import zlib

import msgspec
import pytest

from evenhand.errors import PlanError
from evenhand.interop.packed_plan import packed, unpacked
from evenhand.plan.file import parse_plan
from tests.support.small_plan import small_plan


def test_a_plan_comes_back_as_it_was() -> None:
    plan = small_plan()
    assert parse_plan(unpacked(packed(plan), where="a log"), source="a log") == plan


@pytest.mark.parametrize(
    "text",
    ["!!!", base64.b64encode(b"no zlib").decode(), base64.b64encode(zlib.compress(b"x" * 100)[:-6]).decode()],
)
def test_a_text_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(PlanError, match="a log hold a plan that"):
        unpacked(text, where="a log")


def test_a_text_that_fills_memory_is_refused() -> None:
    bomb = base64.b64encode(zlib.compress(b"\0" * (257 << 20), 9)).decode()
    with pytest.raises(PlanError, match="cut off or beyond"):
        unpacked(bomb, where="a log")


def test_a_plan_that_was_edited_is_refused() -> None:
    plan = small_plan()
    edited = msgspec.structs.replace(plan, seed=plan.seed + 1)
    with pytest.raises(PlanError, match="edited by hand"):
        parse_plan(unpacked(packed(edited), where="a log"), source="a log")
