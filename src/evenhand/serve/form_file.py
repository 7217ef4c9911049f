"""From a TOML file to the forms in which an application shows memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from evenhand.errors import InputError, near_miss
from evenhand.serve.form import SHAPES, MarkedForm, MemoryForms, ToolForm, shipped_forms

__all__ = ["read_forms"]

_LARGEST = 1_000_000
_NEXT = "docs/gateway.md shows a whole file"


class _FormFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    shipped: bool = True
    marked: tuple[MarkedForm, ...] = ()
    tool: tuple[ToolForm, ...] = ()


def read_forms(path: Path) -> MemoryForms:
    """The forms in a file, after those that evenhand ships unless the file says `shipped = false`.

    Raises:
        InputError: The file cannot be read, or names a form that cannot be; the message says where and what to write.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"cannot read the forms of memory {str(path)!r} ({error.strerror}); {_NEXT}") from error
    if len(data) > _LARGEST:
        raise InputError(f"{str(path)!r} is larger than {_LARGEST:,} bytes; that is no list of forms; {_NEXT}")
    found = _decoded(data, source=str(path))
    shipped = shipped_forms() if found.shipped else MemoryForms()
    forms = MemoryForms(marked=(*shipped.marked, *found.marked), tools=(*shipped.tools, *found.tool))
    if not forms.marked and not forms.tools:
        raise InputError(f"{str(path)!r} names no form, so the policy would never be applied; {_NEXT}")
    _check_names(forms, source=str(path))
    return forms


def _decoded(data: bytes, *, source: str) -> _FormFile:
    try:
        value = msgspec.toml.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"{source!r} is no TOML file ({reason}); {_NEXT}") from error
    _check_keys(value, _FormFile, where=repr(source))
    for key, record in (("marked", MarkedForm), ("tool", ToolForm)):
        forms = value.get(key, [])
        if not isinstance(forms, list) or not all(isinstance(form, dict) for form in forms):
            raise InputError(f"{source!r}: {key} is no list of tables; begin each form with a line [[{key}]]; {_NEXT}")
        for number, form in enumerate(forms, 1):
            _check_keys(form, record, where=f"{source!r}, {key} {form.get('name', number)!r}")
    try:
        found = msgspec.convert(value, _FormFile, strict=True)
    except msgspec.ValidationError as error:
        raise InputError(f"{source!r}: {error}; {_NEXT}") from error
    for marked in found.marked:
        _check_marks(marked, where=f"{source!r}, marked {marked.name!r}")
    return found


def _check_keys(value: dict[str, Any], record: type[Struct], *, where: str) -> None:
    known = record.__struct_fields__
    for key in value:
        if key not in known:
            raise InputError(f"{where}: unknown key {key!r}{near_miss(key, known)}; known are {', '.join(known)}")
    shape = value.get("shape", SHAPES[0])
    if record is MarkedForm and shape not in SHAPES:
        raise InputError(f"{where}: shape is {shape!r}{near_miss(str(shape), SHAPES)}; known are {', '.join(SHAPES)}")


def _check_marks(form: MarkedForm, *, where: str) -> None:
    if not form.start.strip():
        raise InputError(f"{where}: start is empty; write the text that comes before the first fact")
    if form.shape == "entries" and form.entry.count("{text}") != 1:
        raise InputError(f"{where}: entry is {form.entry!r}; it names {{text}} once, as in '- {{text}}'")
    if form.shape == "entries" and not form.entry.partition("{text}")[0]:
        raise InputError(f"{where}: entry is {form.entry!r}; something must come before {{text}}, as in '- {{text}}'")
    if form.shape == "entries" and "\n" in form.entry:
        raise InputError(f"{where}: entry is {form.entry!r}; it is one line")
    if not form.roles:
        raise InputError(f'{where}: roles is empty; name the roles to look at, such as ["system"]')


def _check_names(forms: MemoryForms, *, source: str) -> None:
    for name in forms.names:
        if not name.strip() or forms.names.count(name) > 1:
            raise InputError(f"{source!r} has the form name {name!r} twice, or an empty one; give each its own")
