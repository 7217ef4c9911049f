from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.endpoints.redact import forget, remember
from evenhand.errors import StoreError
from evenhand.records.product_memory import CanaryAnswer, CanaryPassed, MemoryEvent, UserCleared, UserOpened, UserStored
from evenhand.store.memory_journal import MEMORY_FILE, MemoryJournal, read_memory_events


def journal(folder: Path) -> MemoryJournal:
    return MemoryJournal(folder / MEMORY_FILE)


def stored(*kept: str) -> UserStored:
    return UserStored(
        plan="p", user="u", model="m", arm="a", placement="stored", given=("A fact.",), kept=kept, seconds=0.5
    )


def test_events_come_back_in_their_order(tmp_path: Path) -> None:
    events: list[MemoryEvent] = [UserOpened(user="u", model="m"), stored("A fäct."), UserCleared(user="u", model="m")]
    for event in events:
        journal(tmp_path).add(event)
    assert list(read_memory_events(tmp_path / MEMORY_FILE)) == events
    assert list(read_memory_events(tmp_path / "none.jsonl")) == []


def test_users_that_were_not_cleared_are_known_even_after_a_line_was_cut_off(tmp_path: Path) -> None:
    log = journal(tmp_path)
    for name in ("one", "two", "three"):
        log.add(UserOpened(user=name, model="m"))
    log.add(UserOpened(user="other", model="another"))
    log.add(UserCleared(user="two", model="m"))
    with (tmp_path / MEMORY_FILE).open("ab") as file:
        file.write(b'{"type":"cleared","user":"on')
    assert journal(tmp_path).open_users("m") == ("one", "three")
    journal(tmp_path).add(UserCleared(user="three", model="m"))
    assert journal(tmp_path).open_users("m") == ("one",)


def test_a_canary_has_passed_for_its_model_and_plan_only(tmp_path: Path) -> None:
    log = journal(tmp_path)
    assert not log.passed("m", plan="p")
    log.add(CanaryPassed(plan="p", model="m", users=6, of=10))
    assert log.passed("m", plan="p") and not log.passed("m", plan="q") and not log.passed("n", plan="p")


def test_keys_and_broken_characters_are_kept_out(tmp_path: Path) -> None:
    log = journal(tmp_path)
    log.keep_out(("hush-hush-hush",))
    remember("known-secret-of-this-process")
    try:
        log.add(stored("my key is hush-hush-hush", "half \ud800"))
        log.add(
            CanaryAnswer(
                plan="p",
                model="m",
                step="own",
                owner="a",
                asked="a",
                fact="f",
                word="w",
                question="q",
                answer="known-secret-of-this-process",
                memories=("hush-hush-hush",),
            )
        )
    finally:
        forget()
    text = (tmp_path / MEMORY_FILE).read_text(encoding="utf-8")
    assert "hush" not in text and "known-secret" not in text and text.count("[key removed]") == 3
    assert len(list(read_memory_events(tmp_path / MEMORY_FILE))) == 2


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot write"):
        MemoryJournal(tmp_path / "none" / MEMORY_FILE).add(UserOpened(user="u", model="m"))
    with pytest.raises(StoreError, match="cannot read"):
        list(read_memory_events(tmp_path))
