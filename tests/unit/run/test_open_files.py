from __future__ import annotations

import json
import subprocess
import sys

from evenhand.run.open_files import Files, room_for
from tests.unit.run.scripted_run import ScriptedEndpoint, says_b

LIMITED = """
import json, resource, sys
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
from evenhand.run.open_files import room_for
found = room_for(wanted)
print(json.dumps([found.allowed, resource.getrlimit(resource.RLIMIT_NOFILE)[0], found.notes]))
"""


def limited(soft: int, hard: int, wanted: int) -> tuple[int, int, list[str]]:
    """What a process with these limits may do."""
    command = [sys.executable, "-c", LIMITED, str(soft), str(hard), str(wanted)]
    allowed, raised, notes = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return allowed, raised, notes


def test_the_soft_limit_is_raised_as_far_as_is_needed() -> None:
    assert limited(200, 4000, 1000) == (1000, 1096, [])
    assert limited(2000, 4000, 1000) == (1000, 2000, [])


def test_where_the_hard_limit_is_too_low_fewer_are_in_flight_and_a_note_says_so() -> None:
    allowed, raised, notes = limited(200, 300, 1000)
    assert (allowed, raised) == (204, 300)
    assert "ulimit -n" in notes[0]
    assert "204" in notes[0]


def test_a_model_gets_its_share_and_one_that_opens_no_connection_all_it_wants() -> None:
    files = Files(wanted=100, allowed=25)
    assert files.share(ScriptedEndpoint(says_b, concurrency=80)) == 20
    assert files.share(ScriptedEndpoint(says_b, concurrency=1)) == 1
    assert room_for(1).share(ScriptedEndpoint(says_b, concurrency=1)) == 1
