from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from evenhand.endpoints.base import AskError
from evenhand.endpoints.python_product import PythonProduct
from evenhand.errors import EndpointError
from evenhand.records.message import Message, ModelSettings, ProductUser, Request
from evenhand.records.profile import Placement

FILE = """
import time
seen = []
class Recorder:
    def remember(self, user, facts): seen.append((user, facts))
    async def reply(self, user, messages): return {"text": f"{user}: {messages[-1]['content']}", "memories": ["m"]}
    def forget(self, user): time.sleep(0.3)
    def recall(self, user, query): return ("all",) if query is None else [query]
class Odd(Recorder):
    def reply(self, user, messages): return 7
    def recall(self, user, query): return "text" if query is None else [1]
class NoRecall:
    def remember(self, user, facts): ...
    def reply(self, user, messages): return "A"
    def forget(self, user): raise KeyError(user)
class Narrow(Recorder):
    def remember(self, user): ...
class Value(Recorder):
    recall = "everything"
"""


@pytest.fixture
def target(tmp_path: Path) -> str:
    (tmp_path / "app.py").write_text(FILE, encoding="utf-8")
    return f"{tmp_path / 'app.py'}"


def user(placement: Placement = "stored") -> ProductUser:
    turns = (Message(role="user", content="I own a dog."),) if placement == "told" else ()
    return ProductUser(id="u1", model="m", arm="a", placement=placement, facts=("The user owns a dog.",), turns=turns)


def does(target: str, what: Callable[[PythonProduct], Awaitable[object]]) -> object:
    async def once() -> object:
        product = PythonProduct(target)
        try:
            return await what(product)
        finally:
            await product.aclose()

    return asyncio.run(once())


def asked(by: ProductUser | None) -> Request:
    messages = (Message(role="user", content="Which?"),)
    return Request(cell_key="0", messages=messages, settings=ModelSettings(), letters=("A",), seed=1, user=by)


def test_facts_are_texts_and_told_are_turns(target: str) -> None:
    from evenhand.endpoints.python_target import load_target

    does(f"{target}:Recorder", lambda product: product.remember(user(), limit_s=1))
    does(f"{target}:Recorder", lambda product: product.remember(user("told"), limit_s=1))
    assert load_target(f"{target}:seen") == [
        ("u1", ["The user owns a dog."]),
        ("u1", [{"role": "user", "content": "I own a dog."}]),
    ]


def test_it_replies_on_behalf_of_its_user_and_shows_what_it_used(target: str) -> None:
    reply = does(f"{target}:Recorder", lambda product: product.reply(asked(user())))
    assert (reply.text, reply.memories) == ("u1: Which?", ("m",))  # type: ignore[attr-defined]
    with pytest.raises(AskError, match="on behalf of nobody"):
        does(f"{target}:Recorder", lambda product: product.reply(asked(None)))


def test_recall_gets_none_for_everything(target: str) -> None:
    assert does(f"{target}:Recorder", lambda product: product.recall("u1", None, limit_s=1)) == ("all",)
    assert does(f"{target}:Recorder", lambda product: product.recall("u1", "dog", limit_s=1)) == ("dog",)
    assert not PythonProduct(f"{target}:NoRecall").recalls


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (lambda product: product.forget("u1", limit_s=0.05), "did not forget within 0.05 s"),
        (lambda product: product.recall("u1", None, limit_s=1), "returned str, not a list of texts"),
        (lambda product: product.recall("u1", "x", limit_s=1), "holds int, not a list of texts"),
        (lambda product: product.reply(asked(user())), "returned int"),
    ],
)
def test_what_goes_wrong_in_it_is_told(
    target: str, what: Callable[[PythonProduct], Awaitable[object]], said: str
) -> None:
    with pytest.raises(AskError, match=said):
        does(f"{target}:Odd", what)


def test_an_error_of_its_own_is_told(target: str) -> None:
    with pytest.raises(AskError, match="raised KeyError: 'u1'"):
        does(f"{target}:NoRecall", lambda product: product.forget("u1", limit_s=1))


@pytest.mark.parametrize(("name", "said"), [("Narrow", "must take remember"), ("Value", "is a str, not a function")])
def test_hooks_of_another_shape_are_refused(target: str, name: str, said: str) -> None:
    with pytest.raises(EndpointError, match=said):
        PythonProduct(f"{target}:{name}")
