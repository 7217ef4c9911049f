from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.bank.cohorts import load_cohort, load_distractors
from evenhand.errors import PlanError, UsageError
from evenhand.memory.remember import TOOL_NAME, MemorySources, Remembered, remember
from evenhand.memory.templates import load_templates
from evenhand.memory.voice import first_person
from evenhand.records.profile import PLACEMENTS, PRODUCT_PLACEMENTS, READERS, Arm, Fact, Placement, Reader
from tests.support.quickest import quickest

SOURCES = MemorySources(templates=load_templates(), distractors=load_distractors())
BASE = "You are a helpful assistant."
IN_MESSAGES = [placement for placement in PLACEMENTS if placement not in PRODUCT_PLACEMENTS]
NONE = Arm(id="none", kind="none")
STEM = "The rent went up and a friend from the choir moved to a distant town."

VERBS = ("is", "has", "keeps", "likes", "studies", "watches", "went to", "cannot find")
fact_texts = st.lists(
    st.tuples(st.sampled_from(VERBS), st.integers(0, 10**9)), min_size=1, max_size=15, unique=True
).map(lambda drawn: [f"The user {verb} thing {number:x} and more." for verb, number in drawn])
quick = settings(deadline=None)  # the machine may be busy


def arm_of(texts: list[str]) -> Arm:
    facts = tuple(Fact(text=text, dimension="neutral") for text in texts)
    return Arm(id="test/arm", kind="profile", facts=facts)


def shown(arm: Arm, placement: Placement, reader: Reader = "none", query: str = STEM) -> Remembered:
    return remember(arm, placement=placement, reader=reader, query=query, sources=SOURCES)


@quick
@given(fact_texts)
def test_the_fact_list_reads_back_as_the_same_facts(texts: list[str]) -> None:
    content = shown(arm_of(texts), "system").messages[0].content
    assert re.findall(r"^- \[\d{4}-\d\d-\d\d\] (.+)$", content, re.MULTILINE) == texts


@quick
@given(fact_texts)
def test_the_narrative_reads_back_as_the_same_facts(texts: list[str]) -> None:
    paragraph = shown(arm_of(texts), "narrative").messages[0].content.split("\n\n")[-1]
    assert re.findall(r"The user .*?\.(?= |$)", paragraph) == texts


@quick
@given(fact_texts)
def test_the_tool_result_reads_back_as_the_same_facts(texts: list[str]) -> None:
    messages = shown(arm_of(texts), "tool").messages
    result = next(message for message in messages if message.role == "tool")
    assert [entry["text"] for entry in json.loads(result.content)["memories"]] == texts


@quick
@given(fact_texts)
def test_the_history_says_each_fact_once_and_each_is_acknowledged(texts: list[str]) -> None:
    turns = shown(arm_of(texts), "history").messages[1:]
    assert [turn.role for turn in turns] == ["user", "assistant"] * len(texts)
    assert [turn.content for turn in turns[::2]] == [first_person(text) for text in texts]


@quick
@given(fact_texts, st.text(max_size=200))
def test_what_is_retrieved_is_what_is_shown(texts: list[str], query: str) -> None:
    seen = shown(arm_of(texts), "retrieved", query=query)
    notes = re.findall(r'^\d\. "(.+)" \(saved ', seen.messages[0].content, re.MULTILINE)
    assert len(notes) == SOURCES.top_k
    assert seen.retrieved is not None
    assert [note for note in notes if note in texts] == [texts[index] for index in seen.retrieved]
    assert all(note in texts or note in SOURCES.distractors for note in notes)


def test_words_own_words_are_said_as_given() -> None:
    fact = Fact(text="The user goes by they.", said="People call me they.", dimension="identity")
    arm = Arm(id="x/y", kind="profile", facts=(fact,))
    assert shown(arm, "history").messages[1].content == "People call me they."


def test_the_tool_call_precedes_its_result_with_the_same_id() -> None:
    messages = shown(arm_of(["The user is a cook."]), "tool").messages
    assert [message.role for message in messages] == ["system", "user", "assistant", "tool", "assistant"]
    call, result = messages[2], messages[3]
    assert call.tool_name == result.tool_name == TOOL_NAME
    assert call.tool_call_id == result.tool_call_id is not None
    assert json.loads(call.tool_arguments or "") == {"about": "user"}


