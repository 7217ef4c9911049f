"""`evenhand items`: look at banks, check them, import others."""

from __future__ import annotations

from typing import Annotated

import typer

from evenhand.cli.imports import ITEMS_HELP, import_items
from evenhand.cli.output import counted, print_json, print_rows, say
from evenhand.cli.piloting import BLIND_HELP, PILOT_HELP, blind_items, pilot_items
from evenhand.cli.rating import AGREE_HELP, CRITERIA_HELP, FORM_HELP, agree_items, form_items, items_criteria
from evenhand.cli.screening import ANNOTATE_HELP, SCREEN_HELP, annotate_items, screen_items
from evenhand.errors import BankError, UsageError

__all__ = ["app"]

app = typer.Typer(
    help="The items that are asked: list, show, check, import; form, agree, criteria; annotate, screen; blind, pilot.",
    no_args_is_help=True,
)

BankArgument = Annotated[str, typer.Argument(help="Shipped bank or a bank file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(
    "list",
    help="List the shipped banks, or the items of one.\n\nExamples:\n\n  evenhand items list\n\n"
    "  evenhand items list understanding --json",
)
def list_items(
    bank: Annotated[str | None, typer.Argument(help="Shipped bank or a bank file.")] = None, json: Json = False
) -> None:
    """Filled from the decorator."""
    from evenhand.bank.load import load_bank, shipped_banks

    if bank is None:
        banks = [load_bank(name) for name in shipped_banks()]
        rows = [(b.name, b.version, len(b.items), b.licence, b.validated, b.source) for b in banks]
        columns = ("bank", "version", "items", "licence", "validated", "source")
        print_rows(columns, rows, json=json)
        return
    loaded = load_bank(bank)
    rows_ = [
        (item.id, item.kind, item.context, item.difficulty, item.key, len(item.options), _short(item.stem))
        for item in loaded.items
    ]
    print_rows(("item", "kind", "context", "difficulty", "key", "options", "situation"), rows_, json=json)


@app.command(
    "show",
    help="Show one item whole.\n\nExamples:\n\n  evenhand items show understanding ITEM\n\n"
    "  evenhand items show my-bank.yaml q7 --json",
)
def show_item(bank: BankArgument, item: Annotated[str, typer.Argument(help="Item id.")], json: Json = False) -> None:
    """Filled from the decorator."""
    from difflib import get_close_matches

    from evenhand.bank.load import load_bank

    loaded = load_bank(bank)
    found = next((candidate for candidate in loaded.items if candidate.id == item), None)
    if found is None:
        near = get_close_matches(item, [candidate.id for candidate in loaded.items], n=3)
        hint = f"near: {', '.join(near)}" if near else f"see `evenhand items list {bank}`"
        raise UsageError(f"the bank {loaded.name!r} has no item {item!r}; {hint}")
    if json:
        print_json(found)
        return
    say(f"{found.id}  ({found.kind}, {found.context or 'no context'}, {found.difficulty or 'no difficulty'})")
    for fact in found.facts:
        say(f"\nStored fact: {fact.text}")
    say(f"\n{found.stem.strip()}\n\n{found.question.strip()}\n")
    for option in found.options:
        marks = [
            word
            for word, here in (("key", found.key), ("key without the fact", found.key_without))
            if here == option.id
        ]
        notes = [f"weight {option.weight:g}" if option.weight is not None else "", option.strategy or "", *marks]
        extra = ", ".join(note for note in notes if note)
        say(f"  {option.id}. {option.text}" + (f"   [{extra}]" if extra else ""))
        if option.rationale:
            say(f"       {option.rationale}")
    if found.appraisal is not None:
        import msgspec

        pattern = msgspec.structs.asdict(found.appraisal)
        say("\nAppraisal: " + ", ".join(f"{name} {value}" for name, value in pattern.items() if value is not None))


@app.command(
    "check",
    help="Check banks: keys, balance, lexicon leaks, near-duplicates, readability. Exit 3 on errors.\n\n"
    "Examples:\n\n  evenhand items check\n\n  evenhand items check my-bank.yaml --json",
)
def check_items(
    banks: Annotated[list[str] | None, typer.Argument(help="Shipped banks or bank files; none: all.")] = None,
    json: Json = False,
) -> None:
    """Filled from the decorator."""
    from evenhand.bank.load import load_bank, shipped_banks
    from evenhand.bank.summary import bank_summary, summary_lines

    loaded = [(name, load_bank(name)) for name in banks or shipped_banks()]

    from evenhand.bank.lint import lint_bank  # heavy, and of no use to a file that is refused

    lints = [(name, lint) for name, bank in loaded for lint in lint_bank(bank)]
    if not json:
        for _, bank in loaded:
            say("\n".join(summary_lines(bank_summary(bank))))
    rows = [(name, lint.severity, lint.rule, lint.item, lint.field, lint.message) for name, lint in lints]
    print_rows(("bank", "severity", "rule", "item", "field", "message"), rows, json=json)
    errors = sum(lint.severity == "error" for _, lint in lints)
    warnings = sum(lint.severity == "warning" for _, lint in lints)
    say(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}", error=True)
    if errors:
        raise BankError(f"found: {counted(errors, 'error')}; mend in the order shown and check again")


app.command("import", help=ITEMS_HELP)(import_items)
app.command("annotate", help=ANNOTATE_HELP)(annotate_items)
app.command("screen", help=SCREEN_HELP)(screen_items)
app.command("form", help=FORM_HELP)(form_items)
app.command("agree", help=AGREE_HELP)(agree_items)
app.command("criteria", help=CRITERIA_HELP)(items_criteria)
app.command("blind", help=BLIND_HELP)(blind_items)
app.command("pilot", help=PILOT_HELP)(pilot_items)


def _short(text: str, width: int = 60) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"
