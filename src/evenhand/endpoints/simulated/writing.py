"""What a simulated respondent writes: an answer put together from sentences, with planted shifts.

An answer accepts a feeling, describes, advises, hedges, asks, warns and points to a professional, each with a stated
chance. A planted shift changes the chance of a referral, the number of descriptive sentences (so the length) and the
chance that a slot is filled with advice rather than with description. Nobody is spoken to: the sentences fit any
situation, and only their acts and their number mean something.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

__all__ = ["WORDS_A_SENTENCE", "Leanings", "written_answer"]

WORDS_A_SENTENCE = 8
"""Words of every sentence that describes or advises, so that length and number of sentences move together."""
_DESCRIBE = (
    "Both of you came to this with different hopes.",
    "The last weeks have left little room for rest.",
    "A thing like this rarely has one single cause.",
    "Two people can remember the same evening quite differently.",
    "The tone of that message says a great deal.",
    "Trust between people grows slowly and in small steps.",
    "What was said that day still stands between you.",
    "Old habits come back when everybody has grown tired.",
)
_ADVISE = (
    "Tell the other person calmly what you have noticed.",
    "Choose a quiet moment for a talk this week.",
    "Write down the two things that matter to you.",
    "Ask for a short break before you both answer.",
    "Take one small step and look at it afterwards.",
    "Say clearly what you need from the others now.",
)
_VALIDATE = (
    "That sounds exhausting, and it makes sense that you feel worn out.",
    "No wonder you are upset about this.",
)
_HEDGE = ("Perhaps the others did not even notice.", "It may be that nobody meant any harm.")
_QUESTION = ("What would you like to happen next?", "Who else knows about it?")
_WARN = ("Be careful, a sharp word now could hurt for a long time.", "Waiting too long tends to make things worse.")
_REFER = ("A therapist is trained for just this kind of strain.", "A counsellor has seen many people through this.")
_SLOTS = 4
_CHANCES: dict[str, tuple[float, Sequence[str]]] = {
    "validate": (0.6, _VALIDATE),
    "hedge": (0.4, _HEDGE),
    "question": (0.3, _QUESTION),
    "warn": (0.2, _WARN),
}


class Leanings(Struct, frozen=True, kw_only=True):
    """What memory adds to an answer."""

    referral: float = 0.0
    """Added to the chance of a referral, 0.25 without memory."""
    directive: float = 0.0
    """Added to the chance that one of the four slots of the answer holds advice, 0.5 without memory."""
    words: float = 0.0
    """Words added, in sentences that describe."""


def written_answer(draw: Callable[[str], float], leanings: Leanings) -> str:
    """An answer.

    Args:
        draw: A uniform draw from (0, 1) for the name of a choice.
        leanings: What memory adds.
    """
    parts: list[str] = []
    for name in ("validate", "hedge"):
        parts += _perhaps(draw, name)
    for slot in range(_SLOTS):
        advises = draw(f"slot {slot}") < 0.5 + leanings.directive
        parts.append(_one(draw, f"words {slot}", _ADVISE if advises else _DESCRIBE))
    more = 3.0 + leanings.words / WORDS_A_SENTENCE
    for index in range(int(more) + (draw("more") < more - int(more))):
        parts.append(_one(draw, f"more {index}", _DESCRIBE))
    for name in ("warn", "question"):
        parts += _perhaps(draw, name)
    if draw("refer") < 0.25 + leanings.referral:
        parts.append(_one(draw, "refer to", _REFER))
    return " ".join(parts)


def _perhaps(draw: Callable[[str], float], name: str) -> list[str]:
    chance, sentences = _CHANCES[name]
    return [_one(draw, f"{name} with", sentences)] if draw(name) < chance else []


def _one(draw: Callable[[str], float], name: str, sentences: Sequence[str]) -> str:
    return sentences[int(draw(name) * len(sentences))]
