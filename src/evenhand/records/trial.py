"""A cell with its outcome. The outcome is a closed union: absent is not zero."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

from evenhand.records.message import Reply

__all__ = [
    "OUTCOMES",
    "Answered",
    "Failed",
    "Outcome",
    "OutcomeName",
    "Rated",
    "Refused",
    "Trial",
    "Truncated",
    "Unparsed",
    "Written",
    "outcome_name",
]

OutcomeName = Literal["answered", "refused", "truncated", "unparsed", "failed"]
OUTCOMES: tuple[OutcomeName, ...] = get_args(OutcomeName)


class Answered(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="answered", tag_field="outcome"):
    """An option was chosen."""

    choice: str
    """Id of the chosen option (not the letter shown); of a distribution, the one with the largest share."""
    stated: dict[str, float] | None = None
    """Option id -> share that the answer states for it, summing to one; None where a letter was asked for."""


class Rated(Struct, frozen=True, kw_only=True, tag="rated", tag_field="outcome"):
    """Every emotion was rated. In counts and tables such a trial is `answered`."""

    ratings: dict[str, float]
    """Option id -> rating, 0 to 10."""


class Written(Struct, frozen=True, kw_only=True, tag="written", tag_field="outcome"):
    """An answer was written; its words are in the reply. In counts and tables such a trial is `answered`."""


class Refused(Struct, frozen=True, kw_only=True, tag="refused", tag_field="outcome"):
    """The assistant, or its provider, declined to answer."""

    by: Literal["assistant", "provider"]
    """Who declined: the assistant in words, or the provider by a filter."""


class Truncated(Struct, frozen=True, kw_only=True, tag="truncated", tag_field="outcome"):
    """The answer or the thought before it ran out of tokens; never parsed for a letter."""


class Unparsed(Struct, frozen=True, kw_only=True, tag="unparsed", tag_field="outcome"):
    """There is an answer, but no option can be read from it."""

    reason: str
    """Why no option could be read."""


class Failed(Struct, frozen=True, kw_only=True, tag="failed", tag_field="outcome"):
    """The endpoint gave no answer after all retries."""

    error: str
    """Class and message of the last error, keys removed."""
    attempts: int
    """Requests sent, retries included."""


Outcome = Answered | Rated | Written | Refused | Truncated | Unparsed | Failed


class Trial(Struct, frozen=True, kw_only=True):
    """One row of the store."""

    cell_key: str
    """Key of the cell."""
    outcome: Outcome
    """How the cell ended."""
    reply: Reply | None
    """None exactly when the outcome is `failed`."""


def outcome_name(outcome: Outcome) -> OutcomeName:
    """The outcome's name as it stands in tables and counts."""
    match outcome:
        case Answered() | Rated() | Written():
            return "answered"
        case Refused():
            return "refused"
        case Truncated():
            return "truncated"
        case Unparsed():
            return "unparsed"
        case Failed():
            return "failed"
