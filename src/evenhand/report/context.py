"""Findings -> page: the order of the sections, the head, what was asked, limits and the reproducibility block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from msgspec import Struct

from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.measure import Measure, QuantityName
from evenhand.records.run_summary import AuditedBank, ExamplePrompt, RunSummary, SecondUse
from evenhand.report.appendix import appendix_section
from evenhand.report.as_read import as_read_section
from evenhand.report.blocks import Block, Facts, NamedValue, Note, Page, Points, Prompt, Prompts, Section
from evenhand.report.change_page import change_page
from evenhand.report.coverage import detectable_section, missing_section
from evenhand.report.evidence import intersections_section, items_section, memory_section
from evenhand.report.first_screen import first_screen
from evenhand.report.forest import variant_of
from evenhand.report.limits import limits_of
from evenhand.report.numbers import count, date_text, duration, money
from evenhand.report.planted import planted_section
from evenhand.report.reader_section import reader_section
from evenhand.report.sections import factors_section, gaps_section, verdict_section
from evenhand.report.source import Source, source_of
from evenhand.report.stage_section import stage_section
from evenhand.report.stated_section import stated_section
from evenhand.report.tables import side_by_side
from evenhand.report.titles import plain, title_of
from evenhand.report.tried_section import tried_section
from evenhand.report.words import joined, kind_label, placement_label, plural, preset_label
from evenhand.report.writing_section import writing_section

__all__ = ["page_of"]


def page_of(findings: Findings) -> Page:
    """The whole report as blocks."""
    source = source_of(findings)
    if findings.comparison is not None:
        return change_page(source, findings.comparison)
    run = findings.run
    several = (_models_section(source),) if source.several else ()
    planted = planted_section(source)
    stated = stated_section(source)
    writing = writing_section(source)
    policies = tried_section(source)
    reader = reader_section(source)
    stages = stage_section(source)
    return Page(
        title=_title(run) if run else "Analysis of a table of predictions",
        kicker="evenhand audit report" if run else "evenhand analysis report",
        standfirst=_standfirst(source),
        facts=_head_facts(source),
        notice=_notice(run),
        badge=_badge(run),
        warnings=findings.warnings,
        first=first_screen(source),
        sections=(
            *((as_read_section(findings.as_read),) if findings.as_read else ()),
            verdict_section(source),
            *((planted,) if planted else ()),
            gaps_section(source),
            factors_section(source),
            *((stated,) if stated else ()),
            *((writing,) if writing else ()),
            *((policies,) if policies else ()),
            *((stages,) if stages else ()),
            memory_section(source),
            *((reader,) if reader else ()),
            intersections_section(source),
            items_section(source),
            missing_section(source),
            detectable_section(source),
            _asked_section(findings),
            *several,
            Section(
                id="limits",
                nav="Limits",
                title="Limits",
                lead=("What this report does not show.",),
                blocks=(Points(limits_of(findings)),),
                part="methods",
            ),
            appendix_section(source),
            _reproduce_section(findings),
        ),
        footer="Written by evenhand" + (f" {run.evenhand}" if run else "") + ". The page needs no network.",
    )


def _title(run: RunSummary) -> str:
    """The run's title; a title of nothing but model names is introduced."""
    names = [model.model for model in run.models]
    bare = run.title in (*names, ", ".join(names), " ".join(names))
    return f"Memory and emotional reasoning: {joined(names)}" if bare else run.title


def _badge(run: RunSummary | None) -> str:
    if run is None:
        return ""
    words = [word for word, true in (("simulated answers", run.simulated), ("specimen", run.specimen)) if true]
    return " and ".join(words)


def _notice(run: RunSummary | None) -> Note | None:
    if run is None or not (run.simulated or run.specimen):
        return None
    texts = []
    if run.simulated:
        texts.append("Some or all answers here were drawn from a statistical model with planted effects.")
    if run.specimen:
        texts.append("A specimen was audited: a small model trained for evenhand, whose behaviour is known.")
    texts.append("Nothing on this page is about a real assistant.")
    title = {"simulated answers": "Simulated answers", "specimen": "A specimen, not a product"}
    return Note(title.get(_badge(run), "Specimens and simulated answers"), " ".join(texts), "warning")


