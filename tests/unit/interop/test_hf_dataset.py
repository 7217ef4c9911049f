from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from evenhand.errors import UsageError
from evenhand.interop.hf_dataset import write_hf_dataset, write_hf_results
from evenhand.records.contrast import ArmContrast
from evenhand.records.estimate import PointEstimate
from evenhand.records.findings import Findings
from tests.support.findings_fixture import bare_findings, full_findings, quick_findings
from tests.support.small_plan import small_bank, small_plan


def front_matter(text: str) -> dict[str, object]:
    found = yaml.safe_load(text.split("---")[1])
    assert isinstance(found, dict)
    return found


def test_a_dataset_has_a_card_its_questions_and_how_they_are_asked(tmp_path: Path) -> None:
    plan = small_plan()
    count = write_hf_dataset(plan, model="simulated/null", dataset="my-org/memory", out=tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "data" / "understanding.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == count > 0
    assert {"messages", "target", "cell_key", "item", "user", "in_memory"} <= rows[0].keys()
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    head = front_matter(card)
    assert head["configs"] == [
        {"config_name": "understanding", "data_files": [{"split": "test", "path": "data/understanding.jsonl"}]}
    ]
    assert head["size_categories"] == ["n<1K"]
    assert f"{count:,} of understanding" in card and plan.sha256[:12] in card
    assert "No people have rated the items yet." in card
    (task,) = yaml.safe_load((tmp_path / "eval.yaml").read_text(encoding="utf-8"))["tasks"]
    assert set(task["field_spec"]["metadata"]) <= rows[0].keys()
    assert task["id"] == task["config"] == "understanding"


def test_texts_that_may_not_be_passed_on_are_not_written(tmp_path: Path) -> None:
    plan = small_plan(bank=small_bank(redistribute=False))
    with pytest.raises(UsageError, match="the texts of small may not be passed on"):
        write_hf_dataset(plan, model="simulated/null", dataset="my-org/memory", out=tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", ["memory", "a/b/c", "../x/y", "/x", "a/"])
def test_a_name_that_is_no_repository_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ORG/NAME"):
        write_hf_dataset(small_plan(), model="simulated/null", dataset=name, out=tmp_path)


@pytest.mark.parametrize("findings", [full_findings(), bare_findings()], ids=["simulated", "table"])
def test_simulated_answers_and_tables_are_no_results_of_a_model(findings: Findings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="simulated answers, specimens and tables are no results"):
        write_hf_results(findings, model="specimen/tilted", dataset="my-org/memory", out=tmp_path)


def test_an_entry_holds_the_mean_score_of_all_users_and_the_comparison_as_a_note(tmp_path: Path) -> None:
    whole, model = quick_findings(), "openai/gpt-5.1"
    means = [
        replace(
            one,
            measure="accuracy",
            arms=ArmContrast(arm="profile"),
            contrast=(),
            role="descriptive",
            number=PointEstimate(value=share),
        )
        for one, share in zip((one for one in whole.findings if one.measure == "gap"), (0.8125, 0.4), strict=True)
    ]
    findings = replace(whole, findings=(*whole.findings, *means))
    wanted = {"understanding": 81.25, "management": 40.0}
    count = write_hf_results(findings, model=model, dataset="my-org/memory", out=tmp_path)
    entries = yaml.safe_load((tmp_path / ".eval_results" / "evenhand.yaml").read_text(encoding="utf-8"))
    assert count == len(entries) == len(wanted) > 0
    assert {one["dataset"]["task_id"]: one["value"] for one in entries} == wanted
    assert all(one["dataset"]["id"] == "my-org/memory" for one in entries)
    assert all("Advantaged minus disadvantaged: " in one["notes"] for one in entries)
    with pytest.raises(UsageError, match="hold no score of 'openai/other'"):
        write_hf_results(findings, model="openai/other", dataset="my-org/memory", out=tmp_path)
