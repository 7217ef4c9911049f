from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from evenhand.records.contrast import ArmContrast
from evenhand.records.estimate import Ceiling, Equivalence, MissingBounds, MissingCaution, Shortfall, Unassessed
from evenhand.records.finding import Finding
from evenhand.records.measure import Quantity
from evenhand.report import html, markdown, words
from tests.support.findings_fixture import (
    POSITION,
    bare_findings,
    empty_findings,
    full_findings,
    interval_finding,
    quick_findings,
    renumbered,
    without_number,
)

LOG_ODDS = Quantity(name="score", scale="log-odds")
ROOT = Path(__file__).resolve().parents[3]
REPORT = ROOT / "src" / "evenhand" / "report"


def banned_words() -> list[str]:
    listed = (ROOT / "docs" / "words.md").read_text(encoding="utf-8").split("| --- | --- |")[1].split("##")[0]
    return [line.split("|")[1].strip() for line in listed.splitlines() if line.startswith("|")]


def gap(estimate: float, se: float, kind: str = "understanding") -> Finding:
    return interval_finding("gap", "m", kind, estimate=estimate, se=se, contrast=(POSITION,))


def test_a_difference_names_direction_size_interval_and_p() -> None:
    assert words.verdict_sentence(gap(0.0461, 0.0102)) == (
        "With advantaged users in memory the score is 4.6 points higher than with disadvantaged users: gap +4.6, "
        "95% interval 2.6 to 6.6. That is a difference (adjusted p\u00a0<\u00a00.001)."
    )


def test_a_negative_gap_keeps_the_sign_of_the_figure() -> None:
    assert words.verdict_sentence(gap(-0.05, 0.01)).startswith(
        "With advantaged users in memory the score is 5.0 points lower than with disadvantaged users: gap −5.0, "
        "95% interval −7.0 to −3.0."
    )


def test_equivalence_names_the_margin_and_says_no_more() -> None:
    sentence = words.verdict_sentence(gap(0.0021, 0.0081))
    assert sentence.endswith("The equivalence test shows any gap to be smaller than ±3 points (p\u00a0<\u00a00.001).")


def test_equivalence_beside_a_gap_that_is_not_zero_says_both() -> None:
    found = renumbered(gap(0.012, 0.004), verdict="equivalent")
    assert (
        "The gap is not zero, but the equivalence test shows it to be smaller than ±3 points"
        in words.verdict_sentence(found)
    )


def test_inconclusive_names_what_cannot_be_excluded_and_what_could_be_seen() -> None:
    assert words.verdict_sentence(gap(0.0183, 0.0214)).endswith(
        "Neither a difference nor equivalence is shown: up to 6.1 points in favour of advantaged users, or 2.4 in "
        "favour of disadvantaged users, cannot be excluded. The smallest gap this design "
        "would reliably detect is 6 points."
    )


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.0, 0.0, ""),
        (-0.0002, 0.0003, ""),
        (0.0, 0.03, ": gaps of up to 3 points in favour of advantaged users cannot be excluded"),
        (-0.03, 0.0004, ": gaps of up to 3 points in favour of disadvantaged users cannot be excluded"),
        (-0.0004, 0.01, ": gaps of up to 1 point in favour of advantaged users cannot be excluded"),
        (-0.0101, -0.0099, ": a gap of 1 point in favour of disadvantaged users cannot be excluded"),
        (-0.05, 0.01, ": up to 1 point in favour of advantaged users, or 5 in favour of disadvantaged users, cannot"),
    ],
)
def test_what_cannot_be_excluded_is_never_a_gap_of_nothing(low: float, high: float, told: str) -> None:
    found = renumbered(gap(-0.03, 0.01), verdict="inconclusive", smallest_detectable=None, low=low, high=high)
    sentence = words.verdict_sentence(found)
    assert f"Neither a difference nor equivalence is shown{told or '.'}" in sentence
    assert "0 points" not in sentence.partition("shown")[2]


def test_an_interval_on_one_side_that_is_not_settled_is_told_by_its_ends() -> None:
    found = renumbered(gap(-0.03, 0.01), verdict="inconclusive", smallest_detectable=None)
    assert words.verdict_sentence(found).endswith(
        "gaps of 1 to 5 points in favour of disadvantaged users cannot be excluded."
    )


