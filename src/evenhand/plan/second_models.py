"""Models that are asked beside the audited ones: about their answers, or about facts in memory."""

from __future__ import annotations

from evenhand.mitigate.named import policy_of
from evenhand.mitigate.policy import AskedPolicy
from evenhand.records.message import ModelSettings
from evenhand.records.plan import ModelSpec, Plan

__all__ = ["READER_TOKENS", "every_model", "policy_models", "second_models"]

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


def policy_models(plan: Plan) -> tuple[ModelSpec, ...]:
    """Models that policies ask about facts in memory, each once."""
    policies = [policy for policy in map(policy_of, plan.mitigations) if isinstance(policy, AskedPolicy)]
    return tuple({policy.model.name: policy.model for policy in policies}.values())


def every_model(plan: Plan) -> tuple[ModelSpec, ...]:
    """The audited models and those that are asked about answers or facts: whoever may have to be paid."""
    return (*plan.models, *second_models(plan), *policy_models(plan))
