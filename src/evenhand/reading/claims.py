"""What a text claims: options with their place, the kind of claim, and whether it is for or against."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from evenhand.reading.grammar import grammar
from evenhand.reading.mentions import ANY, Mention, Skeleton

__all__ = ["Claim", "Kind", "claims_of"]

Kind = Literal["labelled", "leading", "sentence", "felt"]
"""`labelled`: announced or chosen as the answer; `leading`: opens the text; `sentence`: a sentence that holds one
option and only words that choose it; `felt`: what somebody is said to feel."""

_INLINE = re.compile(rf"[,;](?=[ ]{ANY}[ \"')]{{0,3}}(?:[:=]|-[ ]))")
"""Where the next entry begins in a list that stands on one line."""
_BOXES = re.compile(r"[ ]?(?:\[[xX✓ ]?\]|[✓✗])")
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)[ ]?%|\b(0?\.\d{1,6}|1\.0{1,6})\b|\b(\d{1,3})[ ]?/[ ]?(?:5|10|100)\b")
_YES = re.compile(
    r"[^\w✓✗]*(?:(?:\w+[^\w✓✗]+){0,3}?)(?:✓|\[[xX]\]|(?:yes|correct|right|true|best|likely|this one|the answer"
    r"|my answer|oui|ja|sí|si|sim|да|tak|是|对|正确|はい|예)\b)",
    re.I,
)
_NO = re.compile(
    r"✗|\[ ?\]|\b(?:no|not|incorrect|wrong|false|unlikely|rejected|less|n't|non|nein|não|нет|nie|否|不|いいえ)\b", re.I
)
_DENIES = re.compile(r"[ \"']*(?:no|not|nope|nein|non|não|нет|nie|yes|yeah|correct|right)\b", re.IGNORECASE)
_WORD = 16
"""What is longer than a word of a feeling is no verb of "I hope" or "hope this helps"."""
_TICKED = re.compile(r"\[[xX]\]|\[?✓\]?|\(x\)", re.I)


_TAKEN = re.compile(rf"\btak(?:e|es|ing)[ ]{ANY}[ ]in\b", re.I)
"""To take pride in something is to choose nothing."""
_BREAKS_OFF = re.compile(r"[ ](?:is|are|was|would|would be|could be|seems|might be|may be)\s*", re.I)
_DENIED = re.compile(
    r"[ \"')\]]{0,3}(?:is|was|would|could|can|does|do|should|must|may|might|will)"
    r"(?:n't|[ ](?:\w{1,12}[ ])?(?:not(?! only)|never))\b",
    re.I,
)
_WONDERS = re.compile(r"\W*(?:is|was|are|were|could|would|might|should|does|do|did|can|may|what|which|why|how)\b", re.I)
_ADJECTIVES = frozenset({"one", "many", "few", "some"})
"""Subjects only with a verb or a noun: "one would say", but "the right one"."""
_MODALS = frozenset({"might", "could", "may", "könnte", "pourrait", "podría", "potrebbe", "poderia"})


class Claim(Struct, frozen=True):
    """An option that a text puts forward or turns down."""

    at: int
    """Index of its mention's character in the skeleton."""
    position: int | None
    """0-based position shown; None where it names several options, or one that was not shown."""
    kind: Kind
    holds: bool
    """False where the option is turned down, or only spoken of as somebody's possible choice."""
    worded: bool
    """Whether the option is named by its words alone."""
    whole: bool = False
    """Whether the claim is all the text says."""


def claims_of(skeleton: Skeleton) -> tuple[Claim, ...]:
    """The claims of a text in the order of their places; mentions that claim nothing are left out."""
    text, listed = _without_list(skeleton)
    found = [listed] if listed is not None else []
    sentences = list(_sentences(text))
    for index, (start, sentence) in enumerate(sentences):
        after = sentences[index + 1][1] if index + 1 < len(sentences) else ""
        found += _in_sentence(skeleton, start, sentence, first=index == 0, after=after)
    whole = len(sentences) == 1
    if whole and found:
        found = [Claim(one.at, one.position, one.kind, one.holds, one.worded, True) for one in found]
    return tuple(sorted(found, key=lambda claim: claim.at))


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    """(start, sentence) of each sentence that is not empty."""
    begin = 0
    for edge in [*grammar().sentence_end.finditer(text), None]:
        end = edge.start() if edge else len(text)
        if re.search(r"\w|[\ue000-\uf8ff]", text[begin:end]):
            yield begin, text[begin:end]
        begin = edge.end() if edge else end


