"""What a gateway applies: a policy of the grid, found by the same name, and the forms in which memory comes."""

from __future__ import annotations

from msgspec import Struct

from evenhand.errors import UsageError
from evenhand.mitigate.named import mitigation_spec, policy_of
from evenhand.mitigate.policy import AnswerPolicy, AskedPolicy, MemoryPolicy, PromptPolicy, unfit_for_gateway
from evenhand.records.mitigation import MitigationSpec, refuse_unknown_mitigation
from evenhand.serve.form import MemoryForms

__all__ = ["Deployed", "deployed", "deployed_spec"]


class Deployed(Struct, frozen=True, kw_only=True):
    """What a gateway applies."""

    name: str
    """The policy and its options, as in `--policy`."""
    policy: MemoryPolicy | PromptPolicy | AskedPolicy | None
    """The policy; None: memory is counted and nothing is changed."""
    digest: str = ""
    """Hash of the texts that the policy works from, as the plan of an audit holds it."""
    forms: MemoryForms
    """How memory looks in a request."""


def deployed(written: str, forms: MemoryForms) -> Deployed:
    """A policy with the texts that the package ships now.

    Args:
        written: `none`, `NAME`, or `NAME?option=value`, as in `--mitigation` of an audit.
        forms: How memory looks in a request.

    Raises:
        UsageError: No policy has this name, an option cannot be, or a gateway cannot carry the policy.
    """
    refuse_unknown_mitigation(written.partition("?")[0], where="the policy is")
    if written == "none":
        return Deployed(name=written, policy=None, forms=forms)
    return deployed_spec(mitigation_spec(written), forms, name=written)


def deployed_spec(spec: MitigationSpec, forms: MemoryForms, *, name: str | None = None) -> Deployed:
    """A policy as a plan holds it: the very function that the audit of this plan calls.

    Args:
        spec: The policy.
        forms: How memory looks in a request.
        name: What messages and counts call it; None: its name.

    Raises:
        UsageError: The policy asks the assistant several times, or goes by marks of facts.
        PlanError: The plan lacks one of the policy's texts.
    """
    policy = policy_of(spec)
    if isinstance(policy, AnswerPolicy):
        raise UsageError(
            f"the policy {spec.name!r} asks the assistant several times for one answer, which a gateway cannot carry; "
            "deploy a policy on memory or on the prompt"
        )
    if unfit_for_gateway(policy) == "marks":
        raise UsageError(
            f"the policy {spec.name!r} goes by what facts are marked as, and facts of live requests carry no "
            f"marks; a policy of the package is audited and deployed as '{spec.name}?by=words'"
        )
    return Deployed(name=name or spec.name, policy=policy, digest=spec.prompts_sha256, forms=forms)
