"""Draw the house: `docs/images/house.svg`, from the floors of `tests/arch/test_walls.py` and the tree of the README.

Usage: python scripts/house_figure.py [--check]
"""

from __future__ import annotations

import ast
import re
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "evenhand"
FIGURE = ROOT / "docs" / "images" / "house.svg"
WIDTH, HEIGHT, GAP, LEFT = 1080, 62, 10, 30
LETTERS_PER_PIXEL = 0.165


def floors() -> list[list[str]]:
    """The rooms that exist, floor by floor from the top."""
    tree = ast.parse((ROOT / "tests" / "arch" / "test_walls.py").read_text(encoding="utf-8"))
    (listed,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "FLOORS"
    )
    there = [
        [room for room in rooms if (PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").exists()] for rooms in listed
    ]
    return [rooms for rooms in there if rooms]


def meanings() -> dict[str, str]:
    """Room -> what the README says of it."""
    tree = (ROOT / "README.md").read_text(encoding="utf-8").split("```\nsrc/evenhand/\n")[1].split("\ntests/")[0]
    return dict(re.findall(r"^  (\w+)(?:/|\.py) +(.+)$", tree, re.MULTILINE))


def lines_of(text: str, *, width: float, most: int = 3) -> list[str]:
    """The text broken at spaces into lines that fit; what does not fit ends in an ellipsis."""
    letters = int(width * LETTERS_PER_PIXEL)
    lines: list[str] = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > letters and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1].rstrip(',;:')} …"]


def box(room: str, meaning: str, *, x: float, y: float, width: float) -> list[str]:
    """One room."""
    drawn = [
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{HEIGHT}" rx="5" fill="#fff" stroke="#5b6b7a"/>',
        f'<text x="{x + 8:.0f}" y="{y + 17:.0f}" font-weight="600" font-size="13" fill="#1d2733">{escape(room)}</text>',
    ]
    for number, line in enumerate(lines_of(meaning, width=width - 12)):
        drawn.append(
            f'<text x="{x + 8:.0f}" y="{y + 31 + 12 * number:.0f}" font-size="10" fill="#445">{escape(line)}</text>'
        )
    return drawn


def figure() -> str:
    """The house as SVG."""
    told, house = meanings(), floors()
    tall = len(house) * (HEIGHT + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall}" '
        'font-family="system-ui, sans-serif" role="img">',
        "<title>The rooms of evenhand, floor by floor; imports go down only</title>",
        f'<rect width="{WIDTH}" height="{tall}" fill="#f4f6f8"/>',
        f'<path d="M14 {GAP} V{tall - GAP} m-5 -8 l5 8 l5 -8" fill="none" stroke="#5b6b7a" stroke-width="1.5"/>',
    ]
    for level, rooms in enumerate(house):
        width = (WIDTH - LEFT - GAP * len(rooms)) / len(rooms)
        for number, room in enumerate(rooms):
            x, y = LEFT + number * (width + GAP), GAP + level * (HEIGHT + GAP)
            parts += box(room, told.get(room, ""), x=x, y=y, width=width)
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Write the figure, or with `--check` fail when it is not up to date."""
    drawn = figure()
    if "--check" in sys.argv:
        sys.exit(0 if FIGURE.read_text(encoding="utf-8") == drawn else "house.svg is stale; run `make docs`")
    FIGURE.write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
