"""Make a plan: choose the design, load banks and cohorts, freeze the prompts, hash it all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from evenhand.bank.cohorts import cohort_sha256, load_cohort, load_distractors
from evenhand.bank.load import bank_sha256, load_bank
from evenhand.bank.prompts import load_prompts
from evenhand.design.arms import paired_cohort
from evenhand.design.cells import Crossing
from evenhand.design.presets import preset_design
from evenhand.endpoints.kinds import kind_of
from evenhand.errors import BankError, UsageError
from evenhand.memory.own_prompts import own_templates
from evenhand.memory.stores.named import frozen_store
from evenhand.memory.templates import load_templates
from evenhand.mitigate.named import mitigation_spec
from evenhand.plan.batchable import check_batchable
from evenhand.plan.file import stamp_plan
from evenhand.plan.languages import check_languages, kept
from evenhand.plan.placements import check_placements, products_of
from evenhand.records.answer_format import ANSWER_FORMATS, AnswerFormat, formats_of
from evenhand.records.item import Bank
from evenhand.records.language import Language
from evenhand.records.message import USUAL_SETTINGS
from evenhand.records.mitigation import MitigationSpec
from evenhand.records.plan import Design, Extractor, ModelSpec, Plan, Preset, PromptFile, Stamped
from evenhand.records.profile import Cohort, Cue
from evenhand.records.rubric import Rater
from evenhand.records.settings import AnalysisSettings, Outcome
from evenhand.scoring.extractors.choose import extractor_named
from evenhand.scoring.templates import ask_templates, judge_templates

__all__ = ["MAIN_BANKS", "PlanRequest", "check_reads_texts", "make_plan", "usual_design"]

MAIN_BANKS = ("understanding", "management", "benefit", "leakage", "sycophancy", "scenes", "advice")
COHORTS = ("explicit", "intersectional")


class PlanRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for; everything a plan is made from.

    Example:
        >>> import evenhand
        >>> request = evenhand.PlanRequest(models=("simulated/tilted",), preset="quick")
        >>> evenhand.make_plan(request).preset
        'quick'
    """

    models: tuple[ModelSpec | str, ...]
    """The assistants; a name stands for a model with the usual settings, those of the command line."""
    preset: Preset | None = None
    """None: `quick` where asking costs money, `standard` elsewhere."""
    design: Design | None = None
    """None: the preset's. Any other design makes the plan's preset `custom`."""
    banks: tuple[str, ...] = ()
    """Names of shipped banks or paths; empty: the banks that go with the models."""
    cohorts: tuple[str, ...] = COHORTS
    """Names of shipped cohorts or paths."""
    seed: int = 20251009
    """The one root seed: of the design, of simulated answers and of the analysis."""
    extractor: Extractor = "choice_letter"
    """How the chosen option is read from an answer."""
    extractor_options: dict[str, str] = {}
    """Options of the extractor, such as the model of `llm_extract`."""
    prompts: tuple[str, ...] = ()
    """Files of the user's own prompts, beside the banks that are named; alone where none is."""
    system_prompt: str | None = None
    """File of the product's own system prompt, with `{{ memory }}` where memory goes; None: the shipped base prompt."""
    memory_template: str | None = None
    """File of the text that memory is shown in, a Jinja template; None: the shipped ones."""
    rater: Rater | None = None
    """A second model that rates written answers."""
    mitigations: tuple[str, ...] = ()
    """Policies that are tried, `NAME` or `NAME?option=value`; `none` is asked whether it is among them or not."""
    analysis: AnalysisSettings = AnalysisSettings()
    """What the analysis is told beforehand; its seed and outcome are replaced by `seed` and `outcome`."""
    outcome: Outcome | None = None
    """Primary outcome; None: option probabilities where every model is sure to give them, otherwise the answers."""
    command: str = ""
    """The command line, for the report."""
    batch: bool = False
    """Whether it is asked by batches, at half the price and within a day."""


