"""Every shape of the chat interface through the gateway: the same status, the same bytes, the same headers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.gateway_requests import chat, saved
from tests.support.openai_shapes import REQUESTS, answering
from tests.support.upstream import Front, in_front_of, upstream

_OWN = {"Date", "Server", "Transfer-Encoding", "Content-Length"}
"""Headers that each server writes for itself."""


async def got(front: Front, url: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
    async with front.session.post(f"{url}/chat/completions", data=body) as answer:
        headers = {name: value for name, value in answer.headers.items() if name not in _OWN}
        return answer.status, headers, await answer.read()


@pytest.mark.parametrize("fields", REQUESTS.values(), ids=REQUESTS.keys())
@pytest.mark.parametrize("policy", ["none", "gate", "instruct"])
async def test_an_answer_is_the_upstreams_own(policy: str, fields: dict[str, Any]) -> None:
    body = chat({"role": "system", "content": saved("The user grows beans.", "The user is rich.")}, **fields)
    async with upstream(answering) as behind, in_front_of(behind.url, policy=policy) as front:
        through, direct = await got(front, front.url, body), await got(front, behind.url, body)
        assert through == direct
    first, second = (json.loads(asked.body) for asked in behind.asked)
    assert {**first, "messages": 0} == {**second, "messages": 0}
    assert (first["messages"] == second["messages"]) is (policy == "none")
