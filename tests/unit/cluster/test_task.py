"""What driver and workers tell each other: JSON that reads back, shares of one concurrency, errors by name."""

from __future__ import annotations

import msgspec
import pytest

from evenhand.cluster.part import PlanPart
from evenhand.cluster.shared_store import Superseded
from evenhand.cluster.task import ERRORS, PartEnded, Task, WorkerSettings, trouble_of
from evenhand.endpoints.context import Connection
from evenhand.errors import EndpointError, EvenhandError, StoreError
from evenhand.run.limits import Limits


def settings(concurrency: int | None) -> WorkerSettings:
    return WorkerSettings(
        store="s", driver=1, connection=Connection(concurrency=concurrency, api_key_env="K"), land_s=1.0, land_rows=9
    )


def test_what_is_told_reads_back() -> None:
    part = PlanPart(number=1, model="m", start=5, stop=9)
    task = Task(part=part, attempt=2, limits=Limits(max_calls=3, max_cost=0.5), answered=True)
    assert msgspec.json.decode(msgspec.json.encode(task), type=Task) == task
    ended = PartEnded(part=1, complete=False, trouble=trouble_of(EndpointError("no key")))
    assert msgspec.json.decode(msgspec.json.encode(ended), type=PartEnded) == ended
    assert msgspec.json.decode(msgspec.json.encode(settings(8)), type=WorkerSettings) == settings(8)


@pytest.mark.parametrize(("whole", "workers", "each"), [(8, 2, 4), (9, 2, 4), (3, 8, 1), (5, 0, 5), (None, 4, None)])
def test_workers_share_the_requests_in_flight(whole: int | None, workers: int, each: int | None) -> None:
    shared = settings(whole).shared_by(workers)
    assert shared.connection.concurrency == each
    assert shared.connection.api_key_env == "K"


@pytest.mark.parametrize("kind", sorted(ERRORS))
def test_an_error_comes_back_as_its_kind(kind: str) -> None:
    error = trouble_of(ERRORS[kind]("said")).error()
    assert (type(error).__name__, str(error)) == (kind, "said")


def test_an_error_of_a_kind_of_its_own_comes_back_as_the_nearest_one() -> None:
    class Own(EvenhandError):
        """Of a plug-in."""

    assert type(trouble_of(Superseded("taken over")).error()) is StoreError
    assert type(trouble_of(Own("odd")).error()) is EvenhandError


def test_a_key_does_not_travel_with_an_error() -> None:
    assert "0123456789abcdef" not in trouble_of(EndpointError("declined: api_key=sk-0123456789abcdef")).text
