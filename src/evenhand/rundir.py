"""A run directory: what an audit leaves, opened again."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from evenhand.errors import StoreError, UsageError
from evenhand.plan.file import PLAN_FILE, read_plan
from evenhand.plan.settling import TRIALS_FILE
from evenhand.records.findings import Findings
from evenhand.records.plan import Plan
from evenhand.report.finding_frame import finding_frame
from evenhand.report.findings_file import read_findings
from evenhand.report.notebook import Figure, figures_of, findings_markup
from evenhand.run.limits import RunReport

__all__ = [
    "FINDINGS_FILE",
    "MEASUREMENTS_FILE",
    "REPORT_FILE",
    "SCORES_FILE",
    "TRIALS_FILE",
    "RunDirectory",
    "open_run",
]

SCORES_FILE = "scores.parquet"
MEASUREMENTS_FILE = "measurements.parquet"
FINDINGS_FILE = "findings.json"
REPORT_FILE = "report.html"


class RunDirectory:
    """The plan, the scores, the findings and the report of one run, read when they are asked for.

    Shown in a notebook as a table of the confirmatory verdicts.

    Args:
        path: The directory.
        asked: What the run that has just ended did; None where the directory was opened later.

    Example:
        >>> import evenhand
        >>> run = evenhand.open_run("runs/example")
        >>> sorted(run.scores["arm_kind"].unique())
        ['none', 'placebo', 'profile']
    """

    def __init__(self, path: Path, *, asked: RunReport | None = None) -> None:
        self.path = path
        self._asked = asked

    @property
    def asked(self) -> RunReport:
        """What the run that has just ended did.

        Raises:
            UsageError: The directory was opened later; totals over all runs are in `findings.run`.
        """
        if self._asked is None:
            raise UsageError(f"{str(self.path)!r} was opened, not asked now; its totals are in `findings.run.models`.")
        return self._asked

    @cached_property
    def plan(self) -> Plan:
        """The frozen plan."""
        return read_plan(self.path)

    @cached_property
    def scores(self) -> pl.DataFrame:
        """One row per trial, every factor a column; the columns are listed in docs/reference/files.md.

        Raises:
            StoreError: Nothing was analysed yet.
        """
        path = self.path / SCORES_FILE
        if not path.is_file():
            raise StoreError(
                f"{str(self.path)!r} has no {SCORES_FILE} yet; make it with `evenhand analyse {self.path}`."
            )
        return pl.read_parquet(path)

    @cached_property
    def measurements(self) -> pl.DataFrame:
        """One row per trial and number that answers state (ratings, percentages); docs/reference/measurements.md.

        Raises:
            StoreError: Nothing was analysed yet, or the run asked for letters only.
        """
        path = self.path / MEASUREMENTS_FILE
        if not path.is_file():
            raise StoreError(
                f"{str(self.path)!r} has no {MEASUREMENTS_FILE}: nothing was analysed yet, or letters only were asked "
                f"for; analyse it with `evenhand analyse {self.path}`, or ask ratings with --kind intensity."
            )
        return pl.read_parquet(path)

    @cached_property
    def findings(self) -> Findings:
        """Every number that the report shows.

        Raises:
            InputError: There are none yet, or they were written by another version.
        """
        return read_findings(self.path)

    @property
    def report(self) -> Path:
        """The page."""
        return self.path / REPORT_FILE

    @cached_property
    def finding_frame(self) -> pl.DataFrame:
        """The findings as a flat table: one row per finding."""
        return finding_frame(self.findings)

    def to_pandas(self) -> Any:
        """The scores as a `pandas.DataFrame`; Any, for pandas need not be installed.

        Raises:
            UsageError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise UsageError("pandas is not installed; install it, or use `scores`, a polars data frame.") from error
        return pd.DataFrame(self.scores.to_dict(as_series=False))

    @property
    def figures(self) -> dict[str, Figure]:
        """The figures of the report by id; each shows itself in a notebook."""
        return figures_of(self.findings)

    def _repr_html_(self) -> str:
        return findings_markup(self.findings, heading=str(self.path))

    def __repr__(self) -> str:
        return f"RunDirectory({str(self.path)!r})"


def open_run(path: Path | str) -> RunDirectory:
    """A run directory that an audit has left.

    Raises:
        StoreError: There is no plan in it.

    Example:
        >>> import evenhand
        >>> evenhand.open_run("runs/none")
        Traceback (most recent call last):
        ...
        evenhand.errors.StoreError: 'runs/none' is no run directory: it has no plan.json; make one with `evenhand plan`.
    """
    directory = Path(path)
    if not (directory / PLAN_FILE).is_file():
        raise StoreError(
            f"{str(directory)!r} is no run directory: it has no {PLAN_FILE}; make one with `evenhand plan`."
        )
    return RunDirectory(directory)
