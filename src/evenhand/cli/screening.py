"""`evenhand items annotate` and `evenhand items screen`: raters name the items that a persona may change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.output import counted, print_json, print_rows, print_table, say
from evenhand.errors import StoreError, UsageError
from evenhand.records.item import Bank

__all__ = ["ANNOTATE_HELP", "SCREEN_HELP", "annotate_items", "screen_items"]

ANNOTATE_HELP = """Rate items: would the best answer depend on who the user is?

Without --rater a CSV template is written, to be filled in a spreadsheet; with --rater a form asks on the terminal, and
every judgement is on disk before the next is asked.

Examples:

  evenhand items annotate understanding --out template.csv

  evenhand items annotate understanding --rater ana --out ana.csv
"""
SCREEN_HELP = """Drop the items that raters flag as persona-sensitive, and show how well the raters agree.

Examples:

  evenhand items screen understanding ana.csv bo.csv cy.csv --out screened.yaml

  evenhand items screen understanding ratings.csv --threshold 0.2 --json

  evenhand items screen understanding --run runs/2026-11-23-gpt      by item functioning instead of raters
"""


def annotate_items(
    bank: Annotated[str, typer.Argument(help="Shipped bank or a bank file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file to write.")],
    rater: Annotated[str | None, typer.Option(help="Who rates; starts the form.")] = None,
) -> None:
    """Filled from `ANNOTATE_HELP`."""
    from evenhand.bank.annotate import annotate, append_rating, template_csv
    from evenhand.bank.load import load_bank
    from evenhand.bank.rating.read import read_ratings

    loaded = load_bank(bank)
    if rater is None:
        if out.exists():
            raise UsageError(f"{str(out)!r} exists already; name another file with --out")
        _write(partial(out.write_text, template_csv(loaded), encoding="utf-8"), out)
        say(f"{counted(len(loaded.items), 'item')} written to {out}; fill the columns rater and sensitive (y or n).")
        return
    done = read_ratings([out], bank=loaded) if out.exists() else ()
    count = 0
    for rating in annotate(loaded, rater=rater, ask=lambda prompt: typer.prompt(prompt, default="s"), done=done):
        _write(partial(append_rating, out, rating), out)
        count += 1
    say(f"{counted(count, 'judgement')} written to {out}.")


def screen_items(
    bank: Annotated[str, typer.Argument(help="Shipped bank or a bank file.")],
    ratings: Annotated[list[Path] | None, typer.Argument(help="CSV files of ratings.")] = None,
    run: Annotated[Path | None, typer.Option(help="Run directory: drop what item functioning marks.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where the screened bank goes.")] = None,
    threshold: Annotated[float, typer.Option(min=0.01, max=1, help="Share of raters that drops an item.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Root seed of the bootstrap.")] = 20251009,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Filled from `SCREEN_HELP`."""
    from evenhand.bank.load import load_bank
    from evenhand.bank.rating.read import read_ratings
    from evenhand.bank.screen import screen
    from evenhand.seeds import stream

    loaded = load_bank(bank)
    if (run is None) == (not ratings):
        raise UsageError("name either files of ratings or a run with --run DIR; the two screen by different evidence")
    if not ratings:
        _screen_by_run(loaded, run or Path(), out=out, json=json)
        return
    found = screen(read_ratings(ratings, bank=loaded), rng=stream(seed, "screen"), threshold=threshold)
    if json:
        print_json(found)
    else:
        flagged = [item for item in found.items if item.flagged]
        rows = [(item.item, item.raters, item.flagged, item.share, item.drop) for item in flagged]
        print_table(("item", "raters", "flagged", "share", "dropped"), rows)
        for name, agreement in (("Fleiss' kappa", found.kappa), ("Krippendorff's alpha", found.alpha)):
            say(f"{name}: {agreement.value:.3f}, 95% interval {agreement.low:.3f} to {agreement.high:.3f}")
        items = counted(len(found.items), "item")
        say(f"Flagged by {threshold:.0%} of the raters or more: {len(found.dropped)} of {items}.")
    if out is not None:
        reason = f"flagged as persona-sensitive by at least {threshold:.0%} of {counted(len(found.raters), 'rater')}"
        _write_without(loaded, found.dropped, out, reason=reason, json=json)


def _screen_by_run(bank: Bank, run: Path, *, out: Path | None, json: bool) -> None:
    """Drop the items that a finished run found to react to who the user is."""
    from msgspec.structs import astuple

    from evenhand.bank.screen_run import sensitive_items
    from evenhand.report.findings_file import read_findings

    reactions = sensitive_items(read_findings(run), bank=bank)
    dropped = tuple(dict.fromkeys(reaction.item for reaction in reactions))
    rows = [(r.item, r.model, *astuple(r.contrast), r.ets) for r in reactions]
    print_rows(("item", "model", "factor", "level", "reference", "class"), rows, json=json)
    say(f"Items that react to who the user is in this run: {len(dropped)} of {len(bank.items)}.", error=json)
    if out is not None:
        _write_without(bank, dropped, out, reason="sensitive by item functioning in a run", json=json)


def _write_without(bank: Bank, dropped: Sequence[str], out: Path, *, reason: str, json: bool) -> None:
    from evenhand.bank.screen import without_items
    from evenhand.bank.write import write_bank

    screened = without_items(bank, dropped, reason=reason)
    write_bank(screened, out)
    say(f"{counted(len(screened.items), 'item')} written to {out}.", error=json)


def _write(write: Callable[[], object], out: Path) -> None:
    """Write; an unwritable place is a StoreError.

    Raises:
        StoreError: The file cannot be written.
    """
    try:
        write()
    except OSError as error:
        raise StoreError(f"cannot write {str(out)!r} ({error.strerror}); choose another place with --out") from error
