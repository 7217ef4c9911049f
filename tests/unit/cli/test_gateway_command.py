"""`evenhand gateway` as a process: what it prints, how it ends, and what it refuses to begin with."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.chat_server import chat_body, chat_server
from tests.support.gateway_requests import chat, saved

EVENHAND = (sys.executable, "-m", "evenhand.cli.main")
UPSTREAM = "http://127.0.0.1:1/v1"
TOKEN = "a-token-of-the-tests-1"


@contextmanager
def gateway(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """(process, base URL, line about the policy)."""
    process = subprocess.Popen(
        [*EVENHAND, "gateway", *arguments], stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    assert process.stdout is not None
    try:
        found = re.search(r"http://[\d.]+:\d+/v1$", process.stdout.readline().strip())
        assert found is not None
        yield process, found[0], process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_it_serves_says_what_it_applies_and_ends_on_a_signal() -> None:
    seen = []

    def answering(asked: dict[str, object], headers: object) -> tuple[int, bytes]:
        seen.append(asked["messages"])
        return 200, chat_body("B")

    body = chat({"role": "system", "content": saved("The user grows beans.", "The user is rich.")}, question="Beans?")
    with chat_server(answering) as upstream:
        arguments = ("--policy", "gate", "--upstream", upstream, "--port", "0")
        with gateway(*arguments) as (process, url, told):
            assert told == f"Policy gate, in front of {upstream}; forms of memory: system, retrieved, narrative, tool"
            request = urllib.request.Request(f"{url}/chat/completions", data=body)
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert json.load(answer)["choices"][0]["message"]["content"] == "B"
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0
    expected = chat({"role": "system", "content": saved("The user grows beans.")}, question="Beans?")
    assert seen == [json.loads(expected)["messages"]]


def test_on_every_address_of_the_machine_it_asks_for_the_token() -> None:
    arguments = ("--policy", "none", "--upstream", UPSTREAM, "--port", "0", "--host", "0.0.0.0")
    with gateway(*arguments, EVENHAND_GATEWAY_TOKEN=TOKEN) as (_, url, _told):
        own = url.replace("0.0.0.0", "127.0.0.1").removesuffix("/v1")
        with urllib.request.urlopen(f"{own}/health", timeout=10) as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{own}/metrics", timeout=10)
        refused.value.close()
        assert refused.value.code == 401
        request = urllib.request.Request(f"{own}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert b"evenhand_gateway_policy_info" in answer.read()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--policy", "gatee"), 2, "the policy is 'gatee' (did you mean 'gate'?)"),
        (("--policy", "consensus"), 2, "which a gateway cannot carry"),
        (("--policy", "gate?by=judge"), 2, "asks a model about every fact; name it"),
        (("--policy", "gate?by=judge&judge=vlm/x"), 5, "did you mean 'vllm'?"),
        (("--policy", "gate", "--host", "0.0.0.0"), 2, "so it needs a token"),
        (("--policy", "gate", "--memory", "no.toml"), 3, "cannot read the forms of memory 'no.toml'"),
        (("--policy", "gate", "--api-key-env", "NO_SUCH_KEY"), 5, "'NO_SUCH_KEY' of --api-key-env holds no key"),
        (("--policy", "gate", "--upstream", "nowhere"), 5, "is not an http or https address"),
    ],
)
def test_what_cannot_begin_is_one_sentence(arguments: tuple[str, ...], code: int, said: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [*EVENHAND, "gateway", "--upstream", UPSTREAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "EVENHAND_GATEWAY_TOKEN"},
    )
    assert (ended.returncode, ended.stdout) == (code, "")
    assert ended.stderr.startswith("evenhand: ")
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
