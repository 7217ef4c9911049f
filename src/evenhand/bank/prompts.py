"""A user's own prompts as a bank of advice items: no options, no key, only what is written to the assistant.

Three formats: text (`.txt`: a prompt a line; empty lines and lines that begin with `#` are left out), JSON lines
(`.jsonl`: an object a line) and YAML or JSON (`.yaml`, `.yml`, `.json`: a list). An entry of the latter two is the
prompt itself or an object with `prompt` and, where wanted, `id` and `context`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from evenhand.bank.document import parse_document, read_bytes
from evenhand.bank.validate import check_bank
from evenhand.errors import BankError
from evenhand.records.item import Bank, Context, Item

__all__ = ["PROMPT_SUFFIXES", "load_prompts"]

PROMPT_SUFFIXES = (".txt", ".jsonl", ".yaml", ".yml", ".json")


class _PromptEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One prompt."""

    prompt: str
    id: str | None = None
    context: Context | None = None


def load_prompts(path: Path) -> Bank:
    """The bank of a file of prompts, named for the file. It is never passed on with a report: its text is the user's.

    Raises:
        BankError: The file cannot be read, has another format, holds no prompt, or an entry is none.
    """
    suffix = path.suffix.lower()
    if suffix not in PROMPT_SUFFIXES:
        raise BankError(
            f"{str(path)!r} has suffix {path.suffix!r}; prompts come in files that end in {', '.join(PROMPT_SUFFIXES)}"
        )
    data = read_bytes(path, error=BankError)
    entries = list(_numbered(data, source=str(path), suffix=suffix))
    if not entries:
        raise BankError(f"{str(path)!r} holds no prompt; write one on each line, or a list of them")
    items = tuple(
        Item(id=entry.id or f"prompt-{number:03d}", kind="advice", stem=entry.prompt, context=entry.context)
        for number, entry in enumerate(entries, start=1)
    )
    bank = Bank(
        name=path.stem,
        version="1",
        source=f"Prompts of the file {path.name}",
        licence="not stated",
        redistribute=False,
        validated=False,
        items=items,
    )
    return check_bank(bank, source=str(path))


def _numbered(data: bytes, *, source: str, suffix: str) -> Iterator[_PromptEntry]:
    if suffix in (".yaml", ".yml", ".json"):
        yield from _listed(data, source=source)
        return
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise BankError(f"{source!r} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or (suffix == ".txt" and text.startswith("#")):
            continue
        yield _PromptEntry(prompt=text) if suffix == ".txt" else _json_entry(text, where=f"{source!r}, line {number}")


def _json_entry(text: str, *, where: str) -> _PromptEntry:
    try:
        return _entry(msgspec.json.decode(text), where=where)
    except msgspec.DecodeError as error:
        raise BankError(f"{where}: not JSON ({error}); write an object such as {_EXAMPLE}") from error


_EXAMPLE = '{"prompt": "How do I apologise?", "id": "apology"}'


def _listed(data: bytes, *, source: str) -> Iterator[_PromptEntry]:
    document = parse_document(data, source=source, error=BankError)
    listed = document.value
    if not isinstance(listed, list):
        raise BankError(
            f"{source!r} holds a {type(listed).__name__}; prompts are a list of texts or of objects such as {_EXAMPLE}"
        )
    for number, one in enumerate(listed, start=1):
        yield _entry(one, where=f"{source!r}, entry {number}")


def _entry(value: object, *, where: str) -> _PromptEntry:
    if isinstance(value, str):
        return _PromptEntry(prompt=value.strip())
    try:
        return msgspec.convert(value, _PromptEntry)
    except msgspec.ValidationError as error:
        raise BankError(f"{where}: {error}; write a text, or an object such as {_EXAMPLE}") from error
