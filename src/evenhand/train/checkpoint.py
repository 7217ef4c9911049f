"""Where the weights of a model are: a folder in Hugging Face format, or a specimen written out as one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec

from evenhand.endpoints.specimen.names import specimen_folder, specimen_name
from evenhand.errors import InputError, StoreError

__all__ = ["checkpoint_of"]

_SPECIMEN = "specimen/"
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json")


class _TokenizerFile(msgspec.Struct):
    """What is looked at in `tokenizer_config.json`."""

    chat_template: Any = None


def checkpoint_of(model: str, *, folder: Path) -> Path:
    """The folder with the weights of a model.

    Args:
        model: `specimen/NAME`, `hf/PATH` or PATH.
        folder: Where a specimen is written out.

    Raises:
        EndpointError: There is no such specimen.
        InputError: There is no such folder, no weights in it, or no chat template.
        StoreError: `folder` cannot be written.
    """
    if model.startswith(_SPECIMEN):
        return _written_out(specimen_name(model), folder)
    path = Path(model.removeprefix("hf/")).expanduser()
    if not (path / "config.json").is_file():
        raise InputError(
            f"there is no checkpoint at {str(path)!r} (no config.json); name a folder in Hugging Face format, or "
            "specimen/NAME"
        )
    if not _has_template(path):
        raise InputError(f"the checkpoint {str(path)!r} has no chat template; train one that was tuned for chat")
    return path


def _has_template(path: Path) -> bool:
    """Whether the tokenizer has a chat template, in a file of its own or among its settings."""
    if (path / "chat_template.jinja").is_file() or any(path.glob("additional_chat_templates/*.jinja")):
        return True
    settings = path / "tokenizer_config.json"
    try:
        found = msgspec.json.decode(settings.read_bytes(), type=_TokenizerFile) if settings.is_file() else None
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{str(settings)!r} cannot be read ({error}); mend or replace it") from error
    return found is not None and found.chat_template is not None


def _written_out(name: str, folder: Path) -> Path:
    shipped = specimen_folder()
    target = folder / name
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file in (shipped / name / "config.json", shipped / name / "model.safetensors"):
            shutil.copyfile(file, target / file.name)
        for part in _TOKENIZER:
            shutil.copyfile(shipped / part, target / part)
    except OSError as error:
        raise StoreError(f"cannot write {str(target)!r} ({error.strerror}); choose another --out") from error
    return target
