"""Inspect and lm-eval from their own command lines: the same questions, read back to the findings of our own run."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.write import write_bank
from evenhand.plan.file import read_plan
from evenhand.records.findings import Findings
from evenhand.report.findings_file import read_findings
from evenhand.rundir import TRIALS_FILE
from evenhand.store.reading import open_trials
from tests.support.command import Ended, evenhand_apart
from tests.support.other_tools import LettersServer, beside_python, letters_server, ran, reached_outside

pytestmark = [
    pytest.mark.extras,
    pytest.mark.filterwarnings("default"),  # other people's deprecations
    pytest.mark.xdist_group("other-tools"),
]

OF_THE_RUN = ("run", "as_read")
"""Parts of the findings that speak of how the answers came; all others must be equal."""
ITEMS = 24


class Audit(msgspec.Struct, frozen=True):
    """A run that evenhand asked itself, beside the server that answered."""

    server: LettersServer
    run: Path
    folder: Path


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audit]:
    folder = tmp_path_factory.mktemp("other-tools")
    bank = load_bank("understanding")
    write_bank(msgspec.structs.replace(bank, items=bank.items[:ITEMS]), folder / "small.yaml")
    with letters_server() as server:
        command = ("--base-url", server.url, "--bank", folder / "small.yaml", "--kind", "understanding")
        design = ("--answer", "letter", "--pairs", "2", "--placebo", "1", "--none-repeats", "2", "--preset", "quick")
        ended = evenhand_apart(
            "audit", "openai/m", *command, *design, "--no-logprobs", "--yes", "--out", folder / "run"
        )
        assert ended.code == 0, ended.err
        yield Audit(server, folder / "run", folder)


def answers(run: Path) -> dict[str, tuple[str, str | None]]:
    """Cell -> (how it ended, what was answered)."""
    with open_trials(run / TRIALS_FILE) as trials:
        return {
            one.cell.cell_key: (type(one.trial.outcome).__name__, one.trial.reply.text if one.trial.reply else None)
            for one in trials.rows()
        }


def require_the_same(run: Path, again: Path, ended: Ended) -> None:
    """Every cell, every letter, every finding."""
    assert ended.code == 0, ended.err
    assert answers(run) == answers(again) != {}
    ours, theirs = read_findings(run), read_findings(again)
    assert len(ours.findings) > 10
    for name in Findings.__struct_fields__:
        if name not in OF_THE_RUN:
            assert getattr(ours, name) == getattr(theirs, name), name
    assert ended.out.startswith("As read\n")


def test_a_plan_asked_by_inspect_has_the_findings_of_a_run(audit: Audit) -> None:
    pytest.importorskip("inspect_ai")
    before = audit.server.conversations()
    count = len(audit.server.asked)
    folder, notes = audit.folder, audit.folder / "inspect-notes"
    ran(
        beside_python("inspect"),
        *(
            "eval",
            "evenhand/plan",
            "-T",
            f"directory={audit.run}",
            "--model",
            "openai-api/local/m",
            "--log-dir",
            "logs",
        ),
        folder=folder,
        url=audit.server.url,
        notes=notes,
    )
    assert len(audit.server.asked) == 2 * count
    assert audit.server.conversations() == before, "Inspect asked other words than the run"
    (log,) = (folder / "logs").glob("*.eval")
    ended = evenhand_apart("analyse", log, "--out", folder / "by-inspect")
    require_the_same(audit.run, folder / "by-inspect", ended)
    assert "of Inspect" in ended.out
    assert reached_outside(notes) == ()


def test_a_bank_is_a_task_of_inspect_and_its_log_is_a_run(audit: Audit) -> None:
    pytest.importorskip("inspect_ai")
    folder, notes = audit.folder, audit.folder / "bank-notes"
    ran(
        beside_python("inspect"),
        *("eval", "evenhand/understanding", "--model", "openai-api/local/m", "--log-dir", "bank", "--limit", "150"),
        folder=folder,
        url=audit.server.url,
        notes=notes,
    )
    (log,) = (folder / "bank").glob("*.eval")
    ended = evenhand_apart("analyse", log, "--out", folder / "bank-run")
    assert ended.code == 0, ended.err
    assert "150 rows" in ended.out and "The run is unfinished: 150 of" in ended.out
    plan = read_plan(folder / "bank-run")
    assert [model.name for model in plan.models] == ["inspect/openai-api/local/m"]
    assert {bank.name for bank in plan.banks} == {"understanding"}
    assert len(answers(folder / "bank-run")) == 150
    own = folder / "bank-own"
    own.mkdir()
    shutil.copy(folder / "bank-run" / "plan.json", own)
    command = (sys.executable, "-m", "evenhand.cli.main", "run", own, "--max-calls", "150")
    ran(*command, folder=folder, url=audit.server.url, notes=notes, codes=(6,))  # 6: stopped by a budget
    assert evenhand_apart("analyse", own).code == 0
    require_the_same(own, folder / "bank-run", ended)
    assert reached_outside(notes) == ()


def test_a_plan_asked_by_lm_eval_has_the_findings_of_a_run(audit: Audit) -> None:
    pytest.importorskip("lm_eval")
    before = audit.server.conversations()
    count = len(audit.server.asked)
    folder, notes = audit.folder, audit.folder / "lm-eval-notes"
    written = evenhand_apart("export", audit.run, "--to", "lm-eval", "--out", folder / "task")
    assert written.code == 0, written.err
    ran(
        beside_python("lm-eval"),
        *("run", "--model", "local-chat-completions", "--tasks", "evenhand", "--include_path", "task"),
        *("--model_args", f"model=m,base_url={audit.server.url}/chat/completions"),
        *("--apply_chat_template", "--log_samples", "--output_path", "answers"),
        folder=folder,
        url=audit.server.url,
        notes=notes,
    )
    questions = len((folder / "task" / "questions.jsonl").read_text(encoding="utf-8").splitlines())
    assert questions == len(answers(audit.run))
    # lm-eval asks a conversation once where two repeats of it are alike, or twice: in either case the same words
    assert count < len(audit.server.asked) <= count + questions
    assert audit.server.conversations() == before, "lm-eval asked other words than the run"
    ended = evenhand_apart("analyse", folder / "answers", "--plan", audit.run, "--out", folder / "by-lm-eval")
    require_the_same(audit.run, folder / "by-lm-eval", ended)
    assert "of lm-evaluation-harness" in ended.out
    assert reached_outside(notes) == ()


def test_a_run_that_is_exported_to_inspect_comes_back(audit: Audit) -> None:
    inspect_log = pytest.importorskip("inspect_ai.log")
    path = audit.folder / "run.eval"
    assert evenhand_apart("export", audit.run, "--to", "inspect", "--out", path).code == 0
    log = inspect_log.read_eval_log(str(path))
    assert len(log.samples) == len(answers(audit.run))
    ended = evenhand_apart("analyse", path, "--out", audit.folder / "exported")
    require_the_same(audit.run, audit.folder / "exported", ended)


def test_the_benchmark_is_read_by_the_readers_of_hugging_face_and_of_inspect(audit: Audit) -> None:
    hub = pytest.importorskip("huggingface_hub")
    hf = pytest.importorskip("inspect_ai._eval.task.hf")
    import yaml

    out = audit.folder / "hub"
    ended = evenhand_apart("export", audit.run, "--to", "hf", "--dataset", "my-org/memory", "--out", out)
    assert ended.code == 0, ended.err
    text = (out / "model" / ".eval_results" / "evenhand.yaml").read_text(encoding="utf-8")
    (entry,) = hub.parse_eval_result_entries(yaml.safe_load(text))
    assert (entry.dataset_id, entry.task_id) == ("my-org/memory", "understanding")
    scores = [
        one for one in read_findings(audit.run).findings if one.measure == "accuracy" and one.arms.arm == "profile"
    ]
    assert entry.value == round(100 * (scores[0].value or 0), 2)
    card = hub.DatasetCard.load(out / "dataset" / "README.md").data.to_dict()
    assert card["configs"][0]["data_files"][0]["path"] == "data/understanding.jsonl"
    (task,) = yaml.safe_load((out / "dataset" / "eval.yaml").read_text(encoding="utf-8"))["tasks"]
    spec = hf.HFTask.model_validate(task).field_spec
    rows = (out / "dataset" / "data" / "understanding.jsonl").read_bytes().splitlines()
    sample = hf._record_to_sample_hf(msgspec.json.decode(rows[-1]), spec)
    assert [turn.role for turn in sample.input][-1] == "user"
    assert sample.metadata["cell_key"] in answers(audit.run)


def test_a_guarded_program_that_goes_outside_is_seen(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    code = "import socket; socket.create_connection(('203.0.113.1', 80), timeout=1)"
    ran(beside_python("python"), "-c", code, folder=tmp_path, url="", notes=notes, codes=(1,))
    tried = reached_outside(notes)
    assert len(tried) == 1
    assert "203.0.113.1" in tried[0]
