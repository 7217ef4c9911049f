"""A real small language model, audited by every measure over HTTP, and the same weights in this process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from evenhand.records.message import Message
from tests.support.first_screen import first_screen_text
from tests.support.running_server import RunningServer

pytestmark = [pytest.mark.extras, pytest.mark.timeout(1800)]

EVENHAND = (sys.executable, "-m", "evenhand.cli.main")
LEAST_ALIKE = 0.8
"""Share of the letters in which 4-bit arithmetic on one side may leave the answer alone."""
WAYS = [
    ("understanding", "letter"),
    ("understanding", "distribution"),
    ("management", "letter"),
    ("management", "distribution"),
    ("intensity", "rating"),
    ("advice", "text"),
]


def audit(model: str, out: Path, *options: str) -> None:
    command = [*EVENHAND, "audit", model, *options, "--profiles", "0", "--concurrency", "4", "--out", str(out), "--yes"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def findings(run: Path) -> Any:
    return json.loads((run / "findings.json").read_text(encoding="utf-8"))


def test_one_command_audits_a_served_model_by_every_measure_and_the_first_screen_holds_all_answers(
    small_model_server: RunningServer, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    audit(
        f"llamacpp/{small_model_server.model}",
        run,
        *("--base-url", small_model_server.base_url, "--preset", "quick", "--items", "5", "--none-repeats", "1"),
        *("--placebo", "0", "--max-tokens", "64"),
    )
    found = findings(run)
    (model,) = found["run"]["models"]
    assert sum(model["outcomes"].values()) == model["planned"] > 60
    assert model["outcomes"].get("failed", 0) == 0
    assert model["logprobs"] is True, "llama.cpp gives log-probabilities"
    (answer,) = found["answer"]["models"]
    assert sorted((one["kind"], one["answer"]) for one in answer["kinds"]) == sorted(WAYS)
    page = (run / "report.html").read_text(encoding="utf-8")
    told = first_screen_text(page).lower()
    assert all(one["label"].lower() in told for one in answer["kinds"])
    first = page[page.index('id="verdict"') : page.index('id="gaps"')]
    shown = " ".join(unescape(re.sub(r"<[^>]+>", " ", first)).split())
    for one in answer["kinds"]:
        assert one["label"] in shown and " ".join(one["sentence"].split()) in shown, one["label"]
    # 135 million parameters: neither format of the keyed items shows more than a guesser would.
    assert answer["verdict"] == "not assessable"
    faults = {(one["kind"], one.get("answer", "letter")): one.get("faults", []) for one in found["validity"]}
    assert set(faults[("understanding", "letter")]) & {"at_chance", "one_position"}


def test_a_server_and_this_process_choose_the_same_letters_from_the_same_weights(
    small_model_server: RunningServer, small_model_checkpoint: Path, tmp_path: Path
) -> None:
    few = (
        *("--kind", "understanding", "--answer", "letter", "--items", "6", "--pairs", "1"),
        *("--placebo", "0", "--none-repeats", "1", "--max-tokens", "8"),
    )
    audit(f"llamacpp/{small_model_server.model}", tmp_path / "http", "--base-url", small_model_server.base_url, *few)
    audit(f"hf/{small_model_checkpoint}", tmp_path / "here", "--set", "device=cpu", *few)
    tables = [
        pl.read_parquet(tmp_path / name / "scores.parquet").select("item", "arm", pl.col("choice"), "p_best")
        for name in ("http", "here")
    ]
    both = tables[0].join(tables[1], on=["item", "arm"], suffix="_here").drop_nulls("choice")
    assert both.height >= 12
    alike = (both["choice"].cast(pl.String) == both["choice_here"].cast(pl.String)).mean()
    assert isinstance(alike, float) and alike >= LEAST_ALIKE


def test_a_memory_read_once_gives_what_plain_transformers_gives_for_the_whole_prompt(
    small_model_checkpoint: Path,
) -> None:
    import torch

    from evenhand.endpoints.hf.checkpoint import load_checkpoint
    from evenhand.endpoints.hf.network import PrefixNetwork
    from evenhand.endpoints.hf.options import HuggingFaceOptions
    from evenhand.endpoints.hf.template import ChatTemplate

    loaded = load_checkpoint(str(small_model_checkpoint), HuggingFaceOptions(device="cpu", dtype="float32"))
    template = ChatTemplate(loaded.tokenizer, name="hf/smollm2")
    memory = Message(role="system", content="The user keeps bees, has two children and lost a job in May. " * 12)
    questions = ("What does Kim feel? A. joy B. fear", "A friend is late. Answer A or B.", "Who called? A. Ann B. Bo")
    prompts = [template.prompt((memory, Message(role="user", content=question))) for question in questions]
    (shared,) = {prompt.ids[: prompt.shared] for prompt in prompts}
    assert len(shared) > 150
    network = PrefixNetwork(loaded.model, device="cpu")
    with torch.inference_mode():
        logits, _ = network.begin(network.prefix(shared), [prompt.ids[len(shared) :] for prompt in prompts])
        for row, prompt in enumerate(prompts):
            whole = loaded.model(input_ids=torch.tensor([prompt.ids]), use_cache=False).logits[0, -1]
            off = torch.log_softmax(logits[row], -1) - torch.log_softmax(whole, -1)
            assert off.abs().max() < 1e-4
