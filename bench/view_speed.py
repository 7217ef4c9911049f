"""`evenhand view` over a million trials: how long every page takes once the index is made, and how long that takes.

A plan of two simulated models is made, and a store of a million trials is written for it: every cell of the crossing
with the prompt that its users and items give, and an answer of its own of 12 to 30 words. `evenhand view` then serves
it in a process of its own, and every kind of page is asked for, the first time and again. A budget of 300 ms holds for
each of them; on a machine that is slower or busy it counts as much more as a light start of the command line costs.

Run: python -m bench.view_speed [TRIALS]
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from bench.table_speed import START_S, ended
from evenhand.design.cells import Crossing
from evenhand.plan.file import write_plan
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.records.message import Message, ModelSettings, Reply, Request, Usage
from evenhand.records.plan import Design, Plan
from evenhand.records.trial import Answered, Refused
from evenhand.records.work import Work
from evenhand.store.rows import Row, row_of
from evenhand.store.store import open_store

TRIALS = 1_000_000
BUDGET_S = 0.3
_WORDS = 4_000
_RARE = "quizzaciously"
"""A word of one answer in ten thousand."""


def plan_of(trials: int) -> Plan:
    """A plan with at least so many cells."""
    for replicates in range(1, 200):
        design = Design(
            kinds=("understanding", "management"),
            easy=True,
            pairs_per_item=None,
            profiles_per_item=None,
            replicates=replicates,
        )
        plan = make_plan(PlanRequest(models=("simulated/tilted", "simulated/null"), design=design))
        if Crossing(plan).size() >= trials:
            return plan
    raise RuntimeError(f"no plan has {trials:,} cells")


def rows(plan: Plan, trials: int) -> Iterator[Row]:
    """The rows of a store: an answer to every cell."""
    rng = np.random.default_rng(7)
    words = np.array([f"{'aeiou'[n % 5]}{n:x}{'lmnrst'[n % 6]}" for n in range(_WORDS)])
    lengths = rng.integers(12, 31, size=trials)
    drawn = words[(rng.pareto(1.1, size=int(lengths.sum())) * 12).astype(int) % _WORDS]
    rare, refused, odd = rng.random(trials) < 1e-4, rng.random(trials) < 0.02, rng.random(trials) < 0.15
    at = 0
    for place, (cell, meeting) in enumerate(islice(Crossing(plan).pairs(), trials)):
        item = meeting.item
        said = " ".join(drawn[at : at + lengths[place]]) + (f" {_RARE}" if rare[place] else "") + " because the answer"
        at += int(lengths[place])
        memory = "You are a helpful assistant.\n" + "\n".join(f"- {fact.text}" for fact in meeting.arm.facts)
        options = "\n".join(f"{'ABCDEFGH'[n]}. {item.options[k].text}" for n, k in enumerate(cell.option_order))
        messages = (
            Message(role="system", content=memory),
            Message(role="user", content=f"{item.stem}\n\n{item.question}\n\n{options}"),
        )
        request = Request(
            cell_key=cell.cell_key, messages=messages, settings=ModelSettings(), letters=("A",), seed=place
        )
        reply = Reply(text=said, finish="stop", usage=Usage(input_tokens=180, output_tokens=40), latency_s=0.4)
        chosen = item.options[place % len(item.options)].id if odd[place] else item.key
        outcome = Refused(by="assistant") if refused[place] else Answered(choice=chosen)
        yield row_of(Work(cell=cell, request=request), outcome, reply)


def written(folder: Path, trials: int) -> tuple[Plan, str, str]:
    """A run directory; the plan, and the keys of two cells of it."""
    plan = plan_of(trials)
    write_plan(plan, folder)
    keys: list[str] = []
    with open_store(folder / "trials.sqlite", plan_sha256=plan.sha256) as store:
        made = rows(plan, trials)
        while some := list(islice(made, 20_000)):
            store.append(some)
            keys += [some[0].cell_key, some[-1].cell_key] if not keys else []
    return plan, keys[0], keys[1]


def pages(plan: Plan, first: str, second: str, trials: int) -> dict[str, str]:
    """What is measured -> address."""
    item = next(item.id for bank in plan.banks for item in bank.items if item.kind == "management")
    arms = [f"{cohort.name}/{cohort.profiles[0].id}" for cohort in plan.cohorts]
    factor = next(factor for cohort in plan.cohorts for factor in cohort.factors if factor.id == "gender")
    run = "/run/million"
    return {
        "list of runs": "/",
        "run": run,
        "trials": f"{run}/trials",
        "trials, last page": f"{run}/trials?page={trials // 50}",
        "trials by model and outcome": f"{run}/trials?model=simulated/null&outcome=refused",
        "trials by group": f"{run}/trials?group=gender={factor.levels[-1].id}",
        "trials by item and user": f"{run}/trials?item={item}&arm={arms[0]}",
        "search, every answer": f"{run}/trials?q=because+the+answer",
        "search, rare word": f"{run}/trials?q={_RARE}",
        "search, prompts, filtered": f"{run}/trials?q=assistant&inside=prompts&kind=management",
        "search, begin of a word": f"{run}/trials?q=a1*&inside=answers",
        "trial": f"{run}/trial/{first}",
        "pairs, by memory": f"{run}/pairs",
        "pairs, by memory, filtered": f"{run}/pairs?kind=management&model=simulated/tilted",
        "pairs, two versions": f"{run}/pairs?show=version",
        "pairs, two users": f"{run}/pairs?show=two&item={item}&first={arms[0]}&second={arms[1]}",
        "pair": f"{run}/pair?first={first}&second={second}",
        "items": f"{run}/items",
        "item": f"{run}/item/{item}",
        "over time": "/compare",
    }


def asked(url: str) -> tuple[float, str]:
    """(seconds, page)."""
    began = time.perf_counter()
    with urllib.request.urlopen(url, timeout=120) as answer:
        text = answer.read().decode()
    return time.perf_counter() - began, text


def index_made(url: str) -> float:
    """Seconds until the index is complete."""
    began = time.perf_counter()
    while (
        "index is being made" in asked(f"{url}/run/million")[1] or ">0 trials<" in asked(f"{url}/run/million/trials")[1]
    ):
        time.sleep(0.5)
    return time.perf_counter() - began


def found(url: str) -> float:
    """Seconds until a search has its result; every page on the way counts by itself."""
    began = time.perf_counter()
    while "being looked for" in asked(url)[1]:
        time.sleep(0.05)
    return time.perf_counter() - began


def measured(url: str, addresses: dict[str, str], *, budget: float) -> bool:
    """Ask for every page, print how long it took, and say whether all kept the budget."""
    held = True
    for name, address in addresses.items():
        first, page = asked(url + address)
        searched = f"  found after {1e3 * (first + found(url + address)):.0f} ms" if "being looked for" in page else ""
        again = sorted(asked(url + address)[0] for _ in range(5))[2]
        met = first <= budget and again <= budget
        held = held and met
        line = f"{name:<28} first {1e3 * first:>6.0f} ms  again {1e3 * again:>6.0f} ms  {len(page) / 1024:>5.0f} kB"
        print(f"{line}  {'met' if met else 'MISSED'}{searched}", flush=True)
    return held


def main() -> bool:
    """Make the store, serve it, and print what every page took; whether every budget held."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdecimal() else TRIALS
    start = sorted(ended("--version")[0] for _ in range(5))[2]
    slower = max(1.0, start / START_S)
    print(f"a light start costs {start:.2f} s CPU: the budget of {1e3 * BUDGET_S:.0f} ms counts {slower:.1f} times")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "runs"
        began = time.perf_counter()
        plan, first, second = written(folder / "million", trials)
        size = (folder / "million" / "trials.sqlite").stat().st_size
        print(f"a store of {trials:,} trials, {size / 1e9:.2f} GB, in {time.perf_counter() - began:.0f} s", flush=True)
        environment = {**os.environ, "EVENHAND_CACHE": str(Path(place) / "cache")}
        command = [sys.executable, "-m", "evenhand.cli.main", "view", str(folder), "--port", "0", "--no-browser"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        try:
            assert process.stdout is not None
            said = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            if said is None:
                raise RuntimeError("the server printed no address")
            took = index_made(said[0])
            index = sum(path.stat().st_size for path in (Path(place) / "cache" / "view").iterdir())
            print(f"index of {index / 1e9:.2f} GB made in {took:.0f} s", flush=True)
            return measured(said[0], pages(plan, first, second, trials), budget=BUDGET_S * slower)
        finally:
            process.terminate()
            process.wait(timeout=60)


if __name__ == "__main__":
    sys.exit(not main())
