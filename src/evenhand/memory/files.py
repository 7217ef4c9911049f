"""Memory as files that an assistant reads and writes by a tool: the commands of Anthropic's `memory_20250818`.

The tool is the client's to run, and so are the words of its results; these are ours. The commands, their arguments and
the one root, `/memories`, are the tool's (Anthropic's documentation of the memory tool).
"""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import normpath
from typing import Literal, assert_never, get_args
from urllib.parse import unquote

import msgspec
from msgspec import Struct

__all__ = ["MEMORY_TOOL", "ROOT", "Command", "MemoryFiles"]

MEMORY_TOOL = "memory"
"""Name of the tool."""
ROOT = "/memories"
"""The folder beyond which nothing is reached."""

Command = Literal["view", "create", "str_replace", "insert", "delete", "rename"]
_COMMANDS: tuple[Command, ...] = get_args(Command)
_MOST = 1_000_000
"""Characters of a file."""


class _FileCall(Struct, forbid_unknown_fields=True):
    """The arguments of a call; which are needed depends on the command."""

    command: Command
    path: str | None = None
    view_range: tuple[int, int] | None = None
    file_text: str | None = None
    old_str: str | None = None
    new_str: str | None = None
    insert_line: int | None = None
    insert_text: str | None = None
    old_path: str | None = None
    new_path: str | None = None


class _CallRefused(Exception):
    """A call that cannot be carried out; the text is the tool's answer."""


class MemoryFiles:
    """The files of one user, kept in this object alone.

    Example:
        >>> from evenhand.memory.files import MemoryFiles
        >>> files = MemoryFiles()
        >>> files.run({"command": "create", "path": "/memories/user.md", "file_text": "Keeps bees."})
        'Wrote /memories/user.md (1 line).'
        >>> print(files.run({"command": "view", "path": "/memories/user.md"}))
        /memories/user.md, with line numbers:
             1	Keeps bees.
    """

    def __init__(self) -> None:
        self._files: dict[str, str] = {}

    @property
    def texts(self) -> dict[str, str]:
        """Path -> text of every file, sorted."""
        return dict(sorted(self._files.items()))

    def run(self, arguments: Mapping[str, object]) -> str:
        """Carry out a call and say what came of it; a call that cannot be carried out changes nothing and says why.

        Args:
            arguments: The arguments of the call, as the assistant wrote them.
        """
        try:
            call = msgspec.convert(dict(arguments), _FileCall)
        except msgspec.ValidationError as error:
            return f"Error: {error}. The commands are {', '.join(_COMMANDS)}."
        try:
            return self._done(call)
        except _CallRefused as error:
            return f"Error: {error}"

    def _done(self, call: _FileCall) -> str:
        match call.command:
            case "view":
                return self._view(_path(call.path), call.view_range)
            case "create":
                return self._create(_path(call.path), _text(call.file_text, "file_text"))
            case "str_replace":
                return self._replace(_path(call.path), _text(call.old_str, "old_str"), call.new_str or "")
            case "insert":
                return self._insert(_path(call.path), call.insert_line, _text(call.insert_text, "insert_text"))
            case "delete":
                return self._delete(_path(call.path))
            case "rename":
                return self._rename(_path(call.old_path, "old_path"), _path(call.new_path, "new_path"))
            case _ as unreachable:
                assert_never(unreachable)

    def _view(self, path: str, lines: tuple[int, int] | None) -> str:
        if path in self._files:
            numbered = list(enumerate(self._files[path].split("\n"), 1))
            if lines is not None:
                first, last = lines[0], len(numbered) if lines[1] == -1 else lines[1]
                if not 1 <= first <= last <= len(numbered):
                    raise _CallRefused(f"{path} has {len(numbered)} lines; view_range {list(lines)} is not among them.")
                numbered = numbered[first - 1 : last]
            return "\n".join([f"{path}, with line numbers:", *(f"{number:>6}\t{line}" for number, line in numbered)])
        inside = self._inside(path)
        if not inside and path != ROOT:
            raise _CallRefused(f"there is no {path}.")
        # Without sizes: two versions of a user would differ in more than their facts.
        return "\n".join([f"Files in {path}:", *inside]) if inside else f"{path} is empty."

    def _create(self, path: str, text: str) -> str:
        if path == ROOT or self._inside(path):
            raise _CallRefused(f"{path} is a folder.")
        if any(path.startswith(f"{name}/") for name in self._files):
            raise _CallRefused(f"a part of {path} is a file, not a folder.")
        self._files[path] = text
        lines = text.count("\n") + 1
        return f"Wrote {path} ({lines} {'line' if lines == 1 else 'lines'})."

    def _replace(self, path: str, old: str, new: str) -> str:
        text = self._file(path)
        found = text.count(old) if old else 0
        if found != 1:
            raise _CallRefused(f"old_str is in {path} {found} times; it must be there once. Nothing was changed.")
        self._files[path] = _text(text.replace(old, new), "new_str")
        return f"Changed {path}."

    def _insert(self, path: str, line: int | None, text: str) -> str:
        lines = self._file(path).split("\n")
        if line is None or not 0 <= line <= len(lines):
            raise _CallRefused(
                f"insert_line is {line}; {path} has {len(lines)} lines, so that 0 to {len(lines)} is allowed."
            )
        lines[line:line] = text.removesuffix("\n").split("\n")
        self._files[path] = _text("\n".join(lines), "insert_text")
        return f"Changed {path}."

    def _delete(self, path: str) -> str:
        if path == ROOT:
            raise _CallRefused(f"{ROOT} itself cannot be deleted.")
        gone = [path] if path in self._files else self._inside(path)
        if not gone:
            raise _CallRefused(f"there is no {path}.")
        for name in gone:
            del self._files[name]
        return f"Deleted {path}."

    def _rename(self, old: str, new: str) -> str:
        moved = [old] if old in self._files else self._inside(old)
        if not moved or old == ROOT:
            raise _CallRefused(f"there is no {old}.")
        if new in self._files or self._inside(new) or new == ROOT or new.startswith(f"{old}/"):
            raise _CallRefused(f"{new} is there already, or is inside {old}.")
        for name in moved:
            self._files[new + name.removeprefix(old)] = self._files.pop(name)
        return f"Renamed {old} to {new}."

    def _inside(self, folder: str) -> list[str]:
        return sorted(name for name in self._files if name.startswith(f"{folder}/"))

    def _file(self, path: str) -> str:
        if path not in self._files:
            raise _CallRefused(f"there is no file {path}.")
        return self._files[path]


def _path(path: str | None, name: str = "path") -> str:
    """A path within the root, in its plain form.

    Raises:
        _CallRefused: It is missing, or leaves the root however it is written.
    """
    if path is None:
        raise _CallRefused(f"this command needs {name}.")
    plain = normpath(path)
    twice = unquote(unquote(path))
    within = plain == ROOT or plain.startswith(f"{ROOT}/")
    if not within or ".." in twice.replace("\\", "/").split("/") or "\0" in twice:
        raise _CallRefused(f"{name} {path[:200]!r} is not within {ROOT}.")
    return plain


def _text(text: str | None, name: str) -> str:
    if text is None:
        raise _CallRefused(f"this command needs {name}.")
    if len(text) > _MOST:
        raise _CallRefused(f"a file may have {_MOST:,} characters.")
    return text
