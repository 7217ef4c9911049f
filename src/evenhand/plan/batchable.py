"""What a plan must be to be asked by batches."""

from __future__ import annotations

from evenhand.endpoints.kinds import check_batches, kind_of
from evenhand.errors import UsageError
from evenhand.mitigate.named import policy_of
from evenhand.mitigate.policy import AnswerPolicy, AskedPolicy
from evenhand.records.plan import Plan

__all__ = ["check_batchable"]


def check_batchable(plan: Plan) -> None:
    """Raise where a plan has questions that cannot be asked before others are answered, or a model without batches.

    A judge and a reader of letters are asked one by one when a batch is collected.

    Raises:
        EndpointError: A model takes no batches.
        UsageError: An assistant keeps memory itself, a policy asks again with an answer, or looks are planned.
    """
    for model in plan.models:
        if model.store is not None or kind_of(model).own_memory(model):
            raise UsageError(
                f"{model.name!r} keeps memory itself, and its users are made and cleared while it is asked; "
                "leave --batch out to ask it one by one"
            )
        check_batches(model)
    for spec in plan.mitigations:
        policy = policy_of(spec)
        if isinstance(policy, AskedPolicy):
            raise UsageError(
                f"the policy {spec.name!r} asks a model about facts first, which no batch can wait for; leave --batch "
                "out, or plan a run of its own for it"
            )
        if isinstance(policy, AnswerPolicy):
            raise UsageError(
                f"the policy {spec.name!r} asks again with an answer, which no batch can wait for; leave --batch out, "
                "or plan a run of its own for it"
            )
    if plan.analysis.looks > 1:
        raise UsageError(
            f"--looks {plan.analysis.looks} tests while answers come in, and a batch brings them all at once; leave "
            "one of --looks and --batch out"
        )
