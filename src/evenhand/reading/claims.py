"""What a text claims: options with their place, whether they are announced, and whether it is for or against."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from evenhand.reading.grammar import grammar
from evenhand.reading.mentions import ANY, Mention, Skeleton

__all__ = ["Claim", "claims_of"]

_INLINE = re.compile(rf"[,;](?=[ ]{ANY}[ \"')]{{0,3}}(?:[:=]|-[ ]))")
"""Where the next entry begins in a list on one line."""
_BOXES = re.compile(r"[ ]?(?:\[[xX✓ ]?\]|[✓✗])")
_SHARE = re.compile(
    r"(\d{1,3}(?:\.\d{1,6})?)[ ]?%|(?<![\w.])(0?\.\d{1,6}|1\.0{1,6})\b|\b(\d{1,3})[ ]?/[ ]?(?:5|10|100)\b"
)
_YES = re.compile(
    r"[^\w✓✗]*(?:(?:\w+[^\w✓✗]+){0,3}?)(?:✓|\[[xX]\]|(?:yes|correct|right|true|best|likely|this one|the answer"
    r"|my answer|oui|ja|sí|si|sim|да|tak|是|对|正确|はい|예)\b)",
    re.I,
)
_NO = re.compile(
    r"✗|\[ ?\]|\b(?:no|not|incorrect|wrong|false|unlikely|rejected|less|n't|non|nein|não|нет|nie|否|不|いいえ)\b", re.I
)
_DENIES = re.compile(r"[ \"']*(?:no|not|nope|nein|non|não|нет|nie)\b", re.IGNORECASE)
_HEADING = re.compile(r":| - | \| ")
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
    labelled: bool
    """Whether it is announced or chosen as the answer; other claims are parts of a sentence that hold an option and
    only words that choose it, or that end with what somebody is said to feel."""
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
        found = [replace(one, whole=True) for one in found]
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
        yield _claim(skeleton, start, sentence, match.start("x"), labelled=False, holds=True)
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
    return _claim(skeleton, start, sentence, at, labelled=True, holds=not against)


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
        heading = _HEADING.match(sentence, end)
        rest = sentence[heading.end() :].strip() if heading is not None else ""
        if rest and not leads:
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
            or (rest != "" and rules.dismissed.match(f" is {rest}") is not None)
        )
        yield _claim(skeleton, start, sentence, at, labelled=False, holds=not against)


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
        yield _claim(skeleton, start, sentence, at, labelled=False, holds=True)


def _claim(skeleton: Skeleton, start: int, sentence: str, at: int, *, labelled: bool, holds: bool) -> Claim:
    """The claim of the mention at `at`, with a second option that belongs to it."""
    mention = skeleton.at(sentence[at])
    position = mention.position
    also = grammar().also.match(sentence, at + 1)
    if also is not None and skeleton.at(also["x"]).position != position:
        position = None
    return Claim(start + at, position, labelled, holds, mention.form == "worded")


def _several(skeleton: Skeleton, start: int, sentence: str) -> Claim:
    """A sentence that lists options; one option named twice is one."""
    found = list(re.finditer(ANY, sentence))
    mentions = [skeleton.at(character.group()) for character in found]
    positions = {mention.position for mention in mentions}
    position = positions.pop() if len(positions) == 1 else None
    return Claim(start + found[0].start(), position, position is None, True, mentions[0].form == "worded")


def _delimited(skeleton: Skeleton, part: str) -> re.Match[str] | None:
    """A text that opens with "B) she won" or is "(b) pride", with no other letter set off so anywhere in it."""
    match = re.match(rf"[\s\"'(]*(?P<x>{ANY})", part)
    if match is None:
        return None
    first = skeleton.at(match["x"])
    if first.form == "delimited":
        rivals = [one for one in skeleton.mentions if one.form == "delimited" and one.position != first.position]
        return None if rivals else match
    rest = part[match.end() :]
    is_note = first.form == "plain" and re.search(ANY, rest) is None and _is_note(skeleton, rest)
    return match if is_note else None


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
        r"|\bcan(?:'t|[ ]?not)[ ]help[ ]but\b"
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
    if begin == 0 and grammar().conditional.match(sound.lstrip(" \n\"'(")):
        return True
    return re.search(r"\b(?:if|unless|whether|only when|provided)\b", sound[: at + 80], re.IGNORECASE) is not None


def _without_list(skeleton: Skeleton) -> tuple[str, Claim | None]:
    """The text without lines that restate the options, and what marks in that list choose."""
    lines: list[tuple[int, str, Mention]] = []
    offset = 0
    spread = _INLINE.sub("\n", skeleton.text)
    for line in spread.split("\n"):
        head = re.match(rf"(?:\[[xX✓ ]*\]|\([xX✓ ]?\)|[✓✗]|[| {{]){{0,4}}[\"']?({ANY})", line)
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
    parts = [re.split(ANY, line, maxsplit=1) for _, line, _ in lines]
    ticked = [_TICKED.search(head + rest) is not None for head, rest in parts]
    affirmed = [
        tick or (_YES.match(rest) is not None and not _NO.search(rest))
        for tick, (_, rest) in zip(ticked, parts, strict=True)
    ]
    chosen = [index for index, yes in enumerate(ticked if any(ticked) else affirmed) if yes]
    shares = [_share(rest) for _, rest in parts]
    known = [share for share in shares if share is not None]
    if not chosen and len(known) == len(lines) and known.count(max(known)) == 1:
        chosen = [known.index(max(known))]
    if len(chosen) != 1:
        return None
    start, _, mention = lines[chosen[0]]
    return Claim(start + len(parts[chosen[0]][0]), mention.position, True, True, mention.form == "worded")


def _share(rest: str) -> float | None:
    found = _SHARE.search(rest)
    return float(found.group(1) or found.group(2) or found.group(3)) if found else None
