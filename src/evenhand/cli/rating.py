"""`evenhand items form`, `agree` and `criteria`: people answer the items, and the keys are held against them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.output import counted, print_json, print_table, say
from evenhand.errors import StoreError, UsageError

__all__ = ["AGREE_HELP", "CRITERIA_HELP", "FORM_HELP", "agree_items", "form_items", "items_criteria"]

_RATERS = 20

FORM_HELP = """Write forms on which people answer the items, without keys, never both twins of a pair on one.

Formats: html (a page that works offline and saves a table), csv (for a spreadsheet), potato and label-studio (projects
for those tools). Questions: answer, certainty, sensitive, intensity, appraisal, effectiveness; each item gets those
that make sense of it.

Examples:

  evenhand items form understanding --out forms

  evenhand items form my-bank.yaml --ask answer --ask certainty --raters 25 --per-form 40 --out forms

  evenhand items form twins-management --format potato --out projects

  evenhand items form twins-management --format label-studio --out projects
"""
AGREE_HELP = """Hold the keys against what people answered, and say how far the people agree.

Reads tables that the forms saved, exports of Label Studio (.json) and folders of Potato projects. With --out the bank
is written with its counts, with who rated it, and with `validated: true` only where every item meets the criteria;
ratings by language models count for none of them.

Examples:

  evenhand items agree my-bank.yaml answers-ana.csv answers-bo.csv answers-cy.csv

  evenhand items agree my-bank.yaml answers.csv --criteria criteria.yaml --who "20 students, paid" --out rated.yaml

  evenhand items agree my-bank.yaml answers.csv --json
"""
CRITERIA_HELP = (
    "Print the criteria that make a bank validated, as a file to be changed before anybody rates.\n\n"
    "Examples:\n\n  evenhand items criteria"
)


def form_items(
    bank: Annotated[str, typer.Argument(help="Shipped bank or a bank file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the forms; new or empty.")],
    form: Annotated[str, typer.Option("--format", help="html, csv, potato or label-studio.")] = "html",
    ask: Annotated[list[str] | None, typer.Option(help="A question; repeat for more. None: all of them.")] = None,
    raters: Annotated[int | None, typer.Option(min=1, help="Forms that each item is on; 20 unless said.")] = None,
    per_form: Annotated[int | None, typer.Option(min=1, help="The most items on a form.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of deal and orders.")] = 0,
) -> None:
    """Filled from `FORM_HELP`."""
    from evenhand.bank.load import load_bank
    from evenhand.bank.rating.formats import PROJECTS, form_files, form_format
    from evenhand.bank.rating.forms import deal_forms
    from evenhand.bank.rating.questions import asked_questions
    from evenhand.seeds import stream

    chosen = form_format(form)
    project = chosen in PROJECTS
    if project and raters is not None:
        raise UsageError(f"a project of {chosen} takes any number of raters; leave out --raters")
    asked = asked_questions(ask or ())
    loaded = load_bank(bank)
    rng = stream(seed, "form", loaded.name)
    forms = deal_forms(loaded, asked=asked, raters=1 if project else raters or _RATERS, rng=rng, per_form=per_form)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{str(out)!r} exists already and is not an empty folder; name another one with --out")
    for one in forms:
        _write(form_files(one, chosen), out)
    if project:
        projects = counted(len(forms), "project")
        say(f"{out} holds {projects} of {loaded.name}; let no person work in more than one of them.")
    else:
        say(f"{out} holds {counted(len(forms), 'form')} of {loaded.name}; give each to one person.")


def _write(files: Mapping[str, str], out: Path) -> None:
    try:
        for name, text in files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
    except OSError as cause:
        raise StoreError(f"cannot write {str(out)!r} ({cause.strerror}); choose another place with --out") from cause


def agree_items(
    bank: Annotated[str, typer.Argument(help="Shipped bank or a bank file.")],
    ratings: Annotated[list[Path], typer.Argument(help="Tables, exports of Label Studio, folders of Potato.")],
    criteria: Annotated[Path | None, typer.Option(help="File of criteria; none: those of `items criteria`.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where the rated bank goes.")] = None,
    who: Annotated[str, typer.Option(help="Who the raters were and how they were found; needed with --out.")] = "",
    drop: Annotated[bool, typer.Option("--drop", help="Leave out items that do not meet the criteria.")] = False,
    irt: Annotated[bool, typer.Option("--irt", help="Item curves as well, by mirt; needs the extra rate.")] = False,
    seed: Annotated[int, typer.Option(help="Root seed of the bootstrap.")] = 20251009,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Filled from `AGREE_HELP`."""
    from evenhand.bank.load import load_bank
    from evenhand.bank.rating.criteria import default_criteria, read_criteria
    from evenhand.bank.rating.irt import item_curves
    from evenhand.bank.rating.question_agreement import question_agreements
    from evenhand.bank.rating.read import read_ratings
    from evenhand.bank.rating.rows import AGREEMENT_COLUMNS, agreement_row, item_columns, item_row, summary_lines
    from evenhand.bank.rating.validation import judged_bank, rated_bank
    from evenhand.bank.write import write_bank
    from evenhand.seeds import stream

    if out is not None and not who.strip():
        raise UsageError("with --out say who the raters were: --who TEXT; the bank keeps it")
    loaded = load_bank(bank)
    held = read_criteria(criteria) if criteria is not None else default_criteria()
    given = read_ratings(ratings, bank=loaded)
    judged = judged_bank(loaded, given, criteria=held)
    people = [rating for rating in given if rating.readers == "person"]
    agreements = question_agreements(loaded, people, rng=stream(seed, "agree"))
    curves = item_curves(loaded, people) if irt else ()
    if json:
        print_json({"judged": judged, "agreements": agreements, "curves": curves, "criteria": held})
    else:
        rated_items = [item for item in judged.items if item.key.people or item.sensitive.people]
        print_table(item_columns(held.level), [item_row(item, judged.unmet.get(item.item, ())) for item in rated_items])
        print_table(AGREEMENT_COLUMNS, [agreement_row(found) for found in agreements])
        if curves:
            rows = [(curve.item, curve.difficulty, curve.discrimination) for curve in curves]
            print_table(("item", "difficulty", "discrimination"), rows, title="Item curves (two parameters)")
    say("\n".join(summary_lines(judged)), error=json)
    if out is not None:
        rated = rated_bank(loaded, given, judged, criteria=held, who=who, drop=drop)
        write_bank(rated, out)
        state = "true" if rated.validated else "false"
        say(f"{counted(len(rated.items), 'item')} written to {out}, with `validated: {state}`.", error=json)


def items_criteria() -> None:
    """Filled from `CRITERIA_HELP`."""
    from evenhand.bank.rating.criteria import criteria_text

    typer.echo(criteria_text(), nl=False)
