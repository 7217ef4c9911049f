"""Which specimens there are, and where; quick to load, so that a plan can refuse a misspelt one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from evenhand.errors import EndpointError, near_miss

__all__ = ["chosen_folder", "specimen_folder", "specimen_name", "specimen_names"]


def specimen_folder() -> Path:
    """The folder of the package with the tokenizer, the card and one folder a specimen."""
    return Path(str(resources.files("evenhand.endpoints") / "specimens"))


def chosen_folder(options: Mapping[str, str]) -> Path | None:
    """The folder that a model's options name (`folder`, with specimens built anew), or None: the package's.

    Raises:
        EndpointError: An option that no specimen has, or a folder without specimens.
    """
    unknown = sorted(set(options) - {"folder"})
    if unknown:
        raise EndpointError(f"A specimen has no option {unknown[0]!r}; it has `folder`, where rebuilt specimens are.")
    if "folder" not in options:
        return None
    folder = Path(options["folder"])
    if not specimen_names(folder):
        raise EndpointError(
            f"There are no specimens in {str(folder)!r}; build some with `python -m specimens --seed 2 --out FOLDER`."
        )
    return folder


def specimen_names(folder: Path | None = None) -> tuple[str, ...]:
    """The specimens in a folder (None: the package's), sorted."""
    return tuple(sorted(path.parent.name for path in (folder or specimen_folder()).glob("*/model.safetensors")))


def specimen_name(name: str, folder: Path | None = None) -> str:
    """The bare name of a specimen that exists: `tilted` from `tilted` or `specimen/tilted`.

    Args:
        name: The name.
        folder: Where the specimens are; None: in the package.

    Raises:
        EndpointError: There is no such specimen.
    """
    bare = name.removeprefix("specimen/")
    known = specimen_names(folder)
    if bare not in known:
        raise EndpointError(
            f"There is no specimen {bare!r}{near_miss(bare, known)}; choose one of {', '.join(known) or 'none'}."
        )
    return bare
