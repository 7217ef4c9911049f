"""The whole analysis, read top to bottom like a methods section: scores in, findings out."""

from __future__ import annotations

from msgspec import Struct
from threadpoolctl import threadpool_limits

from evenhand.analysis.findings.accuracy import accuracy_findings
from evenhand.analysis.findings.benefit_findings import benefit_findings
from evenhand.analysis.findings.caveats import cautions_of, caveats_of
from evenhand.analysis.findings.dose_trend import dose_findings
from evenhand.analysis.findings.emotions import keyed_emotions
from evenhand.analysis.findings.factor_gaps import factor_findings, interaction_findings
from evenhand.analysis.findings.flips import flip_findings
from evenhand.analysis.findings.gaps import gap_findings
from evenhand.analysis.findings.intersections import Intersections, intersections
from evenhand.analysis.findings.item_factor_gaps import item_factor_findings
from evenhand.analysis.findings.item_functioning import item_functioning
from evenhand.analysis.findings.judgement import judged
from evenhand.analysis.findings.leakage_findings import fact_mentions, leakage_findings
from evenhand.analysis.findings.memory_effect import memory_findings
from evenhand.analysis.findings.missingness import missing_findings, outcome_counts
from evenhand.analysis.findings.mixed_check import MixedCheck, mixed_check
from evenhand.analysis.findings.numbers import number_findings
from evenhand.analysis.findings.option_shift import option_findings, option_shares
from evenhand.analysis.findings.pilot import design_power
from evenhand.analysis.findings.published_comparison import published_findings, published_left_out
from evenhand.analysis.findings.reading import with_covariates, withheld
from evenhand.analysis.findings.tried_policies import tried_policies, without_policies
from evenhand.analysis.findings.validity import gated, limited, validities
from evenhand.analysis.findings.within_factor_gaps import within_factor_findings
from evenhand.analysis.table.measurements import Measurements, unmitigated
from evenhand.analysis.table.scores import Scores
from evenhand.analysis.table.stratum import Stratum, each_stratum
from evenhand.records.answer_format import AnswerFormat
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.results import (
    CellMean,
    DesignPower,
    FactMention,
    ItemReaction,
    KeyedEmotion,
    OptionShare,
    OutcomeCount,
)
from evenhand.records.run_summary import ExamplePrompt, RunSummary

__all__ = ["analyse"]


_WITHOUT_CHOICE: frozenset[AnswerFormat] = frozenset({"rating", "text"})
"""Formats in which no option is chosen: what they state is analysed from the measurement table."""


class _StratumResult(Struct, frozen=True, kw_only=True):
    """What one stratum has to say; its trials are not kept."""

    model: str
    kind: str
    findings: list[Finding]
    outcomes: list[OutcomeCount]
    mentions: list[FactMention]
    crossing: Intersections = Intersections(findings=(), cells=())
    check: MixedCheck = MixedCheck(findings=(), variances=())
    items: tuple[ItemReaction, ...] = ()
    emotions: list[KeyedEmotion] = []
    options: list[OptionShare] = []
    power: list[DesignPower] = []
    left_out: str | None = None
    """Why the published model was not fitted; None: it was, or was not asked for."""


def analyse(
    scores: Scores,
    *,
    measurements: Measurements | None = None,
    run: RunSummary | None = None,
    examples: tuple[ExamplePrompt, ...] = (),
    published: bool | None = None,
) -> Findings:
    """Every finding of a score table.

    Args:
        scores: The table.
        measurements: The numbers that answers state, where any were asked for.
        run: What was run; None for a bare table.
        examples: Prompts to show beside the findings.
        published: Whether to fit the published item-only model beside ours, for comparison; None: for the
            `fang2025` preset and for bare tables.

    Example:
        >>> import evenhand
        >>> run = evenhand.open_run("runs/example")
        >>> scores = evenhand.read_scores(run.path / "scores.parquet", settings=run.plan.analysis)
        >>> findings = evenhand.analyse(scores, published=False)
        >>> "gap" in {finding.measure for finding in findings.findings}
        True
    """
    # The matrices are small and many: threads inside the linear algebra only wait for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        return _analysed(scores, measurements=measurements, run=run, examples=examples, published=published)


