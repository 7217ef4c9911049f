"""What changed between two runs, worked out once in the background, as `evenhand compare` does."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

import polars as pl
from msgspec import Struct

from evenhand.analysis.findings.compare import compare
from evenhand.analysis.table.scores import Scores, scores_from_frame
from evenhand.errors import EvenhandError, PlanError, StoreError
from evenhand.plan.file import question_changes
from evenhand.report.html import render_html
from evenhand.rundir import SCORES_FILE
from evenhand.score_table import plan_factors
from evenhand.view.kept_file import file_stamp
from evenhand.view.library import Library

__all__ = ["RunChange", "RunChanges"]

_KEPT = 12
_PATIENCE_S = 0.12


class RunChange(Struct, kw_only=True):
    """A comparison of two runs, on the way or done."""

    page: str | None = None
    """The report of the change."""
    problem: str = ""
    """Why there is none, in a sentence."""


class RunChanges:
    """The comparisons that were asked for lately.

    Args:
        library: The folder.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._kept: OrderedDict[tuple[object, ...], RunChange] = OrderedDict()

    def between(self, first: Path, second: Path) -> RunChange:
        """The comparison of two run directories: done, or being made when the page is asked for again."""
        tables = [path / SCORES_FILE for path in (first, second)]
        key = (*tables, *map(file_stamp, tables))
        if key not in self._kept:
            change = self._kept[key] = RunChange()
            done = threading.Event()

            def work() -> None:
                try:
                    change.page = self._made(first, second)
                except EvenhandError as error:
                    change.problem = str(error)
                finally:
                    done.set()

            self._library.later(work)
            done.wait(_PATIENCE_S)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    def _made(self, first: Path, second: Path) -> str:
        plans = [self._library.plan(path).plan for path in (first, second)]
        differences = question_changes(plans[0], plans[1])
        if differences:
            raise PlanError(
                f"{first.name!r} and {second.name!r} did not ask the same questions: {'; '.join(differences)}; "
                "compare runs of one design"
            )
        return render_html(compare(*(self._scores(path) for path in (first, second))))

    def _scores(self, path: Path) -> Scores:
        plan, table = self._library.plan(path).plan, path / SCORES_FILE
        if not table.is_file() or table.is_symlink():
            raise StoreError(f"{path.name!r} has no {SCORES_FILE} yet; make it with `evenhand analyse {path}`.")
        try:
            frame = pl.read_parquet(table)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise StoreError(
                f"{str(table)!r} cannot be read ({reason}); make it again with `evenhand analyse {path}`."
            ) from error
        return scores_from_frame(frame, settings=plan.analysis, factors=plan_factors(plan))
