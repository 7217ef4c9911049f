"""The two score tables of a comparison, from run directories or tables."""

from __future__ import annotations

from pathlib import Path

from evenhand.analysis.table.scores import Scores
from evenhand.cli.table_options import read_table
from evenhand.errors import PlanError
from evenhand.plan.file import question_changes, read_plan
from evenhand.records.settings import AnalysisSettings
from evenhand.rundir import SCORES_FILE

__all__ = ["compared"]


def compared(first: Path, second: Path) -> tuple[Scores, Scores]:
    """The scores of two runs of one design, or of two tables.

    Raises:
        PlanError: A plan cannot be read, or the runs did not ask the same questions.
        TableError: A table cannot be read.
    """
    if first.is_dir() and second.is_dir():
        return _of_runs(first, second)
    return _of_table(first), _of_table(second)


def _of_runs(first: Path, second: Path) -> tuple[Scores, Scores]:
    plans = read_plan(first), read_plan(second)
    differences = question_changes(*plans)
    if differences:
        raise PlanError(
            f"{str(first)!r} and {str(second)!r} did not ask the same questions: {'; '.join(differences)}; "
            "compare runs of one design"
        )
    from evenhand.audit import score

    return score(plans[0], first), score(plans[1], second)


def _of_table(place: Path) -> Scores:
    path = place / SCORES_FILE if place.is_dir() else place
    return read_table(path, columns=None, settings=AnalysisSettings())
