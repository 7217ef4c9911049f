"""Banks from files: the shipped ones by name, a user's by path.

A parsed bank is kept as JSON in the user's cache folder under the hash of the file it came from, so that YAML is
parsed once. The cache is never the truth: whatever in it is damaged or missing is made again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from evenhand.bank.cache import cached
from evenhand.bank.document import convert_document, parse_document, read_bytes
from evenhand.bank.validate import check_bank
from evenhand.errors import BankError
from evenhand.records.item import Bank

__all__ = ["bank_sha256", "load_bank", "parse_bank", "shipped_banks"]

_SCHEMA_LINE = b"schema: evenhand.bank/"
_SUFFIXES = (".yaml", ".yml", ".json")
_CACHE_FORMAT = b"evenhand.bank/1 cache/1"
"""Part of every cache name: changes whenever what the same file is read as changes."""


def shipped_banks() -> tuple[str, ...]:
    """Names of the banks that come with the package."""
    return tuple(sorted(file.name.removesuffix(".yaml") for file in _shipped_files()))


def _shipped_files() -> Iterator[Traversable]:
    for file in (resources.files("evenhand.bank") / "data").iterdir():
        if file.name.endswith(".yaml"):
            with file.open("rb") as stream:
                if stream.read(len(_SCHEMA_LINE)) == _SCHEMA_LINE:
                    yield file


def load_bank(name_or_path: str | Path) -> Bank:
    """A shipped bank by name, or a bank file by path, validated.

    A string is a path when it has a folder separator or ends in .yaml, .yml or .json.

    Raises:
        BankError: for an unknown name, an unreadable file, or a bank that breaks a rule.

    Example:
        >>> from evenhand.bank.load import load_bank
        >>> bank = load_bank("understanding")
        >>> (bank.items[0].kind, bank.validated)
        ('understanding', False)
    """
    if isinstance(name_or_path, Path) or _looks_like_path(name_or_path):
        path = Path(name_or_path)
        if path.suffix.lower() not in _SUFFIXES:
            raise BankError(f"{str(path)!r} has suffix {path.suffix!r}; a bank file ends in {', '.join(_SUFFIXES)}")
        return _cached(read_bytes(path, error=BankError), source=str(path))
    name = name_or_path
    file = resources.files("evenhand.bank") / "data" / f"{name}.yaml"
    if name not in shipped_banks():
        raise BankError(
            f"there is no shipped bank {name!r}; use one of {', '.join(shipped_banks())}, or the path of a bank file"
        )
    return _cached(file.read_bytes(), source=name)


def _looks_like_path(name: str) -> bool:
    return "/" in name or os.sep in name or name.lower().endswith(_SUFFIXES)


def parse_bank(data: bytes, *, source: str) -> Bank:
    """A bank from the bytes of a YAML or JSON file, validated; `source` names it in messages.

    Raises:
        BankError: naming file, line or item, and field.
    """
    document = parse_document(data, source=source, error=BankError)
    return check_bank(convert_document(document, Bank, error=BankError), source=source)


def bank_sha256(bank: Bank) -> str:
    """SHA-256 (hex) of the bank as canonical JSON: fields sorted, defaults left out.

    Layout, comments and key order of the file do not matter; every word of an item does.
    """
    return hashlib.sha256(msgspec.json.encode(_canonical(bank), order="sorted")).hexdigest()


def _canonical(value: Any) -> Any:
    """Records as mappings without the fields that equal their default.

    The encoder's own way of leaving defaults out asks for the same object, not an equal one, so it would tell a
    default that the file spells out from one that it leaves out.
    """
    if isinstance(value, Struct):
        kind = type(value)
        pairs = ((name, getattr(value, name)) for name in kind.__struct_fields__)
        defaults = _defaults(kind)
        return {name: _canonical(given) for name, given in pairs if name not in defaults or given != defaults[name]}
    if isinstance(value, tuple):
        return [_canonical(part) for part in value]
    return value


@cache
def _defaults(kind: type[Struct]) -> dict[str, Any]:
    return {field.name: field.default for field in fields(kind) if not field.required}


def _cached(data: bytes, *, source: str) -> Bank:
    key = _CACHE_FORMAT + hashlib.sha256(data).digest()
    return cached(lambda: parse_bank(data, source=source), Bank, folder="banks", key=key)
