"""Findings with markup in every place that a model, a bank or a person can write to."""

from __future__ import annotations

import msgspec

from evenhand.records.contrast import LevelContrast
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.run_summary import LevelName
from tests.support.answer_pair import answer_pair
from tests.support.example_prompts import examples
from tests.support.findings_fixture import full_findings

HOSTILE = "<script>alert(1)</script>\"'&javascript:alert(2){{ 7 * 7 }}{% raw %}\u202e\ud800=1+1"


def hostile_findings() -> Findings:
    """Markup and script addresses in every place that a model, a bank or a person can write to."""
    whole = full_findings((HOSTILE,), simulated=False, specimen=False)
    assert whole.run is not None
    run = msgspec.structs.replace(
        whole.run,
        title=HOSTILE,
        command=HOSTILE,
        preset=HOSTILE,
        evenhand=HOSTILE,
        prompts={HOSTILE: HOSTILE},
        factor_labels={"gender": HOSTILE},
        level_labels=(LevelName(factor="gender", level="female", label=HOSTILE),),
    )
    return msgspec.structs.replace(
        whole,
        run=run,
        findings=tuple(hostile(finding) for finding in whole.findings),
        items=tuple(msgspec.structs.replace(one, item=HOSTILE) for one in whole.items),
        options=tuple(msgspec.structs.replace(one, tag=HOSTILE, level=HOSTILE) for one in whole.options),
        emotions=tuple(msgspec.structs.replace(one, keyed=HOSTILE, chosen=HOSTILE) for one in whole.emotions),
        mentions=tuple(msgspec.structs.replace(one, dimension=HOSTILE, arm_kind=HOSTILE) for one in whole.mentions),
        variances=tuple(msgspec.structs.replace(one, term=HOSTILE) for one in whole.variances),
        power=tuple(msgspec.structs.replace(one, size=HOSTILE) for one in whole.power),
        examples=(
            msgspec.structs.replace(examples()[0], arm=HOSTILE, answer=HOSTILE, messages=((HOSTILE, HOSTILE),)),
            msgspec.structs.replace(
                examples()[2], arm=HOSTILE, level=LevelContrast(factor=HOSTILE, level=HOSTILE), item=HOSTILE
            ),
            msgspec.structs.replace(examples()[2], arm=HOSTILE, level=None, cohort=HOSTILE),
        ),
        pairs=(
            msgspec.structs.replace(
                answer_pair(HOSTILE),
                item=HOSTILE,
                situation=HOSTILE,
                first=msgspec.structs.replace(
                    answer_pair(HOSTILE).first, arm=HOSTILE, facts=(HOSTILE,) * 3, option=HOSTILE
                ),
                second=msgspec.structs.replace(answer_pair(HOSTILE).second, levels={HOSTILE: HOSTILE}, answer=HOSTILE),
            ),
        ),
        warnings=(HOSTILE,),
    )


def hostile(finding: Finding) -> Finding:
    """The finding with markup in every word that a plan, a model or an estimator can write to."""
    contrast = tuple(
        LevelContrast(factor=HOSTILE + one.factor, level=HOSTILE + one.level, reference=HOSTILE)
        for one in finding.contrast
    )
    return msgspec.structs.replace(finding, contrast=contrast, notes=(HOSTILE,), method=HOSTILE)
