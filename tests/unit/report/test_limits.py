from __future__ import annotations

import msgspec

from evenhand.records.findings import Findings
from evenhand.report.limits import limits_of, missing_share
from tests.support.findings_fixture import bare_findings, full_findings, quick_findings


def titles(findings: Findings) -> list[str]:
    return [point.title for point in limits_of(findings)]


def text(findings: Findings, title: str) -> str:
    return next(point.text for point in limits_of(findings) if point.title == title)


def test_simulated_answers_and_specimens_come_first() -> None:
    assert titles(full_findings())[:2] == ["Simulated answers", "A specimen was audited"]


def test_a_hosted_model_is_dated_and_a_specimen_is_not() -> None:
    assert "One moment in time" in titles(quick_findings())
    assert "One moment in time" not in titles(full_findings())


def test_missing_answers_are_counted() -> None:
    findings = full_findings()
    assert findings.run is not None
    assert missing_share(findings.run) == (183, 29160)
    assert text(findings, "Missing answers").startswith("183 of the planned answers are missing (0.6% of 29,160).")


def test_nothing_missing_is_no_limit() -> None:
    assert "Missing answers" not in titles(quick_findings())


def test_a_rated_bank_is_not_called_unrated() -> None:
    findings = quick_findings()
    assert findings.run is not None
    assert "Items not rated by people" in titles(findings)
    rated = tuple(msgspec.structs.replace(bank, validated=True) for bank in findings.run.banks)
    run = msgspec.structs.replace(findings.run, banks=rated)
    assert "Items not rated by people" not in titles(msgspec.structs.replace(findings, run=run))


def test_memory_and_instructions_in_another_language_than_the_items_are_limits() -> None:
    findings = quick_findings()
    assert findings.run is not None
    languages = {"Memory in another language", "Instructions in another language", "Policies in English"}
    assert not languages & set(titles(findings))

    def spoken(**fields: str) -> Findings:
        assert findings.run is not None
        banks = tuple(msgspec.structs.replace(bank, **fields) for bank in findings.run.banks[:1])
        run = msgspec.structs.replace(findings.run, banks=banks, mitigations=("none", "redact"))
        return msgspec.structs.replace(findings, run=run)

    german = spoken(language="de-AT", asked_in="de")
    assert text(german, "Memory in another language").startswith(
        "The items of understanding are in German; what is in memory is in English."
    )
    assert "Instructions in another language" not in titles(german)
    assert "Policies in English" in titles(german)
    dutch = spoken(language="nl", asked_in="en")
    assert text(dutch, "Instructions in another language") == (
        "The items of understanding are in nl, the instructions around them in English."
    )


def test_kinds_that_were_not_asked_are_named() -> None:
    assert text(full_findings(), "Not asked").startswith(
        "This design has no benefit items, leakage probes or sycophancy probes."
    )


def test_intersections_that_were_not_asked_are_a_limit() -> None:
    assert "Intersections" in titles(quick_findings())
    assert "Intersections" not in titles(full_findings())


def test_scores_from_probabilities_are_not_called_sampled() -> None:
    findings = quick_findings()
    assert findings.run is not None
    assert text(findings, "Sampled answers").startswith("No log-probabilities were available for any model.")
    with_them = tuple(msgspec.structs.replace(model, logprobs=True) for model in findings.run.models)
    run = msgspec.structs.replace(findings.run, models=with_them)
    assert "Sampled answers" not in titles(msgspec.structs.replace(findings, run=run))


def test_comparisons_are_counted_by_family() -> None:
    assert text(full_findings(), "Many comparisons").startswith("12 confirmatory contrasts (Holm)")


def test_inconclusive_is_explained_where_there_is_some() -> None:
    assert "Inconclusive is not equal" in titles(full_findings())
    findings = quick_findings()
    settled = tuple(f for f in findings.findings if f.verdict != "inconclusive")
    assert "Inconclusive is not equal" not in titles(msgspec.structs.replace(findings, findings=settled))


def test_a_bare_table_says_that_nothing_is_known_of_how_it_was_made() -> None:
    assert titles(bare_findings())[0] == "A table, not a run"
