"""`evenhand items blind` and `evenhand items pilot`: have items answered without their keys, keep the counts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.output import counted, print_rows, say
from evenhand.errors import BankError

__all__ = ["BLIND_HELP", "PILOT_HELP", "blind_items", "pilot_items"]

BLIND_HELP = (
    "Write sheets without keys for independent readers; no reader sees both twins of a pair.\n\nExamples:\n\n"
    "  evenhand items blind twins-understanding --out sheets\n\n"
    "  evenhand items blind my-bank.yaml --readers 5 --out sheets"
)
PILOT_HELP = (
    "Count what readers of blind sheets chose, and keep it in the bank.\n\nExamples:\n\n"
    "  evenhand items pilot my-bank.yaml --sheets sheets --letters answers\n\n"
    "  evenhand items pilot my-bank.yaml --sheets sheets --letters answers --out piloted.yaml"
)


def blind_items(
    bank: Annotated[str, typer.Argument(help="Shipped bank or a bank file.")],
    out: Annotated[Path, typer.Option(help="Folder for the sheets.")],
    readers: Annotated[int, typer.Option(min=1, help="Readers of each item; twice as many sheets are written.")] = 3,
    seed: Annotated[int, typer.Option(help="Seed of deal and orders.")] = 0,
) -> None:
    """Filled from the decorator."""
    import msgspec

    from evenhand.bank.load import load_bank
    from evenhand.bank.pilot import blind_sheets
    from evenhand.seeds import stream

    loaded = load_bank(bank)
    sheets = blind_sheets(loaded, readers=readers, rng=stream(seed, "pilot", loaded.name))
    try:
        out.mkdir(parents=True, exist_ok=True)
        for sheet in sheets:
            text = msgspec.json.format(msgspec.json.encode(sheet), indent=1)
            (out / f"{sheet.name}.json").write_bytes(text + b"\n")
    except OSError as cause:
        raise BankError(f"{str(out)!r} cannot be written ({cause.strerror}); choose another folder") from cause
    say(f"{out} holds {counted(len(sheets), 'sheet')} of {loaded.name}; each item is on {readers} of them")


def pilot_items(
    bank: Annotated[str, typer.Argument(help="Shipped bank or a bank file.")],
    sheets: Annotated[Path, typer.Option(help="Folder of the sheets (.json).")],
    letters: Annotated[Path, typer.Option(help="Folder of the readers' answers (.json).")],
    out: Annotated[Path | None, typer.Option(help="Where the bank with the counts goes (.yaml or .json).")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Filled from the decorator."""
    from evenhand.bank.load import load_bank
    from evenhand.bank.pilot import changed_items, count_letters, read_letters, read_sheets, with_pilot
    from evenhand.bank.write import write_bank

    loaded = load_bank(bank)
    shown = read_sheets(sorted(sheets.glob("*.json")))
    given = {path.name: read_letters(path) for path in sorted(letters.glob("*.json"))}
    if not shown or not given:
        empty = letters if shown else sheets
        raise BankError(f"{str(empty)!r} holds no .json file; name the folder that does")
    chosen = count_letters(loaded, sheets=shown, letters=given)
    rows: list[tuple[object, ...]] = []
    for item in loaded.items:
        for pilot in chosen.get(item.id, ()):
            right = pilot.answers.get(item.key, 0)
            others = ", ".join(f"{option} {count}" for option, count in pilot.answers.items() if option != item.key)
            total = sum(pilot.answers.values()) + pilot.unanswered
            rows.append((item.id, pilot.readers, item.key, right, total, others, pilot.unanswered))
    print_rows(("item", "readers", "key", "right", "asked", "other choices", "unanswered"), rows, json=json)
    items, files = counted(len(loaded.items), "item"), counted(len(given), "file")
    say(f"answered: {len(chosen)} of {items}, by {files}", error=True)
    if changed := changed_items(loaded, shown):
        named = ", ".join(changed[:5]) + (", ..." if len(changed) > 5 else "")
        items = counted(len(changed), "item")
        say(f"{items} changed since the sheets were made; not counted: {named}", error=True)
    if out is not None:
        write_bank(with_pilot(loaded, chosen), out)
        say(f"the bank with its counts is {out}", error=True)