def _analysed(
    scores: Scores,
    *,
    measurements: Measurements | None,
    run: RunSummary | None,
    examples: tuple[ExamplePrompt, ...],
    published: bool | None,
) -> Findings:
    compared = (run is None or run.preset == "fang2025") if published is None else published
    # Estimates are made within strata: one model, one kind of item, one way of showing memory.
    # The answer is about the assistant as it is: what was tried against its gaps is judged apart, at the end.
    everything, scores = scores, without_policies(scores)
    parts = [_part(stratum, compared=compared) for stratum in each_stratum(scores)]
    # Verdicts need all of them: families of tests span strata and models.
    interim, asked = run is not None and run.interim, run.asked if run is not None else 1.0
    estimated = [found for part in parts for found in part.findings]
    estimated += [] if measurements is None else number_findings(unmitigated(measurements))
    # Before any verdict: could these answers have shown a difference?
    validity = validities(scores)
    made = judged(gated(estimated, validity), settings=scores.settings, interim=interim, asked=asked)
    findings = withheld(limited(made, validity), scores.as_read)
    tried = tried_policies(everything, made=findings, interim=interim, measurements=measurements)
    left_out = [part.left_out for part in parts if part.left_out is not None]
    return Findings(
        run=run,
        settings=scores.settings,
        findings=(*findings, *tried.findings),
        tried=tried.policies,
        validity=validity,
        cells=_cells(parts),
        outcomes=tuple(count for part in parts for count in part.outcomes),
        items=tuple(item for part in parts for item in part.items),
        emotions=tuple(one for part in parts for one in part.emotions),
        options=tuple(share for part in parts for share in part.options),
        mentions=tuple(mention for part in parts for mention in part.mentions),
        variances=tuple(one for part in parts for one in part.check.variances),
        power=tuple(one for part in parts for one in part.power),
        examples=examples,
        warnings=(*cautions_of(findings), *caveats_of(scores), *left_out),
        as_read=with_covariates(scores.as_read, [(part.model, part.kind, part.check.covariates) for part in parts]),
    )


def _part(stratum: Stratum, *, compared: bool) -> _StratumResult:
    outcomes, mentions = outcome_counts(stratum), fact_mentions(stratum)
    left_out = published_left_out(stratum) if compared else None
    if stratum.where.answer in _WITHOUT_CHOICE:
        return _StratumResult(
            model=stratum.model,
            kind=stratum.kind,
            # What was stated is analysed number by number; here: how well it fits, and what is missing.
            findings=[
                *(accuracy_findings(stratum) if stratum.where.answer == "rating" else ()),
                *missing_findings(stratum),
                *(leakage_findings(stratum) if stratum.where.answer == "text" else ()),
                *(benefit_findings(stratum) if stratum.kind == "leakage" else ()),
            ],
            outcomes=outcomes,
            mentions=mentions,
            left_out=left_out,
        )
    crossing = intersections(stratum)
    check = mixed_check(stratum)
    items = item_functioning(stratum)
    findings = [
        # Primary: what changes with who the user is, and what memory does at all.
        *gap_findings(stratum),
        *dose_findings(stratum),
        *memory_findings(stratum),
        *accuracy_findings(stratum),
        # Level by level, and where levels meet.
        *factor_findings(stratum),
        *item_factor_findings(stratum),
        *within_factor_findings(stratum),
        *interaction_findings(stratum),
        *crossing.findings,
        # Answers that change, against the model's own noise; answers that are missing.
        *flip_findings(stratum),
        *missing_findings(stratum),
        # Which items and which options carry the difference; what surfaces of the stored facts.
        *items.findings,
        *option_findings(stratum),
        *leakage_findings(stratum),
        *benefit_findings(stratum),
        # The same contrasts by other models.
        *check.findings,
        *(published_findings(stratum) if compared else ()),
    ]
    return _StratumResult(
        model=stratum.model,
        kind=stratum.kind,
        findings=findings,
        outcomes=outcomes,
        mentions=mentions,
        crossing=crossing,
        check=check,
        items=items.reactions,
        emotions=keyed_emotions(stratum),
        options=option_shares(stratum),
        power=design_power(stratum),
        left_out=left_out,
    )


def _cells(parts: list[_StratumResult]) -> tuple[CellMean, ...]:
    """The intersectional table of every model and kind, in the first condition that has one."""
    shown: dict[tuple[str, str], tuple[CellMean, ...]] = {}
    for part in parts:
        if part.crossing.cells:
            shown.setdefault((part.model, part.kind), part.crossing.cells)
    return tuple(cell for cells in shown.values() for cell in cells)
