"""What no store can hold is no answer, and keys are in no reply."""

from __future__ import annotations

import pytest

from evenhand.endpoints.base import AskError, Locality
from evenhand.records.message import Message, ModelSettings, Reply, Request, Usage
from evenhand.run.admitted_endpoint import AdmittedEndpoint

ASKED = Request(
    cell_key="c", messages=(Message(role="user", content="Q"),), settings=ModelSettings(), letters=(), seed=1
)


class Says:
    concurrency = 3
    locality: Locality = "prefix"

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.closed = False

    async def reply(self, request: Request) -> Reply:
        return self._reply

    async def aclose(self) -> None:
        self.closed = True


async def test_a_sound_reply_passes_without_the_keys_in_it() -> None:
    behind = Says(Reply(text="yes, hush-hush-12345", finish="stop"))
    endpoint = AdmittedEndpoint(behind, secrets=("hush-hush-12345",))
    reply = await endpoint.reply(ASKED)
    assert "yes" in reply.text
    assert "hush" not in reply.text
    assert (endpoint.concurrency, endpoint.locality) == (3, "prefix")
    await endpoint.aclose()
    assert behind.closed


async def test_a_reply_that_no_row_can_hold_is_an_error_of_the_request() -> None:
    endpoint = AdmittedEndpoint(Says(Reply(text="yes", finish="stop", usage=Usage(input_tokens=-4))))
    with pytest.raises(AskError, match="input_tokens is -4") as raised:
        await endpoint.reply(ASKED)
    assert raised.value.kind == "request"
