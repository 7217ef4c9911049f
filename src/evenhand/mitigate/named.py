"""The policies by name: ours, one line each, and those of installed packages."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache, lru_cache
from urllib.parse import parse_qsl

import msgspec

from evenhand.errors import UsageError, near_miss
from evenhand.mitigate.on_answer.consensus import CONSENSUS
from evenhand.mitigate.on_answer.two_pass import TWO_PASS
from evenhand.mitigate.on_memory.gate import GATE
from evenhand.mitigate.on_memory.neutralise import NEUTRALISE
from evenhand.mitigate.on_memory.redact import REDACT
from evenhand.mitigate.on_memory.write_tag import WRITE_TAG
from evenhand.mitigate.on_prompt.check import CHECK
from evenhand.mitigate.on_prompt.instruct import INSTRUCT
from evenhand.mitigate.on_prompt.third_person import THIRD_PERSON
from evenhand.mitigate.policy import AnswerPolicy, AskedPolicy, MemoryPolicy, Policy, PolicyMaker, PromptPolicy
from evenhand.plugins import load_plugin
from evenhand.records.mitigation import (
    MITIGATION_GROUP,
    MITIGATIONS,
    MitigationSpec,
    mitigation_texts,
    refuse_unknown_mitigation,
)
from evenhand.records.prompt_file import prompt_files

__all__ = ["mitigation_spec", "policy_named", "policy_of"]

_OWN: tuple[PolicyMaker, ...] = (
    REDACT,
    GATE,
    NEUTRALISE,
    WRITE_TAG,
    INSTRUCT,
    THIRD_PERSON,
    CHECK,
    TWO_PASS,
    CONSENSUS,
)


def mitigation_spec(written: str) -> MitigationSpec:
    """A policy as it goes into a plan, with its texts read now.

    Args:
        written: `NAME`, or `NAME?option=value&option=value`.

    Raises:
        UsageError: No policy has this name, or an option cannot be.

    Example:
        >>> from evenhand.mitigate.named import mitigation_spec
        >>> mitigation_spec("gate?threshold=2").options
        {'threshold': '2'}
    """
    name, _, query = written.partition("?")
    return _spec(name, dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)))


def _spec(name: str, options: Mapping[str, str]) -> MitigationSpec:
    maker = _maker(name)
    for option in options:
        if option not in maker.options:
            allowed = ", ".join(maker.options) or "none"
            raise UsageError(
                f"the policy {name!r} has no option {option!r}{near_miss(option, maker.options)}; allowed: {allowed}"
            )
    options = {**maker.usual, **options}
    files = prompt_files(maker.files(options))
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}:{file.sha256}\n".encode())
    spec = MitigationSpec(name=name, options=options, files=files, prompts_sha256=digest.hexdigest())
    policy_of(spec)
    return spec


def policy_named(name: str, options: Mapping[str, str] | None = None) -> Policy:
    """The policy of a name, with the texts that the package ships now.

    Raises:
        UsageError: No policy has this name, or an option cannot be.
    """
    return policy_of(_spec(name, options or {}))


def policy_of(spec: MitigationSpec) -> Policy:
    """The policy that a plan describes: from the plan's texts, whatever the package ships today.

    Equal descriptions give the same object: what the grid calls is what a gateway calls.

    Raises:
        UsageError: No policy has this name, or an option cannot be.
        PlanError: The plan lacks one of its texts.
    """
    if spec.name in _makers():
        return _own(msgspec.json.encode(spec))
    return _maker(spec.name).make(spec.options, mitigation_texts(spec))


@lru_cache(maxsize=64)
def _own(described: bytes) -> Policy:
    """A policy of the package, made once."""
    spec = msgspec.json.decode(described, type=MitigationSpec)
    return _maker(spec.name).make(spec.options, mitigation_texts(spec))


@cache
def _makers() -> Mapping[str, PolicyMaker]:
    return {maker.name: maker for maker in _OWN}


def _maker(name: str) -> PolicyMaker:
    """How the policy of a name is made.

    Raises:
        UsageError: No policy has this name, or a package registers something else under it.
    """
    refuse_unknown_mitigation(name, where="the design has mitigations")
    own = _makers().get(name)
    if own is not None:
        return own
    if name in MITIGATIONS:
        raise UsageError("the policy 'none' changes nothing; it is always asked and needs no name")
    plugin = load_plugin(MITIGATION_GROUP, name)
    if isinstance(plugin, PolicyMaker):
        return plugin
    if isinstance(plugin, MemoryPolicy | PromptPolicy | AnswerPolicy | AskedPolicy):
        policy = plugin
        return PolicyMaker(name=name, make=lambda options, files: policy)
    raise UsageError(f"the plug-in {name!r} is a {type(plugin).__name__}, neither a PolicyMaker nor a policy")
