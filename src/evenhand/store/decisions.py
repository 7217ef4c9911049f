"""What a model decided of facts, in the store of a run: a run that goes on asks about no fact twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evenhand.records.decision import FactDecision
from evenhand.store.decision_rows import DECISION_DDL, decision_texts, decisions_in, insert_decisions
from evenhand.store.schema import translated
from evenhand.store.store import Store

__all__ = ["DecisionTable"]


class DecisionTable:
    """The table of decisions in an open store; made where the store has none. Safe beside the writer of answers.

    Args:
        store: The store.

    Raises:
        StoreError: The store cannot be written.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        with translated(store.path), store.transaction() as database:
            for statement in DECISION_DDL:
                database.execute(statement)

    def known(self) -> Iterator[FactDecision]:
        """Every decision, the oldest first; not while a run writes.

        Raises:
            StoreError: The file is damaged.
        """
        with translated(self._store.path):
            yield from decisions_in(self._store.database)

    def keep(self, decisions: Sequence[FactDecision], *, mark: str | None = None) -> None:
        """Write decisions in one transaction; when this returns they are on disk.

        Args:
            decisions: The decisions.
            mark: A note of the run as a whole that is written with them, see `Store.mark`.

        Raises:
            StoreError: Nothing of these was written.
        """
        texts = {sha: text for decision in decisions for sha, text in decision_texts(decision)}
        with translated(self._store.path), self._store.transaction() as database:
            database.executemany("INSERT OR IGNORE INTO texts (sha, text) VALUES (?, ?)", texts.items())
            insert_decisions(database, decisions)
            if mark is not None:
                database.execute("INSERT OR IGNORE INTO meta (name, value) VALUES (?, '')", (mark,))