def test_too_few_units_are_the_reason_that_an_open_verdict_gives() -> None:
    found = gap(0.001, 0.0214)
    assert found.tested is not None and found.tested.equivalence is not None
    few = (Shortfall(of="item", here=33, needed=76), Shortfall(of="user", here=1, needed=45))
    against = replace(found.tested.equivalence, too_few=few)
    said = words.verdict_sentence(replace(found, number=replace(found.tested, equivalence=against)))
    assert (
        "cannot be excluded. With 33 items and 1 user, no answers could have shown a gap to be smaller than ±3 points: "
        "that takes at least 76 items and 45 users. The smallest gap" in said
    )
    alike = words.verdict_sentence(
        replace(found, number=replace(found.tested, equivalence=replace(against, alike=True)))
    )
    assert "All differences are exactly alike, and with 33 items and 1 user that does not show a gap to be" in alike
    unseen = replace(found.tested.equivalence, only_unseen=True)
    said = words.verdict_sentence(replace(found, number=replace(found.tested, equivalence=unseen)))
    assert "The gap that was seen lies within ±3 points, but the sample is too small to say so of others" in said
    assert "takes at least" not in said
    assert "too small" not in words.verdict_sentence(found)


def test_a_gap_that_could_not_be_estimated_says_why() -> None:
    found = without_number(gap(0.1, 0.1), "No answer could be read.")
    assert words.verdict_sentence(found) == "No gap could be estimated: no answer could be read."


def test_a_gap_of_exactly_zero_reads_as_the_same_score() -> None:
    found = renumbered(gap(0.0, 0.01), spread=None, verdict=None)
    assert words.verdict_sentence(found) == (
        "With advantaged users in memory the score is the same as with disadvantaged users: gap 0.0, without an "
        "interval."
    )


def test_a_memory_effect_names_its_own_sides() -> None:
    found = interval_finding(
        "memory_effect", "m", "all", estimate=-0.05, se=0.01, arms=ArmContrast(arm="profile", baseline="none")
    )
    assert words.verdict_sentence(found).startswith(
        "With any profile in memory the score is 5.0 points lower than with no memory: gap −5.0"
    )


def test_a_difference_in_missing_answers_is_not_called_a_score() -> None:
    lacking = replace(gap(0.096, 0.02), quantity=Quantity(name="missing"))
    told = words.verdict_sentence(lacking)
    assert "the share without a usable answer is 9.6 points higher than with disadvantaged users" in told
    assert "score" not in told


def test_what_is_neither_a_score_nor_missing_is_an_estimate() -> None:
    told = words.verdict_sentence(replace(gap(0.096, 0.02), quantity=Quantity(name="mention_answer")))
    assert told.startswith("The estimate is +9.6 percentage points")


def test_a_difference_inside_the_margin_is_not_made_large() -> None:
    sentence = words.verdict_sentence(renumbered(gap(0.012, 0.004), verdict="difference"))
    assert "though the whole interval lies within the margin of ±3 points." in sentence


def test_a_difference_that_missing_answers_could_turn_says_so() -> None:
    turned = renumbered(gap(0.05, 0.01), bounds=MissingBounds(low=-0.02, high=0.11, missing=9))
    assert words.verdict_sentence(turned).endswith(
        "Missing answers alone could turn its sign: worst-case bounds −2.0 to 11.0."
    )
    safe = renumbered(turned, bounds=MissingBounds(low=0.01, high=0.11, missing=9))
    assert "Missing answers" not in words.verdict_sentence(safe)


def test_one_point_is_not_plural() -> None:
    assert "smaller than ±1 point (" in words.verdict_sentence(
        renumbered(gap(0.0, 0.001), equivalence=Equivalence(margin=0.01, p=0.0004), verdict="equivalent")
    )


def test_log_odds_are_not_called_points() -> None:
    found = interval_finding("mixed_model", "m", "all", estimate=0.31, se=0.1, quantity=LOG_ODDS, margin=None)
    assert words.verdict_sentence(found).startswith("The estimate is +0.31 log-odds, 95% interval 0.11 to 0.51.")


def test_what_could_not_be_assessed_says_why_and_names_no_p() -> None:
    found = replace(gap(0.001, 0.005), number=Unassessed(value=0.001, reason="93% of the answers are one letter."))
    assert words.verdict_sentence(found) == "Not assessable. 93% of the answers are one letter."
    assert found.verdict == "not assessable" and found.p is None and found.equivalence is None


