"""Bind a run directory to its plan: a failed start leaves nothing behind, and nothing answered is ever given up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from evenhand.errors import EvenhandError, PlanError, StoreError, UsageError
from evenhand.plan.file import PLAN_FILE, plan_changes, read_plan, write_plan
from evenhand.records.plan import Plan
from evenhand.store.store import discard_unanswered

__all__ = ["TRIALS_FILE", "default_directory", "settle", "settled"]

TRIALS_FILE = "trials.sqlite"


def default_directory(plan: Plan, *, root: Path = Path("runs")) -> Path:
    """`runs/DATE-MODEL`; with a number after it where that name belongs to another plan."""
    label = "-".join(model.name.replace("/", "-").replace(":", "-") for model in plan.models[:2])
    safe = "".join(c if c.isalnum() or c in "-._" else "-" for c in label)[:60].strip("-.")
    base = f"{plan.created[:10]}-{safe}"
    for number in range(1, 1000):
        directory = root / (base if number == 1 else f"{base}-{number}")
        if not (directory / PLAN_FILE).exists() or read_plan(directory).sha256 == plan.sha256:
            return directory
    raise UsageError(f"{str(root)!r} is full of runs called {base!r}; name a directory with --out")


def settle(plan: Plan, directory: Path) -> bool:
    """Write the plan, or make sure that the directory's plan is the same.

    Another plan that has no answers yet is replaced. Of the same plan it is noted that it is asked by batches now.

    Returns:
        Whether the plan was written now.

    Raises:
        PlanError: The directory holds answers to another plan; the message names what changed.
    """
    if not (directory / PLAN_FILE).exists():
        write_plan(plan, directory)
        return True
    try:
        before = read_plan(directory)
    except PlanError:
        if not discard_unanswered(directory / TRIALS_FILE):
            raise
        write_plan(plan, directory)
        return True
    if before.sha256 == plan.sha256:
        if plan.batch and not before.batch:
            write_plan(replace(before, batch=True), directory)
        return False
    if discard_unanswered(directory / TRIALS_FILE):
        write_plan(plan, directory)
        return True
    changes = "; ".join(plan_changes(before, plan)) or "the version of evenhand"
    raise PlanError(
        f"{str(directory)!r} belongs to another plan, so it is not resumed. Changed: {changes}. "
        f"Repeat the old plan with `evenhand run {directory}`, or choose another directory with --out."
    )


@contextmanager
def settled(plan: Plan, directory: Path) -> Iterator[None]:
    """The plan is in the directory while the block runs; a block that fails without an answer takes it away again.

    A plan that was there before stays.

    Raises:
        PlanError: The directory holds answers to another plan.
    """
    fresh = not directory.exists()
    written = settle(plan, directory)
    try:
        yield
    except EvenhandError:
        if written:
            _unsettle(directory, fresh=fresh)
        raise


def _unsettle(directory: Path, *, fresh: bool) -> None:
    """Take a plan without answers away, and the directory with it where it was made for this."""
    try:
        if not discard_unanswered(directory / TRIALS_FILE):
            return
        (directory / PLAN_FILE).unlink(missing_ok=True)
        if fresh and not any(directory.iterdir()):
            directory.rmdir()
    except (OSError, StoreError):  # the error that ended the start is the one to be told
        return
