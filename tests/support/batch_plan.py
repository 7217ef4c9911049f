"""The small plan, asked of a loopback server with batches."""

from __future__ import annotations

from pathlib import Path

import msgspec

from evenhand.batched import ask_in_batches
from evenhand.endpoints.context import Connection
from evenhand.plan.file import stamp_plan, write_plan
from evenhand.records.message import ModelSettings
from evenhand.records.plan import ModelSpec, Plan
from evenhand.run.batch_watch import BatchPace
from evenhand.run.limits import Limits, RunReport
from tests.support.small_plan import small_plan

__all__ = ["QUICK", "asked", "batch_plan"]

QUICK = BatchPace(first_s=0.02, longest_s=0.1, settle_s=0.3, patience_s=2.0)
"""A pace at which a test need not wait for a day."""


def batch_plan(base_url: str, *, prefix: str = "openai", model: str = "m", batch: bool = True) -> Plan:
    """120 cells of one model."""
    spec = ModelSpec(name=f"{prefix}/{model}", base_url=base_url, settings=ModelSettings(logprobs=False))
    return stamp_plan(msgspec.structs.replace(small_plan(), models=(spec,), batch=batch))


def asked(
    plan: Plan, directory: Path, *, limits: Limits = Limits(), rows: int | None = None, drop: bool = False
) -> RunReport:
    """Ask a plan by batches at a quick pace, without analysing it."""
    write_plan(plan, directory)
    return ask_in_batches(
        plan,
        directory,
        connection=Connection(),
        limits=limits,
        listener=None,
        rows=rows,
        drop=drop,
        pace=QUICK,
    )
