"""`evenhand items form`, `agree` and `criteria`: people answer the items, and the keys are held against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from evenhand.cli.output import counted, print_json, print_table, say
from evenhand.errors import StoreError, UsageError, near_miss
from evenhand.records.item import Bank

if TYPE_CHECKING:
    from evenhand.bank.rating.forms import RatingForm
    from evenhand.bank.rating.item_ratings import ItemRatings
    from evenhand.bank.rating.question_agreement import QuestionAgreement
    from evenhand.bank.rating.validation import Judged

__all__ = ["AGREE_HELP", "CRITERIA_HELP", "FORM_HELP", "agree_items", "form_items", "items_criteria"]

FormFormat = Literal["html", "csv", "potato", "label-studio"]
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
    "Examples:\n\n  evenhand items criteria > criteria.yaml"
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
    from evenhand.bank.rating.forms import deal_forms
    from evenhand.bank.rating.questions import asked_questions
    from evenhand.seeds import stream

    chosen = _format(form)
    project = chosen in ("potato", "label-studio")
    if project and raters is not None:
        raise UsageError(f"a project of {chosen} takes any number of raters; leave out --raters")
    asked = asked_questions(ask or ())
    loaded = load_bank(bank)
    rng = stream(seed, "form", loaded.name)
    forms = deal_forms(loaded, asked=asked, raters=1 if project else raters or _RATERS, rng=rng, per_form=per_form)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{str(out)!r} exists already and is not an empty folder; name another one with --out")
    for one in forms:
        _write(_files(one, chosen), out)
    if project:
        projects = counted(len(forms), "project")
        say(f"{out} holds {projects} of {loaded.name}; let no person work in more than one of them.")
    else:
        say(f"{out} holds {counted(len(forms), 'form')} of {loaded.name}; give each to one person.")


def _format(name: str) -> FormFormat:
    formats: tuple[FormFormat, ...] = get_args(FormFormat)
    for known in formats:
        if name == known:
            return known
    raise UsageError(f"there is no format {name!r}{near_miss(name, formats)}; use one of {', '.join(formats)}")


def _files(form: RatingForm, chosen: FormFormat) -> dict[str, str]:
    """Path below the folder -> content."""
    from evenhand.bank.rating.label_studio import label_studio_files
    from evenhand.bank.rating.page import form_page
    from evenhand.bank.rating.potato import potato_files
    from evenhand.bank.rating.table import form_csv

    match chosen:
        case "html":
            return {f"{form.name}.html": form_page(form)}
        case "csv":
            return {f"{form.name}.csv": form_csv(form)}
        case "potato":
            return {f"{form.name}/{name}": text for name, text in potato_files(form).items()}
        case "label-studio":
            return {f"{form.name}/{name}": text for name, text in label_studio_files(form).items()}


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
        _print_items(judged, level=held.level)
        _print_agreements(agreements)
        if curves:
            rows = [(curve.item, curve.difficulty, curve.discrimination) for curve in curves]
            print_table(("item", "difficulty", "discrimination"), rows, title="Item curves (two parameters)")
    say("\n".join(_summary(loaded, judged)), error=json)
    if out is not None:
        rated = rated_bank(loaded, given, judged, criteria=held, who=who, drop=drop)
        write_bank(rated, out)
        state = "true" if rated.validated else "false"
        say(f"{counted(len(rated.items), 'item')} written to {out}, with `validated: {state}`.", error=json)


def _print_items(judged: Judged, *, level: float) -> None:
    rated = [item for item in judged.items if item.key.people or item.sensitive.people]
    columns = ("item", "people", "key", f"{level:.0%} interval", "others", "sensitive", "discrimination", "not met")
    print_table(columns, [_row(item, judged) for item in rated])


def _row(item: ItemRatings, judged: Judged) -> Sequence[object]:
    key = item.key
    interval = "" if key.low is None or key.high is None else f"{key.low:.2f} to {key.high:.2f}"
    others = ", ".join(f"{option} {count}" for option, count in item.chosen.items())
    unmet = ", ".join(judged.unmet.get(item.item, ()))
    return (item.item, key.people, key.share, interval, others, item.sensitive.share, item.discrimination, unmet)


def _print_agreements(agreements: Sequence[QuestionAgreement]) -> None:
    rows = [
        (
            found.question,
            found.raters,
            found.alpha.units,
            f"{found.alpha.value:.3f} ({found.alpha.low:.3f} to {found.alpha.high:.3f})",
            found.metric,
            "" if found.fleiss is None else f"{found.fleiss.value:.3f}",
            found.cohen,
        )
        for found in agreements
    ]
    columns = ("question", "raters", "units", "Krippendorff's alpha", "scale", "Fleiss' kappa", "Cohen's kappa")
    print_table(columns, rows)


def _summary(bank: Bank, judged: Judged) -> Iterator[str]:
    met = len(judged.items) - len(judged.unmet)
    yield f"Meet all criteria: {met} of {counted(len(bank.items), 'item')}, by {judged.people} people."
    if judged.language_models:
        models = judged.language_models
        yield f"Raters who are language models: {models}. They are counted apart and make no bank validated."


def items_criteria() -> None:
    """Filled from `CRITERIA_HELP`."""
    from evenhand.bank.rating.criteria import criteria_text

    typer.echo(criteria_text(), nl=False)
