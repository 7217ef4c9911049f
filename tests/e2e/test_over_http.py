"""The main job over HTTP: a specimen behind a real server, audited from the command line like any other model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.support.running_server import await_answer, free_port

EVENHAND = (sys.executable, "-m", "evenhand.cli.main")
LETTERS = ("--bank", "situations", "--answer", "letter")
DESIGN = (*LETTERS, "--pairs", "1", "--profiles", "0", "--placebo", "0.2", "--none-repeats", "1")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`evenhand serve specimen/tilted` on a free port; gives its base URL."""
    port, log = free_port(), tmp_path_factory.mktemp("server") / "server.log"
    with log.open("wb") as out:
        command = [*EVENHAND, "serve", "specimen/tilted", "--port", str(port)]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            await_answer(f"http://127.0.0.1:{port}/v1/models", process, log)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=5) as answer:
                assert "specimen" in answer.read().decode()
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="module")
def run(server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("http") / "run"
    ended = subprocess.run(
        [*EVENHAND, "audit", "openai/tilted", "--base-url", server, *DESIGN, "--out", str(directory), "--yes"],
        capture_output=True,
        text=True,
        check=False,
        env={key: value for key, value in os.environ.items() if not key.endswith("_API_KEY")},
    )
    assert ended.returncode == 0, ended.stderr
    assert "report.html" in ended.stdout
    return directory


def test_every_planned_cell_is_answered_with_log_probabilities(run: Path) -> None:
    model = json.loads((run / "findings.json").read_text(encoding="utf-8"))["run"]["models"][0]
    assert model["outcomes"]["answered"] == model["planned"]
    assert model["logprobs"] is True
    assert any("tilted" in name for name in model["reported"])


def test_the_planted_gap_is_found_over_http(run: Path) -> None:
    findings = json.loads((run / "findings.json").read_text(encoding="utf-8"))["findings"]
    gap = next(finding for finding in findings if finding["measure"] == "gap")
    assert gap["number"]["verdict"] == "difference"
    assert gap["number"]["value"] > 0.05


def test_the_page_stands_by_itself(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "openai/tilted" in page
    for outside in ('src="http', "src='http", 'rel="stylesheet" href="http', "@import"):
        assert outside not in page


def test_the_score_table_opens_in_polars_with_a_column_for_every_factor(run: Path) -> None:
    frame = pl.read_parquet(run / "scores.parquet")
    assert {"position", "score", "p_score", "outcome"} <= set(frame.columns)
    assert frame["cell_key"].n_unique() == len(frame)


def test_asking_in_process_gives_the_same_answers_as_over_http(run: Path, tmp_path: Path) -> None:
    local = tmp_path / "local"
    subprocess.run(
        [*EVENHAND, "audit", "specimen/tilted", *DESIGN, "--out", str(local)], check=True, capture_output=True
    )
    keys = ["item", "arm", "replicate"]
    columns = [*keys, "choice", "p_best"]
    over = pl.read_parquet(run / "scores.parquet").select(columns)
    here = pl.read_parquet(local / "scores.parquet").select(columns)
    both = over.join(here, on=keys, suffix="_here")
    assert len(both) == len(over)
    assert both.filter(pl.col("choice") == pl.col("choice_here")).height > 0.995 * both.height
    assert both.filter((pl.col("p_best") - pl.col("p_best_here")).abs() > 0.02).is_empty()


def test_a_finished_run_is_not_asked_again(run: Path, server: str) -> None:
    before = (run / "trials.sqlite").read_bytes()
    ended = subprocess.run([*EVENHAND, "run", str(run)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert len((run / "trials.sqlite").read_bytes()) == len(before)


def test_another_seed_is_refused_in_the_same_directory(run: Path, server: str) -> None:
    ended = subprocess.run(
        [*EVENHAND, "audit", "openai/tilted", "--base-url", server, *DESIGN, "--out", str(run), "--seed", "1", "--yes"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 3
    assert "seed" in ended.stderr
