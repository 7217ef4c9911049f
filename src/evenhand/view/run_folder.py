"""The folder that is shown: which runs are in it, and which path a name in an address stands for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from msgspec import Struct

from evenhand.errors import UsageError
from evenhand.plan.file import PLAN_FILE
from evenhand.rundir import FINDINGS_FILE

__all__ = ["FolderEntry", "RunFolder"]

EntryKind = Literal["run", "findings", "foreign"]
"""`run`: there is a plan. `findings`: findings without a plan, as a comparison or an analysed table leaves them.
`foreign`: neither."""


class FolderEntry(Struct, frozen=True, kw_only=True):
    """A directory of the folder."""

    name: str
    """Its name, as it stands in addresses."""
    path: Path
    kind: EntryKind
    changed: float
    """When its plan or its findings were last written, in seconds since 1970; for ordering."""


class RunFolder:
    """A folder of run directories; or one run directory by itself.

    A name that comes with a request is looked up among the entries and never joined to a path, so that no name can
    lead out of the folder; neither can a link, for links are left out.

    Args:
        root: The folder.

    Raises:
        UsageError: There is no such folder.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise UsageError(
                f"there is no folder {str(root)!r}; name a folder of runs, or make a run with `evenhand audit`"
            )
        self.root = root.resolve()
        self.alone = (self.root / PLAN_FILE).is_file()

    def entries(self) -> tuple[FolderEntry, ...]:
        """The directories of the folder, the newest first; hidden ones and links are left out."""
        if self.alone:
            return (self._entry(self.root),)
        found = []
        with os.scandir(self.root) as listed:
            for one in listed:
                if one.name.startswith(".") or one.is_symlink() or not one.is_dir(follow_symlinks=False):
                    continue
                found.append(self._entry(Path(one.path)))
        return tuple(sorted(found, key=lambda entry: (-entry.changed, entry.name)))

    def entry(self, name: str) -> FolderEntry | None:
        """The entry of this name; None where there is none."""
        if self.alone:
            return self._entry(self.root) if name == self.root.name else None
        if name in ("", ".", "..") or name.startswith(".") or name not in {one.name for one in self.root.iterdir()}:
            return None
        path = self.root / name
        return self._entry(path) if path.is_dir() and not path.is_symlink() else None

    def _entry(self, path: Path) -> FolderEntry:
        stamps = {name: _changed(path / name) for name in (PLAN_FILE, FINDINGS_FILE)}
        kind: EntryKind = "foreign"
        if stamps[PLAN_FILE] is not None:
            kind = "run"
        elif stamps[FINDINGS_FILE] is not None:
            kind = "findings"
        return FolderEntry(
            name=path.name, path=path, kind=kind, changed=max(filter(None, stamps.values()), default=0.0)
        )


def _changed(path: Path) -> float | None:
    """When a plain file was last written; None where there is none."""
    if path.is_symlink():
        return None
    try:
        return path.stat().st_mtime if path.is_file() else None
    except OSError:
        return None
