"""Make a plan: choose the design, load banks and cohorts, freeze the prompts, hash it all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from evenhand.bank.cohorts import cohort_sha256, load_cohort, load_distractors
from evenhand.bank.load import bank_sha256, load_bank
from evenhand.design.arms import paired_cohort
from evenhand.design.cells import Crossing
from evenhand.endpoints.kinds import kind_of
from evenhand.errors import BankError, UsageError
from evenhand.memory.templates import load_templates
from evenhand.records.item import Bank
from evenhand.records.plan import Design, Extractor, ModelSpec, Plan, Preset, PromptFile, Stamped
from evenhand.records.profile import Cohort, Cue
from evenhand.records.settings import AnalysisSettings
from evenhand.run.plan_file import stamp_plan
from evenhand.scoring.extractors.choose import extractor_named
from evenhand.scoring.templates import ask_templates

__all__ = ["MAIN_BANKS", "Wishes", "make_plan"]

MAIN_BANKS = ("understanding", "management", "benefit", "leakage", "sycophancy")
COHORTS = ("explicit", "intersectional")


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for; everything a plan is made from."""

    models: tuple[ModelSpec, ...]
    preset: Preset
    design: Design
    banks: tuple[str, ...] = ()
    """Names of shipped banks or paths; empty: the banks that go with the models."""
    cohorts: tuple[str, ...] = COHORTS
    seed: int = 20251009
    extractor: Extractor = "choice_letter"
    extractor_options: dict[str, str] = {}
    analysis: AnalysisSettings = AnalysisSettings()
    command: str = ""
    """The command line, for the report."""


def make_plan(wishes: Wishes, *, now: datetime) -> Plan:
    """The frozen plan.

    Args:
        wishes: What was asked for.
        now: The time written into the plan; it decides nothing.

    Raises:
        UsageError: No model, a model named twice, or an extractor that the items do not fit.
        BankError: A bank cannot be used, or two banks share an item id.
        CohortError: A cohort cannot be used.
    """
    _check_models(wishes.models)
    extractor_named(wishes.extractor, wishes.extractor_options)
    banks = _banks(wishes)
    cohorts = tuple(load_cohort(name, cues=_cues(name, wishes.design)) for name in wishes.cohorts)
    cohorts = tuple(cohort for cohort in cohorts if _takes_part(cohort, wishes.design))
    prompts = {**load_templates(), **ask_templates(wishes.extractor)}
    retrieved = "retrieved" in wishes.design.placements
    plan = Plan(
        evenhand=version("evenhand"),
        created=now.isoformat(timespec="seconds"),
        command=wishes.command,
        preset=wishes.preset,
        seed=wishes.seed,
        models=wishes.models,
        design=wishes.design,
        banks=banks,
        bank_stamps=tuple(
            Stamped(name=bank.name, version=bank.version, sha256=bank_sha256(bank), size=len(bank.items))
            for bank in banks
        ),
        cohorts=cohorts,
        cohort_stamps=tuple(
            Stamped(name=cohort.name, version=cohort.version, sha256=cohort_sha256(cohort), size=len(cohort.profiles))
            for cohort in cohorts
        ),
        distractors=load_distractors() if retrieved else (),
        prompts=tuple(
            PromptFile(name=name, sha256=hashlib.sha256(text.encode()).hexdigest(), text=text)
            for name, text in sorted(prompts.items())
        ),
        extractor=wishes.extractor,
        extractor_options=wishes.extractor_options,
        analysis=_with_references(wishes.analysis, cohorts),
        sha256="",
    )
    if Crossing(plan).size() == 0:
        kinds = ", ".join(wishes.design.kinds)
        raise UsageError(f"the design asks nothing: no item of the kinds {kinds} in the banks; name others with --kind")
    return stamp_plan(plan)


def _check_models(models: Sequence[ModelSpec]) -> None:
    names = [model.name for model in models]
    if not names:
        raise UsageError("no model was named; name one, for example `openai/gpt-5.1` or `specimen/tilted`")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"the model {twice[0]!r} is named twice; name each model once (replicates repeat questions)")


def _banks(wishes: Wishes) -> tuple[Bank, ...]:
    own = {kind_of(model).banks for model in wishes.models}
    names = wishes.banks or (own.pop() if len(own) == 1 else ()) or MAIN_BANKS
    loaded = [load_bank(Path(name) if _is_path(name) else name) for name in names]
    kinds = wishes.design.kinds
    banks = tuple(bank for bank in loaded if any(item.kind in kinds for item in bank.items))
    owners: dict[str, str] = {}
    for bank in banks:
        for item in bank.items:
            if item.id in owners:
                raise BankError(
                    f"the item id {item.id!r} stands in {owners[item.id]!r} and in {bank.name!r}; rename one of them"
                )
            owners[item.id] = bank.name
            if wishes.extractor == "yes_no" and len(item.options) != 2:
                raise UsageError(
                    f"the extractor 'yes_no' needs items of two options, {item.id!r} of {bank.name!r} has "
                    f"{len(item.options)}; choose another with --extractor"
                )
    return banks


def _is_path(name: str) -> bool:
    return "/" in name or "\\" in name or name.endswith((".yaml", ".yml", ".json"))


def _cues(name: str, design: Design) -> tuple[Cue, ...]:
    return ("stated",) if name == "explicit" else design.cues


def _takes_part(cohort: Cohort, design: Design) -> bool:
    """A crossing that no item meets stays out of the plan; its placebo profiles too."""
    return design.pairs_per_item != 0 if paired_cohort(cohort) else design.profiles_per_item != 0


def _with_references(settings: AnalysisSettings, cohorts: Sequence[Cohort]) -> AnalysisSettings:
    """The settings with every factor's reference level, and with the factor of the primary gap.

    Where no cohort has the factor of the primary gap, it is the two-level factor of the first cohort of matched sets,
    its reference level taken as the advantaged one.
    """
    references = {factor.id: factor.reference for cohort in cohorts for factor in cohort.factors}
    filled = msgspec.structs.replace(settings, references={**references, **settings.references})
    if settings.contrast in references:
        return filled
    for cohort in filter(paired_cohort, cohorts):
        for factor in cohort.factors:
            others = [level.id for level in factor.levels if level.id != factor.reference]
            if len(others) == 1:
                return msgspec.structs.replace(
                    filled, contrast=factor.id, advantaged=factor.reference, disadvantaged=others[0]
                )
    return filled
