"""Hands out the cells of one model that are in no batch yet, as many at a time as a batch holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from evenhand.plan.questions import Questions
from evenhand.records.work import Work
from evenhand.store.store import Store

__all__ = ["BatchFeed"]


class BatchFeed:
    """The cells of one model that are still to be sent, each once.

    Args:
        model: The model.
        questions: The requests of the plan.
        store: The run's store.
        taken: Cells that a batch which is out holds already.
    """

    def __init__(self, model: str, questions: Questions, store: Store, *, taken: Collection[str]) -> None:
        self._model = model
        self._questions = questions
        self._store = store
        self._taken = set(taken)
        self._missing = questions.missing(store, model=model, by_arm=False)
        self._back: list[Work] = []
        self._again: set[str] = set()

    def take(self) -> Work | None:
        """The next cell; None where there is none now."""
        if not self._back and self._again:
            self._back = list(self._questions.work_of(self._again, model=self._model))
            self._again = set()
        if self._back:
            return self._back.pop()
        return next((work for work in self._fresh()), None)

    def put_back(self, work: Work) -> None:
        """Hand a cell out again that found no room."""
        self._back.append(work)

    def again(self, cells: Collection[str]) -> None:
        """Hand cells out again whose batch did not ask them."""
        self._again |= {key for key in cells if not self._store.has(key)}

    def _fresh(self) -> Iterator[Work]:
        for work in self._missing:
            key = work.cell.cell_key
            if key not in self._taken:
                self._taken.add(key)
                yield work