def make_plan(request: PlanRequest, *, now: datetime | None = None) -> Plan:
    """The frozen plan.

    Args:
        request: What was asked for.
        now: The time written into the plan, which decides nothing; None: the present.

    Raises:
        UsageError: No model, a model named twice, an extractor that the items do not fit, or a prompt of the product
            that cannot be used.
        EndpointError: A model's name that no endpoint has.
        BankError: A bank cannot be used, or two banks share an item id.
        CohortError: A cohort cannot be used.

    Example:
        >>> import evenhand
        >>> plan = evenhand.make_plan(evenhand.PlanRequest(models=("simulated/null",)))
        >>> [model.name for model in plan.models]
        ['simulated/null']
    """
    models = tuple(
        ModelSpec(name=model, settings=USUAL_SETTINGS) if isinstance(model, str) else model for model in request.models
    )
    _check_models(models)
    models = tuple(map(_frozen, models))
    if request.analysis.looks > 1 and len(models) > 1:
        raise UsageError(
            f"--looks {request.analysis.looks} works with one model, because each look is at the answers of one; "
            "plan a run for each"
        )
    _check_rater(request)
    preset, design = _design(request, models)
    policies = _policies(request, design)
    design = msgspec.structs.replace(design, mitigations=("none", *(spec.name for spec in policies)))
    extractor_named(request.extractor, request.extractor_options)
    _check_formats(request, models=models, design=design)
    own_prompts = request.system_prompt is not None or request.memory_template is not None
    check_placements(design, models=models, own_prompts=own_prompts, looks=request.analysis.looks)
    banks = _banks(request, models=models, design=design)
    cohorts = tuple(load_cohort(name, cues=_cues(name, design)) for name in request.cohorts)
    cohorts = tuple(cohort for cohort in cohorts if _takes_part(cohort, design))
    prompts = {} if request.rater is None else judge_templates()
    for language in check_languages(banks, cohorts, design):
        prompts |= _prompts(request, design, language)
    retrieved = "retrieved" in design.placements
    plan = Plan(
        evenhand=version("evenhand"),
        created=(now or datetime.now(UTC)).isoformat(timespec="seconds"),
        command=request.command,
        batch=request.batch,
        preset=preset,
        seed=request.seed,
        models=models,
        design=design,
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
        extractor=request.extractor,
        extractor_options=request.extractor_options,
        rater=request.rater,
        mitigations=policies,
        analysis=_with_references(_settings(request, models), cohorts),
        sha256="",
    )
    _check_asked(plan)
    return stamp_plan(plan)


def _check_asked(plan: Plan) -> None:
    """Raise where a plan asks nothing, or cannot be asked by the batches that were wished for."""
    if plan.batch:
        check_batchable(plan)
    if Crossing(plan).size() == 0:
        kinds = ", ".join(plan.design.kinds)
        raise UsageError(f"the design asks nothing: no item of the kinds {kinds} in the banks; name others with --kind")


def _frozen(model: ModelSpec) -> ModelSpec:
    """The model with the hashes of its files and the versions of its store."""
    store = None if model.store is None else frozen_store(model.store)
    return msgspec.structs.replace(model, sources=kind_of(model).sources(model), store=store)


def _prompts(request: PlanRequest, design: Design, language: Language) -> dict[str, str]:
    """The prompts of a language under the names of the plan, with the English ones under whose names they are found."""
    usual = {**_memory_templates(request, design, "en"), **ask_templates(request.extractor, _formats(design))}
    if language == "en":
        return usual
    own = {
        **_memory_templates(request, design, language),
        **ask_templates(request.extractor, _formats(design), language),
    }
    return usual | kept(own, language)


def _memory_templates(request: PlanRequest, design: Design, language: Language) -> dict[str, str]:
    """The shipped templates of memory in a language, with the product's own prompts in their place."""
    return own_templates(
        load_templates(language),
        system_prompt=None if request.system_prompt is None else Path(request.system_prompt),
        memory_template=None if request.memory_template is None else Path(request.memory_template),
        placements=design.placements,
    )


