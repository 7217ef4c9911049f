"""A policy that is tried against the effects of memory, as a plan holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args
from urllib.parse import quote, urlencode

from msgspec import Struct

from evenhand.errors import UsageError, near_miss
from evenhand.plugins import plugin_names
from evenhand.records.prompt_file import PromptFile

__all__ = [
    "MITIGATIONS",
    "MITIGATION_GROUP",
    "BuiltInMitigation",
    "Mitigation",
    "MitigationSpec",
    "PolicySetting",
    "known_mitigations",
    "mitigation_texts",
    "refuse_unknown_mitigation",
]

BuiltInMitigation = Literal[
    "none",
    "redact",
    "gate",
    "neutralise",
    "write_tag",
    "instruct",
    "third_person",
    "check",
    "two_pass",
    "consensus",
]
"""Policies of the package. The set holds only what runs.

On memory: `redact` takes facts of social position out; `gate` lets facts through that share words with the question;
`neutralise` rewrites facts without social position; `write_tag` lets facts through whose purposes fit the question. On
the prompt: `instruct` says when memory may be used; `third_person` puts the question as one about somebody; `check` has
the assistant say first whether memory matters. On the answer: `two_pass` answers without memory and then adapts the
form; `consensus` answers under several made-up memories and takes what they agree on.
"""
MITIGATIONS: tuple[BuiltInMitigation, ...] = get_args(BuiltInMitigation)

Mitigation = str
"""Name of a policy: one of `MITIGATIONS`, or one that an installed package registers."""

MITIGATION_GROUP = "evenhand.mitigations"
"""Entry point group of policies of other packages."""


class MitigationSpec(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One policy of a plan, with everything that decides what it does."""

    name: Mitigation
    """Name, as in `--mitigation NAME`."""
    options: dict[str, str] = {}
    """Options of the policy, as in `--mitigation NAME?option=value`."""
    files: tuple[PromptFile, ...] = ()
    """Prompts, word lists and tables that it works from, as they stood when the plan was made."""
    prompts_sha256: str
    """Hash over all of its files."""


class PolicySetting(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a policy of a run was set, as a report shows it."""

    name: Mitigation
    """Name, as in `--mitigation NAME`."""
    options: dict[str, str] = {}
    """Every option with its value, named by the user or not."""
    deployable: bool
    """Whether a gateway can apply it to live requests as it was measured."""

    @property
    def written(self) -> str:
        """As `--mitigation` and `--policy` take it: `NAME` or `NAME?option=value&option=value`."""
        options = urlencode(self.options, safe="/:", quote_via=quote)
        return f"{self.name}?{options}" if options else self.name


def known_mitigations() -> tuple[str, ...]:
    """Names of all policies: those of the package, then those of installed packages."""
    return (*MITIGATIONS, *(name for name in plugin_names(MITIGATION_GROUP) if name not in MITIGATIONS))


def refuse_unknown_mitigation(name: str, *, where: str) -> None:
    """Refuse a policy that nobody has.

    Args:
        name: The name.
        where: What named it, for the message.

    Raises:
        UsageError: No policy has this name.
    """
    if name in MITIGATIONS:
        return
    known = known_mitigations()
    if name not in known:
        raise UsageError(f"{where} {name!r}{near_miss(name, known)}; allowed: {', '.join(known)}")


def mitigation_texts(spec: MitigationSpec) -> Mapping[str, str]:
    """Name -> text of a policy's files."""
    return {file.name: file.text for file in spec.files}
