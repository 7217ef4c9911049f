"""Which share of each room's lines the tests reach, and which lines of analysis, scoring and run they do not.

Usage: python scripts/coverage_rooms.py build/coverage.json [ROOM ...]

Reads the JSON report of `make coverage`. Prints a table of rooms, then the lines of the rooms that are named.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

PACKAGE = "src/evenhand/"
NO_ROOM = "(package)"


class Lines(msgspec.Struct, frozen=True):
    """What was counted in one file."""

    executed_lines: tuple[int, ...]
    missing_lines: tuple[int, ...]


class Report(msgspec.Struct, frozen=True):
    """As much of the report as is read here."""

    files: dict[str, Lines]


def room_of(path: str) -> str:
    """The first folder below the package."""
    inner = path.partition(PACKAGE)[2]
    return inner.split("/")[0] if "/" in inner else NO_ROOM


def spans(lines: Sequence[int]) -> Iterator[str]:
    """Line numbers as spans: 3, 4, 5, 9 as 3-5 and 9."""
    for _, group in itertools.groupby(enumerate(sorted(lines)), key=lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in group]
        yield str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"


def main() -> None:
    """Print the table and the lines."""
    report = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Report)
    rooms: dict[str, list[tuple[str, Lines]]] = {}
    for path, lines in sorted(report.files.items()):
        rooms.setdefault(room_of(path), []).append((path, lines))
    print("| room | lines | not reached | reached |\n| --- | --- | --- | --- |")
    for room, files in sorted(rooms.items()):
        missing = sum(len(lines.missing_lines) for _, lines in files)
        total = missing + sum(len(lines.executed_lines) for _, lines in files)
        share = 100.0 if not missing else min(100.0 * (total - missing) / total, 99.9)
        print(f"| {room} | {total:,} | {missing:,} | {share:.1f}% |")
    for room in sys.argv[2:]:
        for path, lines in rooms.get(room, []):
            if lines.missing_lines:
                print(f"{path.partition(PACKAGE)[2]}: {', '.join(spans(lines.missing_lines))}")


if __name__ == "__main__":
    main()
