"""The no-memory arm holds nothing of any profile: asserted, not assumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evenhand.errors import PlanError
from evenhand.memory.voice import first_person
from evenhand.records.message import Message
from evenhand.records.profile import Cohort, Fact

__all__ = ["assert_clean"]


def assert_clean(messages: Sequence[Message], cohorts: Sequence[Cohort]) -> None:
    """Make sure that no fact of any profile or placebo, in any wording that a placement uses, is in `messages`.

    Raises:
        PlanError: A fact was found; the message names its profile and the fact.
    """
    seen = "\n".join(part for message in messages for part in (message.content, message.tool_arguments or "")).lower()
    if not seen.strip():
        return
    for cohort in cohorts:
        for profile in (*cohort.profiles, *cohort.placebo):
            for fact in profile.facts:
                if any(wording in seen for wording in _wordings(fact, seen=seen)):
                    message = (
                        f"The no-memory arm contains {fact.text!r} of profile {profile.id!r} "
                        f"in cohort {cohort.name!r}; take it out of the base prompt (memory/base.md.j2, or the file of "
                        "--system-prompt)."
                    )
                    raise PlanError(message)


def _wordings(fact: Fact, *, seen: str) -> Iterator[str]:
    """The wordings that need a look: a derived one cannot be in `seen` without the fact's longest word."""
    yield _bare(fact.text)
    if fact.said is not None:
        yield _bare(fact.said)
    elif max(fact.text.lower().split(), key=len)[:-3] in seen:  # verbs may lose an ending
        yield _bare(first_person(fact.text))


def _bare(text: str) -> str:
    return text.lower().rstrip(".!? ")
