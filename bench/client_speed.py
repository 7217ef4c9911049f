"""The client: processor time a call against a bare loop, and wall time against the same loop and against the ideal.

Both are asked of the same server in the same run, alternating, so that what else the machine does falls on both alike.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import aiohttp
import orjson
import uvloop

from bench.grid import CALLS, work
from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.kinds import open_endpoint
from evenhand.records.message import Reply
from evenhand.records.plan import ModelSpec
from evenhand.records.trial import Answered, Outcome, Unparsed
from evenhand.records.work import Work
from evenhand.run.execute import execute
from evenhand.store.store import open_store

IN_FLIGHT = 64
ROUNDS = 3
LATENCY_S = 0.2
WIDE = 512
"""In flight at most, where a provider allows it."""
LATENCY_ROUNDS = {IN_FLIGHT: 50, WIDE: 10}
"""In flight -> answers that each place in flight waits for."""
GOAL_CPU, MOST_CPU, MOST_WALL, MOST_WIDE = 1.1, 1.4, 1.06, 1.5
"""Times the bare loop (the goal is held on a busy machine only); times the ideal with 64, and with 512 in flight. Where
this machine has not the processor time for the ideal, the bare loop needs more too, and no more than that is asked."""


@contextmanager
def instant_server(latency_s: float = 0.0) -> Iterator[str]:
    """The base URL of an instant server in a process of its own."""
    command = [sys.executable, "-m", "bench.instant_server", str(latency_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


def bare_loop(url: str, calls: int = CALLS, *, in_flight: int = IN_FLIGHT) -> None:
    """What anyone would write: aiohttp and orjson on uvloop, a task a place, answers in a list and nothing else."""

    async def main() -> None:
        answers: list[str] = []
        cells = work(calls)
        connector = aiohttp.TCPConnector(limit=in_flight)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def worker() -> None:
                for cell in cells:
                    messages = [{"role": turn.role, "content": turn.content} for turn in cell.request.messages]
                    body = {"model": "instant", "messages": messages, "temperature": 0.0, "max_tokens": 16}
                    headers = {"Content-Type": "application/json"}
                    async with session.post(f"{url}/chat/completions", data=orjson.dumps(body), headers=headers) as got:
                        answer = orjson.loads(await got.read())
                        answers.append(answer["choices"][0]["message"]["content"])

            await asyncio.gather(*(worker() for _ in range(in_flight)))
        assert answers == ["B"] * calls

    uvloop.run(main())


def ours(url: str, calls: int = CALLS, *, in_flight: int = IN_FLIGHT) -> None:
    """The same questions through the endpoint and the runner, every answer durable."""
    spec = ModelSpec(name="vllm/instant", base_url=url)
    context = EndpointContext(connection=Connection(concurrency=in_flight))
    with tempfile.TemporaryDirectory() as directory, open_store(Path(directory) / "t.sqlite", plan_sha256="b") as store:
        report = execute(
            {"instant": work(calls)},
            endpoints={"instant": open_endpoint(spec, context=context)},
            store=store,
            outcome_of=letter,
        )
        assert report.outcomes["answered"] == calls


def letter(_: Work, reply: Reply) -> Outcome:
    """What a reply is worth in the bench: the answer is a letter."""
    return Answered(choice=reply.text) if reply.text in "ABCDE" else Unparsed(reason="no letter")


def processor_ms(run: Callable[[str], None], url: str) -> float:
    """Milliseconds of processor time (all threads, user and system) a call."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    run(url)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1e3 / CALLS


def wall_over_ideal(run: Callable[..., None], *, in_flight: int) -> float:
    """Wall time at a server that takes its time, over the time that the latency alone costs."""
    rounds = LATENCY_ROUNDS[in_flight]
    with instant_server(LATENCY_S) as url:
        began = time.perf_counter()
        run(url, rounds * in_flight, in_flight=in_flight)
        return (time.perf_counter() - began) / (rounds * LATENCY_S)


def main() -> bool:
    """Print the ratios; whether they hold."""
    with instant_server() as url:
        for run in (bare_loop, ours):  # warm
            run(url)
        pairs = [(processor_ms(bare_loop, url), processor_ms(ours, url)) for _ in range(ROUNDS)]
    bare, own = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    ratio = median(pair[1] / pair[0] for pair in pairs)
    print(f"{CALLS} calls to an instant server, {IN_FLIGHT} in flight, processor time a call:")
    print(f"  bare aiohttp + orjson        {bare:.3f} ms")
    print(f"  evenhand, answers durable    {own:.3f} ms   {ratio:.2f}x (at most {MOST_CPU}x; the goal is {GOAL_CPU}x)")
    held = ratio <= MOST_CPU
    for in_flight, most in ((IN_FLIGHT, MOST_WALL), (WIDE, MOST_WIDE)):
        bare_wall, own_wall = (wall_over_ideal(run, in_flight=in_flight) for run in (bare_loop, ours))
        calls = LATENCY_ROUNDS[in_flight] * in_flight
        print(f"{calls} calls at {LATENCY_S * 1e3:.0f} ms latency, {in_flight} in flight; wall time over the ideal:")
        print(f"  bare aiohttp + orjson        {bare_wall:.3f}x")
        print(f"  evenhand, answers durable    {own_wall:.3f}x   (at most {most}x, or what the bare loop needs)")
        held = held and own_wall <= max(most, bare_wall)
    return held


if __name__ == "__main__":
    sys.exit(not main())
