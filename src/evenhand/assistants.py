"""The assistants of a plan, opened: each with its memory store, the policy that is tried on it, and who reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.context import CellLookup, Connection, EndpointContext
from evenhand.endpoints.kinds import open_endpoint
from evenhand.endpoints.redact import known_secrets
from evenhand.memory.stores.assistant import StoreAssistant
from evenhand.memory.stores.named import open_store_named
from evenhand.mitigate.asked.decisions import Decisions
from evenhand.mitigate.asked.endpoint import AskedEndpoint
from evenhand.mitigate.named import policy_of
from evenhand.mitigate.on_answer.endpoint import PolicyEndpoint
from evenhand.mitigate.policy import AnswerPolicy, AskedPolicy
from evenhand.plan.cost import prices_of
from evenhand.plan.placements import products_of
from evenhand.plan.questions import memory_sources
from evenhand.plan.second_models import every_model, policy_models, second_models
from evenhand.records.message import ModelSettings, Reply
from evenhand.records.plan import ModelSpec, Plan
from evenhand.records.trial import Outcome
from evenhand.records.work import Work
from evenhand.run.admitted_endpoint import AdmittedEndpoint
from evenhand.run.execute import Behind
from evenhand.run.ledger import Ledger, MeteredEndpoint
from evenhand.run.limits import OutcomeOf
from evenhand.run.product_users import ProductUsers, product_users
from evenhand.run.secrets import secrets_of
from evenhand.scoring.extractors.choose import extractor_named
from evenhand.scoring.judging.endpoint import JudgedEndpoint
from evenhand.scoring.llm_extract import ExtractedEndpoint
from evenhand.scoring.outcome import outcome_of
from evenhand.store.memory_journal import MemoryJournal
from evenhand.store.recorded import open_recorded

__all__ = ["behind_of", "open_assistants", "open_products", "outcomes_of", "with_readers"]


def open_assistants(
    plan: Plan,
    models: Sequence[ModelSpec],
    *,
    cells: CellLookup | None,
    connection: Connection,
    ledger: Ledger,
    decisions: Decisions,
) -> Mapping[str, Endpoint]:
    """Assistants that keep no memory of users, ready to be asked.

    They are metered where a second model reads their answers or a policy asks several times.

    Args:
        plan: The plan.
        models: Which of its models.
        cells: What simulated and replayed respondents must know of each cell.
        connection: How servers are reached.
        ledger: Where metered endpoints write their calls.
        decisions: What models decided of facts; the same for all assistants of a run.
    """
    context = _context(plan, cells=cells, connection=connection)
    opened = {model.name: _with_store(open_endpoint(model, context=context), model, plan) for model in models}
    return _behind_policies(plan, opened, context=context, ledger=ledger, decisions=decisions)


def open_products(
    plan: Plan,
    *,
    cells: CellLookup | None,
    connection: Connection,
    ledger: Ledger,
    journal: MemoryJournal,
    decisions: Decisions,
) -> tuple[Mapping[str, Endpoint], tuple[ProductUsers, ...]]:
    """Every assistant of a plan, and those among them that keep memory themselves.

    Args:
        plan: The plan.
        cells: What simulated and replayed respondents must know of each cell.
        connection: How servers are reached.
        ledger: Where metered endpoints write their calls.
        journal: Where users of products are written.
        decisions: What models decided of facts; the same for all assistants of a run.
    """
    context = _context(plan, cells=cells, connection=connection)
    opened = {model.name: _with_store(open_endpoint(model, context=context), model, plan) for model in plan.models}
    products = {
        model.name: product_users(opened[model.name], model=model, plan=plan, journal=journal)
        for model in products_of(plan.models)
    }
    asked = _behind_policies(plan, opened | products, context=context, ledger=ledger, decisions=decisions)
    return asked, tuple(products.values())


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
    return _read_on(metered, plan=plan, context=context, ledger=ledger)


def behind_of(plan: Plan, *, connection: Connection, ledger: Ledger) -> Behind:
    """What the endpoints are given of a run of a plan."""
    return Behind(
        prices=prices_of(every_model(plan)),
        ledger=ledger,
        second=tuple(model.name for model in second_models(plan)),
        deciders=tuple(model.name for model in policy_models(plan)),
        secrets=_secrets(connection),
    )


def outcomes_of(plan: Plan) -> OutcomeOf:
    """From a reply to its outcome, as the plan says."""
    extract = extractor_named(plan.extractor, plan.extractor_options)
    items = {item.id: item for bank in plan.banks for item in bank.items}

    def judged(work: Work, reply: Reply) -> Outcome:
        return outcome_of(reply, item=items[work.cell.item], cell=work.cell, extract=extract)

    return judged


def _context(plan: Plan, *, cells: CellLookup | None, connection: Connection) -> EndpointContext:
    levels = frozenset(level.id for cohort in plan.cohorts for factor in cohort.factors for level in factor.levels)
    return EndpointContext(cells=cells, levels=levels, recorded=open_recorded, connection=connection)


def _secrets(connection: Connection) -> tuple[str, ...]:
    """Keys known to this process, which no row may hold."""
    return secrets_of([connection.api_key_env, *connection.headers.values()], known=known_secrets())


def _behind_policies(
    plan: Plan, opened: dict[str, Endpoint], *, context: EndpointContext, ledger: Ledger, decisions: Decisions
) -> dict[str, Endpoint]:
    """The assistants behind policies on their answers, and before a second model that reads them."""
    made = [policy_of(spec) for spec in plan.mitigations]
    policies = {policy.name: policy for policy in made if isinstance(policy, AnswerPolicy)}
    asking = {policy.name: policy for policy in made if isinstance(policy, AskedPolicy)}
    if not policies and not asking and not second_models(plan):
        return opened
    asked: dict[str, Endpoint] = {
        name: MeteredEndpoint(endpoint, model=name, role="assistant", ledger=ledger)
        for name, endpoint in opened.items()
    }
    if asking:
        asked = _with_deciders(plan, asked, asking, context=context, ledger=ledger, decisions=decisions)
    if policies:
        asked = {name: PolicyEndpoint(endpoint, policies) for name, endpoint in asked.items()}
    return {name: _read_on(endpoint, plan=plan, context=context, ledger=ledger) for name, endpoint in asked.items()}


def _with_deciders(
    plan: Plan,
    assistants: Mapping[str, Endpoint],
    policies: Mapping[str, AskedPolicy],
    *,
    context: EndpointContext,
    ledger: Ledger,
    decisions: Decisions,
) -> dict[str, Endpoint]:
    """The assistants behind policies that ask a model about facts: what it said once holds for all of them."""
    sources, secrets = memory_sources(plan), _secrets(context.connection)

    def decider(policy: AskedPolicy) -> Endpoint:
        opened = open_endpoint(policy.model, context=context)
        metered = MeteredEndpoint(opened, model=policy.model.name, role="decider", ledger=ledger)
        return AdmittedEndpoint(metered, secrets=secrets)

    def models() -> dict[str, Endpoint]:
        return {name: decider(policy) for name, policy in policies.items()}

    return {
        name: AskedEndpoint(endpoint, policies, models=models(), sources=sources, decisions=decisions, name=name)
        for name, endpoint in assistants.items()
    }


def _with_store(endpoint: Endpoint, model: ModelSpec, plan: Plan) -> Endpoint:
    """The assistant, with its memory store between it and its users where the plan names one."""
    if model.store is None:
        return endpoint
    templates = {prompt.name: prompt.text for prompt in plan.prompts}
    return StoreAssistant(endpoint, open_store_named(model.store), templates=templates)


def _read_on(asked: Endpoint, *, plan: Plan, context: EndpointContext, ledger: Ledger) -> Endpoint:
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
