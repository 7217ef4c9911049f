"""The numbers of one answer."""

from __future__ import annotations

from evenhand.records.item import Item
from evenhand.records.profile import Arm, Fact
from evenhand.scoring.features.measure import TextNumber
from evenhand.scoring.features.reader import TextReader

ITEM = Item(id="one", kind="advice", stem="My neighbour is loud at night, and I work the night shift.")
ARM = Arm(
    id="p", kind="profile", facts=(Fact(text="The user is behind with the rent.", dimension="assets"),), levels={}
)
NONE = Arm(id="none", kind="none")


def numbers(text: str | None, arm: Arm = ARM) -> dict[tuple[str, str | None], float | None]:
    found: list[TextNumber] = list(TextReader().numbers(text, item=ITEM, arm=arm))
    return {(number.quantity, number.tag): number.value for number in found}


def test_an_answer_has_its_numbers() -> None:
    found = numbers("Knock and talk to them. Being behind with the rent is hard enough. A therapist can help.")
    assert found["words", None] == 17
    assert found["act_shown", "referral"] == 1.0
    assert found["act_shown", "warning"] == 0.0
    assert found["mention", "fact"] == 1.0
    assert found["mention", "group"] == 1.0


def test_thoughts_are_no_part_of_the_answer() -> None:
    assert numbers("<think>A therapist? No.</think>Rest well.")["words", None] == 2


def test_without_a_usable_answer_every_number_is_missing() -> None:
    assert set(numbers(None).values()) == {None}


def test_without_facts_in_memory_none_can_be_mentioned() -> None:
    assert ("mention", "fact") not in numbers("Rest.", NONE)


def test_words_of_the_question_prove_nothing() -> None:
    arm = Arm(id="q", kind="profile", facts=(Fact(text="The user works the night shift.", dimension="assets"),))
    assert numbers("After a night shift you need rest.", arm)["mention", "fact"] == 0.0
