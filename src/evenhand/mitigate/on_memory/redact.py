"""`redact`: facts of social position are not shown."""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.mitigate.policy import Facts, MemoryPolicy, Policy, PolicyMaker
from evenhand.mitigate.social import OPTIONS, USUAL, SocialFacts, social_facts, social_files

__all__ = ["REDACT", "redacted"]


def redacted(facts: Facts, *, social: SocialFacts) -> Facts:
    """The facts that do not tell of social position, in their order."""
    return tuple(fact for fact in facts if not social.tell(fact))


def _make(options: Mapping[str, str], files: Mapping[str, str]) -> Policy:
    social = social_facts(options, files)
    return MemoryPolicy(
        name="redact", on_memory=lambda facts, question: redacted(facts, social=social), marks=social.marks
    )


REDACT = PolicyMaker(name="redact", options=OPTIONS, usual=USUAL, files=social_files, make=_make)
