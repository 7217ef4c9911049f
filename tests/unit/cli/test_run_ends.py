"""How runs end early, what they leave behind, and what a second model costs: at the command line, over real HTTP."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.load import load_bank
from evenhand.store.reading import open_trials
from tests.support.chat_server import chat_body, chat_server
from tests.support.command import SMALL, Audited, Ended

Cli = Callable[..., Ended]


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def declined(*_: object) -> tuple[int, bytes]:
    return 400, json.dumps({"error": {"message": "this deployment takes no images", "type": "invalid"}}).encode()


def mumbles(*_: object) -> tuple[int, bytes]:
    return 200, chat_body("Hm, hard to say.")


def read(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "findings.json").read_text(encoding="utf-8"))
    return found


def test_the_same_request_error_ends_with_its_own_exit_code_the_servers_words_and_no_plan(
    cli: Cli, tmp_path: Path
) -> None:
    with chat_server(declined) as url:
        ended = cli("audit", "openai/m", "--base-url", url, "--out", tmp_path / "r", "--concurrency", 2, *SMALL)
    assert ended.code == 9
    assert "takes no images" in ended.err
    assert "same words" in ended.err
    assert not (tmp_path / "r").exists()


def test_a_model_without_a_usable_answer_is_given_up_after_fifty_cells_and_the_reasons_are_everywhere(
    cli: Cli, tmp_path: Path
) -> None:
    run = tmp_path / "r"
    with chat_server(mumbles) as url:
        ended = cli("audit", "openai/m", "--base-url", url, "--out", run, "--concurrency", 4, *SMALL)
    assert ended.code == 10
    assert "hard to say" in ended.err
    model = read(run)["run"]["models"][0]
    (trouble,) = model["troubles"]
    assert 50 <= trouble["count"] <= 54
    assert trouble["outcome"] == "unparsed"
    assert trouble["example"] == "Hm, hard to say."
    shown = (ended.out, *((run / name).read_text(encoding="utf-8") for name in ("report.md", "report.html")))
    for text in shown:
        assert "Hm, hard to say." in text
        assert trouble["reason"] in text


def test_the_exit_codes_stand_in_the_help(cli: Cli) -> None:
    for code in ("9 the same request error", "10 no usable answer", "11 most cells", "12 this machine"):
        assert code in " ".join(cli("--help").out.split())
    for command in ("run", "audit"):
        assert "exit code 9" in " ".join(cli(command, "--help").out.split())


def test_a_plan_needs_no_key_and_an_audit_says_which_before_it_leaves_anything(cli: Cli, tmp_path: Path) -> None:
    assert cli("plan", "openai/gpt-4o", "--out", tmp_path / "p", *SMALL).code == 0
    for given in ((), ("--api-key-env", "MY_OWN_VARIABLE")):
        ended = cli("audit", "openai/gpt-4o", "--out", tmp_path / "a", "--yes", *given, *SMALL)
        assert ended.code == 5
        assert (given[-1] if given else "OPENAI_API_KEY") in ended.err
        assert not (tmp_path / "a").exists()
    assert cli("run", tmp_path / "p").code == 5
    assert (tmp_path / "p" / "plan.json").exists()


def test_a_plan_without_answers_is_replaced_by_another(cli: Cli, tmp_path: Path) -> None:
    run = tmp_path / "r"
    assert cli("plan", "simulated/null", "--out", run, *SMALL, "--seed", 1).code == 0
    assert cli("audit", "simulated/null", "--out", run, *SMALL, "--seed", 2).code == 0
    refused = cli("audit", "simulated/null", "--out", run, *SMALL, "--seed", 1)
    assert refused.code == 3
    assert "seed" in refused.err


READ_ONLY = """
import subprocess, sys
directory, *arguments = sys.argv[1:]
for options in ("bind", "remount,ro,bind"):
    if subprocess.run(["mount", "-o", options, directory, directory], capture_output=True).returncode:
        sys.exit(77)
