"""Whole audits of products with their own memory: made, checked, used, cleared."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evenhand.audit import audit
from evenhand.endpoints.python_target import load_target
from evenhand.errors import EndpointError, EvenhandError, MemoryLeak, PlanError
from evenhand.plan.users import PlanUsers
from evenhand.records.product_memory import (
    CANARY_STEPS,
    CanaryAnswer,
    CanaryPassed,
    MemoryEvent,
    UserCleared,
    UserOpened,
    UserStored,
)
from evenhand.run import patiently
from evenhand.run.limits import Limits
from evenhand.store.memory_journal import MEMORY_FILE, MemoryJournal, read_memory_events
from evenhand.store.reading import open_trials
from tests.support.product_plan import FILE, held, product_name, product_plan, use_folder


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(patiently, "_PAUSE_S", 0.001)
    return use_folder(tmp_path, monkeypatch)


def events(run: Path) -> list[MemoryEvent]:
    return list(read_memory_events(run / MEMORY_FILE))


def opened_and_cleared(run: Path) -> tuple[set[str], set[str]]:
    found = events(run)
    return (
        {event.user for event in found if isinstance(event, UserOpened)},
        {event.user for event in found if isinstance(event, UserCleared)},
    )


@pytest.mark.parametrize("product", ["Sound", "NoRecall", "Asynchronous"])
def test_every_arm_has_a_user_whose_answers_follow_from_its_own_facts_and_nothing_is_left(
    product: str, tmp_path: Path, memory: Path
) -> None:
    plan = product_plan(product, placements=("stored", "told"))
    run = audit(plan, tmp_path / "run")
    assert run.asked.outcomes["answered"] == run.asked.asked > 0
    users = {user.id: user for user in PlanUsers(plan).everybody(product_name(product))}
    facts = {(user.arm, user.item, user.placement): user.facts for user in users.values()}
    with open_trials(tmp_path / "run" / "trials.sqlite") as trials:
        for row in trials.rows():
            cell, reply = row.cell, row.trial.reply
            own = cell.item if cell.arm == "item_fact" else ""
            placement = cell.condition.placement
            given = facts[(cell.arm, own, placement)]
            assert reply is not None and [turn.role for turn in trials.messages(row)] == ["user"]
            if placement == "stored" or not given:
                assert reply.text == ("B" if any("rents" in fact for fact in given) else "A")
                expected = {"Sound": given[:3], "NoRecall": None, "Asynchronous": given[:1]}[product]
                assert reply.memories == expected
    assert held(memory) == []
    opened, cleared = opened_and_cleared(tmp_path / "run")
    assert opened == cleared == set(users)
    stored = [event for event in events(tmp_path / "run") if isinstance(event, UserStored)]
    assert {event.user: event.given for event in stored} == {user.id: user.facts for user in users.values()}
    if product == "Sound":
        assert all(event.kept == event.given for event in stored if event.placement == "stored")
    else:
        assert all(event.kept is None for event in stored)


def test_the_canary_is_asked_of_everybody_before_the_first_question_and_once(tmp_path: Path) -> None:
    plan = product_plan("Sound")
    audit(plan, tmp_path / "run", limits=Limits(max_calls=3))
    found = events(tmp_path / "run")
    asked = [event for event in found if isinstance(event, CanaryAnswer)]
    assert {step: sum(one.step == step for one in asked) for step in CANARY_STEPS} == {
        "own": 6,
        "other": 30,
        "none": 6,
        "cleared": 6,
    }
    assert [one.step for one in asked if one.found] == ["own"] * 6
    passed = next(place for place, event in enumerate(found) if isinstance(event, CanaryPassed))
    assert min(place for place, event in enumerate(found) if isinstance(event, UserStored)) > passed
    audit(plan, tmp_path / "run")
    again = [event for event in events(tmp_path / "run") if isinstance(event, CanaryAnswer)]
    assert again == asked


@pytest.mark.parametrize(
    ("product", "error", "code", "said"),
    [
        ("Leaky", MemoryLeak, 14, "leaks between users: .* stored for arm"),
        ("LeakyWithoutRecall", MemoryLeak, 14, "leaks between users: .* 36 show a leak"),
        ("Keeping", MemoryLeak, 14, "keeps what it was to forget: .* still holds 6 users"),
        ("Prejudiced", MemoryLeak, 14, "not empty for a user .* 'Users like short answers.'"),
        ("Forgetful", EndpointError, 5, "gave none of 6 made-up facts back"),
        ("Broken", EndpointError, 5, "raised ConnectionError: the store is away"),
    ],
)
def test_a_product_whose_memory_cannot_be_audited_is_asked_nothing(
    product: str, error: type[EvenhandError], code: int, said: str, tmp_path: Path, memory: Path
) -> None:
    with pytest.raises(error, match=said) as caught:
        audit(product_plan(product), tmp_path / "run")
    assert caught.value.exit_code == code
    assert not (tmp_path / "run" / "trials.sqlite").exists()
    assert not any(isinstance(event, CanaryPassed) for event in events(tmp_path / "run"))
    if product != "Keeping":
        assert held(memory) == []


def test_users_left_by_a_run_that_was_killed_are_cleared_by_the_next_though_nothing_is_asked(
    tmp_path: Path, memory: Path
) -> None:
    plan, run = product_plan("Sound"), tmp_path / "run"
    audit(plan, run)
    asked = sum(isinstance(event, CanaryAnswer) for event in events(run))
    (memory / "evenhand-left.json").write_text('["The user owns a dog."]', encoding="utf-8")
    MemoryJournal(run / MEMORY_FILE).add(UserOpened(user="evenhand-left", model=product_name("Sound")))
    assert audit(plan, run).asked.asked == 0
    assert held(memory) == []
    assert sum(isinstance(event, CanaryAnswer) for event in events(run)) == asked


def test_a_user_left_behind_is_told_though_all_was_answered_and_cleared_later(
    tmp_path: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, run = product_plan("Sound"), tmp_path / "run"
    sound = load_target(f"{FILE}:Sound")
    forget = sound.forget  # type: ignore[attr-defined]
    away: list[str] = []

    def fails_after_the_questions(self: object, user: str) -> None:
        if away:
            raise ConnectionError("the store is away")
        forget(self, user)

    reply = sound.reply  # type: ignore[attr-defined]

    def asked(self: object, user: str, messages: list[dict[str, str]]) -> object:
        if "called" not in messages[-1]["content"] and (memory / f"{user}.json").exists():
            away.append(user)
        return reply(self, user, messages)

    with monkeypatch.context() as patched:
        patched.setattr(sound, "forget", fails_after_the_questions)
        patched.setattr(sound, "reply", asked)
        with pytest.raises(EndpointError, match=r"still holds \d+ users of this run.*the store is away"):
            audit(plan, run, limits=Limits(max_calls=8))
    assert held(memory)
    audit(plan, run)
    assert held(memory) == []


def test_a_product_whose_file_changed_is_not_asked_again(tmp_path: Path, memory: Path) -> None:
    file = tmp_path / "app.py"
    file.write_bytes(FILE.read_bytes())
    plan = product_plan("Sound")
    moved = msgspec.structs.replace(plan.models[0], name=f"python:{file}:Sound", sources=())
    from evenhand.plan.make import PlanRequest, make_plan

    made = make_plan(PlanRequest(models=(moved,), design=plan.design))
    audit(made, tmp_path / "run", limits=Limits(max_calls=2))
    file.write_bytes(FILE.read_bytes() + b"\n# changed\n")
    with pytest.raises(PlanError, match="has changed since the plan was made"):
        audit(made, tmp_path / "run")
