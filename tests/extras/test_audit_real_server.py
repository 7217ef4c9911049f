"""The whole audit against `transformers serve`: a real server with a real neural network behind it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running_server import RunningServer

pytestmark = pytest.mark.extras

EVENHAND = (sys.executable, "-m", "evenhand.cli.main")
EMOBENCH = Path(__file__).parents[3] / "shared" / "data" / "emobench" / "EA.jsonl"
SMALL = (
    "--answer",
    "letter",
    "--pairs",
    "1",
    "--profiles",
    "0",
    "--placebo",
    "0",
    "--none-repeats",
    "1",
    "--max-tokens",
    "4",
)


def evenhand(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*EVENHAND, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.timeout(900)
@pytest.mark.skipif(not EMOBENCH.exists(), reason="EmoBench is not beside the checkout (../shared/data/emobench)")
def test_emobench_in_english_is_audited_whole(transformers_server: RunningServer, tmp_path: Path) -> None:
    bank, run = tmp_path / "ea.yaml", tmp_path / "run"
    imported = evenhand("items", "import", str(EMOBENCH), "-f", "emobench", "--option", "language=en", "-o", str(bank))
    assert imported.returncode == 0, imported.stderr
    kind = json.loads(evenhand("items", "list", str(bank), "--json").stdout)[0]["kind"]
    ended = evenhand(
        *("audit", f"openai/{transformers_server.model}", "--base-url", transformers_server.base_url),
        *("--bank", str(bank), "--kind", kind, *SMALL, "--out", str(run), "--yes"),
    )
    assert ended.returncode == 0, ended.stderr
    model = json.loads((run / "findings.json").read_text(encoding="utf-8"))["run"]["models"][0]
    assert sum(model["outcomes"].values()) == model["planned"] == 600
    assert model["outcomes"]["failed"] == 0
    assert any("log-prob" in note for note in model["notes"]), (
        "asked for log-probabilities and got none: it must say so"
    )
    assert (run / "report.html").stat().st_size > 50_000


@pytest.mark.timeout(900)
def test_our_bank_within_a_budget_leaves_a_report_and_goes_on(
    transformers_server: RunningServer, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    first = evenhand(
        *("audit", f"openai/{transformers_server.model}", "--base-url", transformers_server.base_url),
        *("--kind", "understanding", *SMALL, "--out", str(run), "--yes", "--max-calls", "60"),
    )
    assert first.returncode == 6, first.stderr
    assert "evenhand run" in first.stderr
    findings = json.loads((run / "findings.json").read_text(encoding="utf-8"))
    assert "unfinished" in findings["warnings"][0]
    again = evenhand("run", str(run), "--max-calls", "60")
    assert again.returncode == 6, again.stderr
    model = json.loads((run / "findings.json").read_text(encoding="utf-8"))["run"]["models"][0]
    assert 100 <= sum(model["outcomes"].values()) <= 140