def _in_sentence(skeleton: Skeleton, start: int, sentence: str, *, first: bool, after: str) -> Iterator[Claim]:
    if re.search(ANY, sentence) is None:
        return
    rules = grammar()
    if rules.several.match(sentence):
        yield _several(skeleton, start, sentence)
        return
    edges = [0, *(edge.end() for edge in rules.part.finditer(sentence))]
    seen = _turned_down_together(sentence)
    for pattern in (*rules.labelled, *rules.judged):
        for match in pattern.finditer(sentence):
            if match.start("x") not in seen:
                seen.add(match.start("x"))
                yield _announced(skeleton, start, sentence, match, edges)
    for match in rules.insisted.finditer(sentence):
        yield _claim(skeleton, start, sentence, match.start("x"), kind="sentence", holds=True)
    yield from _parts(skeleton, start, sentence, first=first, after=after, seen=seen)


def _turned_down_together(sentence: str) -> set[int]:
    """Indices of options in a row that are turned down as one: "not B, C or D", "A and B do not fit"."""
    rules = grammar()
    found: set[int] = set()
    for row in rules.listed.finditer(sentence):
        before = sentence[max(0, row.start() - 24) : row.start()]
        near = re.split(rf"[,:;.!?]|{ANY}", before)[-1]
        if rules.negated.search(_sound(near)) or rules.dismissed.match(sentence, row.end()):
            found |= {row.start() + place.start() for place in re.finditer(ANY, row.group())}
    return found


def _announced(skeleton: Skeleton, start: int, sentence: str, match: re.Match[str], edges: list[int]) -> Claim:
    """A claim of a labelled option: it holds unless it is negated, dismissed, or somebody else's."""
    rules, at = grammar(), match.start("x")
    begin = edges[bisect_right(edges, match.start()) - 1]
    scope = re.sub(ANY, " ", _sound(sentence[begin : match.end()]))
    said = sentence[begin:at]
    against = (
        rules.negated.search(scope) is not None
        or rules.dismissed.match(_sound(sentence[at + 1 : at + 80])) is not None
        or rules.lesser.search(sentence[begin : match.end()]) is not None
        or _TAKEN.search(sentence, max(0, at - 8)) is not None
        or _is_distanced(said)
        or _is_conditional(sentence, at)
        or (sentence.rstrip(" \"')").endswith("?") and ":" not in said)
    )
    return _claim(skeleton, start, sentence, at, kind="labelled", holds=not against)


def _parts(
    skeleton: Skeleton, start: int, sentence: str, *, first: bool, after: str, seen: set[int]
) -> Iterator[Claim]:
    rules = grammar()
    edges = [0, *(edge.end() for edge in rules.part.finditer(sentence)), len(sentence)]
    closes = [*(edge.start() for edge in rules.part.finditer(sentence)), len(sentence)]
    asked = sentence.rstrip(" \"')").endswith("?")
    wondered = asked and _WONDERS.match(sentence) is not None
    for number, (begin, end) in enumerate(zip(edges, closes, strict=False)):
        part = sentence[begin:end]
        leads = first and number == 0
        match = rules.bare.match(part) or rules.felt.search(part) or (_delimited(skeleton, part) if leads else None)
        if match is None or begin + match.start("x") in seen:
            continue
        at = begin + match.start("x")
        character = sentence[at]
        worded = skeleton.at(character).form == "worded"
        short = skeleton.at(character).end - skeleton.at(character).start <= _WORD
        if worded and short and (rules.bare.match(part) and not _stands_alone(part)):
            continue
        if leads and _BREAKS_OFF.fullmatch(sentence, at + 1):
            continue
        heading = sentence[end : end + 1] == ":" or sentence[end : end + 3] in {" - ", " | "}
        if heading and not leads and sentence[end + 1 :].strip():
            continue
        if asked and sentence.strip(" \"'()?") != character and (wondered or not leads):
            yield from _answered(skeleton, start, sentence, at, after)
            continue
        alone = sentence.strip(" \"'()?") == character and not worded
        if asked and after and not (alone and not _denies(skeleton, character, after)):
            yield from _answered(skeleton, start, sentence, at, after)
            continue
        against = (
            rules.negated.search(_sound(part)) is not None
            or _DENIED.match(sentence, at + 1) is not None
            or (rules.aside.match(part) is not None and number > 0)
            or _is_distanced(sentence[begin:at])
            or _is_conditional(sentence, at)
            or (leads and heading and rules.dismissed.match(" is " + sentence[end + 1 :].lstrip()) is not None)
        )
        kind: Kind = "leading" if leads else "sentence"
        if rules.bare.match(part) is None and rules.felt.search(part):
            kind = "felt"
        yield _claim(skeleton, start, sentence, at, kind=kind, holds=not against)


