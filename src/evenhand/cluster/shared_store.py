"""The answers of a run on several machines, in one place that all of them reach.

    layout.json                          what the place belongs to: the plan's hash, the size of a part
    plan.json                            the plan
    drivers/000001.json                  who drove the run, one after the other
    parts/00000012/000001-001-0003-….parquet    answers of part 12: driver 1, attempt 1, file 3
    manifests/00000012.json              part 12 is answered: these files hold it
    decisions/000001-….jsonl             what models decided of facts, for policies that ask one

Files are written once, on the condition that they are not there yet, and never changed. A part is done when its
manifest is there. Which answers a part without one has is read from its files. Where two workers answered the same
cell, the first in the order of the files' names counts.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from typing import TypeVar

import msgspec
from msgspec import Struct

from evenhand.cluster.part import PART_CELLS, PlanPart
from evenhand.cluster.place import SharedPlace
from evenhand.errors import PlanError, StoreError, UsageError
from evenhand.records.plan import Plan

__all__ = ["Layout", "Manifest", "PartFile", "SharedStore", "Superseded", "driver_of", "file_name"]

_VERSION = 1
_DECISIONS = "decisions"
_Record = TypeVar("_Record", bound=Struct)


class Superseded(StoreError):
    """Another driver has taken the run over."""


class Layout(Struct, frozen=True, kw_only=True):
    """What a place belongs to; written once."""

    version: int
    token: str
    """A random name of this place, so that two places of one plan are told apart."""
    plan_sha256: str
    cells: int
    """Cells of the plan."""
    part_cells: int
    """Cells of a part at most."""


class Driver(Struct, frozen=True, kw_only=True):
    """Who drove a run."""

    number: int
    token: str
    evenhand: str
    """Version of the package."""


class PartFile(Struct, frozen=True, kw_only=True):
    """One file of a part."""

    name: str
    blake2b: str
    """Hash of its content: BLAKE2b-128, hex."""


class Manifest(Struct, frozen=True, kw_only=True):
    """Says that every cell of a part has an answer, and where."""

    part: int
    start: int
    stop: int
    files: tuple[PartFile, ...]
    """In the order in which their answers count."""


class SharedStore:
    """The place of one run. Made by `open`.

    Args:
        place: Where the files are.
        layout: What the place belongs to.
    """

    def __init__(self, place: SharedPlace, layout: Layout) -> None:
        self.place = place
        self.layout = layout

    @classmethod
    def open(cls, place: SharedPlace, plan: Plan, *, cells: int, part_cells: int | None = None) -> SharedStore:
        """The place of a plan's run, made where there is none yet.

        Args:
            place: Where the files are.
            plan: The plan.
            cells: How many cells it has.
            part_cells: Cells of a part; None: as it is there, or the usual number.

        Raises:
            PlanError: The place belongs to another plan.
            UsageError: It has parts of another size.
            StoreError: It cannot be used, or was written by another version.
        """
        wished = Layout(
            version=_VERSION,
            token=secrets.token_hex(16),
            plan_sha256=plan.sha256,
            cells=cells,
            part_cells=part_cells or PART_CELLS,
        )
        place.create("plan.json", msgspec.json.encode(plan))
        place.create("layout.json", msgspec.json.encode(wished))
        found = cls._record(place, "layout.json", Layout)
        if found is None:
            raise StoreError(f"{place.address!r} does not hold what was written to it a moment ago; check --store")
        if place.exclusive and place.create("layout.json", msgspec.json.encode(found)):
            raise StoreError(
                f"the server behind {place.address!r} writes over files that are there, although it was asked not "
                "to, so that two workers could undo each other's work; update it, or choose another --store"
            )
        if found.version != _VERSION:
            raise StoreError(
                f"{place.address!r} was written by another evenhand (version {found.version} of its files, this one "
                f"reads {_VERSION}); use that evenhand, or choose another --store"
            )
        if found.plan_sha256 != plan.sha256:
            raise PlanError(
                f"{place.address!r} holds answers to the plan {found.plan_sha256[:12]!r}, not to {plan.sha256[:12]!r}; "
                "choose another --store"
            )
        if part_cells is not None and found.part_cells != part_cells:
            raise UsageError(
                f"{place.address!r} has parts of {found.part_cells} cells, and --part got {part_cells}; leave --part "
                "out, or choose another --store"
            )
        return cls(place, found)

    @classmethod
    def at(cls, place: SharedPlace) -> SharedStore:
        """The place of a run that a driver has made.

        Raises:
            StoreError: There is none.
        """
        found = cls._record(place, "layout.json", Layout)
        if found is None:
            raise StoreError(
                f"this machine finds nothing of the run at {place.address!r}; --store must name one place that all "
                "machines reach"
            )
        return cls(place, found)

    def take_over(self, *, version: str) -> int:
        """Become the driver of the run; whoever was it before stops at its next file.

        Returns:
            The number of the driver, counted from 1.
        """
        while True:
            number = 1 + max((int(name.partition(".")[0]) for name in self.place.names("drivers")), default=0)
            driver = Driver(number=number, token=secrets.token_hex(16), evenhand=version)
            if self.place.create(_driver_name(number), msgspec.json.encode(driver)):
                return number

    def check_driver(self, number: int) -> None:
        """Raise where another driver has come after this one.

        Raises:
            Superseded: One has.
        """
        if self.place.read(_driver_name(number + 1)) is not None:
            raise Superseded(
                f"Another `evenhand run` has taken over {self.place.address!r}, so this one stopped; what it had "
                "answered is safe."
            )

    def done(self) -> frozenset[int]:
        """Numbers of the parts that are answered."""
        return frozenset(int(name.partition(".")[0]) for name in self.place.names("manifests"))

    def begun(self) -> frozenset[int]:
        """Numbers of the parts that have files."""
        return frozenset(int(name) for name in self.place.names("parts") if name.isdigit())

    def manifest(self, part: int) -> Manifest | None:
        """The manifest of a part; None where it is not answered yet.

        Raises:
            StoreError: It cannot be read.
        """
        return self._record(self.place, _manifest_name(part), Manifest)

    def complete(self, part: PlanPart) -> Manifest:
        """Say that a part is answered; where another worker said so first, its word counts.

        Raises:
            StoreError: The part has no files, or they cannot be read.
        """
        files = tuple(
            PartFile(name=name, blake2b=_digest(self.content(part.number, name))) for name in self.files(part.number)
        )
        mine = Manifest(part=part.number, start=part.start, stop=part.stop, files=files)
        if self.place.create(_manifest_name(part.number), msgspec.json.encode(mine)):
            return mine
        theirs = self.manifest(part.number)
        if theirs is None:
            raise StoreError(f"{_manifest_name(part.number)!r} is there and not there in {self.place.address!r}")
        return theirs

    def add(self, part: int, name: str, data: bytes) -> None:
        """Write a file of a part.

        Raises:
            StoreError: It cannot be written, or there is one of that name.
        """
        self._add(f"{_folder(part)}/{name}", data)

    def files(self, part: int) -> list[str]:
        """Names of the files of a part, in the order in which their answers count."""
        return [name for name in self.place.names(_folder(part)) if name.endswith(".parquet")]

    def content(self, part: int, name: str) -> bytes:
        """A file of a part.

        Raises:
            StoreError: There is none.
        """
        return self._listed(f"{_folder(part)}/{name}")

    def add_decisions(self, name: str, data: bytes) -> None:
        """Write a file of decisions on facts.

        Raises:
            StoreError: It cannot be written, or there is one of that name.
        """
        self._add(f"{_DECISIONS}/{name}", data)

    def decision_files(self) -> list[str]:
        """Names of the files of decisions, in the order in which they count."""
        return [name for name in self.place.names(_DECISIONS) if name.endswith(".jsonl")]

    def decisions(self, name: str) -> bytes:
        """A file of decisions.

        Raises:
            StoreError: There is none.
        """
        return self._listed(f"{_DECISIONS}/{name}")

    def _add(self, name: str, data: bytes) -> None:
        if not self.place.create(name, data):
            raise StoreError(f"{name} is in {self.place.address!r} already; files are never changed")

    def _listed(self, name: str) -> bytes:
        data = self.place.read(name)
        if data is None:
            raise StoreError(f"{self.place.address!r} lacks {name}, which was listed; restore it from a copy")
        return data

    def checked(self, manifest: Manifest) -> Iterable[tuple[str, bytes]]:
        """(name, content) of the files of an answered part.

        Raises:
            StoreError: A file is not there, or is not the one that the manifest names.
        """
        for file in manifest.files:
            data = self.content(manifest.part, file.name)
            if _digest(data) != file.blake2b:
                raise StoreError(
                    f"{_folder(manifest.part)}/{file.name} in {self.place.address!r} is not what its manifest names; "
                    "restore it from a copy"
                )
            yield file.name, data

    @staticmethod
    def _record(place: SharedPlace, name: str, kind: type[_Record]) -> _Record | None:
        data = place.read(name)
        if data is None:
            return None
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.MsgspecError as error:
            raise StoreError(
                f"{name!r} in {place.address!r} cannot be read ({error}); restore it from a copy"
            ) from error


def file_name(*, driver: int, attempt: int, number: int) -> str:
    """The name of a file of answers: in the order of names, what was begun first comes first."""
    return f"{driver:06d}-{attempt:03d}-{number:04d}-{secrets.token_hex(4)}.parquet"


def driver_of(name: str) -> int:
    """The number of the driver that a file of answers comes from; 0 for a name that says none."""
    number = name.partition("-")[0]
    return int(number) if number.isdigit() else 0


def _driver_name(number: int) -> str:
    return f"drivers/{number:06d}.json"


def _manifest_name(part: int) -> str:
    return f"manifests/{part:08d}.json"


def _folder(part: int) -> str:
    return f"parts/{part:08d}"


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
