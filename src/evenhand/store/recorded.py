"""The answers of an earlier run, for `replay/`."""

from __future__ import annotations

from pathlib import Path

from evenhand.errors import EndpointError
from evenhand.records.message import Reply, Request
from evenhand.store.reading import TrialReader, open_trials
from evenhand.store.rows import asked_sha

__all__ = ["RecordedAnswers", "open_recorded"]


class RecordedAnswers:
    """Answers by the hash of the conversation.

    Args:
        trials: The earlier run's store.
        model: Whose answers.
    """

    def __init__(self, trials: TrialReader, *, model: str) -> None:
        self._trials = trials
        self._model = model
        self._ids = trials.answered_ids(model)

    def find(self, request: Request, *, replicate: int) -> Reply | None:
        """The recorded answer to the same conversation, or None; the replicate chooses among several."""
        ids = self._ids.get(bytes.fromhex(asked_sha(request.messages)))
        return None if not ids else self._trials.reply(ids[replicate % len(ids)])

    def close(self) -> None:
        """Close the store."""
        self._trials.close()


def open_recorded(directory: Path, model: str | None) -> RecordedAnswers:
    """The answers in a run directory.

    Args:
        directory: Holds `trials.sqlite`.
        model: Whose answers; None where the run asked one model only.

    Raises:
        StoreError: There is no readable store.
        EndpointError: The model was not asked there, or several were and none is named.
    """
    trials = open_trials(directory / "trials.sqlite")
    models = trials.models()
    if model is None and len(models) == 1:
        return RecordedAnswers(trials, model=models[0])
    if model not in models:
        trials.close()
        raise EndpointError(
            f"The run {str(directory)!r} holds answers of {', '.join(map(repr, models))}, "
            f"not of {model!r}; choose one: replay/{directory}?model=NAME."
        )
    return RecordedAnswers(trials, model=model)
