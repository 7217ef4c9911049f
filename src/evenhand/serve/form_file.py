"""From a TOML file to the forms in which an application shows memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from evenhand.errors import InputError, near_miss
from evenhand.serve.form import SHAPES, MarkedForm, MemoryForms, ToolForm, shipped_forms
from evenhand.toml_file import TomlFile, TomlPlace, read_toml

__all__ = ["read_forms"]

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
    found = _decoded(read_toml(path, what="the forms of memory", error=InputError, next_step=_NEXT))
    shipped = shipped_forms() if found.shipped else MemoryForms()
    forms = MemoryForms(marked=(*shipped.marked, *found.marked), tools=(*shipped.tools, *found.tool))
    if not forms.marked and not forms.tools:
        raise InputError(f"{str(path)!r} names no form, so the policy would never be applied; {_NEXT}")
    _check_names(forms, source=str(path))
    return forms


def _decoded(file: TomlFile) -> _FormFile:
    top = file.top()
    top.check_keys(file.table, _FormFile.__struct_fields__)
    for key, record in (("marked", MarkedForm), ("tool", ToolForm)):
        forms = file.table.get(key, [])
        if not isinstance(forms, list) or not all(isinstance(form, dict) for form in forms):
            raise InputError(
                f"{top.at(key)}: {key} is no list of tables; begin each form with a line [[{key}]]; {_NEXT}"
            )
        for index, form in enumerate(forms):
            _check_form(form, record, place=_place(top, key, index, form.get("name", index + 1)))
    found = file.converted(_FormFile)
    for index, marked in enumerate(found.marked):
        _check_marks(marked, place=_place(top, "marked", index, marked.name))
    return found


def _place(top: TomlPlace, key: str, index: int, name: object) -> TomlPlace:
    return top.inner(key, index, label=f"{key} {name!r}")


def _check_form(form: dict[str, Any], record: type[Struct], *, place: TomlPlace) -> None:
    place.check_keys(form, record.__struct_fields__)
    shape = form.get("shape", SHAPES[0])
    if record is MarkedForm and shape not in SHAPES:
        raise InputError(
            f"{place.at('shape')}: shape is {shape!r}{near_miss(str(shape), SHAPES)}; known are {', '.join(SHAPES)}"
        )


def _check_marks(form: MarkedForm, *, place: TomlPlace) -> None:
    if not form.start.strip():
        raise InputError(f"{place.at('start')}: start is empty; write the text that comes before the first fact")
    if form.shape == "entries" and form.entry.count("{text}") != 1:
        raise InputError(f"{place.at('entry')}: entry is {form.entry!r}; it names {{text}} once, as in '- {{text}}'")
    if form.shape == "entries" and not form.entry.partition("{text}")[0]:
        raise InputError(
            f"{place.at('entry')}: entry is {form.entry!r}; something must come before {{text}}, as in '- {{text}}'"
        )
    if form.shape == "entries" and "\n" in form.entry:
        raise InputError(f"{place.at('entry')}: entry is {form.entry!r}; it is one line")
    if not form.roles:
        raise InputError(f'{place.at("roles")}: roles is empty; name the roles to look at, such as ["system"]')


def _check_names(forms: MemoryForms, *, source: str) -> None:
    for name in forms.names:
        if not name.strip() or forms.names.count(name) > 1:
            raise InputError(f"{source!r} has the form name {name!r} twice, or an empty one; give each its own")
