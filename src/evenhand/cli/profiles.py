"""`evenhand profiles`: look at cohorts and check them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

import typer

from evenhand.cli.imports import COHORT_HELP, import_cohort
from evenhand.cli.output import counted, print_json, print_rows, print_table, say
from evenhand.errors import CohortError, UsageError
from evenhand.records.profile import CUES, Placement

__all__ = ["app"]

app = typer.Typer(help="The users it is asked of: list, show, check, import.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CohortArgument = Annotated[str, typer.Argument(help="Shipped cohort or a cohort file.")]


@app.command(
    "list",
    help="List the shipped cohorts, or the profiles of one.\n\nExamples:\n\n  evenhand profiles list\n\n"
    "  evenhand profiles list explicit --json",
)
def list_profiles(
    cohort: Annotated[str | None, typer.Argument(help="Shipped cohort or a cohort file.")] = None, json: Json = False
) -> None:
    """Filled from the decorator."""
    from evenhand.bank.cohorts import load_cohort, shipped_cohorts

    if cohort is None:
        loaded = [load_cohort(name, cues=CUES) for name in shipped_cohorts()]
        rows: list[tuple[object, ...]] = [
            (c.name, c.version, len(c.profiles), len(c.placebo), ", ".join(f.id for f in c.factors), c.validated)
            for c in loaded
        ]
        print_rows(("cohort", "version", "profiles", "placebo", "factors", "validated"), rows, json=json)
        return
    found = load_cohort(cohort, cues=CUES)
    people = [*found.profiles, *found.placebo]
    rows = [
        (p.id, p.matched_set, ", ".join(p.levels.values()), p.cue, len(p.facts), sum(len(f.text) for f in p.facts))
        for p in people
    ]
    print_rows(("profile", "matched set", "levels", "cue", "facts", "characters"), rows, json=json)


@app.command(
    "show",
    help="Show a profile, and what an assistant sees of it.\n\nExamples:\n\n"
    "  evenhand profiles show explicit PROFILE\n\n  evenhand profiles show explicit PROFILE --placement history",
)
def show_profile(
    cohort: CohortArgument,
    profile: Annotated[str, typer.Argument(help="Profile id.")],
    placement: Annotated[Placement, typer.Option(help="Where memory sits.")] = "system",
    json: Json = False,
) -> None:
    """Filled from the decorator."""
    from evenhand.bank.cohorts import load_cohort, load_distractors
    from evenhand.memory.remember import MemorySources, remember
    from evenhand.memory.templates import load_templates
    from evenhand.records.profile import Arm

    loaded = load_cohort(cohort, cues=CUES)
    people = {person.id: person for person in (*loaded.profiles, *loaded.placebo)}
    if profile not in people:
        near = get_close_matches(profile, people, n=3)
        hint = f"near: {', '.join(near)}" if near else f"see `evenhand profiles list {cohort}`"
        raise UsageError(f"the cohort {loaded.name!r} has no profile {profile!r}; {hint}")
    person = people[profile]
    if json:
        print_json(person)
        return
    levels = ", ".join(f"{factor} {level}" for factor, level in person.levels.items()) or "no levels"
    say(f"{person.id}  ({levels}; cue {person.cue}; matched set {person.matched_set})\n")
    print_table(("dimension", "fact"), [(fact.dimension, fact.text) for fact in person.facts])
    arm = Arm(id=person.id, kind="profile", facts=person.facts, levels=person.levels, cue=person.cue)
    sources = MemorySources(templates=load_templates(), distractors=load_distractors())
    seen = remember(arm, placement=placement, reader="none", query="What is best to do?", sources=sources)
    say(f"\nAs an assistant sees it ({placement}):")
    for message in seen.messages:
        say(f"\n[{message.role}]\n{message.content or message.tool_arguments or ''}")


@app.command(
    "check",
    help="Check cohorts: balance, matched lengths, placebo facts, facts that contradict items. Exit 3 on errors.\n\n"
    "Examples:\n\n  evenhand profiles check\n\n  evenhand profiles check my-factors.yaml --json",
)
def check_profiles(
    cohorts: Annotated[list[str] | None, typer.Argument(help="Shipped cohorts or files; none: all.")] = None,
    bank: Annotated[
        list[str] | None, typer.Option(help="Bank whose items the facts must not contradict; none: the shipped advice.")
    ] = None,
    json: Json = False,
) -> None:
    """Filled from the decorator."""
    from evenhand.bank.cohorts import load_cohort, shipped_cohorts
    from evenhand.bank.load import load_bank
    from evenhand.bank.profiles_lint import check_against_items, check_cohort, length_table
    from evenhand.memory.voice_lint import check_voice

    loaded = [(name, load_cohort(name, cues=CUES)) for name in cohorts or shipped_cohorts()]
    banks = [load_bank(name) for name in bank or ("management", "twins-management", "benefit")]
    lints = [
        (name, lint)
        for name, cohort in loaded
        for lint in (*check_cohort(cohort), *check_voice(cohort), *check_against_items(cohort, banks))
    ]
    if not json:
        tables = [(name, [row for row in length_table(cohort) if row.cue is not None]) for name, cohort in loaded]
        lengths = [
            (name, len(rows), min(r.shortest for r in rows), max(r.longest for r in rows), max(r.ratio for r in rows))
            for name, rows in tables
        ]
        print_table(("cohort", "matched sets", "shortest", "longest", "worst ratio in a set"), lengths)
    rows: list[tuple[object, ...]] = [
        (name, lint.severity, lint.rule, lint.item, lint.field, lint.message) for name, lint in lints
    ]
    print_rows(("cohort", "severity", "rule", "profile", "field", "message"), rows, json=json)
    errors = sum(lint.severity == "error" for _, lint in lints)
    warnings = sum(lint.severity == "warning" for _, lint in lints)
    say(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}", error=True)
    if errors:
        raise CohortError(f"found: {counted(errors, 'error')}; mend in the order shown and check again")


app.command("import", help=COHORT_HELP)(import_cohort)
