"""An assistant and a model that knows facts, behind one address: what each was asked, and a moment at which to act."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import evenhand
from evenhand.bank.load import load_bank
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.records.message import ModelSettings
from evenhand.records.plan import ModelSpec, Plan
from tests.support.chat_server import chat_body, chat_server

__all__ = ["ASSISTANT", "DECIDER", "DecidingServer", "Who", "deciding_plan", "deciding_server"]

ASSISTANT, DECIDER = "vllm/assistant", "vllm/decider"
Who = Literal["assistant", "decider"]
BENEFIT = {item.facts[0].text: item for item in load_bank("benefit").items}
DESIGN = evenhand.Design(
    kinds=("understanding", "benefit"),
    items_per_kind=3,
    none_repeats=2,
    placebo_per_item=0,
    pairs_per_item=1,
    profiles_per_item=0,
)


class DecidingServer:
    """Answers by what it is asked alone, so that two runs of one plan get the same answers."""

    def __init__(self) -> None:
        self.asked: dict[Who, Counter[str]] = {"assistant": Counter(), "decider": Counter()}
        self.moment: tuple[Who, int] | None = None
        """Whose how-manieth question `act` is called at, before it is answered."""
        self.act: Callable[[], None] = lambda: None
        self.down = False
        """Whether the model that knows facts gives no answer."""
        self._lock = threading.Lock()

    def __call__(self, asked: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
        who: Who = "decider" if asked["model"] == "decider" else "assistant"
        text = "\n".join(turn["content"] for turn in asked["messages"])
        with self._lock:
            self.asked[who][text] += 1
            now = self.moment == (who, self.asked[who].total())
        if now:
            self.act()
        if who == "decider" and self.down:
            return 400, b'{"error": {"message": "no facts today"}}'
        said = decision(text) if who == "decider" else "AB"[sum(map(ord, text)) % 2]
        return 200, chat_body(said, usage={"prompt_tokens": 50, "completion_tokens": 1})

    def forget(self) -> None:
        """Count from the beginning, and act at no moment."""
        self.asked = {"assistant": Counter(), "decider": Counter()}
        self.moment, self.act = None, lambda: None


def decision(text: str) -> str:
    """Of some facts nothing that can be read."""
    found = re.search(r"^The fact: (.*)$", text, re.MULTILINE)
    assert found is not None
    fact = found[1]
    number = sum(map(ord, fact)) % 11
    if number == 0:
        return "I would rather not."
    if "Answer with one word" in text:
        item = BENEFIT.get(fact)
        return "Yes." if number < 3 or (item is not None and item.stem.strip() in text) else "no"
    return ("Fact: none", f"Fact: {fact}", "Fact: The user has a home.")[number % 3]


@contextmanager
def deciding_server() -> Iterator[tuple[DecidingServer, str]]:
    """Serve until the block ends; gives the server and its base URL."""
    behind = DecidingServer()
    with chat_server(behind) as url:
        yield behind, url


def deciding_plan(url: str) -> Plan:
    """A small plan with both policies that ask a model."""
    return make_plan(
        PlanRequest(
            models=(ModelSpec(name=ASSISTANT, base_url=url, settings=ModelSettings(max_tokens=8)),),
            design=DESIGN,
            banks=("understanding", "benefit"),
            cohorts=("explicit",),
            mitigations=(
                f"gate?by=judge&judge={DECIDER}&base_url={url}",
                f"neutralise?by=model&model={DECIDER}&base_url={url}",
            ),
        )
    )
