"""What a finished run of models whose answers nobody knows beforehand must say: a verdict or a reason, everywhere."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from re import sub

from evenhand.records.findings import Findings
from evenhand.records.tried import TRIED_VERDICTS
from evenhand.report.answer import answers_of
from evenhand.report.findings_file import read_findings
from evenhand.report.tried_words import POLICY_LABELS

__all__ = ["all_was_asked", "every_policy_is_judged", "every_way_is_judged"]


def all_was_asked(run: Path) -> Findings:
    """The findings of a run in which every planned question was asked and none failed."""
    found = read_findings(run)
    assert found.run is not None
    for model in found.run.models:
        assert sum(model.outcomes.values()) == model.planned > 0, model.model
        assert model.outcomes.get("failed", 0) == 0, model.model
    return found


def every_way_is_judged(run: Path) -> None:
    """Every way of asking has a verdict on the page, and where there is none a reason of its own."""
    found = all_was_asked(run)
    page = _plain((run / "report.html").read_text(encoding="utf-8"))
    asked = {(one.model, one.kind, one.answer) for one in found.validity}
    for model in answers_of(found).models:
        ways = {(model.model, one.kind, one.answer) for one in model.kinds}
        assert ways == {way for way in asked if way[0] == model.model}
        for one in model.kinds:
            assert " ".join(one.sentence.split()) in page, one.label
            if one.verdict == "not assessable":
                assert len(one.sentence) > len("Not assessable. "), one.label
    for way in found.validity:
        assert way.assessable or way.reason


def every_policy_is_judged(run: Path, *policies: str) -> None:
    """Every policy has a word on every model, in the section of what was tried."""
    found = all_was_asked(run)
    assert found.run is not None
    models = [model.model for model in found.run.models]
    assert {(one.model, str(one.policy)) for one in found.tried} == {(m, name) for m in models for name in policies}
    assert all(one.verdict in TRIED_VERDICTS and one.changes for one in found.tried)
    section = _plain((run / "report.html").read_text(encoding="utf-8").partition('id="tried"')[2])
    assert section.index("What was tried") < 200
    written = {one.name: one.written for one in found.run.policies}
    for name in policies:
        assert f"{written[name]}: {dict(POLICY_LABELS)[name]}" in section


def _plain(page: str) -> str:
    return " ".join(unescape(sub(r"<[^>]+>", " ", page)).split())
