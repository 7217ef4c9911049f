from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "house_figure.py"))


def test_the_figure_of_the_house_is_that_of_the_walls_and_names_every_room() -> None:
    drawn = (ROOT / "docs" / "images" / "house.svg").read_text(encoding="utf-8")
    assert drawn == SCRIPT["figure"](), "run `make docs`"
    package = ROOT / "src" / "evenhand"
    rooms = {path.stem for path in package.iterdir() if not path.name.startswith("__") and path.suffix in ("", ".py")}
    assert set(re.findall(r'font-weight="600"[^>]*>([^<]+)<', drawn)) == rooms
    assert set(SCRIPT["meanings"]()) == rooms


def test_the_architecture_page_names_files_that_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:tests|src)/[\w./]+)`", text):
        assert (ROOT / name).exists(), name
