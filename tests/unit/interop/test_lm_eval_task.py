from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest
import yaml

from evenhand.errors import StoreError, UsageError
from evenhand.interop.exported_cells import exported_cells
from evenhand.interop.lm_eval_task import write_lm_eval_task
from evenhand.plan.file import stamp_plan
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.records.plan import Design, Plan
from tests.support.small_plan import small_plan


def with_design(**changes: object) -> Plan:
    plan = small_plan()
    return stamp_plan(msgspec.structs.replace(plan, design=msgspec.structs.replace(plan.design, **changes)))


def test_the_folder_holds_every_question_word_for_word(tmp_path: Path) -> None:
    plan = small_plan()
    name = plan.models[0].name
    written, left = write_lm_eval_task(plan, model=name, out=tmp_path / "task")
    lines = [json.loads(line) for line in (tmp_path / "task" / "questions.jsonl").read_text("utf-8").splitlines()]
    cells = list(exported_cells(plan, model=name))
    assert (written, left) == (len(cells), 0) == (len(lines), 0)
    for line, one in zip(lines, cells, strict=True):
        assert [text for text in (line["system"], line["question"]) if text] == [turn.content for turn in one.messages]
        assert line["cell_key"] == one.cell.cell_key
        index = one.cell.option_order["ABCDEFGH".index(line["target"])]
        assert one.item.options[index].id == one.best
        assert f"\n{line['target']}. {one.item.options[index].text}" in line["question"]


def test_the_settings_are_those_of_the_plan(tmp_path: Path) -> None:
    write_lm_eval_task(small_plan(), model="simulated/null", out=tmp_path)
    text = (tmp_path / "evenhand.yaml").read_text(encoding="utf-8")
    first, _, rest = text.partition("\n")
    assert first == "custom_dataset: !function evenhand_questions.load"
    task = yaml.safe_load(rest)
    assert task["generation_kwargs"] == {"until": [], "max_gen_toks": 512, "do_sample": False, "temperature": 0.0}
    assert (task["description"], task["doc_to_text"]) == ("{{system}}", "{{question}}")
    assert not re.search(r"/(?:tmp|home|root)/", text), "the folder can be moved"


def test_questions_without_a_letter_are_left_out_and_counted(tmp_path: Path) -> None:
    design = Design(kinds=("understanding",), answers=("letter", "distribution"), items_per_kind=8)
    plan = make_plan(PlanRequest(models=("simulated/null",), banks=("understanding",), design=design))
    written, left = write_lm_eval_task(plan, model="simulated/null", out=tmp_path)
    assert written > 0 and left > 0
    assert written + left == len(list(exported_cells(plan, model="simulated/null")))
    stated = msgspec.structs.replace(design, answers=("distribution",))
    plan = make_plan(PlanRequest(models=("simulated/null",), banks=("understanding",), design=stated))
    with pytest.raises(UsageError, match="--answer letter"):
        write_lm_eval_task(plan, model="simulated/null", out=tmp_path)


def test_memory_in_earlier_turns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"placement 'history'\); export a plan with --placement system"):
        write_lm_eval_task(with_design(placements=("history",)), model="simulated/null", out=tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot write"):
        write_lm_eval_task(small_plan(), model="simulated/null", out=tmp_path / "file")
