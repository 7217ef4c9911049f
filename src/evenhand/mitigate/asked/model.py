"""The model that a policy asks about facts, as its options name it."""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.errors import UsageError
from evenhand.records.message import ModelSettings
from evenhand.records.plan import ModelSpec

__all__ = ["model_of", "refuse_model"]


def model_of(options: Mapping[str, str], *, policy: str, by: str, tokens: int) -> ModelSpec:
    """The model that is asked about facts.

    Args:
        options: The policy's options.
        policy: Name of the policy, for the message.
        by: Value of its option `by`, and name of the option that names the model.
        tokens: Longest answer.

    Raises:
        UsageError: None is named.
    """
    name = options.get(by)
    if not name:
        raise UsageError(
            f"the policy {policy!r} by {by} asks a model about every fact; name it: "
            f"'{policy}?by={by}&{by}=openai/gpt-5.1', with base_url=URL where it has an address of its own"
        )
    return ModelSpec(name=name, base_url=options.get("base_url"), settings=ModelSettings(max_tokens=tokens))


def refuse_model(options: Mapping[str, str], *, policy: str, by: str) -> None:
    """Refuse a model that would not be asked.

    Raises:
        UsageError: One is named.
    """
    for option in (by, "base_url"):
        if option in options:
            raise UsageError(
                f"the option {option} of {policy!r} names a model, and nothing is asked; add by={by}, or leave it out"
            )
