"""Arms: what can be in memory, made from the cohorts of a plan."""

from __future__ import annotations

from evenhand.records.item import Item
from evenhand.records.plan import Plan
from evenhand.records.profile import Arm, Cohort, Profile
from evenhand.seeds import stream

__all__ = ["NONE", "best_option", "cohort_arms", "item_fact_arm", "paired_cohort", "placebo_arms", "plan_arms"]

NONE = Arm(id="none", kind="none")
"""Nothing in memory; repeated, so that it has its own noise."""


def paired_cohort(cohort: Cohort) -> bool:
    """Whether the cohort is made of matched pairs of versions (explicit) rather than one crossing (intersectional)."""
    return len({profile.matched_set for profile in cohort.profiles}) > 1


def cohort_arms(cohort: Cohort, *, matched_sets: int | None, seed: int) -> tuple[Arm, ...]:
    """One arm for every profile of a cohort; of a paired cohort, only `matched_sets` sets chosen by the seed."""
    profiles = cohort.profiles
    if matched_sets is not None and paired_cohort(cohort):
        names = list(dict.fromkeys(profile.matched_set for profile in profiles))
        rng = stream(seed, "design", "matched-sets", cohort.name)
        taken = {names[index] for index in rng.permutation(len(names))[:matched_sets]}
        profiles = tuple(profile for profile in profiles if profile.matched_set in taken)
    return tuple(_arm(cohort, profile) for profile in profiles)


def _arm(cohort: Cohort, profile: Profile) -> Arm:
    return Arm(
        id=f"{cohort.name}/{profile.id}",
        kind="profile",
        cohort=cohort.name,
        matched_set=profile.matched_set,
        levels=profile.levels,
        cue=profile.cue,
        facts=profile.facts,
    )


def placebo_arms(cohort: Cohort) -> tuple[Arm, ...]:
    """The cohort's placebo profiles as arms."""
    return tuple(
        Arm(id=f"placebo/{profile.id}", kind="placebo", cohort=cohort.name, facts=profile.facts)
        for profile in cohort.placebo
    )


def item_fact_arm(item: Item) -> Arm:
    """The arm in which memory holds the item's own facts (benefit, leakage and sycophancy items)."""
    return Arm(id="item_fact", kind="item_fact", facts=item.facts)


def plan_arms(plan: Plan) -> dict[str, Arm]:
    """Every arm of a plan by id, except the items' own (`item_fact`)."""
    arms = {NONE.id: NONE}
    for cohort in plan.cohorts:
        for arm in (*placebo_arms(cohort), *cohort_arms(cohort, matched_sets=plan.design.matched_sets, seed=plan.seed)):
            arms[arm.id] = arm
    return arms


def best_option(item: Item, arm: Arm) -> str:
    """Id of the best option for an arm: a benefit item has another key when its fact is not known."""
    if item.kind == "benefit" and item.key_without is not None and arm.kind != "item_fact":
        return item.key_without
    return item.key
