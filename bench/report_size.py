"""Size and time of the page of a report: three models and fifteen, on the `standard` design.

Three simulated respondents are audited whole on `standard` (letters, percentages, ratings and writing; some 46,000
trials). Fifteen models are those findings five times over under other names. More trials of a model do not make its
page longer: what was found does, and `standard` finds more per model than a table of plain letters. A million of those,
of fifteen models, is measured beside it, with the time of its findings.

Run: python -m bench.report_size [FOLDER]: with a folder its audit is kept there, and is used again.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from bench import findings_speed
from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.scores import read_scores
from evenhand.records.findings import Findings
from evenhand.records.settings import AnalysisSettings
from evenhand.report.findings_file import read_findings
from evenhand.report.html import render_html
from evenhand.report.markdown import render_markdown
from evenhand.report.write import MARKDOWN_BYTES

MODELS = ("simulated/tilted", "simulated/level", "simulated/custom?accuracy=0.6&gap=0.1")
TIMES = 5
BUDGET_S = 20.0
"""CPU seconds for the page of fifteen models."""
BUDGET_BYTES = {3: 1_500_000, 15: 5_000_000}
_Row = TypeVar("_Row")


def audited(folder: Path) -> Findings:
    """Findings of the three on `standard`."""
    if not (folder / "findings.json").exists():
        program = str(Path(sys.executable).with_name("evenhand"))
        command = [program, "audit", *MODELS, "--preset", "standard", "--yes", "--out", str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return read_findings(folder)


def multiplied(findings: Findings, times: int) -> Findings:
    """The same findings so many times over, each time of other models."""

    def many(rows: tuple[_Row, ...], named: Callable[[_Row, str], _Row]) -> tuple[_Row, ...]:
        return tuple(named(row, f" {number}") for number in range(1, times + 1) for row in rows)

    def own(row: _Row, ending: str) -> _Row:
        return replace(row, model=f"{row.model}{ending}")  # type: ignore[attr-defined, type-var]

    assert findings.run is not None
    names = (
        "findings",
        "validity",
        "cells",
        "outcomes",
        "emotions",
        "options",
        "items",
        "mentions",
        "variances",
        "power",
    )
    changed = {name: many(getattr(findings, name), own) for name in names}
    return replace(findings, run=replace(findings.run, models=many(findings.run.models, own)), **changed)


def million() -> tuple[Findings, int]:
    """Findings of a million letters of fifteen models, and the number of trials."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "scores.parquet"
        findings_speed.make(table)
        scores = read_scores(table, settings=AnalysisSettings())
    started = time.process_time()
    findings = analyse(scores, published=False)
    print(f"findings    {time.process_time() - started:>10.1f} s CPU of {scores.frame.height:,} letters")
    return findings, scores.frame.height


def measure(findings: Findings, *, trials: int | None = None) -> bool:
    """Write the page in memory, print what it costs, and say whether the budget held."""
    asked = findings.run.models if findings.run is not None else ()
    models = len({finding.model for finding in findings.findings})
    trials = trials or sum(sum(one.outcomes.values()) for one in asked)
    started = time.process_time()
    page = len(render_html(findings).encode())
    spent = time.process_time() - started
    text = len(render_markdown(findings, most=MARKDOWN_BYTES).encode())
    small, quick = page <= BUDGET_BYTES[models], spent <= BUDGET_S
    print(f"models      {models:>10}    {trials:,} trials, {len(findings.findings):,} findings")
    print(f"page        {page:>10,} bytes  (budget {BUDGET_BYTES[models]:,}: {'met' if small else 'MISSED'})")
    print(f"CPU         {spent:>10.1f} s  (budget {BUDGET_S:.0f}: {'met' if quick else 'MISSED'})")
    print(
        f"Markdown    {text:>10,} bytes  (budget {MARKDOWN_BYTES:,}: {'met' if text <= MARKDOWN_BYTES else 'MISSED'})"
    )
    return small and quick and text <= MARKDOWN_BYTES


def main(folder: Path | None = None) -> bool:
    """Audit, then measure three and fifteen models."""
    with tempfile.TemporaryDirectory() as own:
        findings = audited(folder or Path(own) / "run")
    letters, trials = million()
    held = [measure(findings), measure(multiplied(findings, TIMES)), measure(letters, trials=trials)]
    return all(held)


if __name__ == "__main__":
    sys.exit(not main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
