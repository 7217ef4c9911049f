"""What the gateway counts, as Prometheus text. Numbers only: nothing of a request or an answer is kept."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal

__all__ = ["CONTENT_TYPE", "Counts", "FactFate", "RequestEnd"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

RequestEnd = Literal["passed", "refused", "upstream_down", "upstream_slow", "upstream_cut", "client_left", "failed"]
"""How a request ended: answered by the upstream, refused here, no upstream, no answer in time, an answer that was cut
off, a client that went away, a policy that failed."""

FactFate = Literal["kept", "changed", "dropped"]
"""What a policy did with a fact."""

_BOUNDS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
"""Seconds."""
_PREFIX = "evenhand_gateway_"


class Counts:
    """Counters since the start.

    Args:
        policy: The policy, for the line that says what is deployed.
        digest: Hash of the texts that the policy works from.
    """

    def __init__(self, policy: str, digest: str) -> None:
        self.requests: Counter[tuple[RequestEnd, str]] = Counter()
        """How a request ended and its HTTP status -> requests."""
        self.blocks: Counter[str] = Counter()
        """Form -> blocks of memory that were found."""
        self.facts: Counter[FactFate] = Counter()
        """What became of a fact -> facts."""
        self.unread = 0
        """Facts that were dropped because a model's answer about them could not be read."""
        self.chats: Counter[Literal["found", "none"]] = Counter()
        """Whether memory was found -> chat requests."""
        self.in_flight = 0
        """Requests that are being answered."""
        self._policy = (policy, digest)
        self._slots = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0

    def applied(self, seconds: float) -> None:
        """Count one use of the policy."""
        self._slots[bisect_left(_BOUNDS, seconds)] += 1
        self._seconds += seconds

    def text(self) -> str:
        """Everything, in the text format of Prometheus."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        name, digest = self._policy
        yield from _metric(
            "policy_info", "gauge", "The policy that is applied.", {_labels(policy=name, texts=digest): 1}
        )
        requests = {_labels(end=end, status=status): count for (end, status), count in sorted(self.requests.items())}
        yield from _metric("requests_total", "counter", "Requests, by how they ended and their status.", requests)
        chats = {_labels(memory=found): self.chats[found] for found in ("found", "none")}
        yield from _metric("chats_total", "counter", "Chat requests, by whether memory was found in them.", chats)
        blocks = {_labels(form=form): count for form, count in sorted(self.blocks.items())}
        yield from _metric("memory_blocks_total", "counter", "Blocks of memory that were found, by form.", blocks)
        facts = {_labels(fate=fate): self.facts[fate] for fate in ("kept", "changed", "dropped")}
        yield from _metric("facts_total", "counter", "Facts in memory, by what the policy did with them.", facts)
        told = "Facts that were dropped because the policy's model gave no answer that could be read."
        yield from _metric("facts_unread_total", "counter", told, {"": self.unread})
        yield from _metric("in_flight", "gauge", "Requests that are being answered.", {"": self.in_flight})
        yield from self._histogram()

    def _histogram(self) -> Iterator[str]:
        title, total = f"{_PREFIX}policy_seconds", 0
        yield f"# HELP {title} Time that finding memory and applying the policy took."
        yield f"# TYPE {title} histogram"
        for bound, count in zip((*map(str, _BOUNDS), "+Inf"), self._slots, strict=True):
            total += count
            yield f'{title}_bucket{{le="{bound}"}} {total}'
        yield f"{title}_sum {self._seconds:.6f}"
        yield f"{title}_count {total}"


def _metric(name: str, kind: str, told: str, values: Mapping[str, int]) -> Iterator[str]:
    yield f"# HELP {_PREFIX}{name} {told}"
    yield f"# TYPE {_PREFIX}{name} {kind}"
    for labels, value in values.items():
        yield f"{_PREFIX}{name}{labels} {value}"


def _labels(**values: str) -> str:
    escaped = (
        (name, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")) for name, value in values.items()
    )
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"
