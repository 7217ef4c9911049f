"""A run on two Ray nodes, one of which is killed; a driver that is killed; the findings of one machine."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from evenhand.cluster.ray_crew import check_address, import_ray
from evenhand.errors import EndpointError
from evenhand.records.findings import Findings
from tests.support.chat_server import chat_body, chat_server
from tests.support.ray_nodes import PATIENT, RayNodes, ray_nodes

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.extras,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"),
]

ROOT = Path(__file__).parents[2]
EVENHAND = (sys.executable, "-m", "evenhand.cli.main")
KEY = "canary-of-the-key-0123"
DESIGN = ("--preset", "quick", "--kind", "understanding", "--answer", "letter", "--yes")
CONCURRENCY = 8
PART = 100
DELAY_S = 0.05


class Assistant:
    """Answers every conversation alike whenever it is asked, after a moment, and counts."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.keys: set[str] = set()
        self.most = 0
        """Requests in flight at most."""
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self, body: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
        digest = hashlib.sha256(msgspec.json.encode(body["messages"], order="deterministic")).hexdigest()
        with self._lock:
            self.asked[digest] += 1
            self.keys.add(headers.get("Authorization", ""))
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(DELAY_S)
        with self._lock:
            self._now -= 1
        return 200, chat_body("ABCD"[int(digest[:8], 16) % 4])


@pytest.fixture(scope="module")
def nodes() -> Iterator[RayNodes]:
    with ray_nodes({"MY_KEY": KEY, "PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT / "src"))}) as started:
        yield started


def evenhand(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*EVENHAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=os.environ | PATIENT)


def planned(model: str, directory: Path, *options: str) -> int:
    """Cells of a plan that is written to the directory."""
    done = evenhand("plan", model, *DESIGN[:-1], *options, "--out", directory)
    assert done.returncode == 0, done.stderr
    status = evenhand("status", directory, "--json")
    return int(msgspec.json.decode(status.stdout)["planned"])


def copy_of_plan(directory: Path, to: Path) -> Path:
    to.mkdir(parents=True)
    (to / "plan.json").write_bytes((directory / "plan.json").read_bytes())
    return to


def start(directory: Path, *options: object, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        command = [*EVENHAND, "run", str(directory), *map(str, options)]
        return subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | PATIENT)


def await_until(condition: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120.0
    while not condition():
        assert process.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.05)


def manifests(shared: Path) -> int:
    return len(list((shared / "manifests").glob("*.json")))


def rows_of(directory: Path) -> tuple[int, int]:
    """(rows, different cells) in a run directory."""
    with sqlite3.connect(directory / "trials.sqlite") as database:
        (count, different) = database.execute("SELECT count(*), count(DISTINCT cell_key) FROM trials").fetchone()
    database.close()
    return int(count), int(different)


def test_a_node_is_killed_and_every_cell_is_there_once(nodes: RayNodes, tmp_path: Path) -> None:
    """A run through HTTP on two nodes; the second is killed in mid-run; what one machine finds is found."""
    many, shared, log = tmp_path / "many" / "run", tmp_path / "shared", tmp_path / "log"
    assistant = Assistant()
    with chat_server(assistant) as url:
        cells = planned("openai/tiny", many, "--base-url", url)
        connection = ("--api-key-env", "MY_KEY", "--concurrency", CONCURRENCY)
        cluster = ("--engine", "ray", "--address", nodes.address, "--store", shared, "--part", PART)
        process = start(many, *connection, *cluster, log=log)
        await_until(lambda: manifests(shared) >= 1 and nodes.second_works(), process, log)
        asked_before, killed = assistant.asked.total(), nodes.kill_second()
        assert process.wait(timeout=240) == 0, log.read_text()[-3000:]
        said, asked = log.read_text(), assistant.asked.total()
        one = copy_of_plan(many, tmp_path / "one" / "run")
        with_key = subprocess.run(
            [*EVENHAND, "run", one, "--api-key-env", "MY_KEY", "--concurrency", "8"],
            env=os.environ | {"MY_KEY": KEY},
            capture_output=True,
            check=False,
        )
    assert with_key.returncode == 0, with_key.stderr
    assert killed >= 2, "a raylet and at least one worker"
    assert 0 < asked_before < cells
    assert rows_of(many) == (cells, cells)
    # Ray may place a worker on the dead node once more before it knows: that one is lost as well.
    lost = re.search(r"(\d) workers? (?:was|were) lost, and others took over", said)
    assert lost is not None, said
    assert 1 <= int(lost[1]) <= 3
    assert cells <= asked <= cells + PART * int(lost[1]) + CONCURRENCY, "no more is asked again than what was lost"
    assert scores(many).equals(scores(one))
    assert findings(many).findings == findings(one).findings
    assert CONCURRENCY / 2 < assistant.most <= CONCURRENCY, "the requests in flight of both workers together"
    assert assistant.keys == {f"Bearer {KEY}"}
    assert KEY not in said
    held = [path for top in (shared, many, Path(nodes.session)) for path in top.rglob("*") if path.is_file()]
    assert [path for path in held if KEY.encode() in path.read_bytes()] == []


def scores(directory: Path) -> pl.DataFrame:
    """The score table without the one column that no two runs share: how long each answer took."""
    return pl.read_parquet(directory / "scores.parquet").drop("latency_s")


def findings(directory: Path) -> Findings:
    return msgspec.json.decode((directory / "findings.json").read_bytes(), type=Findings)


def test_the_driver_is_killed_and_the_next_run_goes_on(tmp_path: Path) -> None:
    """Ray on this machine alone, killed with its driver, then again: the bytes of one machine's findings."""
    many, shared, log = tmp_path / "many" / "run", tmp_path / "shared", tmp_path / "log"
    cells = planned("simulated/tilted", many)
    one = copy_of_plan(many, tmp_path / "one" / "run")
    assert evenhand("run", one).returncode == 0
    cluster = ("--engine", "ray", "--store", shared, "--part", 10, "--workers", 1)
    process = start(many, *cluster, log=log)
    await_until(lambda: manifests(shared) >= 2, process, log)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = manifests(shared)
    assert 2 <= before < -(-cells // 10), "killed in mid-run"
    done = evenhand("run", many, *cluster)
    assert done.returncode == 0, done.stderr
    assert rows_of(many) == (cells, cells)
    assert len(list((shared / "drivers").iterdir())) == 2
    assert {one.name for one in (shared / "manifests").iterdir()} == {
        f"{number:08d}.json" for number in range(-(-cells // 10))
    }
    for name in ("findings.json", "report.html", "scores.parquet"):
        assert (many / name).read_bytes() == (one / name).read_bytes(), name
    again = evenhand("run", many, *cluster)
    assert again.returncode == 0
    assert len(list((shared / "drivers").iterdir())) == 2, "what is answered needs no cluster"


def test_what_is_no_head_of_a_cluster_is_found_out() -> None:
    """Ray itself would wait for it without an end."""
    with chat_server(Assistant()) as url, pytest.raises(EndpointError, match="is not the head of a Ray cluster"):
        check_address(url.removeprefix("http://").removesuffix("/v1"))


def test_ray_is_told_to_send_no_statistics_of_its_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    import_ray()
    from ray._common.usage import usage_lib

    assert not usage_lib.usage_stats_enabled()
    assert usage_lib._usage_stats_report_url() == "http://127.0.0.1:9", "where it tells that it is told so"
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    assert usage_lib.usage_stats_enabled(), "the check above can fail"
