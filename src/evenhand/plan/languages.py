"""In which language a bank is asked, and what does not go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evenhand.errors import BankError, UsageError
from evenhand.records.answer_format import formats_of
from evenhand.records.item import Bank
from evenhand.records.language import LANGUAGE_NAMES, LANGUAGES, Language, language_of
from evenhand.records.plan import Design
from evenhand.records.profile import PRODUCT_PLACEMENTS, Cohort

__all__ = ["asked_language", "check_languages", "kept", "spoken"]

_SEVERAL = "mul"
"""What a bank of items in several languages says of itself."""


def asked_language(bank: Bank, design: Design) -> Language:
    """The language of everything around the items of a bank: the design's, else the bank's own.

    Raises:
        BankError: There are no instructions in the bank's language, and the design names no other.
    """
    own = design.instructions or language_of(bank.language)
    if own is not None:
        return own
    ours = ", ".join(f"{tag} ({LANGUAGE_NAMES[tag]})" for tag in LANGUAGES)
    if bank.language == _SEVERAL:
        raise BankError(
            f"bank {bank.name!r} has items in several languages, and is asked in one: import one language alone "
            "(--option language=zh), or have the instructions in one of them (--instructions en), which the report says"
        )
    raise BankError(
        f"bank {bank.name!r} is in {bank.language!r}, and instructions are there in {ours}; correct its field "
        "'language', or have the instructions in another language (--instructions en), which the report says"
    )


def kept(templates: Mapping[str, str], language: Language) -> dict[str, str]:
    """Templates of a language by the names under which a plan keeps them, such as `memory/de/base.md.j2`."""
    return {_named(name, language): text for name, text in templates.items()}


def spoken(templates: Mapping[str, str], language: Language) -> dict[str, str]:
    """The templates of a plan, each in a language where the plan has it, under its usual name.

    A plan that was made before there were other languages has English ones only, and is asked in English.
    """
    return {name: templates.get(_named(name, language), text) for name, text in templates.items()}


def _named(name: str, language: Language) -> str:
    room, _, file = name.partition("/")
    return name if language == "en" else f"{room}/{language}/{file}"


def check_languages(banks: Sequence[Bank], cohorts: Sequence[Cohort], design: Design) -> tuple[Language, ...]:
    """The languages in which the banks are asked, each once.

    Raises:
        BankError: A bank has no instructions in its language.
        UsageError: What reads or makes texts in English is asked for in another language: written answers, a search
            of memory, or earlier turns made from facts.
    """
    for bank in banks:
        if language_of(bank.language) != "en":
            _check_bank(bank, design)
    for cohort in cohorts:
        if language_of(cohort.language) != "en":
            _check_cohort(cohort, design)
    return tuple(sorted({asked_language(bank, design) for bank in banks}))


def _check_bank(bank: Bank, design: Design) -> None:
    kinds = {item.kind for item in bank.items} & set(design.kinds)
    if any("text" in formats_of(kind, choice=design.answers, written=design.written) for kind in sorted(kinds)):
        raise UsageError(
            f"bank {bank.name!r} is in {bank.language!r}, and written answers are measured by English words; ask its "
            "items to choose or to rate, and leave out --write and --kind advice"
        )
    if product := [one for one in design.placements if one in PRODUCT_PLACEMENTS]:
        raise UsageError(
            f"bank {bank.name!r} is in {bank.language!r}, and what a product is told for its memory is in English; "
            f"leave out --placement {product[0]}"
        )
    if "retrieved" in design.placements:
        raise UsageError(
            f"bank {bank.name!r} is in {bank.language!r}, and a search of memory by its words finds nothing among "
            "English notes; leave out --placement retrieved"
        )


def _check_cohort(cohort: Cohort, design: Design) -> None:
    unsaid = [fact.text for profile in (*cohort.profiles, *cohort.placebo) for fact in profile.facts if not fact.said]
    if "history" in design.placements and unsaid:
        raise UsageError(
            f"cohort {cohort.name!r} is in {cohort.language!r}, and earlier turns are made from English facts only; "
            f"give {unsaid[0]!r} and the others a field 'said', or leave out --placement history"
        )
    if "retrieved" in design.placements:
        raise UsageError(
            f"cohort {cohort.name!r} is in {cohort.language!r}, and the other notes of the memory that is searched are "
            "in English; leave out --placement retrieved"
        )
