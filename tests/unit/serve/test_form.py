from __future__ import annotations

import re

from evenhand.memory.remember import TOOL_NAME, MemorySources, remember
from evenhand.memory.templates import load_templates
from evenhand.records.profile import READERS, Arm, Fact, Placement
from evenhand.serve.block import block_of, json_block
from evenhand.serve.finder import parts_of
from evenhand.serve.form import entry_pattern, shipped_forms

FACTS = tuple(Fact(text=f"The user has {word}.", dimension="neutral") for word in ("one cat", "two dogs", "a boat"))
SOURCES = MemorySources(templates=load_templates())
PLACEMENTS: dict[str, Placement] = {"system": "system", "retrieved": "retrieved", "narrative": "narrative"}


def test_the_shipped_forms_find_exactly_the_facts_that_the_shipped_prompts_show() -> None:
    arm = Arm(id="a", kind="profile", facts=FACTS)
    assert [form.name for form in shipped_forms().marked] == list(PLACEMENTS)
    for form in shipped_forms().marked:
        for reader in READERS:
            shown = remember(arm, placement=PLACEMENTS[form.name], reader=reader, query="a boat", sources=SOURCES)
            text = shown.messages[0].content
            (part,) = parts_of(text, shipped_forms().marked)
            found = block_of(text[part.start : part.end], form).texts
            assert sorted(found) == sorted(fact.text for fact in FACTS)


def test_the_shipped_tool_is_the_one_of_the_shipped_prompts() -> None:
    (tool,) = shipped_forms().tools
    arm = Arm(id="a", kind="profile", facts=FACTS)
    shown = remember(arm, placement="tool", reader="none", query="", sources=SOURCES)
    result = next(turn for turn in shown.messages if turn.role == "tool")
    assert tool.tool == TOOL_NAME == result.tool_name
    found = json_block(result.content, list_name=tool.list, text_name=tool.text).texts
    assert found == tuple(fact.text for fact in FACTS)


def test_a_placeholder_stands_for_one_line_and_a_number_for_digits() -> None:
    begins, ends = entry_pattern('{number}. "{text}" ({date})')
    assert begins.match('12. "a')
    assert not begins.match('x. "a')
    assert ends is not None
    assert ends.search('a" (2025-01-01)')
    assert not ends.search('a" (2025\n01)')
    assert entry_pattern("- {text}")[1] is None


def test_a_long_line_that_almost_fits_an_entry_takes_no_time() -> None:
    begins, ends = entry_pattern('- [{a}] [{b}] "{text}" (saved {date})')
    assert ends is not None
    line = '" (saved ' * 40_000
    assert ends.search(line) is None
    assert begins.match("- [" + "[] " * 40_000) is None
    assert isinstance(begins, re.Pattern)
