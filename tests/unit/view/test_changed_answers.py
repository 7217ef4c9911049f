from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from evenhand.design.cells import Meeting
from evenhand.records.cell import Cell
from evenhand.records.message import Reply
from evenhand.records.plan import Design
from evenhand.records.trial import Answered, Outcome, Unparsed
from evenhand.store.reading import open_trials
from evenhand.store.rows import StoredTrial
from evenhand.view.changed_answers import ChangedAnswers
from evenhand.view.index_build import bring_up_to_date
from evenhand.view.index_file import index_path
from evenhand.view.known_plan import KnownPlan
from evenhand.view.trial_columns import TrialColumns, load_columns
from tests.support.small_plan import small_plan
from tests.support.viewed_run import says, viewed_run


def scattered(cell: Cell, _: Meeting) -> tuple[Outcome, Reply | None]:
    """An option drawn from the cell's key; one in nine cannot be read."""
    number = int(cell.cell_key[:8], 16)
    if number % 9 == 0:
        return Unparsed(reason="no option"), says("hm")
    return Answered(choice="ab"[number % 2]), says("x")


@pytest.fixture(scope="module", params=["one placement", "two placements"])
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TrialColumns, KnownPlan, dict[int, StoredTrial]]:
    folder = tmp_path_factory.mktemp("run")
    patch = pytest.MonkeyPatch()
    patch.setenv("EVENHAND_CACHE", str(folder / "cache"))
    placements = ("system",) if request.param == "one placement" else ("system", "history")
    design = Design(pairs_per_item=2, profiles_per_item=3, replicates=2, placements=placements, none_repeats=2)  # type: ignore[arg-type]
    plan = viewed_run(folder, scattered, plan=small_plan(design))
    store = folder / "trials.sqlite"
    bring_up_to_date(store, told=lambda _: True)
    columns = load_columns(index_path(store))
    with open_trials(store) as trials:
        rows = {place: trials.at("trials", int(row)) for place, row in enumerate(columns.column("id"))}
    patch.undo()
    return columns, KnownPlan(plan), {place: row for place, row in rows.items() if row is not None}


def choice_of(stored: StoredTrial) -> str | None:
    return stored.trial.outcome.choice if isinstance(stored.trial.outcome, Answered) else None


def test_answers_changed_by_memory_are_those_that_a_plain_search_finds(
    made: tuple[TrialColumns, KnownPlan, dict[int, StoredTrial]],
) -> None:
    columns, known, rows = made
    own: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for row in rows.values():
        if row.cell.arm == "none" and (choice := choice_of(row)):
            own[row.cell.model, row.cell.item, row.cell.order_index, row.cell.condition.answer].add(choice)
    expected = {
        place
        for place, row in rows.items()
        if row.cell.arm != "none"
        and (choice := choice_of(row))
        and own[row.cell.model, row.cell.item, row.cell.order_index, row.cell.condition.answer] - {choice}
    }
    changed, others = ChangedAnswers(columns, known).by_memory
    assert set(changed.tolist()) == expected
    assert len(changed) == len(expected) > 10
    for place, other in zip(changed.tolist(), others.tolist(), strict=True):
        assert rows[other].cell.arm == "none"
        assert rows[other].cell.item == rows[place].cell.item
        assert choice_of(rows[other]) not in (None, choice_of(rows[place]))


def test_differing_versions_are_those_that_a_plain_search_finds(
    made: tuple[TrialColumns, KnownPlan, dict[int, StoredTrial]],
) -> None:
    columns, known, rows = made
    sides: dict[tuple[object, ...], dict[str, int]] = defaultdict(dict)
    for place, row in rows.items():
        arm = known.arms[row.cell.arm]
        if "position" in arm.levels and choice_of(row):
            cell = row.cell
            key = (cell.model, cell.item, cell.condition, cell.order_index, cell.replicate, arm.matched_set)
            sides[key][arm.levels["position"]] = place
    expected = {
        (pair["advantaged"], pair["disadvantaged"])
        for pair in sides.values()
        if len(pair) == 2 and choice_of(rows[pair["advantaged"]]) != choice_of(rows[pair["disadvantaged"]])
    }
    first, second = ChangedAnswers(columns, known).by_version
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == expected
    assert expected


def test_any_two_users_meet_where_both_were_asked_the_same(
    made: tuple[TrialColumns, KnownPlan, dict[int, StoredTrial]],
) -> None:
    columns, known, rows = made
    item = rows[0].cell.item
    arms = list(
        dict.fromkeys(row.cell.arm for row in rows.values() if row.cell.item == item and row.cell.arm != "none")
    )
    everything = np.ones(len(columns), dtype=bool)
    pairs = ChangedAnswers(columns, known).between(item, arms[0], arms[1], wanted=everything)
    assert len(pairs) == 2 * len(known.plan.design.placements)
    for pair in pairs:
        one, two = rows[pair.first].cell, rows[pair.second].cell
        assert (one.arm, two.arm, one.item, two.item) == (arms[0], arms[1], item, item)
        assert (one.order_index, one.replicate) == (two.order_index, two.replicate)
        assert one.condition.placement == two.condition.placement
        assert pair.same == (choice_of(rows[pair.first]) == choice_of(rows[pair.second]))
    beside = ChangedAnswers(columns, known).between(item, arms[0], "none", wanted=everything)
    turned = ChangedAnswers(columns, known).between(item, "none", arms[0], wanted=everything)
    assert len(beside) == len(turned) == 2 * len(known.plan.design.placements)
    assert {(pair.second, pair.first) for pair in turned} == {(pair.first, pair.second) for pair in beside}
    assert all(rows[pair.second].cell.arm == "none" for pair in beside)
    assert all(rows[pair.first].cell.order_index == rows[pair.second].cell.order_index for pair in beside)


def test_an_item_that_nobody_was_asked_has_no_pairs(
    made: tuple[TrialColumns, KnownPlan, dict[int, StoredTrial]],
) -> None:
    columns, known, _ = made
    everything = np.ones(len(columns), dtype=bool)
    assert ChangedAnswers(columns, known).between("nothing", "none", "none", wanted=everything) == []
