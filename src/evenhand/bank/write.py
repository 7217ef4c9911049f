"""Banks and cohorts to files: YAML that a person can edit, or JSON."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml
from msgspec import Struct

from evenhand.errors import BankError, CohortError, InputError
from evenhand.records.item import Bank
from evenhand.records.profile import Cohort

__all__ = ["bank_text", "cohort_text", "write_bank", "write_cohort"]

_Record = TypeVar("_Record", bound=Struct)

_FLOW_LIMIT = 120
_WIDTH = 110
_INLINE = ("options", "facts")


class _Text(str):
    """Text that is written folded over several lines."""

    __slots__ = ()


class _Inline(dict[str, Any]):
    """A mapping that is written on one line."""


_Base: type[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_Base):  # type: ignore[misc]  # libyaml's dumper where it is built, else the Python one
    """Folded texts, short mappings on one line, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: Any, text: _Text) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=">")


def _represent_inline(dumper: Any, mapping: _Inline) -> Any:
    return dumper.represent_mapping("tag:yaml.org,2002:map", mapping.items(), flow_style=True)


_Dumper.add_representer(_Text, _represent_text)
_Dumper.add_representer(_Inline, _represent_inline)


def bank_text(bank: Bank) -> str:
    """The bank as YAML, fields in the order of the record, one option per line, an empty line between items."""
    head = {name: value for name, value in _fields(bank).items() if name not in ("items", "schema")}
    parts = [f"schema: {bank.schema}\n", _dump(head), "items:\n"]
    for item in bank.items:
        fields = {name: _laid_out(name, value) for name, value in _fields(item).items()}
        parts.append("\n" + _dump([fields]))
    return "".join(parts)


def cohort_text(cohort: Cohort) -> str:
    """The cohort as YAML, fields in the order of the record, an empty line between profiles."""
    people = ("profiles", "placebo")
    head = {name: value for name, value in _fields(cohort).items() if name not in (*people, "schema")}
    parts = [f"schema: {cohort.schema}\n", _dump(head)]
    for name, profiles in zip(people, (cohort.profiles, cohort.placebo), strict=True):
        if profiles:
            parts.append(f"{name}:\n")
        for profile in profiles:
            fields = {field: _laid_out(field, value) for field, value in _fields(profile).items()}
            parts.append("\n" + _dump([fields]))
    return "".join(parts)


def write_bank(bank: Bank, path: Path) -> None:
    """Write the bank as YAML (.yaml, .yml) or JSON (.json); reading it back gives the same bank.

    Raises:
        BankError: for another suffix, or when the file cannot be written.
    """
    _write(bank, bank_text, path, error=BankError)


def write_cohort(cohort: Cohort, path: Path) -> None:
    """Write the cohort as YAML (.yaml, .yml) or JSON (.json); reading it back gives the same cohort.

    Raises:
        CohortError: for another suffix, or when the file cannot be written.
    """
    _write(cohort, cohort_text, path, error=CohortError)


def _write(record: _Record, as_yaml: Callable[[_Record], str], path: Path, *, error: type[InputError]) -> None:
    match path.suffix.lower():
        case ".yaml" | ".yml":
            text = as_yaml(record)
        case ".json":
            text = msgspec.json.format(msgspec.json.encode(record), indent=1).decode() + "\n"
        case other:
            raise error(f"{str(path)!r} has suffix {other!r}; it is written as .yaml, .yml or .json")
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as cause:
        raise error(f"{str(path)!r} cannot be written ({cause.strerror}); choose another place") from cause


def _fields(record: Struct) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(record)
    return fields


def _laid_out(name: str, value: Any) -> Any:
    if isinstance(value, str) and len(value) > 60 and "\n" not in value and value == value.strip():
        return _Text(value)
    if name in _INLINE and isinstance(value, list | tuple):
        return [_Inline(entry) if len(str(entry)) <= _FLOW_LIMIT else entry for entry in value]
    if isinstance(value, dict):
        return _Inline(value)
    return value


def _dump(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text
