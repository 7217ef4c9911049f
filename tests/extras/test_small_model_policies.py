"""Policies on memory, prompt and answer, tried on a real small model: served, and as a checkpoint in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.report.findings_file import read_findings
from tests.support.command import evenhand_apart
from tests.support.judged_run import every_policy_is_judged, every_way_is_judged
from tests.support.running_server import RunningServer

pytestmark = [
    pytest.mark.extras,
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("default"),  # other people's deprecations
]

POLICIES = ("gate", "instruct", "two_pass", "consensus")
SMALL = (
    *("--preset", "standard", "--items", 1, "--pairs", 1, "--profiles", 0, "--placebo", 0, "--none-repeats", 1),
    *("--max-tokens", 24, "--concurrency", 4, "--yes"),
)


def audited(run: Path, model: str, *options: object) -> Path:
    tried = [part for name in POLICIES for part in ("--mitigation", name)]
    ended = evenhand_apart("audit", model, *options, *SMALL, *tried, "--out", run)
    assert ended.code == 0, ended.err[-2000:]
    return run


def input_tokens(run: Path) -> dict[str, float]:
    """Policy -> how many times as many tokens an answer reads as without it."""
    return {
        str(one.policy): multiple.value
        for one in read_findings(run).tried
        for multiple in one.multiples
        if multiple.name == "input_tokens"
    }


@pytest.fixture(params=["served", "checkpoint"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An audit of the same weights: served, or in this process."""
    if request.param == "served":
        server: RunningServer = request.getfixturevalue("small_model_server")
        return audited(tmp_path / "run", f"llamacpp/{server.model}", "--base-url", server.base_url)
    pytest.importorskip("torch")
    checkpoint: Path = request.getfixturevalue("small_model_checkpoint")
    return audited(tmp_path / "run", f"hf/{checkpoint}", "--set", "device=cpu")


def test_every_policy_is_judged_and_reads_what_it_is_made_to_read(run: Path) -> None:
    every_way_is_judged(run)
    every_policy_is_judged(run, *POLICIES)
    read = input_tokens(run)
    assert set(read) == set(POLICIES)
    assert read["gate"] < 1 < read["instruct"] < read["consensus"]
    assert read["consensus"] > 2, "asked under several users"
