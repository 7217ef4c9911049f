from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from evenhand.audit import publish
from tests.support.findings_fixture import full_findings
from tests.support.viewed_run import viewed_run

ALL_AT_ONCE = """
import sys, threading
from pathlib import Path
from evenhand.view.library import Library
from evenhand.view.run_folder import RunFolder

folder = Path(sys.argv[1])
library = Library(RunFolder(folder))
start = threading.Barrier(6)
read = []

def look(name):
    start.wait()
    read.append((library.plan(folder / name).planned, len(library.findings(folder / name).findings)))

threads = [threading.Thread(target=look, args=(name,)) for name in "aabbcc"]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
library.close()
assert len(read) == 6 and len(set(read)) == 1, read
"""


def test_many_threads_may_read_the_first_records_at_once(tmp_path: Path) -> None:
    for name in "abc":
        viewed_run(tmp_path / name)
        publish(full_findings(), tmp_path / name)
    for _ in range(4):
        command = [sys.executable, "-X", "faulthandler", "-c", ALL_AT_ONCE, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]
