"""The small plan, asked of a loopback server with batches."""

from __future__ import annotations

from pathlib import Path

import msgspec

from evenhand.batched import ask_in_batches
from evenhand.endpoints.context import Connection
from evenhand.plan.cost import prices_of
from evenhand.plan.file import stamp_plan, write_plan
from evenhand.plan.second_models import every_model, second_models
from evenhand.records.message import ModelSettings, Reply
from evenhand.records.plan import ModelSpec, Plan
from evenhand.records.trial import Outcome
from evenhand.records.work import Work
from evenhand.run.batch_watch import BatchPace
from evenhand.run.execute import Behind
from evenhand.run.limits import Limits, RunReport
from evenhand.scoring.extractors.choose import extractor_named
from evenhand.scoring.outcome import outcome_of
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
    extract = extractor_named(plan.extractor, plan.extractor_options)
    items = {item.id: item for bank in plan.banks for item in bank.items}

    def judged(work: Work, reply: Reply) -> Outcome:
        return outcome_of(reply, item=items[work.cell.item], cell=work.cell, extract=extract)

    second = tuple(model.name for model in second_models(plan))
    return ask_in_batches(
        plan,
        directory,
        connection=Connection(),
        limits=limits,
        listener=None,
        outcome_of=judged,
        behind=lambda ledger: Behind(prices=prices_of(every_model(plan)), ledger=ledger, second=second),
        rows=rows,
        drop=drop,
        pace=QUICK,
    )
