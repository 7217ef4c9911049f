"""An audit through the gateway against the same policy in the grid: cell for cell, over real servers."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from evenhand.audit import ask, score
from evenhand.bank.load import load_bank
from evenhand.bank.write import write_bank
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.records.message import USUAL_SETTINGS
from evenhand.records.plan import Design, ModelSpec
from tests.support.chat_server import chat_body, chat_server

EVENHAND = (sys.executable, "-m", "evenhand.cli.main")
KEYS = ["item", "arm", "replicate"]
POLICIES = ("gate", "neutralise?by=words", "instruct")


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """A command of evenhand that serves; gives the address that it prints."""
    process = subprocess.Popen([*EVENHAND, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        found = re.search(r"http://127\.0\.0\.1:\d+/v1", process.stdout.readline())
        assert found is not None
        yield found[0]
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


def asked(url: str, folder: Path, *policies: str, bank: str = "situations") -> pl.DataFrame:
    """The scores of a run over HTTP."""
    design = Design(
        kinds=("understanding",),
        none_repeats=1,
        placebo_per_item=0.2,
        mitigations=("none", *(policy.partition("?")[0] for policy in policies)),
    )
    models = (ModelSpec(name="openai/tilted", base_url=url, settings=USUAL_SETTINGS),)
    plan = make_plan(PlanRequest(models=models, design=design, banks=(bank,), mitigations=policies))
    folder.mkdir()
    report = ask(plan, folder)
    assert report.outcomes["answered"] == sum(report.outcomes.values())
    return score(plan, folder).frame


def by_hash(request: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
    """A letter that follows from every word of the conversation."""
    digest = hashlib.sha256(json.dumps(request["messages"]).encode()).digest()
    return 200, chat_body("ABCD"[digest[0] % 4])


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, pl.DataFrame]]:
    """A server that answers by hash, and the scores of an audit of it under every policy."""
    with chat_server(by_hash) as url:
        yield url, asked(url, tmp_path_factory.mktemp("grid") / "run", *POLICIES)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_cell_gets_the_same_answer_through_the_gateway_as_in_the_grid(
    policy: str, grid: tuple[str, pl.DataFrame], tmp_path: Path
) -> None:
    upstream, scores = grid
    with serving("gateway", "--policy", policy, "--upstream", upstream, "--port", "0") as url:
        through = asked(url, tmp_path / "run")
        with urllib.request.urlopen(url.removesuffix("/v1") + "/metrics", timeout=10) as answer:
            counts = answer.read().decode()
    name = policy.partition("?")[0]
    measured = scores.filter(pl.col("mitigation") == name)
    both = through.join(measured, on=KEYS, suffix="_grid")
    assert len(both) == len(measured) > 200
    assert both["choice"].to_list() == both["choice_grid"].to_list()
    plain = through.join(scores.filter(pl.col("mitigation") == "none"), on=KEYS, suffix="_plain")
    none = plain.filter(pl.col("arm") == "none")
    assert none["choice"].to_list() == none["choice_plain"].to_list()
    assert plain.filter(pl.col("choice") != pl.col("choice_plain")).height > 100
    assert f'requests_total{{end="passed",status="200"}} {len(through)}' in counts


def test_the_specimen_behind_the_gateway_answers_as_under_the_policy(tmp_path: Path) -> None:
    """Probabilities as close as those of two runs of the specimen: its batches round differently."""
    bank = load_bank("situations")
    write_bank(msgspec.structs.replace(bank, items=bank.items[::6]), tmp_path / "bank.yaml")
    few = str(tmp_path / "bank.yaml")
    with (
        serving("serve", "specimen/tilted", "--port", "0") as specimen,
        serving("gateway", "--policy", "gate", "--upstream", specimen, "--port", "0") as url,
    ):
        grid = asked(specimen, tmp_path / "grid", "gate", bank=few).filter(pl.col("mitigation") == "gate")
        through = asked(url, tmp_path / "through", bank=few)
    both = through.join(grid, on=KEYS, suffix="_grid")
    assert len(both) == len(grid) > 40
    assert both["choice"].to_list() == both["choice_grid"].to_list()
    assert both.filter((pl.col("p_best") - pl.col("p_best_grid")).abs() > 0.02).is_empty()
