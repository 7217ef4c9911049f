"""Models that are asked about the answers of the audited ones."""

from __future__ import annotations

from evenhand.records.message import ModelSettings
from evenhand.records.plan import ModelSpec, Plan

__all__ = ["READER_TOKENS", "every_model", "second_models"]

READER_TOKENS = 16
"""A letter, or NONE."""


def second_models(plan: Plan) -> tuple[ModelSpec, ...]:
    """The judge of written answers, or the reader of `llm_extract`: the two are never needed together."""
    if plan.rater is not None:
        return (plan.rater.model,)
    name = plan.extractor_options.get("model")
    if plan.extractor != "llm_extract" or name is None:
        return ()
    base_url = plan.extractor_options.get("base_url")
    return (ModelSpec(name=name, base_url=base_url, settings=ModelSettings(max_tokens=READER_TOKENS)),)


def every_model(plan: Plan) -> tuple[ModelSpec, ...]:
    """The audited models and those that are asked about their answers: whoever may have to be paid."""
    return (*plan.models, *second_models(plan))