def _denies(skeleton: Skeleton, character: str, after: str) -> bool:
    """Whether what follows an option with a question mark answers it; "A? Not B." speaks of another option."""
    other = re.match(rf"[ \"']*not[ \"'(]*({ANY})", after, re.IGNORECASE)
    if other is not None and skeleton.at(other.group(1)).position != skeleton.at(character).position:
        return False
    return _DENIES.match(after) is not None


def _answered(skeleton: Skeleton, start: int, sentence: str, at: int, after: str) -> Iterator[Claim]:
    """An option that is asked about and then affirmed: "Pride? Yes."."""
    if re.match(
        r"[ \"']*(?:yes|yeah|correct|right|definitely|exactly|ja|oui|sí|sim|да|はい|예|是)\b", after, re.IGNORECASE
    ):
        yield _claim(skeleton, start, sentence, at, kind="sentence", holds=True)


def _claim(skeleton: Skeleton, start: int, sentence: str, at: int, *, kind: Kind, holds: bool) -> Claim:
    """The claim of the mention at `at`, with a second option that belongs to it."""
    mention = skeleton.at(sentence[at])
    position = mention.position
    also = grammar().also.match(sentence, at + 1)
    if also is not None and skeleton.at(also["x"]).position != position:
        position = None
    return Claim(start + at, position, kind, holds, mention.form == "worded")


def _several(skeleton: Skeleton, start: int, sentence: str) -> Claim:
    """A sentence that lists options; one option named twice is one."""
    mentions = [skeleton.at(character) for character in re.findall(ANY, sentence)]
    positions = {mention.position for mention in mentions}
    position = positions.pop() if len(positions) == 1 else None
    at = re.search(ANY, sentence)
    place = start + (at.start() if at else 0)
    return Claim(place, position, "labelled" if position is None else "sentence", True, mentions[0].form == "worded")


def _delimited(skeleton: Skeleton, part: str) -> re.Match[str] | None:
    """A text that opens with "B) she won" or is "(b) pride", with no second letter set off so beside it."""
    match = re.match(rf"[\s\"'(]*(?P<x>{ANY})", part)
    marks = [skeleton.at(character) for character in re.findall(ANY, part)]
    if match is not None and len(marks) == 1 and marks[0].form == "plain" and _is_note(skeleton, part[match.end() :]):
        return match
    if match is None or marks[0].form != "delimited" or any(other.form == "delimited" for other in marks[1:]):
        return None
    return match


def _is_note(skeleton: Skeleton, rest: str) -> bool:
    """Whether the rest of the text is one or two words that name the option and judge nothing."""
    short = re.fullmatch(r"[ :]*[^\W\d_]+(?:[ ][^\W\d_]+)?[ .]*", rest) is not None
    return short and skeleton.text.endswith(rest) and grammar().dismissed.match(" is " + rest.strip()) is None


def _stands_alone(part: str) -> bool:
    """Whether an option's words are a word of their own, and not the verb of "I hope" or "hope this helps"."""
    return re.search(rf"\b(?:I|we|you|they|to|let's|let us|dare|would)[ ]+{ANY}", part, re.IGNORECASE) is None and (
        re.search(rf"{ANY}[\s]+(?:this|that|it|so|for|you|to|we|I|he|she)\b", part, re.IGNORECASE) is None
        or re.search(rf"{ANY}[ ]it[ ]is\b", part, re.IGNORECASE) is not None
    )


def _sound(text: str) -> str:
    """A text without negations that affirm: "no doubt", "cannot help but"."""
    return re.sub(
        r"\b(?:no|without(?: a)?|beyond(?: a)?|little)[ ](?:\w+[ ])?(?:doubt|question|hesitation)\b(?: about it)?"
        r"|\b(?:can't|cannot|can not)[ ]help[ ]but\b"
        r"|\bnot only\b|\bmore than\b|\bif not\b|\bnone other than\b|\bno other than\b|\bnothing but\b",
        " ",
        text,
        flags=re.IGNORECASE,
    )


