"""A DOCX or PDF file of a stranger, read in a process of its own that gets so much time and memory and no more.

The libraries that read these formats follow what the file says: a kilobyte can unpack to gigabytes, point to itself
or raise any exception. Whatever happens to the process, its caller gets the text or one sentence.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal, assert_never

import msgspec
from msgspec import Struct

from evenhand.bank.importers.docx_text import docx_text
from evenhand.bank.importers.pdf_text import pdf_text
from evenhand.errors import BankError, MissingExtraError

__all__ = ["Kind", "contained_text"]

Kind = Literal["docx", "pdf"]

_CPU_S = 1.2
"""Seconds of processor time, the start of the process included; a protocol of 44 items takes 0.2."""
_WALL_S = 60.0
"""Seconds until a process that waits, or that cannot be limited, is ended."""
_MEMORY = 120 << 20
"""Bytes of data."""
_LONGEST = 4_000_000
"""Characters of text; a long book has a million."""


class _Reply(Struct, frozen=True, kw_only=True):
    """What the process found: a text, or why there is none."""

    text: str = ""
    refused: str = ""
    missing: str = ""
    """What has to be installed first."""


def contained_text(path: Path, kind: Kind) -> str:
    """The text of the file.

    Raises:
        MissingExtraError: The library that reads this format is not installed.
        BankError: The file is absent, damaged, locked, or takes more than 1.2 s of processor time or 120 MB to read.
    """
    command = [sys.executable, "-P", "-m", "evenhand.bank.importers.contained", kind, str(path)]
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_WALL_S)
    except subprocess.TimeoutExpired as cause:
        raise _beyond(path, kind) from cause
    if ended.returncode:
        raise _beyond(path, kind)
    reply = msgspec.json.decode(ended.stdout, type=_Reply)
    if reply.missing:
        raise MissingExtraError(reply.missing)
    if reply.refused:
        raise BankError(reply.refused)
    return reply.text


def _beyond(path: Path, kind: Kind) -> BankError:
    return BankError(
        f"{str(path)!r} cannot be read as {kind.upper()} within {_CPU_S} s of processor time and {_MEMORY >> 20} MB; "
        "it may be damaged, or made to fill a machine; save it as text"
    )


def _reader(kind: Kind) -> Callable[[Path], str]:
    match kind:
        case "docx":
            return docx_text
        case "pdf":
            return pdf_text
        case other:
            assert_never(other)


def _reply(path: Path, kind: Kind) -> _Reply:
    """Read it here; nothing that a library raises goes further."""
    try:
        text = _reader(kind)(path)
    except MissingExtraError as missing:
        return _Reply(missing=str(missing))
    except BankError as refused:
        return _Reply(refused=str(refused))
    except MemoryError:
        return _Reply(refused=str(_beyond(path, kind)))
    except Exception as cause:
        why = f"{str(path)!r} cannot be read as {kind.upper()} ({type(cause).__name__}); save it anew, or as text"
        return _Reply(refused=why)
    if len(text) > _LONGEST:
        why = f"{str(path)!r} holds {len(text):,} characters, at most {_LONGEST:,} are read; split it"
        return _Reply(refused=why)
    return _Reply(text=text)


def _limit_this_process() -> None:
    """Bounds that the system holds; without them (Windows) only the clock of the caller ends the process."""
    try:
        import resource
    except ImportError:
        return
    signal.setitimer(signal.ITIMER_PROF, _CPU_S)  # its signal ends a process that does not ask for it
    for kind, most in ((resource.RLIMIT_DATA, _MEMORY), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _main() -> None:
    _limit_this_process()
    kind, path = sys.argv[1:3]
    reply = _reply(Path(path), msgspec.convert(kind, Kind))
    sys.stdout.buffer.write(msgspec.json.encode(reply))


if __name__ == "__main__":
    _main()
