from __future__ import annotations

import msgspec
import pytest

from evenhand.errors import UsageError
from evenhand.interop.exported_cells import exported_cells, model_of, refuse_private
from evenhand.plan.file import stamp_plan
from evenhand.plan.questions import Questions
from evenhand.records.plan import Plan
from tests.support.small_plan import small_bank, small_plan


def with_design(**changes: object) -> Plan:
    plan = small_plan()
    return stamp_plan(msgspec.structs.replace(plan, design=msgspec.structs.replace(plan.design, **changes)))


def test_what_is_exported_is_what_a_run_sends() -> None:
    plan = small_plan()
    questions = Questions(plan)
    sent = {cell.cell_key: questions.work(cell, met).request.messages for cell, met in questions.crossing.pairs()}
    cells = list(exported_cells(plan, model="simulated/null"))
    assert {one.cell.cell_key: one.messages for one in cells} == sent
    assert len(cells) == len(sent)


def test_the_letter_is_that_of_the_best_option_as_shown() -> None:
    for one in exported_cells(small_plan(), model="simulated/null"):
        shown = [one.item.options[index].id for index in one.cell.option_order]
        assert shown["ABCDEFGH".index(one.target)] == one.best
        assert one.fields["letters"] == "ABCDEFGH"[: len(shown)]


def test_levels_and_memory_are_fields() -> None:
    cells = list(exported_cells(small_plan(), model="simulated/null"))
    assert {one.fields["in_memory"] for one in cells} >= {"none", "profile"}
    people = [one for one in cells if one.fields["in_memory"] == "profile" and "position" in one.fields]
    assert {one.fields["position"] for one in people} == {"advantaged", "disadvantaged"}
    assert all("position" not in one.fields for one in cells if one.fields["in_memory"] == "none")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"placements": ("stored",)}, "a memory of its own"),
        ({"mitigations": ("none", "instruct")}, "tries 'instruct'"),
    ],
)
def test_what_another_tool_cannot_do_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        list(exported_cells(with_design(**changes), model="simulated/null"))


def test_a_model_is_the_only_one_or_named() -> None:
    plan = small_plan()
    assert model_of(plan, None) == "simulated/null"
    with pytest.raises(UsageError, match=r"no model 'simulated/nul' \(did you mean"):
        model_of(plan, "simulated/nul")
    other = msgspec.structs.replace(plan.models[0], name="simulated/tilted")
    both = msgspec.structs.replace(plan, models=(*plan.models, other))
    with pytest.raises(UsageError, match="asks 2 models"):
        model_of(both, None)


def test_private_texts_are_named() -> None:
    refuse_private(small_plan())
    with pytest.raises(UsageError, match="small may not be passed on"):
        refuse_private(small_plan(bank=small_bank(redistribute=False)))