def _is_distanced(said: str) -> bool:
    """Whether the words before an option put the choice into another mouth, the past, or mere possibility."""
    speaks = re.search(r"\b(?:I|we|ich|je|yo|eu|io)\b", said) is not None
    for found in grammar().distanced.finditer(said):
        word = found.group().lower()
        if word in _ADJECTIVES or word in {"would", "can"} or (speaks and word in _MODALS):
            continue
        return True
    return False


def _is_conditional(sentence: str, at: int) -> bool:
    """Whether an option is claimed only for a case that is not given."""
    begin = max(0, at - 400)
    sentence, at = sentence[begin : at + 100], at - begin
    sound = re.sub(
        r"\bif[ ](?:(?:I|you|we|one)[ ])?(?:had|have|must|am|were|was|need|really|absolutely|forced|pressed|anything"
        r"|only one|asked|ask)\b[^,]{0,40}",
        lambda found: " " * len(found.group()),
        sentence,
        flags=re.IGNORECASE,
    )
    opening = re.match(r"[\s\"'(]*", sound)
    if begin == 0 and grammar().conditional.match(sound, opening.end() if opening else 0):
        return True
    return re.search(r"\b(?:if|unless|whether|only when|provided)\b", sound[: at + 80], re.IGNORECASE) is not None


def _without_list(skeleton: Skeleton) -> tuple[str, Claim | None]:
    """The text without lines that restate the options, and what marks in that list choose."""
    lines: list[tuple[int, str, Mention]] = []
    offset = 0
    spread = _INLINE.sub("\n", skeleton.text)
    for line in spread.split("\n"):
        head = re.match(rf"(?:\[[xX✓ ]*\]|[✓✗]|[| {{]){{0,4}}[\"']?({ANY})", line)
        if head is not None:
            lines.append((offset, line, skeleton.at(head.group(1))))
        offset += len(line) + 1
    lines = _consecutive(lines)
    if len(lines) < 2:
        return skeleton.text, None
    text = spread
    for start, line, _ in lines:
        text = text[:start] + " " * len(line) + text[start + len(line) :]
    return text, _marked(lines)


def _consecutive(lines: list[tuple[int, str, Mention]]) -> list[tuple[int, str, Mention]]:
    """The lines that begin with the first option, the second, and so on, with something beside the letter."""
    run: list[tuple[int, str, Mention]] = []
    for start, line, mention in lines:
        named = mention.form == "named"
        set_off = re.search(rf"{ANY}[ \"')\]]{{0,3}}(?:[-:=|.→\[✓✗(]|\d)[^\n]", line) is not None
        told = (
            set_off
            or _BOXES.match(line)
            or mention.form in {"worded", "delimited"}
            or (not named and mention.end - mention.start > 3)
        )
        if mention.position == len(run) and told and (not run or named == (run[0][2].form == "named")):
            run.append((start, line, mention))
    return run


def _marked(lines: list[tuple[int, str, Mention]]) -> Claim | None:
    """The one option of a list that is ticked, affirmed, or given the greatest share."""
    rests = [re.sub(rf"^[^\ue000-\uf8ff]*{ANY}", "", line) for _, line, _ in lines]
    heads = [re.match(r"[^\ue000-\uf8ff]*", line) for _, line, _ in lines]
    ticked = [
        bool(_TICKED.search((head.group() if head else "") + rest)) for head, rest in zip(heads, rests, strict=True)
    ]
    affirmed = [
        tick or (_YES.match(rest) is not None and not _NO.search(rest))
        for tick, rest in zip(ticked, rests, strict=True)
    ]
    chosen = [index for index, yes in enumerate(ticked if any(ticked) else affirmed) if yes]
    shares = [_share(rest) for rest in rests]
    known = [share for share in shares if share is not None]
    if not chosen and len(known) == len(lines) and known.count(max(known)) == 1:
        chosen = [known.index(max(known))]
    if len(chosen) != 1:
        return None
    start, line, mention = lines[chosen[0]]
    at = re.search(ANY, line)
    return Claim(start + (at.start() if at else 0), mention.position, "labelled", True, mention.form == "worded")


def _share(rest: str) -> float | None:
    found = _SHARE.search(rest)
    return float(found.group(1) or found.group(2) or found.group(3)) if found else None
