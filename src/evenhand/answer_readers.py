"""Second models behind an assistant: a judge of written answers, or a reader of letters."""

from __future__ import annotations

from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.context import EndpointContext
from evenhand.endpoints.kinds import open_endpoint
from evenhand.plan.second_models import second_models
from evenhand.records.message import ModelSettings
from evenhand.records.plan import Plan
from evenhand.run.ledger import Ledger, MeteredEndpoint
from evenhand.scoring.judging.endpoint import JudgedEndpoint
from evenhand.scoring.llm_extract import ExtractedEndpoint

__all__ = ["read_on", "with_readers"]


def with_readers(endpoint: Endpoint, name: str, *, plan: Plan, context: EndpointContext, ledger: Ledger) -> Endpoint:
    """The assistant, metered where a second model reads its answers.

    Args:
        endpoint: The assistant.
        name: Its name in the plan.
        plan: The plan.
        context: What second models are made with.
        ledger: Where calls are written.
    """
    if not second_models(plan):
        return endpoint
    metered = MeteredEndpoint(endpoint, model=name, role="assistant", ledger=ledger)
    return read_on(metered, plan=plan, context=context, ledger=ledger)


def read_on(asked: Endpoint, *, plan: Plan, context: EndpointContext, ledger: Ledger) -> Endpoint:
    """The metered assistant with the second models that read its answers."""
    for second in second_models(plan):
        reader = MeteredEndpoint(
            open_endpoint(second, context=context), model=second.name, role="second", ledger=ledger
        )
        asked = _read_by(reader, asked, plan=plan, settings=second.settings)
    return asked


def _read_by(reader: Endpoint, assistant: Endpoint, *, plan: Plan, settings: ModelSettings) -> Endpoint:
    """The assistant with a second model that reads its answers: a judge, or a reader of letters."""
    templates = {prompt.name: prompt.text for prompt in plan.prompts}
    if plan.rater is not None:
        return JudgedEndpoint(assistant, reader, rater=plan.rater, templates=templates)
    return ExtractedEndpoint(assistant, reader, templates=templates, settings=settings)
