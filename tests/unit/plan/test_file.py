from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evenhand.errors import PlanError, StoreError
from evenhand.plan.file import plan_changes, read_plan, stamp_plan, write_plan
from evenhand.plan.settling import settle
from evenhand.records.plan import Design
from tests.support.small_plan import small_plan


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_plan(small_plan(), tmp_path / "a").read_bytes()
    assert write_plan(small_plan(), tmp_path / "b").read_bytes() == first
    assert read_plan(tmp_path / "a") == small_plan()


def test_the_time_of_making_does_not_change_the_hash() -> None:
    plan = small_plan()
    later = msgspec.structs.replace(plan, created="2030-01-01T00:00:00+00:00")
    from evenhand.plan.file import plan_sha256

    assert plan_sha256(later) == plan.sha256


def test_a_plan_edited_by_hand_is_refused(tmp_path: Path) -> None:
    path = write_plan(small_plan(), tmp_path)
    path.write_text(path.read_text().replace('"margin": 0.03', '"margin": 0.2').replace('"seed": 7', '"seed": 8'))
    with pytest.raises(PlanError, match=r"edited by hand.*evenhand plan"):
        read_plan(tmp_path)


def test_a_missing_and_an_unreadable_plan_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"no plan at .*evenhand plan"):
        read_plan(tmp_path)
    (tmp_path / "plan.json").write_text("{]")
    with pytest.raises(PlanError, match="not a plan"):
        read_plan(tmp_path)


def test_a_directory_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="--out"):
        write_plan(small_plan(), tmp_path / "file" / "run")


def test_equal_plans_have_no_changes() -> None:
    assert plan_changes(small_plan(), small_plan()) == ()


def test_a_whole_number_where_a_float_is_meant_reads_back_as_the_same_plan(tmp_path: Path) -> None:
    plan = small_plan(Design(pairs_per_item=1, placebo_per_item=2))
    settle(plan, tmp_path)
    assert read_plan(tmp_path).sha256 == plan.sha256
    settle(plan, tmp_path)


def test_fields_at_their_default_are_not_part_of_the_file_so_that_later_ones_disown_no_plan(tmp_path: Path) -> None:
    text = write_plan(small_plan(), tmp_path).read_text()
    assert '"command"' not in text
    assert read_plan(tmp_path) == small_plan()


def test_a_value_that_equals_its_default_is_the_same_plan_whether_it_was_given_or_not() -> None:
    plan = small_plan()
    told = float("0.03")
    given = stamp_plan(
        msgspec.structs.replace(plan, analysis=msgspec.structs.replace(plan.analysis, margin=told, alpha=float("0.05")))
    )
    assert told == plan.analysis.margin and told is not plan.analysis.margin
    assert given.sha256 == plan.sha256
    assert msgspec.json.encode(given) == msgspec.json.encode(plan)
