"""The section of policies: words follow verdicts, points have their places, other packages' names are escaped."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from evenhand.records.decision import DECISION_OUTCOMES, DecisionCount, DecisionOutcomeName
from evenhand.records.estimate import Verdict
from evenhand.records.mitigation import MITIGATIONS
from evenhand.records.run_summary import SecondUse
from evenhand.records.tried import Multiple, TriedPolicy
from evenhand.report.blocks import Grid, Points, Scatter
from evenhand.report.html import render_html
from evenhand.report.markdown import render_markdown
from evenhand.report.source import source_of
from evenhand.report.tried_section import tried_section
from evenhand.report.tried_words import POLICY_LABELS, change_words, multiple_words, policy_words, recommendation
from evenhand.report.words import labels_of
from tests.support.findings_fixture import quick_findings
from tests.support.tried_fixture import change, findings_with, tried


def recommended(policies: list[TriedPolicy]) -> str:
    return recommendation(policies, labels=labels_of(findings_with()))


def test_without_a_policy_there_is_no_section() -> None:
    assert tried_section(source_of(quick_findings())) is None
    assert "What was tried" not in render_html(quick_findings())


def test_a_recommendation_needs_a_repaired_gap() -> None:
    assert recommended([tried("reduced"), tried("harmful", policy="redact")]) == (
        "Nothing that was tried here is enough: no policy is shown to repair the gap. "
        "Shown to make the gap smaller: gate."
    )
    assert recommended([tried("repaired", policy="redact"), tried("repaired")]).startswith(
        "What was measured supports redact:"  # both are repaired; the other is beaten by it
    )
    assert recommended([tried(None), tried("repaired")]).startswith("Interim")
    assert recommended([tried("not assessable")]).startswith("Not assessable")
    level = replace(tried("harmful"), changes=(change("gap", 0.0, 0.1, shown="difference", was="equivalent"),))
    assert recommended([level]) == (
        "No policy is called for: without one, no gap beyond the margin is there. Shown to do harm: gate."
    )


def test_a_policy_that_is_not_called_repaired_says_why() -> None:
    said = policy_words(tried("reduced"), findings=findings_with())
    assert "Not called repaired, because the gap that remains is not shown to be within the margin" in said
    assert "the benefit of stored facts is not shown to hold" in said
    assert "gap +15.0 → +3.0 points, change −12.0 (−14.0 to −10.0), a change" in said
    assert "Benefit of stored facts kept: 60.0% (55.0% to 65.0%)" in said
    assert "2.00 times the input tokens (1.90 to 2.10)" in said
    assert "output tokens" not in said  # what is as it was is not said
    unasked = replace(tried("reduced"), changes=tried("reduced").changes[:2], benefit_kept=None)
    assert "no benefit item was asked, or none was answered both with" in policy_words(
        unasked, findings=findings_with()
    )


def test_the_same_change_of_several_kinds_or_cue_styles_is_told_apart() -> None:
    one, again = change("accuracy", 0.9, 0.8, shown="difference"), change("accuracy", 0.9, 0.5, shown="difference")
    implied = replace(again, where=replace(again.where, cue="implied"))
    assert "Score with a profile in memory: 80.0 → 85.0" in policy_words(tried("harmful"), findings=findings_with())
    both = replace(tried("harmful"), changes=(tried("harmful").changes[0], one, implied))
    said = policy_words(both, findings=findings_with())
    assert f"Score with a profile in memory, cue style {one.where.cue}: 90.0 → 80.0 points" in said
    assert "Score with a profile in memory, cue style implied: 90.0 → 50.0 points" in said
    kinds = replace(both, changes=(one, replace(again, kind="management")))
    assert "Score with a profile in memory, management items: 90.0 → 50.0 points" in policy_words(
        kinds, findings=findings_with()
    )
    section = tried_section(source_of(findings_with(both)))
    assert section is not None
    (table,) = [block for block in section.blocks if isinstance(block, Grid) and block.id.startswith("tried-table")]
    assert "−40.0" in table.rows[0], "the larger loss is in the table"


@pytest.mark.parametrize(
    ("verdict", "word"),
    [
        ("difference", "a change"),
        ("equivalent", "no change beyond the margin"),
        ("inconclusive", "open"),
        ("not assessable", "not assessable"),
    ],
)
def test_every_verdict_of_a_change_has_its_word(verdict: Verdict, word: str) -> None:
    assert change_words(change("flips", 0.1, 0.2, shown=verdict)).endswith(f", {word}")


def test_multiples_without_an_interval_have_none() -> None:
    assert multiple_words(Multiple(name="latency", value=1.5)) == "1.50 times the time"


def test_every_policy_of_the_package_has_a_label() -> None:
    assert set(POLICY_LABELS) == set(MITIGATIONS) - {"none"}


def test_points_lie_where_their_numbers_are_and_share_a_label_where_they_lie_together() -> None:
    near = tried("reduced", policy="instruct", after=0.031, kept=0.61)
    made = tried_section(
        source_of(findings_with(tried("reduced"), tried("repaired", policy="redact", after=0.0, kept=1.0), near))
    )
    assert made is not None
    figure = next(block for block in made.blocks if isinstance(block, Scatter))
    places = {point.name: point for point in figure.points}
    gate, redact = places["gate"], places["redact"]
    assert gate.x < redact.x
    assert gate.y < redact.y  # larger gaps are higher up, and y counts from the top
    assert redact.shape == "pareto"
    assert [point.label for point in figure.points] == ["0", "1, 3", "2", ""]
    assert gate.low is not None
    assert gate.high is not None
    assert gate.low > gate.y > gate.high
    assert figure.upward.band is not None
    table = next(block for block in made.blocks if isinstance(block, Grid))
    assert [row[0] for row in table.rows] == ["gate", "redact", "instruct"]
    words = next(block for block in made.blocks if isinstance(block, Points))
    assert len(words.points) == 3


def test_names_of_other_packages_are_escaped_on_the_page_and_in_markdown() -> None:
    wild = findings_with(tried("reduced", policy="<script>x</script>"))
    page, text = render_html(wild), render_markdown(wild)
    assert "<script>x</script>" not in page
    assert "&lt;script&gt;x" in page
    assert "<script>x" not in text
    assert "\\<script\\>x" in text


def test_what_models_decided_of_facts_is_a_table_and_what_was_not_decided_has_columns_of_its_own() -> None:
    outcomes: dict[DecisionOutcomeName, int] = dict(zip(DECISION_OUTCOMES, (1200, 2, 3, 4, 5, 6, 7), strict=True))
    count = DecisionCount(policy="gate", model="vllm/<decider>", asked=1227, outcomes=outcomes)
    found = findings_with(tried("reduced"))
    assert found.run is not None
    use = SecondUse(model="vllm/<decider>", calls=1230, input_tokens=9, output_tokens=8, cost_usd=None)
    models = tuple(replace(model, second=(use,)) for model in found.run.models)
    found = replace(found, run=replace(found.run, decisions=(count,), models=models))
    section = tried_section(source_of(found))
    assert section is not None
    table = next(block for block in section.blocks if isinstance(block, Grid) and block.id == "decided-table")
    assert table.rows == (("gate", "vllm/<decider>", "1,227", "1,200", "2", "3", "4", "5", "6", "7"),)
    assert [column.name for column in table.columns][3:] == [
        *("Shown as it is", "Written anew", "Left out", "Refused", "Cut off", "Not readable", "No answer")
    ]
    page = render_html(found)
    assert "vllm/&lt;decider&gt;" in page
    assert "vllm/<decider>" not in page
    assert "asked besides: vllm/&lt;decider&gt; (1,230 calls" in page
    assert "| gate | vllm" in render_markdown(found)
    without = tried_section(source_of(findings_with(tried("reduced"))))
    assert without is not None
    assert not any(isinstance(block, Grid) and block.id == "decided-table" for block in without.blocks)
