"""A small plan for one of the products in tests/support/products.py."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evenhand.plan.make import PlanRequest, make_plan, usual_design
from evenhand.records.message import ModelSettings
from evenhand.records.plan import ModelSpec, Plan
from evenhand.records.profile import Placement
from tests.support.small_plan import NOW

__all__ = ["held", "product_name", "product_plan", "use_folder"]

FILE = Path(__file__).with_name("products.py")


def product_name(product: str) -> str:
    return f"python:{FILE}:{product}"


def use_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the products keep their memory in a folder, which is made."""
    memory = folder / "memory"
    memory.mkdir()
    monkeypatch.setenv("PRODUCT_MEMORY", str(memory))
    return memory


def held(memory: Path) -> list[str]:
    """Users that a product holds something of; a file that a kill left half written is none."""
    return sorted(file.name for file in memory.iterdir() if file.suffix == ".json")


def product_plan(product: str, *, items: int = 3, placements: tuple[Placement, ...] = ("stored",)) -> Plan:
    spec = ModelSpec(name=product_name(product), settings=ModelSettings(timeout_s=10.0))
    design = msgspec.structs.replace(
        usual_design("quick", [spec], extractor="choice_letter"),
        items_per_kind=items,
        kinds=("understanding", "benefit"),
        answers=("letter",),
        placements=placements,
    )
    return make_plan(PlanRequest(models=(spec,), design=design), now=NOW)
