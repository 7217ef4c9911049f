"""Read yes or no, for items of two options: yes is the first option shown, no the second."""

from __future__ import annotations

import re

from evenhand.reading.declining import declines
from evenhand.reading.fields import ANSWER_FIELDS, field_of
from evenhand.reading.plain import plain
from evenhand.scoring.extractors.base import Found, NotFound, Shown

__all__ = ["yes_no"]

_YES = (
    r"y|yes|yeah|yep|yup|yea|aye|true|correct|affirmative|indeed|absolutely|certainly|definitely|ja|jawohl|oui|sí|si"
    r"|sì|sim|tak|ano|da|да|так|evet"
    r"|نعم|כן|haan|हाँ|vâng|iya|ใช่|是的|是|对|對|正确|はい|예|네|맞습니다"
)
_NO = (
    r"n|no|not at all|of course not|(?:absolutely|definitely|certainly|surely|probably|clearly) not|think not"
    r"|nope|nah|nay|false|incorrect|negative|nein|non|não|nao|nee|nie|ne|nej|nei|нет|ні|hayır|لا|לא|नहीं|không"
    r"|tidak|ไม่|不是|不|否|不对|いいえ|아니요|아니오|아뇨"
)
_NOUNS = "answer|verdict|conclusion|decision|response|antwort|respuesta|réponse|resposta|risposta"
_FILL = (
    rf"{_NOUNS}|so|then|thus|hence|therefore|well|hmm|hm|ok|okay|sure|surely|clearly|definitely|certainly|absolutely|probably"
    r"|likely|most|maybe|perhaps|simply|just|and|but"
    r"|i|i'd|would|say|think|mean|it|it's|is|that|that's|the|my|final|answers|a|an|be|to|must|with|go|going|here"
    r"|there|there's|again|sir|please|wait|sorry|actually|oh|ah|it is|this"
)
_IDIOM = re.compile(
    r"\b(?:no|without(?: a)?|little)[ ](?:\w+[ ])?(?:doubt|question|hesitation|problem|objection)\b"
    r"(?: about (?:it|that))?|\b(?:yes|no)[ -](?:man|men|brainer)\b|\byes and no\b|\byes or no\b|\byes/no\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"[.,;:!?\n…。，、！()\"]+|[ ]-+[ ]|→|[ ](?=(?:so|but|because|since|as|though|although|while)\b)", re.IGNORECASE
)
_SAYS = re.compile(
    rf"[^\w]*(?:(?:{_FILL})[^\w]+)*(?:(?P<yes>{_YES})|(?P<no>{_NO}))(?:[^\w]+(?:{_FILL}|sir|it is|it does))*[^\w]*\Z",
    re.IGNORECASE,
)
_NEAR = 40
"""Characters before the last word within which it is announced."""
_CORRECTS = re.compile(
    r"\b(?:wait|sorry|actually|correction|rather|i mean|on reflection|on second thought|scratch that|instead)\b",
    re.IGNORECASE,
)
_LABEL = re.compile(
    rf"\b(?:{_NOUNS})\b[^\n.:]{{0,20}}(?::|is|=|→)",
    re.IGNORECASE,
)


def yes_no(text: str, shown: Shown) -> Found | NotFound:
    """The option that a yes or a no stands for.

    A part of the answer says yes or no when it holds nothing else but small words; "no doubt" is not a "no". Where
    parts say both, the last one counts if it corrects the others or is announced as the answer; else nothing is read.
    """
    if len(shown.letters) != 2:
        return NotFound(f"yes or no needs two options, the item has {len(shown.letters)}")
    field = field_of(text, ANSWER_FIELDS)
    bare = plain(field.value or "" if field is not None else text)
    if not bare:
        return NotFound("empty answer")
    sound = _IDIOM.sub(lambda found: "\x00" if " and " in found.group() or "/" in found.group() else " ~ ", bare)
    said = _said(sound)
    if said and "\x00" not in sound:
        chosen = _chosen(said, sound)
        if chosen is not None:
            return Found(chosen, whole=len(_parts(sound)) == 1)
        return NotFound("both yes and no")
    if declines(bare):
        return NotFound("declines to answer", declined=True)
    return NotFound("both yes and no" if "\x00" in sound else "neither yes nor no")


def _parts(text: str) -> list[tuple[int, str]]:
    """(start, part) of the parts of a text that are not empty."""
    edges = list(_PART.finditer(text))
    starts = [0, *(edge.end() for edge in edges)]
    ends = [*(edge.start() for edge in edges), len(text)]
    return [(start, text[start:end]) for start, end in zip(starts, ends, strict=True) if text[start:end].strip()]


def _said(text: str) -> list[tuple[int, int, int]]:
    """(start, end, 0 for yes and 1 for no) of each part that says one of them."""
    found = []
    for start, part in _parts(text):
        match = _SAYS.match(part)
        if match is not None:
            found.append((start, start + len(part), 0 if match["yes"] else 1))
    return found


def _chosen(said: list[tuple[int, int, int]], text: str) -> int | None:
    """The one meaning of what was said; None where it contradicts itself."""
    start, end, meaning = said[-1]
    if all(other == meaning for _, _, other in said):
        return meaning
    corrects = _CORRECTS.search(text[said[-2][0] : end])
    return meaning if corrects or _LABEL.search(text[max(0, start - _NEAR) : end]) else None