sys.argv = ["evenhand", *arguments]
from evenhand.cli.main import main
main()
"""


def read_only(directory: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A command while the directory's file system is read-only; skips where none can be made."""
    command = ["unshare", "-m", sys.executable, "-c", READ_ONLY, str(directory), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this user may not mount, so that a read-only file system cannot be made")
    return done


def test_a_read_only_run_directory_is_one_sentence_and_can_be_analysed_elsewhere(
    audited_null: Audited, tmp_path: Path
) -> None:
    run = audited_null.copy(tmp_path / "r")
    for command in ("run", "analyse"):
        ended = read_only(run, command, run)
        assert ended.returncode == 4, ended.stderr
        assert "Traceback" not in ended.stderr
        assert ended.stderr.strip().count("\n") == 0
        assert str(run) in ended.stderr
    elsewhere = read_only(run, "analyse", run, "--out", tmp_path / "o")
    assert elsewhere.returncode == 0, elsewhere.stderr
    assert read(tmp_path / "o")["findings"] == read(run)["findings"]
    assert (tmp_path / "o" / "scores.parquet").exists()


def test_a_row_that_cannot_be_read_is_left_out_and_said(cli: Cli, audited_null: Audited, tmp_path: Path) -> None:
    run = audited_null.copy(tmp_path / "r")
    with sqlite3.connect(run / "trials.sqlite") as database:
        database.execute("UPDATE trials SET reply = '{' WHERE id IN (1, 2)")
    database.close()
    ended = cli("analyse", run)
    assert ended.code == 0, ended.err
    assert "2 rows of trials.sqlite cannot be read" in ended.out
    assert "2 rows of trials.sqlite cannot be read" in read(run)["warnings"][0]
    for name in ("report.md", "report.html"):
        assert "cannot be read and are left out" in (run / name).read_text(encoding="utf-8").replace("\\", "")


READER = ("--extractor", "llm_extract", "--extractor-option", "model=openai/gpt-4o")


def test_a_paid_reader_is_priced_in_the_preview_and_needs_the_same_consent(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = json.loads(cli("plan", "simulated/null", "--out", tmp_path / "p", *SMALL, *READER, "--json").out)
    assistant, reader = seen["models"]
    assert (reader["role"], reader["calls"], reader["paid"]) == ("second", assistant["calls"], True)
    assert seen["calls"] == 2 * assistant["calls"]
    assert reader["cost_usd"] > 0
    assert reader["input_characters"] > 100 * reader["calls"]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-000000000000")
    refused = cli("audit", "simulated/null", "--out", tmp_path / "a", *SMALL, *READER)
    assert refused.code == 2
    assert "--yes" in refused.err
    assert not (tmp_path / "a").exists()


JUDGED = ("--kind", "advice", "--pairs", "1", "--placebo", "0.2", "--none-repeats", "1", "--judge", "openai/gpt-4o")


def test_a_paid_judge_is_priced_in_the_preview_and_needs_the_same_consent(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = cli("plan", "simulated/null", "--out", tmp_path / "p", *JUDGED, "--json")
    assert planned.code == 0, planned.err
    assistant, judge = json.loads(planned.out)["models"]
    assert (judge["role"], judge["calls"], judge["paid"]) == ("second", 2 * assistant["calls"], True)
    assert judge["cost_usd"] > 0
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-000000000000")
    refused = cli("audit", "simulated/null", "--out", tmp_path / "a", *JUDGED)
    assert refused.code == 2
    assert "--yes" in refused.err
    assert not (tmp_path / "a").exists()


def test_calls_of_a_judge_count_for_the_budget(cli: Cli, tmp_path: Path) -> None:
    asked: list[str] = []

    def rates(body: dict[str, Any], _: Mapping[str, str]) -> tuple[int, bytes]:
        asked.append(body["model"])
        lines = re.findall(r"^(\w+):", body["messages"][-1]["content"], re.MULTILINE)
        return 200, chat_body("\n".join(f"{name}: 5" for name in lines), usage={})

    run = tmp_path / "r"
    with chat_server(rates) as url:
        ended = cli(
            "audit", "simulated/null", "--out", run, *JUDGED[:-1], "openai/judge", "--judge-base-url", url,
            "--max-calls", 31, "--concurrency", 1, "--yes",
        )  # fmt: skip
    assert ended.code == 6, ended.err
    with open_trials(run / "trials.sqlite") as trials:
        rows = list(trials.rows())
    # Three calls a cell: the answer, and the judge in both orders of its criteria.
    assert len(rows) == 10
    assert len(asked) == 20


def test_calls_of_a_reader_count_for_the_budget_and_stand_in_the_store_and_the_report(cli: Cli, tmp_path: Path) -> None:
    def both(asked: dict[str, Any], _: Mapping[str, str]) -> tuple[int, bytes]:
        reading = asked["model"] == "reader"
        return 200, chat_body("B" if reading else "I would say it is the second.", usage={})

    run = tmp_path / "r"
    with chat_server(both) as url:
        ended = cli(
            "audit", "openai/m", "--base-url", url, "--out", run, *SMALL, "--extractor", "llm_extract",
            "--extractor-option", "model=openai/reader", "--extractor-option", f"base_url={url}", "--max-calls", 41,
        )  # fmt: skip
    assert ended.code == 6, ended.err
    with open_trials(run / "trials.sqlite") as trials:
        rows = list(trials.rows())
    assert len(rows) == 20
    assert all(row.trial.reply is not None and len(row.trial.reply.second) == 1 for row in rows)
    (use,) = read(run)["run"]["models"][0]["second"]
    assert (use["model"], use["calls"]) == ("openai/reader", 20)
    assert use["input_tokens"] > 20 * 20
    assert "answers read by openai/reader (20 calls" in (run / "report.md").read_text(encoding="utf-8").replace(
        "\\", ""
    )


def test_replies_that_only_one_side_gets_unread_stand_first_in_the_verdict(cli: Cli, tmp_path: Path) -> None:
    items = load_bank("understanding").items
    told_of = {"advantaged": set[str](), "disadvantaged": set[str]()}
    for profile in load_cohort("explicit").profiles:
        told_of[profile.levels["position"]] |= {fact.text for fact in profile.facts}
    only_poor = told_of["disadvantaged"] - told_of["advantaged"]

    def talkative(asked: dict[str, Any], _: Mapping[str, str]) -> tuple[int, bytes]:
        told = json.dumps(asked["messages"])
        poor = any(fact in turn["content"] for turn in asked["messages"][:-1] for fact in only_poor)
        prompt = asked["messages"][-1]["content"]
        item = next(item for item in items if item.stem.strip() in prompt)
        right = next(option.text for option in item.options if option.id == item.key)
        shown = re.search(r"\b([A-Z])\W{1,3}" + re.escape(right), prompt)
        assert shown is not None, prompt
        # Few enough are empty for the run to be assessed; what is said depends on the question alone.
        said = shown[1] if sum(prompt.encode()) % 7 else "A"
        return 200, chat_body("" if poor and sum(told.encode()) % 5 == 0 else said)

    run = tmp_path / "r"
    with chat_server(talkative) as url:
        ended = cli("audit", "openai/m", "--base-url", url, "--out", run, *SMALL, "--no-logprobs")
    assert ended.code == 0, ended.err
    gap = next(
        found for found in read(run)["findings"] if found["measure"] == "gap" and found["role"] == "confirmatory"
    )
    assert gap["number"]["caution"]["differs"] is True
    assert gap["number"]["bounds"]["second"] > gap["number"]["bounds"]["first"]
    line = next(line for line in ended.out.splitlines() if line.startswith("openai/m, understanding: "))
    assert line.removeprefix("openai/m, understanding: ").startswith("Read with caution: ")
    assert "missing answers could have made or hidden" in read(run)["warnings"][0]
    for name in ("report.md", "report.html"):
        text = (run / name).read_text(encoding="utf-8")
        assert "Read with caution: " in text
        assert "Yes. Missing: advantaged users minus disadvantaged users: −" in text
        assert "missing answers could have made or hidden the result of" in text
