"""One model as a plan names it."""

from __future__ import annotations

from msgspec import Struct

from evenhand.records.message import ModelSettings
from evenhand.records.store_spec import StoreSpec

__all__ = ["ModelSpec", "SourceFile"]


class SourceFile(Struct, frozen=True, kw_only=True):
    """A file of the user's that decides what an assistant answers, as it was when the plan was made."""

    name: str
    """As the model's name has it: a path, or a module."""
    sha256: str
    """Hash of its bytes."""


class ModelSpec(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One model to be asked.

    Example:
        >>> import evenhand
        >>> evenhand.ModelSpec(name="vllm/Qwen3-4B", base_url="http://localhost:8000/v1").base_url
        'http://localhost:8000/v1'
    """

    name: str
    """As given on the command line: `openai/gpt-5.1`, `specimen/tilted` ..."""
    base_url: str | None = None
    """Address of the server; None: the provider's usual one."""
    settings: ModelSettings = ModelSettings()
    """How it is sampled."""
    options: dict[str, str] = {}
    """Endpoint options that decide the result (a planted effect of a simulated respondent, say). Never keys."""
    store: StoreSpec | None = None
    """A memory store between the assistant and its users; None: none of ours."""
    sources: tuple[SourceFile, ...] = ()
    """Files that the assistant is made from, filled in when the plan is made; a run refuses others."""
