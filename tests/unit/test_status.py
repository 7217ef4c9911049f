"""What a run has done, is doing, and what comes next."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from evenhand.audit import audit
from evenhand.errors import StoreError
from evenhand.plan.file import stamp_plan, write_plan
from evenhand.plan.questions import Questions
from evenhand.records.message import Reply, Usage
from evenhand.records.plan import ModelSpec, Plan
from evenhand.records.run_status import RunStatus
from evenhand.records.trial import Answered, Failed
from evenhand.run.limits import Limits
from evenhand.status import run_status
from evenhand.store.rows import row_of
from evenhand.store.store import open_store
from tests.support.command import evenhand_apart
from tests.support.small_plan import small_plan


@pytest.fixture
def plan() -> Plan:
    return small_plan()


def test_a_plan_that_was_not_asked(plan: Plan, tmp_path: Path) -> None:
    write_plan(plan, tmp_path)
    found = run_status(tmp_path)
    assert (found.state, found.asked, found.findings, found.report, found.next) == (
        "planned",
        0,
        "none",
        False,
        ("run",),
    )
    assert found.per_second is None


def test_a_run_that_was_stopped_and_one_that_came_to_its_end(plan: Plan, tmp_path: Path) -> None:
    done = audit(plan, tmp_path, limits=Limits(max_calls=40)).asked
    found = run_status(tmp_path)
    assert (found.state, found.asked, found.findings) == ("stopped", 40, "fresh")
    assert found.models[0].outcomes == done.outcomes
    assert found.next == ("run", "report", "gate")
    whole = audit(plan, tmp_path).asked
    found = run_status(tmp_path)
    assert (found.state, found.asked, found.failed) == ("done", found.planned, 0)
    assert found.planned == whole.asked + whole.skipped
    assert found.next == ("report", "gate")
    assert [one.cost_usd for one in found.models] == [0.0] * len(found.models), "nobody bills for a simulated model"


def test_findings_that_are_older_than_the_answers(plan: Plan, tmp_path: Path) -> None:
    run = audit(plan, tmp_path, limits=Limits(max_calls=40))
    old = (tmp_path / "findings.json").read_bytes()
    audit(plan, tmp_path)
    (tmp_path / "findings.json").write_bytes(old)
    found = run_status(run.path)
    assert (found.state, found.findings, found.next) == ("done", "stale", ("analyse",))
    (tmp_path / "findings.json").write_text("{}", encoding="utf-8")
    assert run_status(run.path).findings == "stale", "of another version"


def test_cells_without_an_answer_are_named_and_asked_again(plan: Plan, tmp_path: Path) -> None:
    write_plan(plan, tmp_path)
    questions = Questions(plan)
    work = [questions.work(cell, meeting) for cell, meeting in questions.crossing.pairs()]
    with open_store(tmp_path / "trials.sqlite", plan_sha256=plan.sha256) as store:
        for _ in range(2):
            store.append([row_of(one, Failed(error="HTTP 500", attempts=1), None) for one in work])
    found = run_status(tmp_path)
    assert (found.state, found.asked, found.failed) == ("done", len(work), len(work)), "each cell counts once"
    assert found.next == ("doctor", "run")


def test_money_is_counted_where_a_price_is_known(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paid = stamp_plan(msgspec.structs.replace(plan, models=(ModelSpec(name="openai/gpt-4o-mini"),)))
    write_plan(paid, tmp_path)
    questions = Questions(paid)
    cell, meeting = next(iter(questions.crossing.pairs()))
    reply = Reply(text="A", finish="stop", usage=Usage(input_tokens=1_000_000, output_tokens=1_000_000))
    with open_store(tmp_path / "trials.sqlite", plan_sha256=paid.sha256) as store:
        store.append([row_of(questions.work(cell, meeting), Answered(choice=meeting.item.options[0].id), reply)])
    (cost,) = (one.cost_usd for one in run_status(tmp_path).models)
    assert cost == pytest.approx(0.15 + 0.60), "US dollars for a million tokens read and written"
    unknown = stamp_plan(msgspec.structs.replace(plan, models=(ModelSpec(name="openai/nobody-knows-me"),)))
    write_plan(unknown, tmp_path / "other")
    assert [one.cost_usd for one in run_status(tmp_path / "other").models] == [None]


HOLDS_THE_LOCK = """
import sys, time
from pathlib import Path
from evenhand.store.store import open_store
with open_store(Path(sys.argv[1]), plan_sha256=sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_run_of_another_process_is_seen_and_its_speed_is_read(plan: Plan, tmp_path: Path) -> None:
    audit(plan, tmp_path, limits=Limits(max_calls=40))
    words = [sys.executable, "-c", HOLDS_THE_LOCK, str(tmp_path / "trials.sqlite"), plan.sha256]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        quiet = run_status(tmp_path, watch_s=0.05)
        at_once = run_status(tmp_path, watch_s=0)
        process.kill()
    assert (quiet.state, quiet.per_second, quiet.seconds_left, quiet.next) == ("running", 0.0, None, ("wait",))
    assert at_once.per_second is None
    assert run_status(tmp_path).state == "stopped", "a killed run holds no lock"


def test_looking_does_not_keep_a_run_from_starting(plan: Plan, tmp_path: Path) -> None:
    audit(plan, tmp_path, limits=Limits(max_calls=40))
    looking = subprocess.Popen(
        [sys.executable, "-c", LOOKS_ALL_THE_TIME, str(tmp_path / "trials.sqlite")], stdout=subprocess.PIPE
    )
    try:
        assert looking.stdout is not None
        assert looking.stdout.readline() == b"looking\n"
        deadline = time.monotonic() + 2.0
        while time.monotonic() < deadline:
            with open_store(tmp_path / "trials.sqlite", plan_sha256=plan.sha256):
                pass
    finally:
        looking.kill()
        looking.communicate()


LOOKS_ALL_THE_TIME = """
import sys
from pathlib import Path
from evenhand.store.at_work import run_at_work
print("looking", flush=True)
while True:
    run_at_work(Path(sys.argv[1]))
"""


def test_speed_and_time_left_are_those_of_the_time_watched(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenhand.status.run_at_work", lambda path: True)
    write_plan(plan, tmp_path)

    def meanwhile(seconds: float) -> None:
        audit(plan, tmp_path, limits=Limits(max_calls=40))
        time.sleep(seconds)

    began = time.monotonic()
    found = run_status(tmp_path, watch_s=0.2, sleep=meanwhile)
    most = time.monotonic() - began
    assert found.per_second is not None
    assert 40 / most <= found.per_second <= 40 / 0.2
    assert found.seconds_left == pytest.approx((found.planned - 40) / found.per_second)


def test_what_is_no_run_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is no run directory"):
        run_status(tmp_path)


def test_the_command_says_it_in_words_and_as_json(plan: Plan, tmp_path: Path) -> None:
    audit(plan, tmp_path, limits=Limits(max_calls=40))
    said = evenhand_apart("status", tmp_path)
    assert said.code == 0
    assert "stopped, 40 of" in said.out
    assert f"Next: `evenhand run {tmp_path}` asks what is left" in said.out
    found = msgspec.json.decode(evenhand_apart("status", tmp_path, "--json").out, type=RunStatus)
    assert (found.state, found.asked) == ("stopped", 40)
