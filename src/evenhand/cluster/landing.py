"""Where the answers of one part land while it is asked: files in the shared store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evenhand.cluster.part import PlanPart
from evenhand.cluster.part_file import NumberedRow, answered_numbers, written
from evenhand.cluster.shared_store import SharedStore, file_name
from evenhand.store.rows import Row, is_failure

__all__ = ["Attempt", "Landing", "missing_numbers"]


def missing_numbers(shared: SharedStore, part: PlanPart) -> tuple[int, ...]:
    """Numbers of the cells of a part that have no answer in any file of it, in order.

    Raises:
        StoreError: A file cannot be read.
    """
    answered: set[int] = set()
    for name in shared.files(part.number):
        answered.update(answered_numbers(shared.content(part.number, name), name=name))
    return tuple(number for number in range(part.start, part.stop) if number not in answered)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Who asks a part, for the names of its files."""

    driver: int
    attempt: int


class Landing:
    """Takes the rows of a run as the store of one machine does; what `append` returned from is durable.

    Args:
        shared: The shared store.
        part: The part that is asked.
        who: Driver and attempt.
        numbers: Key of every cell of the part -> its number.
        missing: Numbers of the cells that have no answer yet.
        answered: Whether the model has a usable answer from somewhere else.
        before: Called before a file is written: brings what its answers rest on to the shared store.
    """

    def __init__(
        self,
        shared: SharedStore,
        part: PlanPart,
        *,
        who: Attempt,
        numbers: Mapping[str, int],
        missing: Sequence[int],
        answered: bool,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self._shared = shared
        self._part = part
        self._who = who
        self._numbers = numbers
        self._missing = set(missing)
        self._answered = answered or len(missing) < len(part)
        self._before = before
        self._files = 0

    @property
    def path(self) -> str:
        """Where the answers go, for messages."""
        return self._shared.place.address

    @property
    def complete(self) -> bool:
        """Whether every cell of the part has an answer."""
        return not self._missing

    def has(self, key: str) -> bool:
        """Whether the cell has an answer."""
        return self._numbers[key] not in self._missing

    def count(self) -> int:
        """Number of cells of the part that have an answer."""
        return len(self._part) - len(self._missing)

    def answered_models(self) -> frozenset[str]:
        """The part's model, where it has answers."""
        return frozenset({self._part.model}) if self._answered else frozenset()

    def append(self, rows: Sequence[Row]) -> None:
        """Write rows as one more file.

        Raises:
            StoreError: Nothing of these rows was written, or another driver has taken the run over.
        """
        self._shared.check_driver(self._who.driver)
        self._before()
        numbered = [NumberedRow(self._numbers[row.cell_key], row) for row in rows]
        self._files += 1
        name = file_name(driver=self._who.driver, attempt=self._who.attempt, number=self._files)
        self._shared.add(self._part.number, name, written(numbered))
        self._missing.difference_update(one.number for one in numbered if not is_failure(one.row))
