from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from evenhand.errors import PlanError, UsageError
from evenhand.plan.file import read_plan, write_plan
from evenhand.records.plan import Design
from tests.support.small_plan import small_plan


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("mitigations", ("none", "redct"), r"mitigations 'redct' \(did you mean 'redact'\?\); allowed: none, redact"),
        ("mitigations", ("redact",), r"'redact'; the first must be 'none'"),
        ("mitigations", "none", r"mitigations=\('none',\)"),
        ("placements", ("sistem",), r"did you mean 'system'"),
        ("readers", ("usee",), r"did you mean 'use'"),
        ("cues", ("stated", "implyed"), r"did you mean 'implied'"),
        ("kinds", ("understandin",), r"did you mean 'understanding'"),
        ("readers", "none", r"readers=\('none',\)"),
    ],
)
def test_a_design_holds_only_what_runs(field: str, given: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Design(**{field: given})  # type: ignore[arg-type]  # as a user without a type checker may write
    with pytest.raises(UsageError, match=said):
        msgspec.structs.replace(Design(), **{field: given})


@pytest.mark.parametrize(
    ("field", "word", "said"),
    [("mitigations", "forget", "does not run: .*'forget'; allowed: none"), ("placements", "tol", "mean 'tool'")],
)
def test_a_plan_in_a_file_holds_only_what_runs(tmp_path: Path, field: str, word: str, said: str) -> None:
    path = write_plan(small_plan(), tmp_path)
    plain = json.loads(path.read_text(encoding="utf-8"))
    plain["design"][field] = [word]
    path.write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(PlanError, match=said):
        read_plan(tmp_path)
