"""One line for every kind of item and format of answer."""

from __future__ import annotations

from msgspec.structs import replace

from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast
from evenhand.records.estimate import Absent
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.measure import Measure, Quantity
from evenhand.records.settings import AnalysisSettings
from evenhand.records.validity import Validity
from evenhand.report.html import render_html
from evenhand.report.kind_answer import KindAnswer, kind_answers
from evenhand.report.source import source_of
from tests.support.findings_fixture import POSITION, interval_finding, renumbered

MODEL = "openai/m"
PAIRS = ArmContrast(arm="pairs")
WORDS = Quantity(name="words", scale="count")
VALENCE = Quantity(name="valence_rating", scale="rating", tag="negative")


def shown(measure: Measure, kind: str, answer: str, *, quantity: Quantity | None = None, **changes: object) -> Finding:
    made = interval_finding(measure, MODEL, kind, estimate=0.1, se=0.01, arms=PAIRS, contrast=(POSITION,))
    made = replace(made, where=Condition(answer=answer), quantity=quantity or made.quantity)  # type: ignore[arg-type]
    return replace(made, **changes)


def lines(*findings: Finding) -> tuple[KindAnswer, ...]:
    return kind_answers(source_of(of(*findings)), MODEL)


def of(*findings: Finding) -> Findings:
    return Findings(run=None, settings=AnalysisSettings(), findings=findings)


LETTERS = shown("gap", "understanding", "letter", role="confirmatory")
SHARES = shown("gap", "understanding", "distribution", role="exploratory")
RATED = shown("shift", "intensity", "rating", quantity=VALENCE, role="confirmatory")


def written(verdict: str, *, quantity: Quantity = WORDS) -> Finding:
    made = shown("shift", "advice", "text", quantity=quantity, role="exploratory")
    return renumbered(made, verdict=verdict)


def test_every_kind_and_format_has_a_line_with_what_it_was_asked_in() -> None:
    found = lines(RATED, SHARES, LETTERS, written("difference"))
    assert [(one.kind, one.answer, one.label) for one in found] == [
        ("understanding", "letter", "Understanding items"),
        ("understanding", "distribution", "Understanding items (in percentages)"),
        ("intensity", "rating", "Rated scenes"),
        ("advice", "text", "Open answers"),
    ]


def test_other_readers_of_the_same_format_and_factors_have_no_line() -> None:
    other = replace(SHARES, where=Condition(answer="distribution", reader="use"))
    second = shown("gap", "understanding", "letter", role="exploratory")
    assert [one.answer for one in lines(LETTERS, SHARES, other, second)] == ["letter", "distribution"]


def test_written_answers_are_summed_up_with_the_surest_difference() -> None:
    (line,) = lines(written("difference"), written("equivalent"), written("inconclusive"), written("inconclusive"))
    assert line.verdict == "difference"
    assert line.sentence.endswith(
        "Of 4 comparisons of what is written, 1 differs, 1 lies within the margin and 2 are open."
    )
    assert "words more" in line.sentence


def test_written_answers_without_a_difference_are_green_only_if_all_are_within_their_margin() -> None:
    (open_one,) = lines(written("equivalent"), written("inconclusive"))
    assert open_one.verdict == "inconclusive"
    assert open_one.sentence.startswith("No difference is shown in what is written. Of 2 comparisons, 1 lies")
    (green,) = lines(written("equivalent"), written("equivalent"))
    assert green.verdict == "equivalent"


def test_what_was_asked_and_cannot_be_compared_has_a_line_too() -> None:
    held = Validity(
        model=MODEL,
        kind="intensity",
        answer="rating",
        answered=3,
        items=3,
        profiles=2,
        score=None,
        chance=None,
        above_chance=None,
        position_share=None,
        option_share=None,
        agreement=None,
        missing=0.9,
        right=0,
        wrong=0,
        faults=("missing",),
        reason="Up to 90% of the trials of an arm have no usable answer.",
    )
    findings = replace(
        of(LETTERS), validity=(held, replace(held, kind="benefit", answer="letter", faults=(), profiles=0))
    )
    letters, rated = kind_answers(source_of(findings), MODEL)
    assert (letters.answer, rated.label, rated.verdict) == ("letter", "Rated scenes", "not assessable")
    assert rated.sentence == f"Not assessable. {held.reason}" and rated.finding == ""
    assert rated.sentence in render_html(findings)
    lost = replace(LETTERS, number=Absent(reason="no pair has both answers"))
    stuck = replace(held, kind="understanding", answer="letter")
    (line,) = kind_answers(source_of(replace(of(lost), validity=(stuck,))), MODEL)
    assert line.sentence == f"Not assessable. {held.reason}"
    unread = replace(held, kind="advice", answer="text")
    for verdict, said in (("inconclusive", "not assessable"), ("difference", "difference")):
        (line,) = kind_answers(source_of(replace(of(written(verdict)), validity=(unread,))), MODEL)
        assert line.verdict == said


def test_the_first_section_of_the_page_holds_every_line() -> None:
    findings = of(LETTERS, SHARES, RATED, written("difference"))
    page = render_html(findings)
    first = page[page.index('id="verdict"') : page.index('id="gaps"')]
    for one in kind_answers(source_of(findings), MODEL):
        assert f">{one.label}</a>" in first and one.sentence.split("(")[0] in first
