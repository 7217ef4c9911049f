from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evenhand.errors import EndpointError, PlanError, UsageError
from evenhand.plan.make import PlanRequest, make_plan, usual_design
from evenhand.plan.placements import check_sources, products_of
from evenhand.records.plan import Design, ModelSpec, Plan
from evenhand.records.settings import AnalysisSettings
from tests.support.product_plan import product_name
from tests.support.small_plan import NOW

SOUND = ModelSpec(name=product_name("Sound"))
PLAIN = ModelSpec(name="simulated/null")


def planned(*models: ModelSpec, design: Design, **fields: object) -> Plan:
    return make_plan(msgspec.structs.replace(PlanRequest(models=models, design=design), **fields), now=NOW)


def test_a_product_is_asked_in_its_own_memory_by_itself_and_with_the_quick_preset() -> None:
    plan = make_plan(PlanRequest(models=(SOUND,)), now=NOW)
    assert (plan.preset, plan.design.placements) == ("quick", ("stored",))
    assert products_of((SOUND, PLAIN)) == (SOUND,)
    assert usual_design("quick", [SOUND, PLAIN], extractor="choice_letter").placements == ("system",)


@pytest.mark.parametrize(
    ("models", "fields", "said"),
    [
        ((PLAIN,), {"placements": ("stored",)}, "simulated/null' does not"),
        ((SOUND, PLAIN), {"placements": ("told",)}, "simulated/null' does not"),
        ((SOUND,), {"placements": ("stored", "system")}, "has the placement 'system'"),
        ((SOUND,), {"placements": ("stored",), "readers": ("none", "use")}, "a reader prompt"),
        ((SOUND,), {"placements": ("stored",), "mitigations": ("none", "instruct")}, "a policy"),
    ],
)
def test_memory_where_the_assistant_does_not_look_is_refused(
    models: tuple[ModelSpec, ...], fields: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        planned(*models, design=Design(**fields))  # type: ignore[arg-type]


def test_prompts_and_looks_are_refused_for_a_product(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("{{ memory }}", encoding="utf-8")
    stored = Design(placements=("stored",))
    with pytest.raises(UsageError, match="--system-prompt"):
        planned(SOUND, design=stored, system_prompt=str(tmp_path / "p.txt"))
    with pytest.raises(UsageError, match="--looks"):
        planned(SOUND, design=stored, analysis=AnalysisSettings(looks=2))


def test_a_file_that_changed_since_the_plan_is_not_asked(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("def reply(messages): return 'A'\n", encoding="utf-8")
    plan = make_plan(PlanRequest(models=(f"python:{file}:reply",), preset="quick"), now=NOW)
    assert [source.name for source in plan.models[0].sources] == [str(file)]
    check_sources(plan)
    file.write_text("def reply(messages): return 'B'\n", encoding="utf-8")
    with pytest.raises(PlanError, match=r"app.py' has changed since the plan was made"):
        check_sources(plan)
    file.unlink()
    with pytest.raises(EndpointError, match="cannot be read"):
        check_sources(plan)
