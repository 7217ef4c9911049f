"""The specimens' files: found in the package, checked against their hashes, loaded."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import resources
from pathlib import Path

import msgspec
from safetensors.numpy import load_file

from evenhand.endpoints.specimen_chat import ChatTokens
from evenhand.endpoints.specimen_forward import Shape, SpecimenNetwork
from evenhand.errors import EndpointError
from evenhand.plugins import near_miss

__all__ = ["load_network", "load_tokens", "specimen_folder", "specimen_name", "specimen_names"]

_HASHES = "sha256.json"


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


def checked(path: Path, folder: Path) -> Path:
    """`path`, after its SHA-256 was found to be the one listed in `folder`.

    Raises:
        EndpointError: The file is missing, not listed, or not what was shipped.
    """
    name = path.relative_to(folder).as_posix()
    try:
        listed = msgspec.json.decode((folder / _HASHES).read_bytes(), type=dict[str, str])
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, msgspec.DecodeError) as error:
        raise EndpointError(f"The specimen file {name!r} cannot be read ({error}); reinstall evenhand.") from error
    if listed.get(name) != found:
        raise EndpointError(
            f"The specimen file {name!r} has SHA-256 {found[:12]!r}, not {str(listed.get(name))[:12]!r} as listed; "
            "reinstall evenhand or rebuild with `make specimens`."
        )
    return path


@lru_cache(maxsize=4)
def load_tokens(folder: Path | None = None) -> ChatTokens:
    """The tokenizer that all specimens share; its file is checked first.

    Args:
        folder: Where the specimens are; None: in the package.
    """
    folder = folder or specimen_folder()
    return ChatTokens(checked(folder / "tokenizer.json", folder))


@lru_cache(maxsize=4)
def load_network(name: str, folder: Path | None = None) -> SpecimenNetwork:
    """The network of a specimen; its files are checked first.

    Args:
        name: Bare name.
        folder: Where the specimens are; None: in the package.
    """
    folder = folder or specimen_folder()
    shape = msgspec.json.decode(checked(folder / name / "config.json", folder).read_bytes(), type=Shape)
    return SpecimenNetwork(shape, load_file(checked(folder / name / "model.safetensors", folder)))
