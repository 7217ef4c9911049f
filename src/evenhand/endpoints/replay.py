"""`replay/RUN`: the answers of an earlier run, looked up by what was asked."""

from __future__ import annotations

from pathlib import Path

import msgspec

from evenhand.endpoints.base import AskError, Endpoint, Locality
from evenhand.endpoints.context import CellLookup, EndpointContext, Recorded
from evenhand.endpoints.kind import EndpointKind, ModelCheck, ModelName, named_with_options
from evenhand.errors import EndpointError
from evenhand.records.message import Reply, Request
from evenhand.records.plan import ModelSpec

__all__ = ["REPLAY", "ReplayEndpoint"]


class ReplayEndpoint:
    """An assistant that says again what it said before, word for word.

    A question is recognised by the hash of its conversation; where the same conversation was asked several times
    (the repeats of the `none` arm), the cell's replicate decides which answer it gets.

    Args:
        recorded: The earlier run's answers.
        name: The model's name, for errors.
        cells: The context of a cell; None: every cell counts as the first replicate.
    """

    def __init__(self, recorded: Recorded, *, name: str, cells: CellLookup | None = None) -> None:
        self._recorded = recorded
        self._name = name
        self._cells = cells

    @property
    def concurrency(self) -> int:
        """A few: nothing is waited for."""
        return 8

    @property
    def locality(self) -> Locality:
        """No order is better than another."""
        return "any"

    async def reply(self, request: Request) -> Reply:
        """The recorded answer.

        Raises:
            AskError: This conversation was not asked then, or got no answer.
        """
        replicate = self._cells(request.cell_key).replicate if self._cells is not None else 0
        found = self._recorded.find(request, replicate=replicate)
        if found is None:
            raise AskError(
                f"{self._name!r} holds no answer to this conversation; it was made from another design or bank."
            )
        return msgspec.structs.replace(found, attempts=1)

    async def aclose(self) -> None:
        """Close the earlier run's files."""
        self._recorded.close()


def _open(name: ModelName, spec: ModelSpec, context: EndpointContext) -> Endpoint:
    if context.recorded is None:
        raise EndpointError(f"{spec.name!r} needs a reader of run directories; use it with `evenhand audit` or `run`.")
    recorded = context.recorded(Path(name.rest), name.options.get("model"))
    return ReplayEndpoint(recorded, name=spec.name, cells=context.cells)


def _check(check: ModelCheck) -> None:
    directory = check.name.rest
    if not (Path(directory) / "trials.sqlite").is_file():
        raise EndpointError(
            f"There is no run to replay at {directory!r}; name a run directory that holds trials.sqlite."
        )


REPLAY = EndpointKind(
    prefix="replay",
    open=_open,
    check=_check,
    paid=lambda spec: False,
    named=lambda rest, spec: named_with_options(rest, spec, kind="replay"),
    local=True,
    needs_cells=True,
    replays=True,
)