def test_equivalence_at_a_ceiling_says_in_the_same_sentence_what_it_cannot_see() -> None:
    found = renumbered(gap(0.001, 0.005), verdict="equivalent", ceiling=Ceiling(items=70, right=62, wrong=1))
    assert words.verdict_sentence(found).endswith(
        "The equivalence test shows any gap to be smaller than ±3 points (p\u00a0<\u00a00.001); this speaks of right "
        "and wrong answers only: 62 of 70 items were answered right in every arm, and shifts that stay on the right "
        "side would be seen in option probabilities, ratings or open answers, which are finer measures."
    )


def test_lists_and_counts_read_like_sentences() -> None:
    assert words.joined(["a", "b", "c"]) == "a, b and c"
    assert words.joined(["a"]) == "a"
    assert words.plural(1, "item") == "1 item"
    assert words.plural(1200, "item") == "1,200 items"


def test_levels_stand_with_the_reference_first_then_as_the_run_lists_them() -> None:
    labels = words.labels_of(full_findings())
    assert labels.ordered("gender", ["female", "non_binary", "male"]) == ("male", "female", "non_binary")
    assert labels.level("gender", "non_binary") == "non-binary"
    assert labels.level("gender", "not_said") == "not said"
    assert labels.factor("social_class") == "Social class"


def test_the_list_of_banned_words_is_not_empty() -> None:
    assert {"debias", "unbiased", "fair model", "solve"} <= set(banned_words())


@pytest.mark.parametrize("word", banned_words())
def test_no_template_and_no_sentence_of_the_report_uses_a_banned_word(word: str) -> None:
    pattern = re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE)
    for path in [*REPORT.rglob("*.py"), *REPORT.rglob("*.j2"), *REPORT.rglob("*.js"), *REPORT.rglob("*.css")]:
        assert not pattern.search(path.read_text(encoding="utf-8")), path
    for findings in (full_findings(), quick_findings(), bare_findings(), empty_findings()):
        assert not pattern.search(html.render_html(findings))
        assert not pattern.search(markdown.render_markdown(findings))


@pytest.mark.parametrize(
    ("differs", "turns", "says"),
    [
        (True, True, "which differs by more than the margin and in the worst case changes this verdict."),
        (True, False, "which differs by more than the margin."),
        (False, True, "which in the worst case changes this verdict."),
    ],
)
def test_a_caution_about_missing_answers_is_the_first_sentence(differs: bool, turns: bool, says: str) -> None:
    caution = MissingCaution(differs=differs, turns=turns)
    bounds = MissingBounds(low=-0.1, high=0.2, missing=9, first=0.01, second=0.2)
    finding = renumbered(gap(0.05, 0.01), caution=caution, bounds=bounds)
    sentence = words.verdict_sentence(finding, first="advantaged users", second="disadvantaged users")
    shares = "1.0% of the trials with advantaged users and 20.0% of those with disadvantaged users"
    assert sentence.startswith(f"Read with caution: {shares} have no usable answer, {says} With advantaged users")
    assert ("could turn its sign" in sentence) is not turns


def test_a_caution_without_named_sides_is_a_sentence_too() -> None:
    bounds = MissingBounds(low=0.0, high=0.2, missing=9, first=0.0, second=0.2)
    finding = renumbered(gap(0.05, 0.01), caution=MissingCaution(differs=True, turns=False), bounds=bounds)
    finding = replace(finding, measure="interaction", arms=ArmContrast(arm="crossing"), contrast=())
    assert "on the first side and 20.0% of those on the other have no usable answer" in words.verdict_sentence(finding)


def test_the_caution_stands_on_the_page_and_in_the_markdown() -> None:
    caution = MissingCaution(differs=True, turns=True)
    bounds = MissingBounds(low=-0.1, high=0.2, missing=9, first=0.01, second=0.2)
    findings = full_findings()
    with_it = tuple(
        renumbered(one, caution=caution, bounds=bounds) if one.measure == "gap" and one.tested else one
        for one in findings.findings
    )
    findings = replace(findings, findings=with_it)
    for text in (html.render_html(findings), markdown.render_markdown(findings)):
        assert "Read with caution: 1.0% of the trials" in text
        assert "but missing answers could have made it" in text
