"""What was run: the head of the report and its reproducibility block."""

from __future__ import annotations

import shlex
from pathlib import Path

from msgspec import Struct

from evenhand.design.cells import Crossing, Meeting
from evenhand.endpoints.kinds import kind_of, reported_kind
from evenhand.endpoints.redact import redact
from evenhand.head.planted import planted_effects
from evenhand.head.shown_turns import shown_turns
from evenhand.mitigate.named import policy_of
from evenhand.mitigate.policy import unfit_for_gateway
from evenhand.plan.cost import estimate, find_price, spent
from evenhand.plan.languages import asked_language
from evenhand.plan.second_models import policy_models, second_models
from evenhand.records.condition import Condition
from evenhand.records.contrast import LevelContrast
from evenhand.records.mitigation import PolicySetting
from evenhand.records.plan import ModelSpec, Plan
from evenhand.records.profile import ArmKind
from evenhand.records.run_summary import (
    AuditedBank,
    AuditedCohort,
    ExamplePrompt,
    LevelName,
    ModelSummary,
    RunSummary,
    SecondUse,
)
from evenhand.store.reading import TrialReader
from evenhand.store.totals import ModelTotals, SecondTotals

__all__ = ["example_prompts", "run_summary"]


def run_summary(plan: Plan, trials: TrialReader, *, directory: Path) -> RunSummary:
    """The summary of a run directory as it stands; unfinished runs are summed up as far as they went."""
    closed = {item.id for bank in plan.banks if not bank.redistribute for item in bank.items}
    totals = trials.totals(closed=closed)
    crossing = Crossing(plan)
    reported = [name for total in totals.values() for name in total.reported]
    named = (kind_of(model) for model in plan.models)
    kinds = [kind for kind in (*named, *map(reported_kind, reported)) if kind is not None]
    return RunSummary(
        title=", ".join(model.name for model in plan.models),
        preset=plan.preset,
        created=plan.created,
        evenhand=plan.evenhand,
        plan_sha256=plan.sha256,
        seed=plan.seed,
        banks=tuple(
            AuditedBank(
                name=bank.name,
                version=stamp.version,
                sha256=stamp.sha256,
                validated=bank.validated,
                items=stamp.size,
                raters=bank.validation.who if bank.validation is not None else "",
                language=bank.language,
                asked_in=asked_language(bank, plan.design),
            )
            for bank, stamp in zip(plan.banks, plan.bank_stamps, strict=True)
        ),
        cohorts=tuple(
            AuditedCohort(
                name=stamp.name,
                version=stamp.version,
                sha256=stamp.sha256,
                profiles=stamp.size,
                language=cohort.language,
            )
            for cohort, stamp in zip(plan.cohorts, plan.cohort_stamps, strict=True)
        ),
        prompts={prompt.name: prompt.sha256 for prompt in plan.prompts},
        placements=plan.design.placements,
        readers=plan.design.readers,
        mitigations=plan.design.mitigations,
        policies=tuple(
            PolicySetting(name=spec.name, options=spec.options, deployable=unfit_for_gateway(policy_of(spec)) is None)
            for spec in plan.mitigations
        ),
        models=tuple(
            _model(model, totals.get(model.name), crossing.size(model), (*second_models(plan), *policy_models(plan)))
            for model in plan.models
        ),
        decisions=trials.decision_counts(),
        simulated=any(kind.simulated for kind in kinds),
        specimen=any(kind.specimen for kind in kinds),
        planted=planted_effects(plan, totals),
        factor_labels={factor.id: factor.label for cohort in plan.cohorts for factor in cohort.factors},
        level_labels=tuple(
            LevelName(factor=factor.id, level=level.id, label=level.label)
            for cohort in plan.cohorts
            for factor in cohort.factors
            for level in factor.levels
        ),
        folder=directory.name if directory.is_absolute() else str(directory),
        command=plan.command or f"evenhand run {shlex.quote(directory.name)}",
    )


