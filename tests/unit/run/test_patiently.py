from __future__ import annotations

import asyncio

import pytest

from evenhand.endpoints.base import AskError, AskErrorKind
from evenhand.run import patiently as module
from evenhand.run.patiently import ATTEMPTS, gathered, patiently


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 0.001)


class Attempts:
    def __init__(self, failing: int, kind: AskErrorKind = "fault") -> None:
        self.made, self.failing, self.kind = 0, failing, kind

    async def __call__(self) -> int:
        self.made += 1
        if self.made <= self.failing:
            raise AskError("away", kind=self.kind)
        return self.made


async def test_what_fails_for_a_while_is_tried_again() -> None:
    assert await patiently(Attempts(ATTEMPTS - 1)) == ATTEMPTS


async def test_what_goes_on_failing_or_will_always_fail_is_given_up() -> None:
    for failing, kind, made in ((9, "fault", ATTEMPTS), (9, "request", 1)):
        attempts = Attempts(failing, kind)  # type: ignore[arg-type]
        with pytest.raises(AskError, match="away"):
            await patiently(attempts)
        assert attempts.made == made


async def test_results_keep_their_order_and_no_more_than_allowed_run_at_a_time() -> None:
    running, most = 0, 0

    async def one(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001 * (5 - number))
        running -= 1
        return number

    assert await gathered((one(number) for number in range(5)), most=2) == [0, 1, 2, 3, 4]
    assert most == 2


async def test_the_first_error_gives_up_the_rest() -> None:
    ended: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            ended.append("slow")
            raise

    async def fails() -> None:
        await asyncio.sleep(0)
        raise AskError("away")

    with pytest.raises(AskError):
        await gathered([slow(), fails()], most=2)
    assert ended == ["slow"]
