"""Whether a design fits assistants that keep memory themselves, and whether their files are those of the plan."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.endpoints.kinds import kind_of
from evenhand.errors import PlanError, UsageError
from evenhand.memory.stores.named import frozen_store
from evenhand.records.model_spec import ModelSpec
from evenhand.records.plan import Design, Plan
from evenhand.records.profile import PRODUCT_PLACEMENTS

__all__ = ["check_placements", "check_sources", "products_of"]


def products_of(models: Sequence[ModelSpec]) -> tuple[ModelSpec, ...]:
    """The assistants among some models that keep memory themselves, or have a store of ours that does."""
    return tuple(model for model in models if model.store is not None or kind_of(model).own_memory(model))


def check_placements(design: Design, *, models: Sequence[ModelSpec], own_prompts: bool, looks: int) -> None:
    """Refuse a design in which memory would be where the assistant does not look for it.

    Args:
        design: The design.
        models: The assistants.
        own_prompts: Whether prompts of the product's own are given, which are for memory in the messages.
        looks: Planned looks; a product's memory would be written anew for each.

    Raises:
        UsageError: An assistant with its own memory meets a placement in the messages, a reader prompt, a policy, a
            prompt or looks; or one without it meets a placement in its own memory.
    """
    products = products_of(models)
    owned = [placement for placement in design.placements if placement in PRODUCT_PLACEMENTS]
    shown = [placement for placement in design.placements if placement not in PRODUCT_PLACEMENTS]
    other = next((model for model in models if model not in products), None)
    if owned and other is not None:
        raise UsageError(
            f"the placement {owned[0]!r} is for assistants that keep memory themselves, and {other.name!r} does not: "
            "give it remember(user, facts), reply(user, messages) and forget(user), or choose another --placement"
        )
    if not products:
        return
    both = next((model for model in products if model.store is not None and kind_of(model).own_memory(model)), None)
    if both is not None:
        raise UsageError(
            f"{both.name!r} keeps memory itself, so that a store has no place beside it; leave --store out"
        )
    name = products[0].name
    stores = all(model.store is not None for model in products)
    if shown:
        raise UsageError(
            f"{name!r} keeps memory itself, and the design has the placement {shown[0]!r}, which puts memory into the "
            f"messages; allowed are {' and '.join(PRODUCT_PLACEMENTS)} (--placement)"
        )
    refused = [
        ("a reader prompt (--reader)", design.readers != ("none",)),
        ("a policy between memory and assistant (--mitigation)", design.mitigations != ("none",)),
        ("a prompt of its own (--system-prompt, --memory-template)", own_prompts and not stores),
        ("looks while answers come in (--looks)", looks > 1),
    ]
    for what, given in refused:
        if given:
            raise UsageError(f"{name!r} keeps memory itself, so that {what} has no place; leave it out")


def check_sources(plan: Plan) -> None:
    """Refuse to ask an assistant whose files are no longer those of the plan.

    Raises:
        PlanError: A file has changed.
        EndpointError: A file is gone.
    """
    for model in plan.models:
        _check_store(model)
        if not model.sources:
            continue
        for before, now in zip(model.sources, kind_of(model).sources(model), strict=False):
            if before != now:
                raise PlanError(
                    f"{before.name!r} has changed since the plan was made (its hash is {now.sha256[:12]}, the plan has "
                    f"{before.sha256[:12]}), so that answers before and after would be of two assistants; restore the "
                    "file, or plan anew in another directory with --out"
                )


def _check_store(model: ModelSpec) -> None:
    """Refuse to ask with another version of a store than the plan's.

    Raises:
        PlanError: A version, a prompt or what is switched off has changed.
    """
    if model.store is None:
        return
    now = frozen_store(model.store).about
    for name in sorted({*now, *model.store.about}):
        before, here = model.store.about.get(name, "nothing"), now.get(name, "nothing")
        if before != here:
            raise PlanError(
                f"{name!r} of the store {model.store.name!r} is {here[:40]!r} here, and the plan was made with "
                f"{before[:40]!r}; install what the plan has, or plan anew in another directory with --out"
            )
