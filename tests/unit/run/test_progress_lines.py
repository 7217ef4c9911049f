"""Progress as plain lines."""

from __future__ import annotations

import time

import pytest
from msgspec.structs import replace

from evenhand.records.batch_job import BatchesOut
from evenhand.run.limits import Progress
from evenhand.run.progress_lines import ProgressLines, progress_line, time_left

AT = Progress(
    done=300,
    skipped=100,
    outcomes={"answered": 290, "refused": 10, "truncated": 0, "unparsed": 0, "failed": 0},
    in_flight=8,
    calls=310,
    cost_usd=0.5,
    seconds=60.0,
)


def test_a_line_says_how_far_how_fast_and_how_long_yet() -> None:
    assert (
        progress_line(AT, total=1000)
        == "asking: 400 of 1,000 (40%), 5.0 per second, about 2 min left; 290 answered, 10 refused, $0.50"
    )
    assert progress_line(None, total=1000) == "asking: 0 of 1,000; no answer yet"
    waiting = replace(AT, done=0, outcomes={}, cost_usd=None)
    assert progress_line(waiting, total=1000) == "asking: 100 of 1,000 (10%), 0.0 per second; no answer yet"
    assert progress_line(replace(AT, ended="done"), total=1000).startswith("asked: 400 of 1,000 (40%); 290 answered")


def test_a_line_says_what_is_out_in_batches_and_no_speed() -> None:
    out = BatchesOut(jobs=2, rows=4000, done=312, since=1_764_129_900.0, until=1_764_216_300.0)
    assert progress_line(replace(AT, out=out), total=5000) == (
        "asking: 400 of 5,000 (8%); 290 answered, 10 refused, $0.50, 2 batches with 4,000 questions (312 done there) "
        "are out since 2025-11-26 04:05 UTC, the first until 2025-11-27 04:05 UTC"
    )
    one = BatchesOut(jobs=1, rows=1, since=0.0, trouble="HTTP 503: away")
    said = "1 batch with 1 question is out since 1970-01-01 00:00 UTC; no word of it now (HTTP 503: away)"
    assert progress_line(replace(AT, out=one), total=5000).endswith(said)


@pytest.mark.parametrize(("seconds", "said"), [(12.4, "12 s"), (100, "2 min"), (5000, "83 min"), (9000, "2.5 h")])
def test_time_is_said_as_a_person_says_it(seconds: float, said: str) -> None:
    assert time_left(seconds) == said


def test_lines_come_while_a_server_says_nothing_and_stop_at_the_end() -> None:
    written: list[str] = []
    deadline = time.monotonic() + 10
    with ProgressLines(1000, write=written.append, every_s=0.01) as lines:
        while not written and time.monotonic() < deadline:
            time.sleep(0.005)
        lines.update(AT)
        while "400 of 1,000" not in written[-1] and time.monotonic() < deadline:
            time.sleep(0.005)
    said = len(written)
    time.sleep(0.05)
    assert written[0] == "asking: 0 of 1,000; no answer yet"
    assert "400 of 1,000" in written[-1]
    assert len(written) == said


def test_a_run_that_ends_before_the_first_line_writes_none() -> None:
    written: list[str] = []
    with ProgressLines(1000, write=written.append) as lines:
        lines.update(AT)
    assert written == []
