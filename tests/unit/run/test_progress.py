"""The progress bar."""

from __future__ import annotations

import io

from rich.console import Console

from evenhand.run.limits import Progress
from evenhand.run.progress import ProgressBar, counts


def at(done: int, *, skipped: int = 0, cost_usd: float | None = None) -> Progress:
    return Progress(
        done=done,
        skipped=skipped,
        outcomes={"answered": done - 1, "refused": 0, "truncated": 0, "unparsed": 0, "failed": 1},
        in_flight=2,
        calls=done,
        cost_usd=cost_usd,
        seconds=1.0,
    )


def test_only_outcomes_that_happened_are_counted_and_money_where_it_is_known() -> None:
    assert counts(at(10)) == "9 answered, 1 failed"
    assert counts(at(10, cost_usd=1.234)) == "9 answered, 1 failed, $1.23"


def test_the_bar_shows_what_was_answered_before_as_done() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=200)
    with ProgressBar(total=100, console=console) as bar:
        bar.update(at(10, skipped=40))
    shown = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO from above
    assert "50/100" in shown
    assert "9 answered, 1 failed" in shown


def test_nothing_is_written_where_there_is_no_terminal() -> None:
    console = Console(file=io.StringIO(), force_terminal=False)
    with ProgressBar(total=100, console=console) as bar:
        bar.update(at(10))
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]  # the StringIO from above
