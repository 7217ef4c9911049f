from __future__ import annotations

import errno

from evenhand.endpoints.base import AskError
from evenhand.endpoints.local_faults import as_local


def test_running_out_of_files_is_named_as_this_machines_with_what_to_do() -> None:
    local = as_local(OSError(errno.EMFILE, "Too many open files"))
    assert local is not None
    assert local.exit_code == 12
    assert "--concurrency" in str(local)
    assert "Too many open files" in str(local)


def test_it_is_found_behind_the_errors_it_caused() -> None:
    try:
        try:
            raise OSError(errno.ENFILE, "File table overflow")
        except OSError as error:
            raise AskError("cannot connect") from error
    except AskError as error:
        assert as_local(error) is not None


def test_what_a_server_does_is_not_this_machines() -> None:
    assert as_local(ConnectionRefusedError(errno.ECONNREFUSED, "refused")) is None
    assert as_local(AskError("HTTP 500: Too many open files")) is None
    assert as_local(TimeoutError()) is None
