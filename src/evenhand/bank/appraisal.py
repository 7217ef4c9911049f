"""The key rule: which emotion an appraisal pattern fixes.

After the structure that Ira Roseman proposed (2001, "A model of appraisal in the emotion system", in Scherer, Schorr
and Johnstone, *Appraisal Processes in Emotion*, Oxford; its roots are in Roseman, Antoniou and Jose 1996,
doi:10.1080/026999396380240): seventeen emotions, each the meeting of a few appraisals. An item states its appraisal;
the rule says the key; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from evenhand.errors import BankError
from evenhand.records.item import Appraisal, Cause, Certainty, Control, MotiveType, Problem

__all__ = [
    "EMOTIONS",
    "PATTERNS",
    "Pattern",
    "Valence",
    "appraisal_distance",
    "compatible",
    "keyed_emotion",
    "satisfies",
    "valence",
]

Valence = Literal["positive", "negative", "neutral"]


class Pattern(Struct, frozen=True, kw_only=True):
    """The appraisals an emotion needs; None where the emotion does not turn on the appraisal."""

    cause: Cause
    valence: Valence
    """Motive-consistent, motive-inconsistent, or bearing on no motive (surprise)."""
    motive: MotiveType | None = None
    certainty: Certainty | None = None
    control: Control | None = None
    problem: Problem | None = None
    unexpected: bool = False
    """Whether the event must break an expectation."""


PATTERNS: Mapping[str, Pattern] = MappingProxyType(
    {
        "surprise": Pattern(cause="circumstance", valence="neutral", unexpected=True),
        "hope": Pattern(cause="circumstance", valence="positive", certainty="uncertain"),
        "joy": Pattern(cause="circumstance", valence="positive", certainty="certain", motive="appetitive"),
        "relief": Pattern(cause="circumstance", valence="positive", certainty="certain", motive="aversive"),
        "fear": Pattern(cause="circumstance", valence="negative", control="low", certainty="uncertain"),
        "sadness": Pattern(
            cause="circumstance", valence="negative", control="low", certainty="certain", motive="appetitive"
        ),
        "distress": Pattern(
            cause="circumstance", valence="negative", control="low", certainty="certain", motive="aversive"
        ),
        "frustration": Pattern(cause="circumstance", valence="negative", control="high", problem="instrumental"),
        "disgust": Pattern(cause="circumstance", valence="negative", control="high", problem="intrinsic"),
        "affection": Pattern(cause="other", valence="positive"),
        "dislike": Pattern(cause="other", valence="negative", control="low"),
        "anger": Pattern(cause="other", valence="negative", control="high", problem="instrumental"),
        "contempt": Pattern(cause="other", valence="negative", control="high", problem="intrinsic"),
        "pride": Pattern(cause="self", valence="positive"),
        "regret": Pattern(cause="self", valence="negative", control="low"),
        "guilt": Pattern(cause="self", valence="negative", control="high", problem="instrumental"),
        "shame": Pattern(cause="self", valence="negative", control="high", problem="intrinsic"),
    }
)
"""Emotion -> the appraisals it needs."""

EMOTIONS: tuple[str, ...] = tuple(PATTERNS)
"""The seventeen emotions, in the order of Roseman's chart: circumstances, other people, self."""


def _valence(appraisal: Appraisal) -> Valence:
    match appraisal.consistency:
        case "consistent":
            return "positive"
        case "inconsistent":
            return "negative"
        case None:
            return "neutral"


def _pattern(emotion: str) -> Pattern:
    if emotion not in PATTERNS:
        raise BankError(f"emotion {emotion!r} has no appraisal pattern; use one of {', '.join(EMOTIONS)}")
    return PATTERNS[emotion]


def _meets(appraisal: Appraisal, pattern: Pattern, *, unknown: bool) -> bool:
    """Whether every appraisal that the pattern needs is met; one that is not fixed counts as `unknown`."""
    if appraisal.cause != pattern.cause or _valence(appraisal) != pattern.valence:
        return False
    if pattern.unexpected and appraisal.unexpectedness != "unexpected":
        return False
    if pattern.problem is not None and appraisal.problem != pattern.problem:
        return False
    needs = (
        (pattern.motive, appraisal.motive),
        (pattern.certainty, appraisal.certainty),
        (pattern.control, appraisal.control),
    )
    return all(need is None or (unknown if given is None else given == need) for need, given in needs)


def satisfies(appraisal: Appraisal, emotion: str) -> bool:
    """Whether the appraisal fixes everything that the emotion needs.

    Raises:
        BankError: for an emotion without a pattern.
    """
    return _meets(appraisal, _pattern(emotion), unknown=False)


def compatible(appraisal: Appraisal, emotion: str) -> bool:
    """Whether nothing in the appraisal speaks against the emotion: what it leaves open could still be so.

    A distractor must not be compatible, which is more than not being satisfied.

    Raises:
        BankError: for an emotion without a pattern.
    """
    return _meets(appraisal, _pattern(emotion), unknown=True)


def keyed_emotion(appraisal: Appraisal) -> str:
    """The one emotion that the appraisal fixes.

    Raises:
        BankError: when the appraisal leaves the emotion open, or fits none.
    """
    possible = [emotion for emotion in EMOTIONS if compatible(appraisal, emotion)]
    if len(possible) == 1 and satisfies(appraisal, possible[0]):
        return possible[0]
    if possible:
        raise BankError(
            f"the appraisal {appraisal!r} leaves the emotion open between {', '.join(possible)}; "
            "fix motive, certainty, control or problem as well"
        )
    raise BankError(f"the appraisal {appraisal!r} fits no emotion; one with consistency left out must be unexpected")


def valence(emotion: str) -> Valence:
    """Whether the emotion answers a motive-consistent event, a motive-inconsistent one, or neither.

    Raises:
        BankError: for an emotion without a pattern.
    """
    return _pattern(emotion).valence


def valence_of(emotion: str | None) -> Valence | None:
    """The valence of an emotion that has a pattern; None of any other word."""
    return None if emotion is None or emotion not in PATTERNS else valence(emotion)


def appraisal_distance(first: str, second: str) -> int:
    """How far apart two emotions' patterns are: the number of appraisals on which they cannot both hold.

    An appraisal that one of the two does not need counts 0, any conflict 1, except opposite valence, which counts 3,
    and surprise (no valence), which counts 2 against any other: most readers tell good from bad at once.

    Raises:
        BankError: for an emotion without a pattern.
    """
    one, two = _pattern(first), _pattern(second)
    distance = int(one.cause != two.cause)
    if one.valence != two.valence:
        distance += 2 if "neutral" in (one.valence, two.valence) else 3
    pairs: tuple[tuple[str | None, str | None], ...] = (
        (one.motive, two.motive),
        (one.certainty, two.certainty),
        (one.control, two.control),
        (one.problem, two.problem),
    )
    return distance + sum(a is not None and b is not None and a != b for a, b in pairs)
