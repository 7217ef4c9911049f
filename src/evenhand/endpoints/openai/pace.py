"""How many requests a server is sent at a time: additive increase, multiplicative decrease (Chiu and Jain 1989)."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Pace"]

_BACK_OFF = 0.6


class Pace:
    """A window of requests in flight that narrows when the server is busy and widens while it is not.

    Args:
        most: Widest window.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._window = float(most)
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._held_until = 0.0
        self._narrowed_at = -1.0
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def window(self) -> int:
        """Requests that may be in flight now."""
        return int(self._window)

    async def enter(self) -> None:
        """Wait for a place in the window."""
        if self._free() and not self._waiting:
            self._in_flight += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place back."""
        self._in_flight -= 1
        if self._waiting:
            self._admit()

    def went_well(self) -> None:
        """An answer came: widen the window by one a round of answers."""
        if self._window < self._most:
            self._window = min(self._most, self._window + 1.0 / self._window)

    def was_busy(self, *, sent_at: float, hold_s: float) -> None:
        """The server is busy: narrow the window, once for all requests that were sent before it was last narrowed.

        Args:
            sent_at: When the refused request was sent (event loop time).
            hold_s: How long the server asks everybody to wait; 0 when it does not say.
        """
        now = asyncio.get_running_loop().time()
        if sent_at > self._narrowed_at:
            self._window = max(1.0, self._window * _BACK_OFF)
            self._narrowed_at = now
        self._held_until = max(self._held_until, now + hold_s)

    def _free(self) -> bool:
        if self._in_flight >= int(self._window):
            return False
        return self._held_until == 0.0 or asyncio.get_running_loop().time() >= self._held_until

    def _admit(self) -> None:
        """Let in as many as there is room for; come back when the hold ends."""
        while self._waiting and (self._waiting[0].cancelled() or self._free()):
            turn = self._waiting.popleft()
            if not turn.done():
                self._in_flight += 1
                turn.set_result(None)
        loop = asyncio.get_running_loop()
        if self._waiting and self._alarm is None and loop.time() < self._held_until:
            self._alarm = loop.call_at(self._held_until + 0.001, self._hold_ended)

    def _hold_ended(self) -> None:
        self._alarm = None
        self._admit()
