from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.errors import PlanError, UsageError
from evenhand.memory.own_prompts import MEMORY_MARK, SYSTEM_PROMPT, own_templates, with_memory
from evenhand.memory.remember import MemorySources, remember
from evenhand.memory.templates import load_templates, render
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.plan.questions import Questions
from evenhand.records.plan import Design, Plan
from evenhand.records.profile import Arm, Fact, Placement
from tests.support.small_plan import NOW

PROMPT = "You are Pia. {% raw %} {{ user_name }} is typed by our app.\n\n{{ memory }}\n\nAnswer in one line.\n"
TEMPLATE = "What Pia knows:\n{% for fact in facts %}* {{ fact.text }}\n{% endfor %}"
ARM = Arm(id="mine/one", kind="profile", facts=(Fact(text="The user is a nurse.", dimension="identity"),))
NONE = Arm(id="none", kind="none")


def templates(folder: Path, *, prompt: str | None = None, template: str | None = None) -> dict[str, str]:
    paths: list[Path | None] = []
    for name, text in (("prompt.txt", prompt), ("memory.md", template)):
        path = folder / name
        if text is not None:
            path.write_text(text, encoding="utf-8")
        paths.append(path if text is not None else None)
    return own_templates(load_templates(), system_prompt=paths[0], memory_template=paths[1], placements=("system",))


def content(made: dict[str, str], arm: Arm, placement: Placement = "system") -> str:
    sources = MemorySources(templates=made)
    return remember(arm, placement=placement, reader="use", query="", sources=sources).messages[0].content


def test_memory_stands_at_the_mark_and_the_rest_of_the_prompt_is_sent_as_it_is(tmp_path: Path) -> None:
    seen = content(templates(tmp_path, prompt=PROMPT, template=TEMPLATE), ARM)
    assert seen == (
        "You are Pia. {% raw %} {{ user_name }} is typed by our app.\n\nWhat Pia knows:\n* The user is a nurse.\n\n"
        "Use what you know of the user when you answer.\n\nAnswer in one line."
    )


def test_without_memory_the_mark_goes_with_its_line(tmp_path: Path) -> None:
    seen = content(templates(tmp_path, prompt=PROMPT), NONE)
    assert seen == "You are Pia. {% raw %} {{ user_name }} is typed by our app.\n\nAnswer in one line."


@pytest.mark.parametrize(
    ("prompt", "memory", "sent"),
    [
        ("Known: {{memory}}; go on.", "a dog", "Known: a dog; go on."),
        ("Known: {{ memory }}; go on.", "", "Known: ; go on."),
        ("First.\n{{ memory }}", "", "First."),
        ("{{ memory }}\n\nLast.", "", "Last."),
        ("{{ memory }}", r"a \1 \g<0> backslash", r"a \1 \g<0> backslash"),
    ],
)
def test_the_mark_alone_is_replaced(prompt: str, memory: str, sent: str) -> None:
    assert with_memory(prompt, memory) == sent


@pytest.mark.parametrize("placement", ["system", "narrative", "retrieved"])
def test_one_template_serves_every_placement_that_writes_memory(tmp_path: Path, placement: Placement) -> None:
    assert "What Pia knows:\n* The user is a nurse." in content(templates(tmp_path, template=TEMPLATE), ARM, placement)


@pytest.mark.parametrize(
    ("prompt", "template", "said"),
    [
        ("You are Pia.", None, "has no mark '{{ memory }}'"),
        ("{{ memory }} and {{ memory }}", None, "has 2 marks"),
        (" \n", None, "is empty"),
        ("x" * 200_001, None, "200,001 characters"),
        (None, "Nothing of note.", "leaves every fact out"),
        (None, "{{ facts[0].text }}", "leaves a fact out"),
        (None, "{{ memory }}", "'memory' is undefined"),
        (None, "{% for %}", "cannot be rendered"),
        (None, "{{ ''.__class__.__mro__ }}{{ text }}", "unsafe"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_refused(
    tmp_path: Path, prompt: str | None, template: str | None, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        templates(tmp_path, prompt=prompt, template=template)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    for name, said in (("none.txt", "cannot be read"), ("bytes.txt", "UTF-8")):
        (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00{")
        with pytest.raises(UsageError, match=said):
            own_templates(load_templates(), system_prompt=tmp_path / name, memory_template=None, placements=("system",))


def test_a_template_for_placements_without_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "memory.md"
    path.write_text(TEMPLATE, encoding="utf-8")
    with pytest.raises(UsageError, match="history only"):
        own_templates(load_templates(), system_prompt=None, memory_template=path, placements=("history",))


def test_a_template_reaches_nothing_but_its_values() -> None:
    with pytest.raises(PlanError, match="unsafe"):
        render(
            {"memory/system.md.j2": "{{ facts.append.__globals__ }}{{ ().__class__.__subclasses__() }}"},
            "system",
            facts=[],
        )


def planned(folder: Path) -> Plan:
    (folder / "prompt.txt").write_text(PROMPT, encoding="utf-8")
    (folder / "memory.md").write_text(TEMPLATE, encoding="utf-8")
    request = PlanRequest(
        models=("simulated/null",),
        design=Design(kinds=("understanding",), items_per_kind=2, placements=("system", "history")),
        system_prompt=str(folder / "prompt.txt"),
        memory_template=str(folder / "memory.md"),
    )
    return make_plan(request, now=NOW)


def test_the_plan_holds_both_and_asks_with_them_when_the_files_are_gone(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    frozen = {prompt.name: prompt.text for prompt in plan.prompts}
    assert frozen[SYSTEM_PROMPT] == PROMPT and MEMORY_MARK in frozen[SYSTEM_PROMPT]
    assert "memory/base.md.j2" not in frozen
    for name in ("prompt.txt", "memory.md"):
        (tmp_path / name).unlink()
    questions = Questions(plan)
    for cell, meeting in questions.crossing.pairs():
        first = questions.work(cell, meeting).request.messages[0].content
        assert first.startswith("You are Pia.") and first.endswith("Answer in one line.")
        assert ("What Pia knows" in first) == (meeting.arm.kind != "none" and cell.condition.placement == "system")


def test_another_prompt_makes_another_plan_and_other_cells(tmp_path: Path) -> None:
    one = planned(tmp_path)
    bare = make_plan(PlanRequest(models=("simulated/null",), design=one.design), now=NOW)
    keys = [next(iter(Questions(plan).crossing.pairs()))[0].cell_key for plan in (one, bare)]
    assert one.sha256 != bare.sha256 and keys[0] != keys[1]


def test_a_fact_of_a_profile_in_the_products_prompt_stops_the_run(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    fact = plan.cohorts[0].profiles[0].facts[0].text
    (tmp_path / "bad.txt").write_text(f"{fact}\n{{{{ memory }}}}", encoding="utf-8")
    request = PlanRequest(models=("simulated/null",), design=plan.design, system_prompt=str(tmp_path / "bad.txt"))
    with pytest.raises(PlanError, match="--system-prompt"):
        Questions(make_plan(request, now=NOW))
