from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evenhand.errors import PlanError
from evenhand.plan.file import stamp_plan
from evenhand.plan.questions import Questions
from evenhand.records.plan import Design, PromptFile
from evenhand.store.store import open_store
from tests.support.small_plan import small_plan


def test_the_none_arm_shows_the_question_and_nothing_of_a_user() -> None:
    questions = Questions(small_plan())
    cell, meeting = next(pair for pair in questions.crossing.pairs() if pair[0].arm == "none")
    work = questions.work(cell, meeting)
    system, user = work.request.messages
    assert system.content == "You are a helpful assistant."
    assert "user" not in user.content.lower()
    assert user.content.endswith("Answer with the letter of the best option only.")


def test_a_profile_arm_differs_from_none_in_the_memory_alone() -> None:
    questions = Questions(small_plan())
    by_arm = {}
    for cell, meeting in questions.crossing.pairs():
        if cell.item == "i0" and cell.order_index == 0:
            by_arm[cell.arm] = questions.work(cell, meeting).request.messages
    none = by_arm.pop("none")
    assert by_arm
    for messages in by_arm.values():
        assert messages[-1] == none[-1]
        assert messages[0].content.startswith(none[0].content)
        assert "The user" in messages[0].content


def test_options_stand_in_the_cells_order() -> None:
    questions = Questions(small_plan())
    for cell, meeting in questions.crossing.pairs():
        lines = questions.work(cell, meeting).request.messages[-1].content.splitlines()
        shown = [line[3:] for line in lines if line[1:3] == ". "]
        assert shown == [meeting.item.options[index].text for index in cell.option_order]


def test_a_none_arm_that_would_show_a_profile_is_refused() -> None:
    plan = small_plan()
    fact = plan.cohorts[0].profiles[0].facts[0].text
    prompts = tuple(
        PromptFile(name=p.name, sha256=p.sha256, text=p.text + "\n" + fact) if p.name == "memory/base.md.j2" else p
        for p in plan.prompts
    )
    with pytest.raises(PlanError):
        Questions(stamp_plan(msgspec.structs.replace(plan, prompts=prompts)))


def test_what_is_in_the_store_is_not_rendered_again(tmp_path: Path) -> None:
    plan = small_plan()
    questions = Questions(plan)
    with open_store(tmp_path / "trials.sqlite", plan_sha256=plan.sha256) as store:
        every = list(questions.missing(store, model=plan.models[0].name, by_arm=True))
        assert len(every) == questions.crossing.size()


@pytest.mark.parametrize("placement", ["system", "narrative", "history", "retrieved", "tool"])
def test_every_placement_carries_the_facts_and_ends_with_the_question(placement: str) -> None:
    design = msgspec.convert({"pairs_per_item": 1, "placements": [placement], "placebo_per_item": 0}, Design)
    questions = Questions(
        stamp_plan(msgspec.structs.replace(small_plan(design), distractors=("The user prefers blue pens.",) * 8))
    )
    cell, meeting = next(pair for pair in questions.crossing.pairs() if pair[1].arm.kind == "profile")
    messages = questions.work(cell, meeting).request.messages
    assert messages[-1].role == "user"
    assert meeting.item.stem in messages[-1].content
    seen = " ".join(f"{message.content} {message.tool_arguments or ''}" for message in messages[:-1]).lower()
    assert "house" in seen or placement == "retrieved"


def test_the_lookup_knows_the_best_option_as_shown() -> None:
    questions = Questions(small_plan())
    lookup = questions.lookup()
    for cell, meeting in questions.crossing.pairs():
        context = lookup(cell.cell_key)
        assert context.options == tuple(meeting.item.options[index].id for index in cell.option_order)
        assert context.keyed_option == meeting.item.key
        assert context.arm_kind == meeting.arm.kind
