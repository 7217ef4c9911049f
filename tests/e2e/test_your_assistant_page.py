"""docs/your-assistant.md, followed to the letter: its commands are run as they are written there, on free ports."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from evenhand.rundir import open_run
from tests.support.running_server import await_answer, free_port

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "your-assistant.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
READY = {"evenhand serve": "/v1/models", "python examples/pocket/app.py": "/health"}
"""Commands that the page leaves running -> where they answer."""


def arguments(command: str) -> list[str]:
    word, *rest = shlex.split(command)
    return [sys.executable, "-m", "evenhand.cli.main", *rest] if word == "evenhand" else [sys.executable, *rest]


@contextmanager
def running(command: str, folder: Path, *, environment: dict[str, str], path: str) -> Iterator[None]:
    port = re.findall(r"--port (\d+)", command)[0]
    log = folder / f"{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(arguments(command), cwd=folder, env=environment, stdout=out, stderr=out)
    try:
        await_answer(f"http://127.0.0.1:{port}{path}", process, log)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_the_page_goes_from_an_app_to_a_report(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "pocket", tmp_path / "examples" / "pocket")
    ports = {"8123": str(free_port()), "8200": str(free_port())}
    file = tmp_path / "examples" / "pocket" / "pocket.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("8200", ports["8200"]), encoding="utf-8")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]),
        "POCKET_MODEL_URL": f"http://127.0.0.1:{ports['8123']}/v1",
    }
    done = []
    with ExitStack() as servers:
        for written in COMMANDS:
            command = re.sub("8123|8200", lambda found: ports[found[0]], written)
            path = next((path for start, path in READY.items() if command.startswith(start)), None)
            if path is not None:
                servers.enter_context(running(command, tmp_path, environment=environment, path=path))
                continue
            ended = subprocess.run(
                arguments(command), cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240
            )
            assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
            done.append(command.split()[1])
    assert done == ["plan", "run", "audit"]
    for name in ("pocket", "service"):
        run = open_run(tmp_path / "runs" / name)
        assert run.report.is_file() and set(run.scores["outcome"]) == {"answered"}
    gap = next(one for one in open_run(tmp_path / "runs" / "pocket").findings.findings if one.measure == "gap")
    assert gap.value is not None and gap.value > 0, "the specimen's planted gap is seen through the product's memory"
    with sqlite3.connect(tmp_path / "pocket.sqlite") as store:
        assert store.execute("SELECT count(*) FROM memories").fetchone() == (0,)
    store.close()


def test_the_file_shown_on_the_page_is_a_part_of_the_one_that_is_used() -> None:
    shown = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]
    whole = (ROOT / "examples" / "pocket" / "pocket.toml").read_text(encoding="utf-8")
    for table in shown.strip().split("\n\n"):
        assert table in whole
