"""The specimens' files: found in the package, checked against their hashes, loaded."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import msgspec
from safetensors.numpy import load_file

from evenhand.endpoints.specimen.chat import ChatTokens
from evenhand.endpoints.specimen.forward import Shape, SpecimenNetwork
from evenhand.endpoints.specimen.names import specimen_folder
from evenhand.errors import EndpointError

__all__ = ["load_network", "load_tokens"]

_HASHES = "sha256.json"


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
