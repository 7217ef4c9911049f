"""A small plan built by hand: six items, two cohorts, one simulated model."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import msgspec

from evenhand.memory.templates import load_templates
from evenhand.plan.file import stamp_plan
from evenhand.records.item import Bank, Item, Option
from evenhand.records.message import ModelSettings
from evenhand.records.plan import Design, ModelSpec, Plan, PromptFile, Stamped
from evenhand.records.profile import Cohort, Fact, Factor, Level, Profile
from evenhand.records.settings import AnalysisSettings
from evenhand.scoring.templates import ask_templates

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def small_bank(items: int = 6, *, redistribute: bool = True) -> Bank:
    return Bank(
        name="small",
        version="1",
        source="written for the tests",
        licence="CC0-1.0",
        redistribute=redistribute,
        validated=False,
        items=tuple(
            Item(
                id=f"i{number}",
                kind="understanding",
                stem=f"Kim finds parcel number {number}.",
                question="What is Kim most likely to feel?",
                options=tuple(
                    Option(id=letter, text=word, emotion=word.lower())
                    for letter, word in zip("abcd", ("Joy", "Relief", "Fear", "Anger"), strict=True)
                ),
                key="abcd"[number % 4],
                context="work",
            )
            for number in range(items)
        ),
    )


def pairs_cohort(sets: int = 4) -> Cohort:
    def profile(number: int, level: str) -> Profile:
        word = "inherited" if level == "advantaged" else "rents from"
        return Profile(
            id=f"p{number}.{level}",
            matched_set=f"p{number}",
            levels={"position": level},
            facts=(Fact(text=f"The user {word} house {number}.", dimension="assets"),),
        )

    return Cohort(
        name="pairs",
        version="1",
        source="tests",
        licence="CC0-1.0",
        validated=False,
        factors=(
            Factor(
                id="position",
                label="Position",
                reference="advantaged",
                levels=tuple(Level(id=name, label=name, facts={}) for name in ("advantaged", "disadvantaged")),
            ),
        ),
        profiles=tuple(profile(n, level) for n in range(sets) for level in ("advantaged", "disadvantaged")),
        placebo=tuple(
            Profile(
                id=f"neutral-{n}",
                matched_set=f"neutral-{n}",
                levels={},
                facts=(Fact(text=f"The user wrote message {n}.", dimension="neutral"),),
            )
            for n in range(3)
        ),
    )


def crossed_cohort() -> Cohort:
    factors = {"gender": ("male", "female", "nonbinary"), "religion": ("christian", "muslim", "jewish")}
    return Cohort(
        name="crossed",
        version="1",
        source="tests",
        licence="CC0-1.0",
        validated=False,
        factors=tuple(
            Factor(
                id=name,
                label=name,
                reference=levels[0],
                levels=tuple(Level(id=level, label=level, facts={}) for level in levels),
            )
            for name, levels in factors.items()
        ),
        profiles=tuple(
            Profile(
                id="_".join(levels),
                matched_set="crossed",
                levels=dict(zip(factors, levels, strict=True)),
                facts=tuple(Fact(text=f"The user is {level}.", dimension="identity") for level in levels),
            )
            for levels in product(*factors.values())
        ),
    )


SMALL_DESIGN = Design(pairs_per_item=2, profiles_per_item=3, replicates=2)


def small_plan(
    design: Design = SMALL_DESIGN,
    *,
    model: str = "simulated/null",
    bank: Bank | None = None,
    seed: int = 7,
) -> Plan:
    bank = bank or small_bank()
    cohorts = (pairs_cohort(), crossed_cohort())
    prompts = {**load_templates(), **ask_templates("choice_letter")}
    return stamp_plan(
        Plan(
            evenhand="0.1.0",
            created=NOW.isoformat(),
            preset="custom",
            seed=seed,
            models=(ModelSpec(name=model, settings=ModelSettings(logprobs=True)),),
            design=design,
            banks=(bank,),
            bank_stamps=(Stamped(name="small", version="1", sha256="0" * 64, size=len(bank.items)),),
            cohorts=cohorts,
            cohort_stamps=tuple(
                Stamped(name=c.name, version="1", sha256="0" * 64, size=len(c.profiles)) for c in cohorts
            ),
            prompts=tuple(PromptFile(name=n, sha256="0" * 64, text=t) for n, t in sorted(prompts.items())),
            extractor="choice_letter",
            extractor_options={},
            analysis=AnalysisSettings(references={"position": "advantaged", "gender": "male", "religion": "christian"}),
            sha256="",
        )
    )


def with_seed(plan: Plan, seed: int) -> Plan:
    return stamp_plan(msgspec.structs.replace(plan, seed=seed))
