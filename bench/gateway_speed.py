"""The gateway: processor time per call beside a proxy that only passes on, and what it adds to the time of a call.

All are asked for the same chats with memory of 13 facts, over the same 64 connections, in the same run, in turn. The
added time is that of a live load, at which the gateway is busy for a part of the time; with every connection asking
again at once it is the processor time of all 64 calls that wait for each other.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median

import aiohttp
import psutil
import uvloop

from bench.client_speed import instant_server
from evenhand.bank.cohorts import load_cohort
from evenhand.memory.remember import MemorySources, remember
from evenhand.memory.templates import load_templates
from evenhand.records.profile import Arm

CONNECTIONS = 64
CALLS = 4000
RATE = 200.0
"""Calls per second of the live load, over all connections."""
LIVE_CALLS = 1000
ROUNDS = 3
POLICIES = ("none", "redact?by=words", "gate")
MOST_ADDED_MS, MOST_PROCESSOR_MS = 3.0, 0.5
QUESTION = "Pat waited all day for a letter that came at last. What does Pat feel?\nA. Relief\nB. Guilt\nC. Envy\n"


def bodies() -> list[bytes]:
    """A chat of every user of the explicit cohort, with memory as an audit shows it."""
    sources = MemorySources(templates=load_templates())
    found = []
    for profile in load_cohort("explicit").profiles:
        arm = Arm(id=profile.id, kind="profile", facts=profile.facts)
        seen = remember(arm, placement="system", reader="none", query="", sources=sources)
        messages = [{"role": turn.role, "content": turn.content} for turn in seen.messages]
        messages.append({"role": "user", "content": QUESTION})
        found.append(json.dumps({"model": "instant", "messages": messages, "max_tokens": 16}).encode())
    return found


@contextmanager
def serving(*command: str) -> Iterator[tuple[str, psutil.Process]]:
    """A server in a process of its own that prints its address: the address and the process."""
    with subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found is not None
            yield found[0], psutil.Process(process.pid)
        finally:
            process.kill()


async def asked(url: str, chats: Sequence[bytes], *, calls: int, rate: float | None) -> list[float]:
    """Seconds of every call, over all connections: as fast as answers come, or at a steady rate."""
    taken: list[float] = []
    numbers = iter(range(calls))
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:
        began = time.perf_counter()

        async def worker() -> None:
            for number in numbers:
                if rate is not None:
                    await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
                start = time.perf_counter()
                headers = {"Content-Type": "application/json"}
                body = chats[number % len(chats)]
                async with session.post(f"{url}/chat/completions", data=body, headers=headers) as answer:
                    await answer.read()
                    assert answer.status == 200
                taken.append(time.perf_counter() - start)

        await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
    return taken


def live_ms(url: str, chats: Sequence[bytes]) -> float:
    """The median time of a call under the live load."""
    taken: list[float] = uvloop.run(asked(url, chats, calls=LIVE_CALLS, rate=RATE))
    return median(taken) * 1e3


def processor_ms(url: str, process: psutil.Process, chats: Sequence[bytes]) -> float:
    """Processor time (user and system) of a process per call."""
    before = process.cpu_times()
    uvloop.run(asked(url, chats, calls=CALLS, rate=None))
    after = process.cpu_times()
    used = float(after.user - before.user + after.system - before.system)
    return used * 1e3 / CALLS


def main() -> bool:
    """Print the figures; whether the claims hold."""
    chats = bodies()
    with ExitStack() as stack:
        upstream = stack.enter_context(instant_server())
        servers = {"bare proxy": stack.enter_context(serving("bench.bare_proxy", upstream))}
        for policy in POLICIES:
            options = ("gateway", "--policy", policy, "--upstream", upstream, "--port", "0")
            servers[policy] = stack.enter_context(serving("evenhand.cli.main", *options))
        for url, process in servers.values():  # warm
            processor_ms(url, process, chats)
        live: dict[str, list[float]] = {name: [] for name in ("upstream", *servers)}
        used: dict[str, list[float]] = {name: [] for name in servers}
        for _ in range(ROUNDS):
            live["upstream"].append(live_ms(upstream, chats))
            for name, (url, process) in servers.items():
                live[name].append(live_ms(url, chats))
                used[name].append(processor_ms(url, process, chats))
    return shown(live, used, size=median(map(len, chats)))


def shown(live: dict[str, list[float]], used: dict[str, list[float]], *, size: float) -> bool:
    """Print the figures; whether every policy holds both claims."""
    print(f"chats of {size:.0f} bytes with memory, {CONNECTIONS} connections, an upstream that answers at once:")
    print(f"  {'':<16} processor time per call      added at the median, {RATE:.0f} calls per second")
    holds = True
    for name in used:
        cost = median(used[name])
        ratio = median(own / bare for own, bare in zip(used[name], used["bare proxy"], strict=True))
        added = median(own - direct for own, direct in zip(live[name], live["upstream"], strict=True))
        print(f"  {name:<16} {cost:.3f} ms   {ratio:.2f}x of bare     {added:.2f} ms")
        if name in POLICIES:
            holds &= cost <= MOST_PROCESSOR_MS and added <= MOST_ADDED_MS
    print(f"  claims: at most {MOST_PROCESSOR_MS} ms of processor time, at most {MOST_ADDED_MS} ms added")
    return holds


if __name__ == "__main__":
    sys.exit(not main())