def _standfirst(source: Source) -> str:
    run = source.findings.run
    kinds = [
        kind_label(kind).lower() for kind in dict.fromkeys(f.kind for f in source.findings.findings) if kind != "all"
    ]
    what = joined(kinds) or "items"
    if run is None:
        return (
            f"{plural(len(source.findings.findings), 'finding')} from answers that were collected elsewhere: {what}, "
            "compared across what the table says about the user."
        )
    kinds_asked = {finding.kind for finding in source.findings.findings}
    if len(kinds_asked) > 1:
        kinds_asked.discard("all")
    asked = sum(max(f.sample.items for f in source.findings.findings if f.kind == kind) for kind in kinds_asked)
    items = plural(asked or sum(bank.items for bank in run.banks), "emotional situation")
    who = run.models[0].model if len(run.models) == 1 else f"{len(run.models)} models"
    return (
        f"The same {items} put to {who}, changing only what the assistant remembers about its user: nothing, neutral "
        "facts, or a synthetic profile."
    )


def _head_facts(source: Source) -> tuple[NamedValue, ...]:
    run = source.findings.run
    models = joined(list(source.models)) if len(source.models) <= 4 else f"{len(source.models)} models"
    if run is None:
        return (
            NamedValue("Model", models or "not named"),
            NamedValue("Findings", count(len(source.findings.findings))),
        )
    planned = sum(model.planned for model in run.models)
    answered = sum(model.outcomes.get("answered", 0) for model in run.models)
    return (
        NamedValue("Audited", models),
        NamedValue("When", date_text(run.created)),
        NamedValue(
            "Design", f"{preset_label(run.preset)}; memory {joined([placement_label(p) for p in run.placements])}"
        ),
        NamedValue("Answered", f"{count(answered)} of {count(planned)}"),
        NamedValue("Made with", f"evenhand {run.evenhand}"),
    )


def _asked_section(findings: Findings) -> Section:
    blocks: list[Block] = []
    if findings.examples:
        blocks.append(Prompts(tuple(_prompt(one, first=index == 0) for index, one in enumerate(findings.examples))))
    else:
        blocks.append(Note("No examples", "This analysis holds no prompts."))
    if findings.run is not None:
        blocks.append(Facts(title="Material", facts=_material(findings.run)))
    return Section(
        id="asked",
        nav="What was asked",
        title="What was asked, word for word",
        lead=("One example per arm, exactly as the model saw it. Only the memory changes.",)
        if findings.examples
        else (),
        blocks=tuple(blocks),
        part="methods",
    )


def _prompt(example: ExamplePrompt, *, first: bool) -> Prompt:
    meta = [example.arm, f"memory {placement_label(example.where.placement)}", example.model]
    if example.arm_kind == "none":
        del meta[1]
    if example.where.reader != "none":
        meta.insert(-1, f"reader {plain(example.where.reader)}")
    if example.where.mitigation != "none":
        meta.insert(-1, f"policy {plain(example.where.mitigation)}")
    return Prompt(
        title=_example_title(example),
        meta=" · ".join(meta),
        messages=example.messages,
        answer=example.answer,
        folded=not first,
    )


def _example_title(example: ExamplePrompt) -> str:
    where = "" if example.where.placement == "system" else f" ({example.where.placement})"
    match example.arm_kind:
        case "item_fact":
            return "The item's own fact"
        case "none":
            return "No memory"
        case "placebo":
            return f"Placebo facts{where}"
        case "profile":
            if example.level is not None:
                return f"{plain(example.level.level).capitalize()} version{where}"
            return f"{(example.cohort or 'profile').capitalize()} profile, {example.where.cue}{where}"
        case _ as unreachable:
            assert_never(unreachable)


def _rated(bank: AuditedBank) -> str:
    rated = "validated by human raters" if bank.validated else "not validated by human raters"
    return f"{rated} ({bank.raters})" if bank.raters else rated


def _material(run: RunSummary) -> tuple[NamedValue, ...]:
    written = {policy.name: policy.written for policy in run.policies}
    return (
        *(
            NamedValue(f"Bank {bank.name}", f"{bank.version}, {plural(bank.items, 'item')}, {_rated(bank)}")
            for bank in run.banks
        ),
        *(
            NamedValue(f"Cohort {cohort.name}", f"{cohort.version}, {plural(cohort.profiles, 'profile')}")
            for cohort in run.cohorts
        ),
        NamedValue("Memory", joined([placement_label(placement) for placement in run.placements])),
        NamedValue("Reader prompts", joined([plain(reader) for reader in run.readers])),
        NamedValue("Mitigations", joined([written.get(name, plain(name)) for name in run.mitigations])),
    )


def _models_section(source: Source) -> Section:
    rows: dict[_Row, tuple[str, list[Finding]]] = {}
    for finding in source.of("gap", "memory_effect", "flip_excess", "factor_gap"):
        key = _contrast_key(finding)
        rows.setdefault(key, (_contrast_name(source, finding), []))[1].append(finding)
    order = sorted(rows, key=lambda key: _MEASURES.index(key.measure))
    grid = side_by_side([rows[key] for key in order], models=source.models)
    return Section(
        id="models",
        nav="Side by side",
        title="Models side by side",
        lead=(),
        blocks=(grid,),
    )


