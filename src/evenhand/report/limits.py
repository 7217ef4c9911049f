"""Limits of a report, written from the facts of the run and from nothing else."""

from __future__ import annotations

from collections import Counter

from evenhand.records.findings import Findings
from evenhand.records.language import language_name, language_of
from evenhand.records.run_summary import RunSummary
from evenhand.report.blocks import Point
from evenhand.report.numbers import count, date_text, percent, size
from evenhand.report.words import joined, kind_label, placement_label, plural

__all__ = ["limits_of", "missing_share"]

_KINDS = ("understanding", "management", "benefit", "leakage", "sycophancy")


def missing_share(run: RunSummary) -> tuple[int, int]:
    """Questions without a usable answer, and questions planned, over all models."""
    planned = sum(model.planned for model in run.models)
    answered = sum(model.outcomes.get("answered", 0) for model in run.models)
    return planned - answered, planned


def limits_of(findings: Findings) -> tuple[Point, ...]:
    """What a reader must not conclude, most important first."""
    points = _of_analysis(findings)
    if findings.run is None:
        return (
            Point(
                "A table, not a run",
                "The answers came as a finished table. How the questions were asked, whether the arms saw the same "
                "option order, and which answers were left out before cannot be told from it.",
            ),
            *points,
        )
    return (*_of_answers(findings.run), *_of_material(findings.run), *_of_design(findings, findings.run), *points)


def _of_answers(run: RunSummary) -> list[Point]:
    found = []
    if run.simulated:
        found.append(
            Point(
                "Simulated answers",
                "Answers were drawn from a statistical model whose effects were planted. They show that the method "
                "works; they say nothing about any assistant.",
            )
        )
    if run.specimen:
        found.append(
            Point(
                "A specimen was audited",
                "A specimen is a small model made for this package. Its behaviour was planted, and no product behaves "
                "as it does.",
            )
        )
    missing, planned = missing_share(run)
    if missing and planned:
        found.append(
            Point(
                "Missing answers",
                f"{plural(missing, 'of the planned answers is', 'of the planned answers are')} missing "
                f"({percent(missing / planned)} of {count(planned)}). Estimates rest on the answered questions; the "
                "worst-case bounds show how far the missing ones could move them.",
            )
        )
    without = [model.model for model in run.models if not model.logprobs]
    if without:
        who = "any model" if len(without) == len(run.models) else joined(without)
        found.append(
            Point(
                "Sampled answers",
                f"No log-probabilities were available for {who}. Each score rests on the option that was chosen, not "
                "on how likely the model found it.",
            )
        )
    if any(not model.offline for model in run.models):
        found.append(
            Point(
                "One moment in time",
                f"The models were asked as they were served after {date_text(run.created)}. A hosted model can change "
                "without notice.",
            )
        )
    return found


def _of_material(run: RunSummary) -> list[Point]:
    found = []
    unrated = [f"{bank.name} {bank.version}" for bank in run.banks if not bank.validated]
    if unrated:
        found.append(
            Point(
                "Items not rated by people",
                f"The answer keys and weights of {joined(unrated)} follow from theory and have not been validated by "
                "human raters. A key that is wrong for every arm alike widens the noise; it does not make a gap.",
            )
        )
    found += _of_languages(run)
    found.append(
        Point(
            "Synthetic users",
            "Profiles are lists of facts written for the audit. Real memories are longer, messier and less balanced.",
        )
    )
    return found


def _of_languages(run: RunSummary) -> list[Point]:
    """What is in another language than the items."""
    found = []
    facts = {language_name(cohort.language) for cohort in run.cohorts}
    for bank in run.banks:
        items = language_name(bank.language)
        if facts - {items}:
            found.append(
                Point(
                    "Memory in another language",
                    f"The items of {bank.name} are in {items}; what is in memory is in {joined(sorted(facts))}. How a "
                    "model uses memory in the language of the conversation can differ from what is shown here.",
                )
            )
        if language_name(bank.asked_in) != items:
            found.append(
                Point(
                    "Instructions in another language",
                    f"The items of {bank.name} are in {items}, the instructions around them in "
                    f"{language_name(bank.asked_in)}.",
                )
            )
    if any(language_of(bank.language) != "en" for bank in run.banks) and any(m != "none" for m in run.mitigations):
        found.append(
            Point(
                "Policies in English",
                "The policies that were tried work with English words; in other languages they may do less.",
            )
        )
    return found


def _of_design(findings: Findings, run: RunSummary) -> list[Point]:
    asked = {finding.kind for finding in findings.findings}
    found = []
    absent = [kind_label(kind).lower() for kind in _KINDS if kind not in asked]
    if absent and asked != {"all"}:
        found.append(
            Point(
                "Not asked",
                f"This design has no {joined(absent, last='or')}. Nothing is said about what they would show.",
            )
        )
    if len(run.placements) == 1:
        found.append(
            Point(
                "One placement of memory",
                f"Memory was {placement_label(run.placements[0])}, and nowhere else. Other placements can give other "
                "results.",
            )
        )
    if not findings.cells and not any(f.measure in ("variance", "interaction") for f in findings.findings):
        found.append(
            Point("Intersections", "Combinations of factors were not asked. A gap in one combination can stay unseen.")
        )
    return found


def _of_analysis(findings: Findings) -> list[Point]:
    own = [finding for finding in findings.findings if finding.where.mitigation == "none"]
    roles = Counter(finding.role for finding in own if finding.verdict is not None)
    settings = findings.settings
    found = []
    if roles["confirmatory"] or roles["exploratory"]:
        found.append(
            Point(
                "Many comparisons",
                f"{plural(roles['confirmatory'], 'confirmatory contrast')} (Holm) and "
                f"{plural(roles['exploratory'], 'exploratory contrast')} (Benjamini-Hochberg) were tested at level "
                f"{settings.alpha:g}. Exploratory findings are leads to follow, not results to quote.",
            )
        )
    unsettled = sum(finding.verdict == "inconclusive" for finding in own)
    if unsettled:
        found.append(
            Point(
                "Inconclusive is not equal",
                f"{plural(unsettled, 'contrast is', 'contrasts are')} inconclusive. No difference found is not the "
                "same as no difference; only the verdict equivalent within "
                f"±{size(settings.margin)} says that.",
            )
        )
    return found
