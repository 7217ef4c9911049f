"""A bank is asked in its own language; what does not go together is refused with the way out."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.load import load_bank
from evenhand.bank.write import write_bank, write_cohort
from evenhand.errors import BankError, CohortError, UsageError
from evenhand.plan.languages import asked_language, check_languages
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.plan.questions import Questions
from evenhand.records.item import Bank
from evenhand.records.language import LANGUAGES, language_name, language_of
from evenhand.records.plan import Design, Plan
from evenhand.records.profile import Cohort

SMALL = Design(kinds=("understanding",), none_repeats=1, placebo_per_item=0.5, profiles_per_item=0, items_per_kind=4)


def bank_in(tag: str, *, name: str = "mine") -> Bank:
    """Shipped items that say they are in another language; only what is around them is looked at."""
    bank = load_bank("understanding")
    items = tuple(msgspec.structs.replace(item, id=f"{name}-{item.id}") for item in bank.items[:6])
    return msgspec.structs.replace(bank, name=name, language=tag, items=items)


def plan_of(folder: Path, *banks: Bank, design: Design = SMALL) -> Plan:
    paths = [folder / f"{bank.name}.yaml" for bank in banks]
    for bank, path in zip(banks, paths, strict=True):
        write_bank(bank, path)
    names = tuple(map(str, paths))
    return make_plan(PlanRequest(models=("simulated/null",), preset="quick", design=design, banks=names))


def sent(plan: Plan) -> list[str]:
    questions = Questions(plan)
    works = (questions.work(cell, meeting) for cell, meeting in questions.crossing.pairs())
    return ["\n".join(message.content for message in work.request.messages) for work in works]


@pytest.mark.parametrize(
    ("tag", "language"),
    [("en-GB", "en"), ("de", "de"), ("de_AT", "de"), ("zh-Hans-CN", "zh"), ("ES", "es"), ("fr-CA", "fr"), ("nl", None)],
)
def test_a_tag_tells_its_language_whatever_its_region(tag: str, language: str | None) -> None:
    assert language_of(tag) == language


def test_languages_have_names_and_others_are_called_by_their_tag() -> None:
    assert [language_name(tag) for tag in LANGUAGES] == ["English", "German", "Spanish", "French", "Chinese"]
    assert (language_name("zh-TW"), language_name("nl"), language_name("mul")) == ("Chinese", "nl", "several languages")


@pytest.mark.parametrize(
    ("tag", "base", "instruction"),
    [
        ("de", "Du bist ein hilfreicher Assistent.", "Antworte nur mit dem Buchstaben der besten Option."),
        ("es", "Eres un asistente servicial.", "Responde solo con la letra de la mejor opción."),
        ("fr", "Vous êtes un assistant utile.", "Répondez uniquement par la lettre de la meilleure option."),
        ("zh", "你是一个乐于助人的助手。", "请只回答最佳选项的字母。"),
    ],
)
def test_everything_around_an_item_is_in_the_language_of_its_bank(
    tmp_path: Path, tag: str, base: str, instruction: str
) -> None:
    texts = sent(plan_of(tmp_path, bank_in(tag)))
    assert all(text.startswith(base) and text.endswith(instruction) for text in texts)
    assert not any("You are a helpful" in text or "Saved memories" in text for text in texts)


def test_banks_of_two_languages_in_a_plan_are_each_asked_in_their_own(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, bank_in("de", name="one"), bank_in("en", name="two"), design=SMALL)
    german = [text for text in sent(plan) if text.startswith("Du bist")]
    english = [text for text in sent(plan) if text.startswith("You are")]
    assert german and english and len(german) + len(english) == len(sent(plan))
    names = {prompt.name for prompt in plan.prompts}
    assert {"memory/base.md.j2", "memory/de/base.md.j2", "scoring/de/ask-choice_letter.md.j2"} <= names


def test_a_plan_from_before_is_asked_as_it_was(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, bank_in("de"))
    before = msgspec.structs.replace(plan, prompts=tuple(one for one in plan.prompts if "/de/" not in one.name))
    assert all(text.startswith("You are") for text in sent(before))


def test_the_language_is_part_of_what_a_cell_is(tmp_path: Path) -> None:
    def keys(tag: str) -> set[str]:
        pairs = Questions(plan_of(tmp_path, bank_in(tag))).crossing.pairs()
        return {cell.cell_key for cell, _ in pairs}

    assert not keys("de") & keys("fr")
    assert keys("en") == keys("en-GB")


def test_a_bank_without_instructions_in_its_language_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(
        BankError, match=r"is in 'nl', and instructions are there in en \(English\), de .*--instructions en"
    ):
        plan_of(tmp_path, bank_in("nl"))
    with pytest.raises(BankError, match=r"has items in several languages.*--option language=zh.*--instructions en"):
        plan_of(tmp_path, bank_in("mul"))
    plan = plan_of(tmp_path, bank_in("nl"), design=msgspec.structs.replace(SMALL, instructions="de"))
    assert all(text.startswith("Du bist") for text in sent(plan))


def test_an_unknown_language_of_instructions_is_refused_with_the_near_miss() -> None:
    with pytest.raises(UsageError, match=r"instructions 'dee' \(did you mean 'de'\?\); allowed are en, de, es, fr, zh"):
        Design(instructions="dee")  # type: ignore[arg-type]  # what a file may hold


def test_what_reads_english_is_refused_for_other_languages() -> None:
    german = bank_in("de")
    for design, message in (
        (msgspec.structs.replace(SMALL, placements=("retrieved",)), "a search of memory by its words finds nothing"),
        (msgspec.structs.replace(SMALL, placements=("told",)), "what a product is told for its memory is in English"),
        (msgspec.structs.replace(SMALL, written=("understanding",)), "written answers are measured by English words"),
    ):
        with pytest.raises(UsageError, match=message):
            check_languages([german], [], design)
        assert check_languages([bank_in("en")], [], design) == ("en",)
    assert asked_language(german, SMALL) == "de"


def test_a_cohort_in_another_language_needs_what_ours_has_in_english(tmp_path: Path) -> None:
    cohort: Cohort = msgspec.structs.replace(load_cohort("tone"), language="de")
    history = msgspec.structs.replace(SMALL, placements=("history",))
    with pytest.raises(UsageError, match="earlier turns are made from English facts only"):
        check_languages([bank_in("de")], [cohort], history)
    with pytest.raises(UsageError, match="the other notes of the memory that is searched are in English"):
        check_languages([bank_in("en")], [cohort], msgspec.structs.replace(SMALL, placements=("retrieved",)))
    assert check_languages([bank_in("de")], [cohort], SMALL) == ("de",)
    path = tmp_path / "cohort.yaml"
    write_cohort(cohort, path)
    assert load_cohort(str(path)).language == "de"
    write_cohort(msgspec.structs.replace(cohort, placebo=()), path)
    with pytest.raises(CohortError, match="is in 'de' and has no placebo profiles, and ours are in English"):
        load_cohort(str(path))
