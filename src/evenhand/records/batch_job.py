"""A batch of questions that was given to a provider, as the store keeps it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["FINAL_STATES", "BatchJob", "BatchesOut", "JobState", "row_id"]

JobState = Literal["intent", "sent", "ended", "collected", "unsent", "rejected", "lost"]
"""`intent`: it is about to be sent, and may have been; `sent`: the provider has it; `ended`: the provider is done with
it, and its results wait; `collected`: every result is in the store; `unsent`: it was never made, so nothing was asked;
`rejected`: the provider took none of its rows; `lost`: its results are not kept any more."""
FINAL_STATES: frozenset[JobState] = frozenset({"collected", "unsent", "rejected", "lost"})
"""States after which nothing of the batch is out."""


class BatchJob(Struct, frozen=True, kw_only=True):
    """One batch."""

    id: str
    """Our own name of it, 16 hex digits; the provider is told it, so that the batch is known again after a crash."""
    model: str
    """The model as named in the plan."""
    rows: int
    """Questions in it."""
    made: float
    """When it was written down, in seconds since 1970."""
    marker: str | None
    """The newest batch that the provider had before; None where it had none, or batches carry our own name."""
    state: JobState = "intent"
    """What is known of it."""
    at: float = 0.0
    """When that was written down, in seconds since 1970."""
    remote: str | None = None
    """The provider's name of it; None until that is known."""
    until: float | None = None
    """Of a batch that is out, when it expires; of one that ended, until when its results are kept. None: not known."""
    said: str | None = None
    """What the provider said, where it took no row or keeps no results."""

    @property
    def is_out(self) -> bool:
        """Whether answers of it may still come."""
        return self.state not in FINAL_STATES


class BatchesOut(Struct, frozen=True, kw_only=True):
    """What of a run is with providers now."""

    jobs: int
    """Batches."""
    rows: int
    """Questions in them."""
    done: int = 0
    """Questions that the providers are done with, as they last said."""
    since: float
    """When the oldest was written down, in seconds since 1970."""
    until: float | None = None
    """When the first of them expires, or its results are removed; None where no provider says."""
    trouble: str | None = None
    """Why nothing is known of them just now; None where the providers answer."""


def row_id(job: str, cell_key: str) -> str:
    """The name of a question within a batch: unlike any other batch's, in letters that every provider takes."""
    return f"{job}-{cell_key}"
