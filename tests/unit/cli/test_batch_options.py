"""`--batch` at the command line: half the price, refusals with what is allowed, what is said while batches are out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evenhand.plan.file import read_plan, write_plan
from evenhand.run.limits import Limits
from tests.support.batch_plan import QUICK, asked, batch_plan
from tests.support.batch_server import BatchServer, batch_server
from tests.support.command import SMALL, evenhand

CELLS = 120


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with batch_server() as serving:
        yield serving


@pytest.fixture
def out(server: BatchServer, tmp_path: Path) -> Path:
    """A run directory with a batch that is out."""
    server.looks = 10**9
    asked(batch_plan(server.base_url), tmp_path / "run", limits=Limits(max_seconds=0.2))
    return tmp_path / "run"


def test_a_plan_in_batches_costs_half(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def priced(*options: str) -> dict[str, object]:
        ended = evenhand(
            "plan",
            "openai/gpt-4o",
            *SMALL,
            *options,
            "--json",
            "--out",
            tmp_path / f"run{len(options)}",
            capsys=capsys,
            monkeypatch=monkeypatch,
        )
        assert ended.code == 0, ended.err
        model: dict[str, object] = json.loads(ended.out)["models"][0]
        return model

    live, batched = priced(), priced("--batch")
    assert batched["cost_usd"] == pytest.approx(0.5 * live["cost_usd"])  # type: ignore[operator]  # a number
    assert (live["batch"], batched["batch"], batched["seconds"]) == (False, True, None)
    assert read_plan(tmp_path / "run1").sha256 == read_plan(tmp_path / "run0").sha256, "the same questions"


def test_a_plan_says_that_batches_take_up_to_a_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = evenhand(
        "plan",
        "anthropic/claude-sonnet-4-5",
        *SMALL,
        "--batch",
        "--out",
        tmp_path / "run",
        capsys=capsys,
        monkeypatch=monkeypatch,
    )
    assert "in batches, within a day each" in ended.out


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("simulated/null", "simulated"),
        ("specimen/tilted", "specimen"),
        ("python:json:dumps", "python"),
        ("hf/./somewhere", "hf"),
        ("vllm/some-model", "vllm"),
    ],
)
def test_what_takes_no_batches_is_refused_with_what_does(
    model: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = evenhand(
        "plan", model, *SMALL, "--batch", "--out", tmp_path / "run", capsys=capsys, monkeypatch=monkeypatch
    )
    assert ended.code == 5
    assert f"{model!r} cannot be asked with --batch: {kind!r} takes no batches" in ended.err
    assert "these do: anthropic/, groq/, openai/" in ended.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--mitigation", "two_pass"), "the policy 'two_pass' asks again with an answer"),
        (("--looks", "2"), "--looks 2 tests while answers come in"),
    ],
)
def test_what_needs_answers_first_is_refused(
    options: tuple[str, ...],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = evenhand(
        "plan",
        "openai/gpt-4o",
        *SMALL,
        "--batch",
        *options,
        "--out",
        tmp_path / "run",
        capsys=capsys,
        monkeypatch=monkeypatch,
    )
    assert ended.code == 2
    assert said in ended.err


def test_a_product_with_its_own_memory_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text(
        "class Assistant:\n"
        "    def remember(self, user, facts): ...\n"
        "    def reply(self, user, messages): return 'A'\n"
        "    def forget(self, user): ...\n",
        encoding="utf-8",
    )
    ended = evenhand(
        "plan",
        f"python:{tmp_path / 'app.py'}:Assistant",
        *SMALL,
        "--batch",
        "--out",
        tmp_path / "run",
        capsys=capsys,
        monkeypatch=monkeypatch,
    )
    assert ended.code == 2
    assert "keeps memory itself" in ended.err


def test_a_server_without_batches_is_told_by_its_address(
    server: BatchServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.without_batches = True
    write_plan(batch_plan(server.base_url), tmp_path)
    ended = evenhand("run", tmp_path, "--quiet", capsys=capsys, monkeypatch=monkeypatch)
    assert ended.code == 5
    assert f"The server takes no batches at {server.base_url}/files (HTTP 404" in ended.err
    assert "leave --batch out" in ended.err


def test_status_says_what_is_out_since_when_and_until_when(
    out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = evenhand("status", out, capsys=capsys, monkeypatch=monkeypatch)
    assert "nobody is at it, 1 of 120 cells asked; 119 questions in 1 batch with providers" in said.out
    assert "batch_0" in said.out
    assert f"Next: `evenhand run {out}` collects the batches that are done" in said.out
    status = json.loads(evenhand("status", out, "--json", capsys=capsys, monkeypatch=monkeypatch).out)
    (job,) = status["batches"]
    assert (status["state"], status["next"]) == ("waiting", ["collect"])
    assert (job["rows"], job["state"], job["remote"]) == (119, "sent", "batch_0")
    assert job["until"] == pytest.approx(job["made"] + 86_400, abs=5)


def test_nothing_that_is_out_is_asked_one_by_one(
    out: Path, server: BatchServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = evenhand("run", out, "--no-batch", "--quiet", capsys=capsys, monkeypatch=monkeypatch)
    assert ended.code == 2
    assert "1 batch is out, with 119 questions that would be asked and paid for twice" in ended.err
    assert server.live == 1


def test_another_plan_does_not_take_the_place_of_one_whose_batches_are_out(
    server: BatchServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    server.looks = 10**9
    server.fate = lambda batch, row: "answer"
    asked(batch_plan(server.base_url), run, limits=Limits(max_seconds=0.2))
    ended = evenhand("plan", "openai/gpt-4o", *SMALL, "--out", run, capsys=capsys, monkeypatch=monkeypatch)
    assert ended.code == 3
    assert "belongs to another plan" in ended.err


def test_a_budget_before_the_first_answer_of_a_batch_says_what_is_out(
    server: BatchServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenhand.run.batches.USUAL_PACE", QUICK)
    server.looks = 10**9
    write_plan(batch_plan(server.base_url), tmp_path)
    ended = evenhand("run", tmp_path, "--max-seconds", "0.3", "--quiet", capsys=capsys, monkeypatch=monkeypatch)
    assert ended.code == 6, ended.err
    assert "the budget --max-seconds ended the run" in ended.err
    assert "1 batch with 119 questions is out since" in ended.err


def test_a_live_run_is_finished_by_batches_and_stays_one(
    server: BatchServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenhand.run.batches.USUAL_PACE", QUICK)
    write_plan(batch_plan(server.base_url, batch=False), tmp_path)
    assert evenhand("run", tmp_path, "--max-calls", "30", "--quiet", capsys=capsys, monkeypatch=monkeypatch).code == 6
    assert (server.live, len(server.batches)) == (30, 0)
    ended = evenhand(
        "run", tmp_path, "--batch", "--batch-rows", "50", "--quiet", capsys=capsys, monkeypatch=monkeypatch
    )
    assert ended.code == 0, ended.err
    assert [len(batch.rows) for batch in server.batches.values()] == [50, 39]
    assert server.billed == CELLS