def _model(model: ModelSpec, totals: ModelTotals | None, planned: int, second: tuple[ModelSpec, ...]) -> ModelSummary:
    kind = kind_of(model)
    if totals is None or not any(totals.outcomes.values()):
        return ModelSummary(
            model=model.name,
            endpoint=kind.prefix,
            offline=kind.simulated or kind.specimen or kind.replays,
            outcomes={},
            planned=planned,
            notes=("nothing was asked",),
        )
    price = find_price(model)
    return ModelSummary(
        model=model.name,
        endpoint=kind.prefix,
        offline=kind.simulated or kind.specimen or kind.replays,
        reported=totals.reported,
        outcomes=totals.outcomes,
        planned=planned,
        input_tokens=totals.input_tokens,
        output_tokens=totals.output_tokens,
        cost_usd=None if price is None else spent(price, totals),
        seconds=totals.latency_s,
        logprobs=totals.logprobs > 0,
        notes=totals.notes,
        troubles=totals.troubles,
        second=tuple(_second(spec, totals.second[spec.name]) for spec in second if spec.name in totals.second),
    )


def _second(spec: ModelSpec, totals: SecondTotals) -> SecondUse:
    """What a second model used."""
    price = find_price(spec)
    return SecondUse(
        model=spec.name,
        calls=totals.calls,
        input_tokens=totals.input_tokens,
        output_tokens=totals.output_tokens,
        cost_usd=estimate(price, input_tokens=totals.input_tokens, output_tokens=totals.output_tokens)
        if price is not None
        else None,
    )


def example_prompts(plan: Plan, trials: TrialReader) -> tuple[ExamplePrompt, ...]:
    """The exact messages of one item under every kind of arm, as the first model saw them.

    The advantaged and the disadvantaged version are those of one matched set. The text of a bank that may not be
    redistributed is replaced by the item's id and the hash of the message.
    """
    crossing = Crossing(plan)
    contrast = plan.analysis.contrast
    closed = {item.id for bank in plan.banks if not bank.redistribute for item in bank.items}
    private = {cohort.name for cohort in plan.cohorts if not cohort.redistribute}
    found: dict[_ExampleArm, ExamplePrompt] = {}
    for met in _telling(crossing, contrast=contrast):
        for cell, meeting in crossing.cells_of(plan.models[0], met):
            arm = meeting.arm
            shown = _ExampleArm(
                arm.kind, arm.cohort if arm.kind == "profile" else None, arm.levels.get(contrast), cell.condition
            )
            stored = trials.one(cell.cell_key) if shown not in found else None
            if stored is None:
                continue
            reply = stored.trial.reply
            found[shown] = ExamplePrompt(
                arm=cell.arm,
                arm_kind=arm.kind,
                cohort=shown.cohort,
                level=None if shown.level is None else LevelContrast(factor=contrast, level=shown.level),
                item=cell.item,
                model=cell.model,
                where=cell.condition,
                messages=tuple(
                    shown_turns(
                        trials.messages(stored),
                        stored,
                        hidden=cell.item in closed,
                        memory_hidden=arm.cohort in private,
                    )
                ),
                answer=redact(reply.text) if reply else None,
            )
    return tuple(found[name] for name in sorted(found, key=lambda shown: shown.rank(plan)))


class _ExampleArm(Struct, frozen=True):
    """Of which kind of arm an example is shown; one per kind."""

    arm_kind: ArmKind
    cohort: str | None
    level: str | None
    condition: Condition

    def rank(self, plan: Plan) -> tuple[int, bool, str, str]:
        """No memory first, then placebo, the two versions, the crossing, the item's own fact."""
        kinds: tuple[ArmKind, ...] = ("none", "placebo", "profile", "item_fact")
        second = self.level != plan.analysis.advantaged
        return kinds.index(self.arm_kind), self.level is None, f"{second}{self.level}", f"{self.cohort}{self.condition}"


def _telling(crossing: Crossing, *, contrast: str) -> list[tuple[Meeting, ...]]:
    """The meetings of the item with the most kinds of arm, with one matched set only, and of one item with a fact."""
    by_item = list(crossing.meetings.values())
    richest = max(by_item, key=lambda met: len({(m.arm.kind, m.arm.cohort) for m in met}))
    chosen = next((m.arm.matched_set for m in richest if contrast in m.arm.levels), None)
    one_set = tuple(m for m in richest if contrast not in m.arm.levels or m.arm.matched_set == chosen)
    own = next((met for met in by_item if any(m.arm.kind == "item_fact" for m in met)), ())
    return [one_set, tuple(m for m in own if m.arm.kind == "item_fact")]