@pytest.mark.parametrize("placement", IN_MESSAGES)
@pytest.mark.parametrize("reader", READERS)
def test_every_placement_begins_with_the_base_prompt(placement: Placement, reader: Reader) -> None:
    seen = shown(arm_of(["The user is a cook."]), placement, reader)
    assert seen.messages[0].role == "system"
    assert seen.messages[0].content.startswith(BASE)
    assert (seen.retrieved is not None) == (placement == "retrieved")


@pytest.mark.parametrize("placement", IN_MESSAGES)
@pytest.mark.parametrize("reader", READERS)
def test_the_arm_without_memory_has_the_base_prompt_only(placement: Placement, reader: Reader) -> None:
    seen = shown(NONE, placement, reader)
    assert [(message.role, message.content) for message in seen.messages] == [("system", BASE)]
    assert seen.characters == 0
    assert seen.retrieved is None


@pytest.mark.parametrize("placement", IN_MESSAGES)
def test_reader_prompts_add_to_the_system_message_and_nothing_else(placement: Placement) -> None:
    arm = arm_of(["The user is a cook."])
    silent, use, relevant = (shown(arm, placement, reader) for reader in READERS)
    for told in (use, relevant):
        assert told.messages[0].content.startswith(silent.messages[0].content)
        assert told.messages[1:] == silent.messages[1:]
        assert told.characters == silent.characters
    assert use.messages[0].content != relevant.messages[0].content


@pytest.mark.parametrize("placement", IN_MESSAGES)
def test_versions_of_a_persona_differ_in_nothing_but_the_facts(placement: Placement) -> None:
    cohort = load_cohort("explicit")
    first, second = cohort.profiles[:2]
    assert first.matched_set == second.matched_set
    texts = []
    for profile in (first, second):
        seen = shown(Arm(id=profile.id, kind="profile", facts=profile.facts), placement, query="")
        text = "\n".join(f"{message.role}: {message.content}" for message in seen.messages)
        for fact in profile.facts:
            text = text.replace(fact.text, "FACT").replace(first_person(fact.text), "FACT")
        texts.append(text)
    assert texts[0] == texts[1]


@pytest.mark.parametrize("placement", ["system", "narrative", "history", "tool"])
def test_memories_of_a_persona_are_matched_in_length(placement: Placement) -> None:
    cohort = load_cohort("explicit")
    sizes: dict[str, list[int]] = {}
    for profile in cohort.profiles:
        arm = Arm(id=profile.id, kind="profile", facts=profile.facts)
        sizes.setdefault(profile.matched_set, []).append(shown(arm, placement).characters)
    assert max(max(pair) / min(pair) for pair in sizes.values()) <= 1.10


def test_characters_count_the_memory_without_base_and_reader_prompt() -> None:
    seen = shown(arm_of(["The user is a cook."]), "narrative", "use")
    assert seen.characters == len("# User profile\n\nThe user is a cook.")


def test_a_profile_without_facts_is_refused() -> None:
    with pytest.raises(UsageError, match="'x/empty'"):
        shown(Arm(id="x/empty", kind="profile"), "system")


def test_a_plan_without_the_template_is_refused() -> None:
    sources = MemorySources(templates={"memory/base.md.j2": BASE})
    with pytest.raises(PlanError, match=r"memory/system\.md\.j2"):
        remember(arm_of(["The user is a cook."]), placement="system", reader="none", query="", sources=sources)


def test_rendering_a_fact_list_takes_less_than_a_millisecond() -> None:
    arm = arm_of([f"The user likes thing number {index}." for index in range(13)])
    shown(arm, "system")
    assert quickest(lambda: [shown(arm, "system") for _ in range(200)]) / 200 < 0.001


@pytest.mark.parametrize("placement", PRODUCT_PLACEMENTS)
def test_of_a_memory_of_the_assistants_own_nothing_is_shown(placement: Placement) -> None:
    with pytest.raises(UsageError, match="the assistant's own memory"):
        shown(arm_of(["The user owns a dog."]), placement)
