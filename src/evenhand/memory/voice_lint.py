"""Facts that the `history` placement could not put into the user's mouth safely."""

from __future__ import annotations

from evenhand.bank.profiles_lint import ProfileLint
from evenhand.memory.voice import ambiguous
from evenhand.records.profile import Cohort

__all__ = ["check_voice"]


def check_voice(cohort: Cohort) -> tuple[ProfileLint, ...]:
    """Rule `voice`: facts without `said` whose first-person form is unclear, each text once."""
    found: dict[str, ProfileLint] = {}
    for profile in (*cohort.profiles, *cohort.placebo):
        for index, fact in enumerate(profile.facts):
            if fact.said is None and ambiguous(fact.text):
                found.setdefault(
                    fact.text,
                    ProfileLint(
                        severity="warning",
                        rule="voice",
                        item=profile.id,
                        field=f"facts[{index}].said",
                        message=f"{fact.text!r} has no clear first-person form; give one as `said`",
                    ),
                )
    return tuple(found.values())