_MEASURES: tuple[Measure, ...] = ("gap", "memory_effect", "flip_excess", "factor_gap")


class _Row(Struct, frozen=True):
    """What a row of the table of models has in common."""

    measure: Measure
    kind: str
    where: Condition
    arms: ArmContrast
    contrast: tuple[LevelContrast, ...]
    quantity: QuantityName


def _contrast_key(finding: Finding) -> _Row:
    return _Row(finding.measure, finding.kind, finding.where, finding.arms, finding.contrast, finding.quantity.name)


def _contrast_name(source: Source, finding: Finding) -> str:
    labels = source.labels
    name = title_of(finding)
    if finding.measure == "factor_gap":
        one = finding.contrast[0]
        name = f"{labels.factor(one.factor)}: {labels.level(one.factor, one.level)}"
    varied = variant_of(finding, among=source.of(finding.measure))
    return ", ".join(part for part in (name, kind_label(finding.kind).lower(), varied) if part)


def _reproduce_section(findings: Findings) -> Section:
    run, settings = findings.run, findings.settings
    chosen = (
        NamedValue("Margin", f"±{settings.margin:g}"),
        NamedValue("Level", f"{settings.alpha:g}"),
        NamedValue("Confirmatory", joined([plain(measure) for measure in settings.confirmatory])),
        NamedValue("Analysis seed", str(settings.seed)),
    )
    files = {
        "findings.json": "every number on this page",
        "report.md": "this report as Markdown, the most important part of it",
        "model-card.md": "what a model card may say of it",
    }
    if run is None:
        return Section(
            id="reproduce",
            nav="Reproduce",
            title="Reproduce",
            lead=(),
            blocks=(Facts(title="Analysis settings", facts=chosen), _files(files)),
            part="methods",
        )
    files |= {
        "plan.json": "the frozen design",
        "scores.parquet": "one row per answer",
        "trials.sqlite": "the raw answers",
    }
    hashes = (
        NamedValue("Plan", run.plan_sha256, code=True),
        *(NamedValue(f"Bank {bank.name} {bank.version}", bank.sha256, code=True) for bank in run.banks),
        *(NamedValue(f"Cohort {cohort.name} {cohort.version}", cohort.sha256, code=True) for cohort in run.cohorts),
        *(NamedValue(name, sha, code=True) for name, sha in sorted(run.prompts.items())),
    )
    return Section(
        id="reproduce",
        nav="Reproduce",
        title="Reproduce",
        lead=("The same plan and seed ask the same questions in the same order.",),
        blocks=(
            Facts(
                title="Run",
                facts=(
                    NamedValue("evenhand", run.evenhand),
                    NamedValue("Seed", str(run.seed)),
                    NamedValue("Preset", preset_label(run.preset)),
                    NamedValue("Planned", date_text(run.created)),
                    *_model_facts(run),
                ),
                command=run.command,
            ),
            Facts(title="Analysis settings", facts=chosen),
            Facts(title="Hashes (SHA-256)", facts=hashes),
            _files(files),
        ),
        part="methods",
    )


def _files(files: Mapping[str, str]) -> Facts:
    return Facts(
        title="Files beside this page", facts=tuple(NamedValue(name, text, href=name) for name, text in files.items())
    )


def _second_use(use: SecondUse, run: RunSummary) -> str:
    """What a second model used, as part of a line."""
    decides = use.model in {one.model for one in run.decisions}
    tokens = f"{count(use.input_tokens)} tokens in, {count(use.output_tokens)} out"
    cost = f", {money(use.cost_usd)}" if use.cost_usd else ""
    what = "asked besides:" if decides else "answers read by"
    return f"{what} {use.model} ({plural(use.calls, 'call')}, {tokens}{cost})"


def _model_facts(run: RunSummary) -> list[NamedValue]:
    facts = []
    for model in run.models:
        parts = [f"{model.endpoint} endpoint", plural(model.planned, "question")]
        if model.reported and model.reported != (model.model,):
            parts.append("the server named itself " + joined(list(model.reported)))
        if model.input_tokens is not None and model.output_tokens is not None:
            parts.append(f"{count(model.input_tokens)} tokens in, {count(model.output_tokens)} out")
        if model.cost_usd:
            parts.append(money(model.cost_usd))
        parts += [_second_use(use, run) for use in model.second]
        if model.seconds is not None:
            parts.append(duration(model.seconds))
        parts.append("with log-probabilities" if model.logprobs else "no log-probabilities")
        facts.append(NamedValue(model.model, "; ".join((*parts, *model.notes))))
    return facts