def _policies(request: PlanRequest, design: Design) -> tuple[MitigationSpec, ...]:
    """The policies that were asked for, each with its texts.

    Raises:
        UsageError: One is not known, has an option that it does not take, or is named twice.
    """
    written = [text for text in (request.mitigations or design.mitigations) if text != "none"]
    specs = tuple(mitigation_spec(text) for text in written)
    names = [spec.name for spec in specs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(
            f"the policy {twice[0]!r} is named twice; a run tries each once, so plan another run for other options"
        )
    return specs


def _design(request: PlanRequest, models: Sequence[ModelSpec]) -> tuple[Preset, Design]:
    """The preset by name and its design; a design of the user's own is `custom`, unless it is just the preset's."""
    chosen = request.preset or ("quick" if any(kind_of(model).paid(model) for model in models) else "standard")
    usual = usual_design(chosen, models, extractor=request.extractor)
    design = usual if request.design is None else request.design
    if request.prompts and request.design is None:
        design = msgspec.structs.replace(design, kinds=("advice",))
    elif request.prompts and "advice" not in design.kinds:
        design = msgspec.structs.replace(design, kinds=(*design.kinds, "advice"))
    bare = msgspec.structs.replace(design, mitigations=usual.mitigations)
    return (chosen if bare == usual else "custom"), design


def usual_design(preset: Preset, models: Sequence[ModelSpec], *, extractor: Extractor) -> Design:
    """The preset's design in what every model can answer: letters alone where a second model reads letters."""
    can = [answer for answer in ANSWER_FORMATS if all(answer in kind_of(model).answers for model in models)]
    design = preset_design(preset, answers=("letter",) if extractor == "llm_extract" else can)
    if models and len(products_of(models)) == len(models):
        return msgspec.structs.replace(design, placements=("stored",))
    return design


def _formats(design: Design) -> tuple[AnswerFormat, ...]:
    """The formats in which the items of a design are answered, each once."""
    asked = (
        answer for kind in design.kinds for answer in formats_of(kind, choice=design.answers, written=design.written)
    )
    return tuple(dict.fromkeys(asked))


_WAY_OUT: dict[AnswerFormat, str] = {
    "letter": "--answer letter",
    "distribution": "--answer distribution",
    "rating": "--kind intensity",
    "text": "the kinds that are answered in writing",
}


def _check_formats(request: PlanRequest, *, models: Sequence[ModelSpec], design: Design) -> None:
    """Refuse formats that a model cannot answer in, and a second reader of letters where numbers are stated.

    Raises:
        UsageError: One of them is asked for.
    """
    if not design.answers:
        raise UsageError("the design names no answer format; name letter, distribution or both")
    if request.rater is not None and "text" not in _formats(design):
        raise UsageError(
            "a judge rates written answers, and the design asks for none; add --kind advice or --prompts FILE, or "
            "leave --judge out"
        )
    for answer in _formats(design):
        for model in models:
            can = kind_of(model).answers
            if answer not in can:
                raise UsageError(
                    f"{model.name!r} cannot answer in the format {answer!r}, only in: {', '.join(can)}; leave out "
                    f"{_WAY_OUT[answer]}, or audit another model"
                )
        if answer != "letter" and request.extractor == "llm_extract":
            raise UsageError(
                f"the extractor 'llm_extract' reads letters, and the design asks for the format {answer!r} too; leave "
                "the extractor out, or ask letters only"
            )


def _settings(request: PlanRequest, models: Sequence[ModelSpec]) -> AnalysisSettings:
    """The settings with the one seed and the outcome that is fixed before anything is asked."""
    sure = all(model.settings.logprobs and kind_of(model).sure_of_logprobs for model in models)
    outcome = request.outcome or ("option_probabilities" if sure else "answers")
    return msgspec.structs.replace(request.analysis, seed=request.seed, outcome=outcome)


def _check_rater(request: PlanRequest) -> None:
    """Refuse a judge that cannot read.

    Raises:
        UsageError: It is a simulated respondent or a specimen.
    """
    if request.rater is not None:
        check_reads_texts(request.rater.model)


def check_reads_texts(rater: ModelSpec) -> None:
    """Refuse a judge that cannot read.

    Raises:
        UsageError: It is a simulated respondent or a specimen.
    """
    kind = kind_of(rater)
    if kind.needs_cells or "text" not in kind.answers:
        raise UsageError(
            f"the judge cannot be of the kind {kind.prefix!r}, which reads no texts; name a model such as openai/NAME "
            "with --judge"
        )


def _check_models(models: Sequence[ModelSpec]) -> None:
    names = [model.name for model in models]
    if not names:
        raise UsageError("no model was named; name one, for example `openai/gpt-5.1` or `specimen/tilted`")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"the model {twice[0]!r} is named twice; name each model once (replicates repeat questions)")


def _banks(request: PlanRequest, *, models: Sequence[ModelSpec], design: Design) -> tuple[Bank, ...]:
    own = {kind_of(model).banks for model in models}
    names = request.banks or (() if request.prompts else (own.pop() if len(own) == 1 else ()) or MAIN_BANKS)
    loaded = [load_bank(Path(name) if _is_path(name) else name) for name in names]
    loaded += [load_prompts(Path(name)) for name in request.prompts]
    kinds = design.kinds
    banks = tuple(bank for bank in loaded if any(item.kind in kinds for item in bank.items))
    owners: dict[str, str] = {}
    for bank in banks:
        for item in bank.items:
            if item.id in owners:
                raise BankError(
                    f"the item id {item.id!r} is in {owners[item.id]!r} and in {bank.name!r}; rename one of them"
                )
            owners[item.id] = bank.name
            if request.extractor == "yes_no" and len(item.options) != 2:
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
    """The settings with every factor's reference level and cohort's dose, and with the factor of the primary gap.

    Where no cohort has the factor of the primary gap, it is the two-level factor of the first cohort of matched sets,
    its reference level taken as the advantaged one.
    """
    references = {factor.id: factor.reference for cohort in cohorts for factor in cohort.factors}
    doses = {cohort.name: cohort.dose for cohort in cohorts if cohort.dose is not None}
    filled = msgspec.structs.replace(
        settings, references={**references, **settings.references}, doses={**doses, **settings.doses}
    )
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
