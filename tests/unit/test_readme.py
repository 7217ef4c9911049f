from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def listed(text: str) -> set[str]:
    block = text.split("```\nsrc/evenhand/\n")[1].split("```")[0].split("\ntests/")[0]
    return {line.split()[0].rstrip("/") for line in block.splitlines() if line.startswith("  ")}


def test_the_tree_in_the_readme_is_the_tree_of_the_package() -> None:
    found = {
        path.name
        for path in (ROOT / "src" / "evenhand").iterdir()
        if not path.name.startswith("__") and (path.suffix == ".py" or path.is_dir())
    }
    assert listed((ROOT / "README.md").read_text(encoding="utf-8")) == found


def test_every_link_of_the_readme_leads_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target


def test_every_link_between_the_pages_leads_somewhere() -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        for target in re.findall(r"\]\(([^)#:\s]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_page_stands_in_the_navigation() -> None:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        assert str(page.relative_to(ROOT / "docs")) in nav, page.name
