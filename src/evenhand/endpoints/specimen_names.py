"""Which specimens are shipped, and where; quick to load, so that a plan can refuse a misspelt one."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from evenhand.errors import EndpointError
from evenhand.plugins import near_miss

__all__ = ["specimen_folder", "specimen_name", "specimen_names"]


def specimen_folder() -> Path:
    """The folder with the tokenizer, the card and one folder a specimen."""
    return Path(str(resources.files("evenhand.endpoints") / "specimens"))


def specimen_names() -> tuple[str, ...]:
    """The shipped specimens, sorted."""
    return tuple(sorted(path.parent.name for path in specimen_folder().glob("*/model.safetensors")))


def specimen_name(name: str) -> str:
    """The bare name of a specimen that exists: `tilted` from `tilted` or `specimen/tilted`.

    Raises:
        EndpointError: There is no such specimen.
    """
    bare = name.removeprefix("specimen/")
    known = specimen_names()
    if bare not in known:
        raise EndpointError(
            f"There is no specimen {bare!r}{near_miss(bare, known)}; choose one of {', '.join(known) or 'none'}."
        )
    return bare
