"""Every Python block of the documentation runs."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

import evenhand
from evenhand.report.findings_file import findings_document
from tests.support.findings_fixture import full_findings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_the_documentation_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "findings.json").write_bytes(msgspec.json.encode(findings_document(full_findings())))
    names: dict[str, object] = {"__name__": "example"}
    exec(compile(block, "example", "exec"), names)
    assert len(names) > 2


def test_the_example_of_the_package_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    block = re.findall(r"```python\n(.*?)```", evenhand.__doc__ or "", re.DOTALL)[0]
    names: dict[str, object] = {"__name__": "example"}
    exec(compile(block, "example", "exec"), names)
    assert isinstance(names["run"], evenhand.RunDirectory)
