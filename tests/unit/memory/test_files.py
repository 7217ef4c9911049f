from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.memory.files import ROOT, MemoryFiles
from evenhand.memory.remember import MemorySources, remember
from evenhand.memory.templates import load_templates
from evenhand.records.profile import Arm, Fact

USER = f"{ROOT}/user.md"


@pytest.fixture
def files() -> MemoryFiles:
    made = MemoryFiles()
    made.run({"command": "create", "path": USER, "file_text": "Keeps bees.\nRents a flat."})
    made.run({"command": "create", "path": f"{ROOT}/work/notes.md", "file_text": "Nurse."})
    return made


def test_a_folder_lists_its_files_and_a_file_its_lines(files: MemoryFiles) -> None:
    assert files.run({"command": "view", "path": ROOT}).splitlines()[1:] == [USER, f"{ROOT}/work/notes.md"]
    lines = files.run({"command": "view", "path": USER}).splitlines()[1:]
    assert lines == ["     1\tKeeps bees.", "     2\tRents a flat."]
    shown = files.run({"command": "view", "path": USER, "view_range": [2, -1]})
    assert shown.splitlines()[1:] == ["     2\tRents a flat."]
    assert MemoryFiles().run({"command": "view", "path": ROOT}) == f"{ROOT} is empty."


def test_files_are_changed_moved_and_deleted(files: MemoryFiles) -> None:
    files.run({"command": "str_replace", "path": USER, "old_str": "bees", "new_str": "hens"})
    files.run({"command": "insert", "path": USER, "insert_line": 1, "insert_text": "Sings.\n"})
    assert files.texts[USER] == "Keeps hens.\nSings.\nRents a flat."
    files.run({"command": "rename", "old_path": f"{ROOT}/work", "new_path": f"{ROOT}/job"})
    assert list(files.texts) == [f"{ROOT}/job/notes.md", USER]
    files.run({"command": "delete", "path": f"{ROOT}/job"})
    assert list(files.texts) == [USER]
    files.run({"command": "create", "path": USER, "file_text": ""})
    assert files.texts == {USER: ""}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"command": "view", "path": f"{ROOT}/none.md"}, "there is no"),
        ({"command": "view", "path": "/etc/passwd"}, "is not within"),
        ({"command": "view", "path": f"{ROOT}/../etc/passwd"}, "is not within"),
        ({"command": "view", "path": f"{ROOT}/%2e%2e/etc"}, "is not within"),
        ({"command": "view", "path": f"{ROOT}/%252e%252e/etc"}, "is not within"),
        ({"command": "view", "path": f"{ROOT}/..\\..\\etc"}, "is not within"),
        ({"command": "view", "path": f"{ROOT}x/user.md"}, "is not within"),
        ({"command": "view", "path": USER, "view_range": [2, 9]}, "view_range"),
        ({"command": "view"}, "needs path"),
        ({"command": "create", "path": USER}, "needs file_text"),
        ({"command": "create", "path": f"{ROOT}/work", "file_text": "x"}, "is a folder"),
        ({"command": "create", "path": f"{USER}/x", "file_text": "x"}, "is a file, not a folder"),
        ({"command": "create", "path": USER, "file_text": "x" * 1_000_001}, "1,000,000 characters"),
        ({"command": "str_replace", "path": USER, "old_str": "e", "new_str": "x"}, "must be there once"),
        ({"command": "str_replace", "path": USER, "old_str": "", "new_str": "x"}, "must be there once"),
        ({"command": "insert", "path": USER, "insert_line": 9, "insert_text": "x"}, "insert_line is 9"),
        ({"command": "insert", "path": USER, "insert_text": "x"}, "insert_line is None"),
        ({"command": "delete", "path": ROOT}, "cannot be deleted"),
        ({"command": "delete", "path": f"{ROOT}/none"}, "there is no"),
        ({"command": "rename", "old_path": USER, "new_path": f"{ROOT}/work"}, "is there already"),
        ({"command": "rename", "old_path": f"{ROOT}/work", "new_path": f"{ROOT}/work/in"}, "is inside"),
        ({"command": "rename", "old_path": ROOT, "new_path": f"{ROOT}/x"}, "there is no"),
        ({"command": "format", "path": ROOT}, "The commands are view, create"),
        ({"command": "view", "path": ROOT, "mode": 1}, "unknown field"),
        ({"path": ROOT}, "missing required field"),
    ],
)
def test_a_call_that_cannot_be_carried_out_changes_nothing_and_says_why(
    files: MemoryFiles, call: dict[str, object], said: str
) -> None:
    before = files.texts
    answered = files.run(call)
    assert answered.startswith("Error: ") and said in answered
    assert files.texts == before


@given(st.text(max_size=60))
def test_no_path_leaves_the_root(path: str) -> None:
    made = MemoryFiles()
    made.run({"command": "create", "path": path, "file_text": "x"})
    made.run({"command": "create", "path": f"{ROOT}/{path}", "file_text": "x"})
    assert all(name.startswith(f"{ROOT}/") and ".." not in name.split("/") for name in made.texts)


def test_the_placement_is_a_look_into_the_files_that_hold_the_facts() -> None:
    arm = Arm(
        id="mine/one",
        kind="profile",
        facts=(
            Fact(text="The user is a nurse.", dimension="identity"),
            Fact(text="The user sings.", dimension="neutral"),
        ),
    )
    sources = MemorySources(templates=load_templates())
    seen = remember(arm, placement="files", reader="none", query="", sources=sources).messages
    assert [turn.role for turn in seen] == ["system", "user", "assistant", "tool", "assistant", "tool", "assistant"]
    assert [turn.tool_arguments for turn in seen if turn.tool_arguments] == [
        '{"command":"view","path":"/memories"}',
        '{"command":"view","path":"/memories/user.md"}',
    ]
    assert len({turn.tool_call_id for turn in seen if turn.tool_call_id}) == 2
    last = seen[5].content.splitlines()[1:]
    assert [line.partition("] ")[2] for line in last] == ["The user is a nurse.", "The user sings."]
