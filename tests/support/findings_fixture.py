"""Realistic findings for tests of everything that reads them: fixed numbers, every case that occurs."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator

import msgspec

from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast, ArmGroup, LevelContrast
from evenhand.records.estimate import (
    Absent,
    Decision,
    Equivalence,
    Interval,
    MissingBounds,
    Number,
    PointEstimate,
    Spread,
    Tested,
    Unassessed,
)
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.findings import Findings
from evenhand.records.measure import Measure, Quantity
from evenhand.records.results import (
    CellMean,
    DesignPower,
    FactMention,
    ItemReaction,
    KeyedEmotion,
    OptionShare,
    OutcomeCount,
    VarianceComponent,
)
from evenhand.records.run_summary import AuditedBank, AuditedCohort, LevelName, ModelSummary, RunSummary
from evenhand.records.settings import AnalysisSettings
from evenhand.records.trial import OutcomeName
from tests.support.answer_pair import answer_pair
from tests.support.example_prompts import examples

FACTORS = {
    "gender": ("male", "female", "non_binary"),
    "age": ("34_65", "under_34", "over_65"),
    "religion": ("christian", "muslim", "none"),
    "ethnicity": ("white", "black", "asian"),
}
FACTOR_LABELS = {"gender": "Gender", "age": "Age", "religion": "Religion", "ethnicity": "Ethnicity"}
LEVEL_LABELS = tuple(
    LevelName(factor=factor, level=level, label=label)
    for factor, labels in {
        "gender": {"male": "male", "female": "female", "non_binary": "non-binary"},
        "age": {"34_65": "34 to 65", "under_34": "under 34", "over_65": "over 65"},
        "religion": {"christian": "Christian", "muslim": "Muslim", "none": "no religion"},
        "ethnicity": {"white": "White", "black": "Black", "asian": "Asian"},
    }.items()
    for level, label in labels.items()
)
KINDS = ("understanding", "management")
MODELS = ("specimen/tilted", "specimen/level", "simulated/noisy")


def wobble(*parts: object) -> float:
    """A fixed number in [-1, 1] made from names, so that the fixture never changes."""
    text = "/".join(str(part) for part in parts)
    return math.sin(sum((index + 1) * ord(letter) for index, letter in enumerate(text)) * 0.7919)


def verdict_of(low: float, high: float, margin: float) -> Decision:
    if low > 0 or high < 0:
        return "difference"
    return "equivalent" if -margin < low and high < margin else "inconclusive"


RATES = ("accuracy", "flip_rate", "missing_rate", "leakage", "variance")
"""Measures that are not compared with zero."""
POSITION = LevelContrast(factor="position", level="advantaged", reference="disadvantaged")
PAIRS = ArmContrast(arm="pairs")
SCORE = Quantity(name="score")
STATED = Condition(cue="stated")


def interval_finding(
    measure: Measure,
    model: str,
    kind: str,
    *,
    estimate: float,
    se: float,
    arms: ArmContrast = PAIRS,
    contrast: tuple[LevelContrast, ...] = (),
    quantity: Quantity = SCORE,
    margin: float | None = 0.03,
) -> Finding:
    main = measure in ("gap", "memory_effect")
    return Finding(
        measure=measure,
        model=model,
        kind=kind,
        where=Condition() if arms.arm in ("none", "placebo") else STATED,
        arms=arms,
        contrast=contrast,
        quantity=quantity,
        role="descriptive" if measure in RATES else "confirmatory" if main else "exploratory",
        number=number_of(measure, estimate, se, margin=margin),
        sample=SampleSize(trials=2880, items=48 if kind == "understanding" else 24, profiles=30),
        method="crossed_quasi_f",
    )


def number_of(measure: Measure, estimate: float, se: float, *, margin: float | None = 0.03) -> Number:
    """An interval for rates; for all else also p, adjusted p, a margin and a verdict."""
    main = measure in ("gap", "memory_effect")
    low, high = estimate - 1.99 * se, estimate + 1.99 * se
    spread = Spread(low=low, high=high, se=se, df=63.4)
    if measure in RATES:
        return Interval(value=estimate, spread=spread)
    p = math.erfc(abs(estimate) / se / math.sqrt(2))
    against = None if margin is None else 0.5 * math.erfc((margin - abs(estimate)) / se / math.sqrt(2))
    return Tested(
        value=estimate,
        p=p,
        spread=spread,
        p_adjusted=min(1.0, 2 * p),
        equivalence=None if margin is None or against is None else Equivalence(margin=margin, p=against),
        smallest_detectable=2.8 * se if main else None,
        bounds=MissingBounds(low=low - 0.012, high=high + 0.014, missing=61) if main else None,
        verdict=verdict_of(low, high, margin or 0.0),
    )


def renumbered(finding: Finding, **changes: object) -> Finding:
    """The same finding with other fields of its number; `low` and `high` change its interval."""
    spread = {name: changes.pop(name) for name in ("low", "high") if name in changes}
    number = finding.number
    if spread:
        assert not isinstance(number, Absent | PointEstimate | Unassessed) and number.spread is not None
        changes["spread"] = msgspec.structs.replace(number.spread, **spread)
    return msgspec.structs.replace(finding, number=msgspec.structs.replace(number, **changes))


def without_number(finding: Finding, reason: str = "No answer could be read.") -> Finding:
    """The same finding, had nothing been estimated."""
    return msgspec.structs.replace(finding, number=Absent(reason=reason))


GAPS = {
    ("specimen/tilted", "understanding"): (0.0461, 0.0102),
    ("specimen/tilted", "management"): (0.0312, 0.0118),
    ("specimen/level", "understanding"): (0.0021, 0.0081),
    ("specimen/level", "management"): (-0.0040, 0.0079),
    ("simulated/noisy", "understanding"): (0.0183, 0.0214),
    ("simulated/noisy", "management"): (-0.0091, 0.0240),
}


def model_findings(model: str, kind: str) -> Iterator[Finding]:
    made = functools.partial(interval_finding, model=model, kind=kind)
    estimate, se = GAPS.get((model, kind), (0.03 * wobble(model, kind), 0.015))
    base = 0.71 + 0.05 * wobble(model, kind)
    score = Quantity(name="score", scale="rate")
    means: tuple[tuple[ArmGroup, float, float], ...] = (
        ("none", base, 0.03),
        ("placebo", base - 0.01, 0.03),
        ("profile", base - 0.05, 0.025),
    )
    for arm, mean, wide in means:
        yield made("accuracy", estimate=mean, se=wide, arms=arms(arm), quantity=score)
    yield made("gap", estimate=estimate, se=se, contrast=(POSITION,))
    yield made("memory_effect", estimate=-0.05 + estimate, se=0.012, arms=arms("profile", "none"))
    yield made("placebo_effect", estimate=0.006 * wobble(model), se=0.011, arms=arms("placebo", "none"))
    choice = Quantity(name="choice", scale="rate")
    rates: tuple[tuple[ArmGroup, float, float], ...] = (
        ("none", 0.081, 0.011),
        ("placebo", 0.094, 0.013),
        ("profile", 0.171, 0.014),
    )
    for arm, rate, wide in rates:
        yield made("flip_rate", estimate=rate, se=wide, arms=arms(arm, "none"), quantity=choice)
    excess = 0.09 * abs(wobble(kind, model))
    yield made("flip_excess", estimate=excess, se=0.015, arms=arms("profile", "none"), quantity=choice)
    missing = Quantity(name="missing", scale="rate")
    yield made("missing_rate", estimate=0.012, se=0.004, arms=arms("none"), quantity=missing)
    yield made("missing_rate", estimate=0.019, se=0.004, arms=arms("profile"), quantity=missing)
    yield made("missing_gap", estimate=-0.004, se=0.006, contrast=(POSITION,), quantity=missing)
    log_odds = Quantity(name="score", scale="log-odds")
    yield made("mixed_model", estimate=6 * estimate, se=6 * se, contrast=(POSITION,), quantity=log_odds, margin=None)
    spread = Quantity(name="profile_sd", scale="sd")
    yield made("variance", estimate=0.21, se=0.07, arms=arms("crossing"), quantity=spread, margin=None)
    for factor, levels in FACTORS.items():
        for level in levels[1:]:
            gap = 0.02 * wobble(model, kind, factor, level) - (0.03 if level == "muslim" and "tilted" in model else 0)
            one = LevelContrast(factor=factor, level=level, reference=levels[0])
            yield made("factor_gap", estimate=gap, se=0.0105, arms=arms("crossing"), contrast=(one,))


def arms(arm: ArmGroup, baseline: ArmGroup | None = None) -> ArmContrast:
    return ArmContrast(arm=arm, baseline=baseline)


def cells_of(model: str, kind: str) -> Iterator[CellMean]:
    for levels in itertools.product(*FACTORS.values()):
        raw = 0.70 + 0.09 * wobble(model, kind, *levels) - (0.06 if levels[2] == "muslim" else 0)
        pooled = 0.69 + (raw - 0.69) * 0.55
        yield CellMean(
            model=model,
            kind=kind,
            where=Condition(),
            levels=dict(zip(FACTORS, levels, strict=True)),
            trials=24,
            raw=raw,
            pooled=pooled,
            low=pooled - 0.045,
            high=pooled + 0.045,
        )


def nothing_estimated(model: str) -> Finding:
    return Finding(
        measure="interaction",
        model=model,
        kind="understanding",
        where=STATED,
        arms=arms("crossing"),
        contrast=(
            LevelContrast(factor="gender", level="female", reference="male"),
            LevelContrast(factor="religion", level="muslim", reference="christian"),
        ),
        quantity=Quantity(name="score"),
        role="exploratory",
        number=Absent(reason="Not estimated: no cell of this combination was answered."),
        sample=SampleSize(trials=0, items=0, profiles=0),
        method="crossed_quasi_f",
    )


def reactions(model: str) -> tuple[ItemReaction, ...]:
    found = (("u-017", "gender", 2.41, 0.0004), ("u-031", "religion", 0.52, 0.031))
    return tuple(
        ItemReaction(
            model=model,
            kind="understanding",
            where=Condition(),
            contrast=LevelContrast(factor=factor, level=FACTORS[factor][1], reference=FACTORS[factor][0]),
            item=item,
            odds_ratio=odds,
            delta=-2.35 * math.log(odds),
            ets="C",
            met_level=27,
            met_reference=27,
            difference=-0.3,
            low=-0.5,
            high=-0.05,
            p=p,
            sensitive=p < 0.01,
        )
        for item, factor, odds, p in found
    )


def option_shares(model: str) -> tuple[OptionShare, ...]:
    shares = {
        "problem_solving": (0.41, 0.33),
        "acceptance": (0.12, 0.19),
        "avoidance": (0.02, 0.03),
    }
    return tuple(
        OptionShare(
            model=model,
            kind="management",
            where=Condition(),
            factor="position",
            level=level,
            tag=tag,
            share=share,
            answers=720,
        )
        for tag, both in shares.items()
        for level, share in zip(("advantaged", "disadvantaged"), both, strict=True)
    )


def keyed_emotions(model: str) -> tuple[KeyedEmotion, ...]:
    """Two keys by gender: fear is taken for anger with non-binary users, joy is read alike."""
    shares = {"fear": {"male": 0.8, "female": 0.78, "non_binary": 0.4}, "joy": dict.fromkeys(FACTORS["gender"], 0.9)}
    return tuple(
        KeyedEmotion(
            model=model, kind="understanding", where=Condition(), factor="gender", level=level, keyed=keyed,
            chosen=chosen, share=part, low=part - 0.08, high=part + 0.08, answers=120, items=6,
        )
        for keyed, levels in shares.items()
        for level, share in levels.items()
        for chosen, part in ((keyed, share), ("anger", 1 - share))
    )  # fmt: skip


def outcome_counts(model: str) -> tuple[OutcomeCount, ...]:
    ended: dict[OutcomeName, int] = {"answered": 90, "refused": 6, "truncated": 0, "unparsed": 3, "failed": 1}
    version = LevelContrast(factor="position", level="advantaged")
    groups: tuple[tuple[ArmContrast, tuple[LevelContrast, ...]], ...] = (
        (arms("none"), ()),
        (arms("profile"), ()),
        (PAIRS, (version,)),
    )
    return tuple(
        OutcomeCount(model=model, kind="understanding", where=STATED, arms=group, contrast=one, outcomes=ended)
        for group, one in groups
    )


def mentions(model: str) -> tuple[FactMention, ...]:
    return (
        FactMention(
            model=model, kind="understanding", where=Condition(), arm_kind="profile", dimension="assets", count=31,
            share=0.0215,
        ),
    )  # fmt: skip


def variances(model: str) -> tuple[VarianceComponent, ...]:
    found: tuple[tuple[str, float, float | None, float | None, int], ...] = (
        ("item", 0.84, None, None, 48),
        ("profile", 0.0, 0.0, 0.19, 81),
    )
    return tuple(
        VarianceComponent(
            model=model, kind="understanding", where=Condition(), cohort="crossing", term=term, sd=sd, low=low,
            high=high, levels=levels, singular=sd == 0,
        )
        for term, sd, low, high, levels in found
    )  # fmt: skip


def design_power(model: str) -> tuple[DesignPower, ...]:
    return tuple(
        DesignPower(model=model, kind="understanding", where=Condition(), size="items", to=to, smallest_gap=gap)
        for to, gap in ((66, 0.031), (200, 0.018))
    )


def summary(model: str, *, missing: int = 61) -> ModelSummary:
    planned = 9_720
    return ModelSummary(
        model=model,
        endpoint=model.split("/")[0],
        offline=model.split("/")[0] in ("specimen", "simulated"),
        reported=(model,),
        outcomes={
            "answered": planned - missing,
            "refused": missing // 2,
            "truncated": 0,
            "unparsed": missing - missing // 2,
            "failed": 0,
        },
        planned=planned,
        input_tokens=2_214_300,
        output_tokens=29_160,
        cost_usd=0.0,
        seconds=204.0,
        logprobs=model == "specimen/level",
    )


WITHOUT_RESULTS: dict[str, object] = dict.fromkeys(
    ("cells", "outcomes", "items", "emotions", "options", "mentions", "variances", "power"), ()
)
"""For `replace`: findings and nothing beside them."""


def run_summary(
    models: tuple[str, ...], *, simulated: bool = True, specimen: bool = True, preset: str = "full"
) -> RunSummary:
    return RunSummary(
        title="Memory and emotional reasoning of " + (models[0] if len(models) == 1 else f"{len(models)} models"),
        preset=preset,
        created="2026-11-23T20:18:04+00:00",
        evenhand="0.1.0",
        plan_sha256="9f2c" * 16,
        seed=20261123,
        banks=(
            AuditedBank(name="understanding", version="0.1.0", sha256="ab12" * 16, validated=False, items=48),
            AuditedBank(name="management", version="0.1.0", sha256="cd34" * 16, validated=False, items=24),
        ),
        cohorts=(
            AuditedCohort(name="explicit", version="0.1.0", sha256="ef56" * 16, profiles=60),
            AuditedCohort(name="intersectional", version="0.1.0", sha256="0178" * 16, profiles=81),
        ),
        prompts={"memory/system.md.j2": "aa11" * 16, "scoring/ask-choice_letter.md.j2": "bb22" * 16},
        placements=("system",),
        readers=("none",),
        mitigations=("none",),
        models=tuple(summary(model) for model in models),
        simulated=simulated,
        specimen=specimen,
        factor_labels=FACTOR_LABELS,
        level_labels=LEVEL_LABELS,
        command="evenhand audit " + " ".join(models) + f" --preset {preset} --seed 20261123",
    )


def full_findings(models: tuple[str, ...] = MODELS, *, simulated: bool = True, specimen: bool = True) -> Findings:
    """Several models, both kinds, 81 cells each, tables, examples, a finding without an estimate."""
    found = [finding for model in models for kind in KINDS for finding in model_findings(model, kind)]
    return Findings(
        run=run_summary(models, simulated=simulated, specimen=specimen),
        settings=AnalysisSettings(references={factor: levels[0] for factor, levels in FACTORS.items()}),
        findings=(*found, *(nothing_estimated(model) for model in models)),
        cells=tuple(cell for model in models for kind in KINDS for cell in cells_of(model, kind)),
        outcomes=tuple(one for model in models for one in outcome_counts(model)),
        items=tuple(one for model in models for one in reactions(model)),
        emotions=tuple(one for model in models for one in keyed_emotions(model)),
        options=tuple(one for model in models for one in option_shares(model)),
        mentions=tuple(one for model in models for one in mentions(model)),
        variances=tuple(one for model in models for one in variances(model)),
        power=tuple(one for model in models for one in design_power(model)),
        examples=examples(),
        pairs=(answer_pair(models[0]),),
        warnings=("The noise floor rests on two repeats of the no-memory arm.",),
    )


def quick_findings(model: str = "openai/gpt-5.1") -> Findings:
    """One hosted model, the quick design: no intersectional cells, no tables."""
    whole = full_findings((model,), simulated=False, specimen=False)
    return msgspec.structs.replace(
        whole,
        run=msgspec.structs.replace(
            run_summary((model,), simulated=False, specimen=False, preset="quick"),
            models=(msgspec.structs.replace(summary(model, missing=0), cost_usd=1.234),),
        ),
        findings=tuple(
            f for f in whole.findings if f.measure in ("gap", "memory_effect", "placebo_effect", "flip_excess")
        ),
        **WITHOUT_RESULTS,
    )


def bare_findings() -> Findings:
    """A table of predictions that evenhand did not collect: no run, no gap, factor gaps only."""
    whole = full_findings(("predictions",))
    return msgspec.structs.replace(
        whole,
        run=None,
        findings=tuple(f for f in whole.findings if f.measure in ("factor_gap", "mixed_model", "published_model")),
        **WITHOUT_RESULTS,
        examples=(),
        pairs=(),
        warnings=(),
    )


def empty_findings() -> Findings:
    """Nothing could be estimated."""
    whole = quick_findings("openai/silent")
    blank = tuple(without_number(finding) for finding in whole.findings)
    return msgspec.structs.replace(whole, findings=blank)
