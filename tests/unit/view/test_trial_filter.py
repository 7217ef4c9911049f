from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.errors import UsageError
from evenhand.records.message import Reply
from evenhand.records.trial import Answered, Outcome, Refused
from evenhand.store.reading import open_trials
from evenhand.view.followed_run import Snapshot
from evenhand.view.index_build import bring_up_to_date
from evenhand.view.index_file import index_path
from evenhand.view.known_plan import KnownPlan
from evenhand.view.trial_columns import load_columns
from evenhand.view.trial_filter import TrialFilter, choices, matching, read_filter
from evenhand.view.trial_pages import table_and_row
from tests.support.viewed_run import says, viewed_run


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    def answer(cell: object, meeting: object) -> tuple[Outcome, Reply | None]:
        item = meeting.item.id  # type: ignore[attr-defined]
        if item == "i5":
            return Refused(by="assistant"), says("I would rather not.")
        return Answered(choice="a"), says(f"The answer to {item} is a.")

    plan = viewed_run(tmp_path, answer)
    store = tmp_path / "trials.sqlite"
    bring_up_to_date(store, told=lambda _: True)
    return Snapshot(load_columns(index_path(store)), KnownPlan(plan), index_path(store))


@pytest.mark.parametrize(
    "asked",
    [
        {"item": "i2"},
        {"arm": "none"},
        {"outcome": "refused"},
        {"group": "position=disadvantaged"},
        {"group": "gender=female", "item": "i1"},
        {"kind": "understanding", "outcome": "answered"},
        {"placement": "system", "cue": "stated"},
        {"q": "rather", "inside": "answers"},
        {"q": "rather", "item": "i2"},
        {"q": '"parcel number 4"', "inside": "prompts", "arm": "none"},
    ],
    ids=str,
)
def test_a_filter_finds_what_reading_every_trial_finds(
    snapshot: Snapshot, asked: dict[str, str], tmp_path: Path
) -> None:
    filter, known = read_filter(asked, snapshot.known), snapshot.known
    found_words = snapshot.having(filter.q, inside=filter.inside)
    marks = matching(filter, snapshot.columns, known, found=found_words)
    found, expected = set(), set()
    with open_trials(tmp_path / "trials.sqlite") as trials:
        for place in range(len(snapshot.columns)):
            stored = trials.at(*table_and_row(snapshot.columns, place))
            assert stored is not None
            if marks[place]:
                found.add(stored.cell.cell_key)
        for stored in trials.rows():
            cell, arm = stored.cell, known.arms[stored.cell.arm]
            answer = stored.trial.reply.text if stored.trial.reply is not None else ""
            prompts = " ".join(message.content for message in trials.messages(stored))
            inside = {"answers": answer, "prompts": prompts, "both": f"{answer} {prompts}"}[filter.inside]
            factor, _, level = filter.group.partition("=")
            kept = (
                filter.item in ("", cell.item)
                and filter.arm in ("", cell.arm)
                and filter.outcome in ("", "refused" if cell.item == "i5" else "answered")
                and (not factor or arm.levels.get(factor) == level)
                and filter.cue in ("", str(cell.condition.cue))
                and filter.q.strip('"') in inside
            )
            if kept:
                expected.add(cell.cell_key)
    assert found == expected
    assert found or filter.q


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"model": "simulated/nul"},
            r"there is no model 'simulated/nul' \(did you mean 'simulated/null'\?\); allowed:",
        ),
        ({"outcome": "answerd"}, r"did you mean 'answered'"),
        ({"group": "gender"}, "there is no group 'gender'"),
        ({"inside": "elsewhere"}, "there is no inside 'elsewhere'; allowed: both, answers, prompts"),
        ({"item": "<script>" * 50}, "there is no item '<script>"),
        ({"q": "x" * 201}, "a search has 200 characters at most; this one has 201"),
    ],
)
def test_what_the_plan_does_not_have_is_refused(snapshot: Snapshot, asked: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_filter(asked, snapshot.known)


def test_an_address_asks_for_what_the_filter_asks_for(snapshot: Snapshot) -> None:
    filter = read_filter({"item": "i2", "q": "a & b=c", "inside": "prompts"}, snapshot.known)
    assert filter.address() == "item=i2&q=a+%26+b%3Dc&inside=prompts"
    assert filter.address(item="") == "q=a+%26+b%3Dc&inside=prompts"
    assert not TrialFilter().asks
    assert TrialFilter(inside="both").address() == ""


def test_only_fields_in_which_trials_differ_are_offered(snapshot: Snapshot) -> None:
    fields = {one.name: one for one in choices(TrialFilter(), snapshot.known, snapshot.columns)}
    assert set(fields) == {"group", "arm", "item", "outcome"}
    assert ("gender=female", "gender: female") in fields["group"].options
    chosen = {one.name for one in choices(TrialFilter(placement="system"), snapshot.known, snapshot.columns)}
    assert "placement" in chosen
