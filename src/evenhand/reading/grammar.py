"""The patterns by which a sentence claims an option, rejects one, or only speaks of one.

They are written over a skeleton (`mentions`), in which every mention is one character, and every pattern is linear in
the length of a sentence: gaps are bounded and never cross a mention.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from evenhand.reading.mentions import ANY, WORDED
from evenhand.reading.vocabulary import words

__all__ = ["Grammar", "grammar"]

_OPTION = "\ue000-\uf8ff"
_QUOTE = r"[ \"'(\[:]{0,4}"
_AUX = (
    r"(?:is|are|was|were|be|would|could|might|may|can|should|must|will|seems?|looks?|feels?|sounds?|does|do|has|had"
    r"|ist|est|es|è|é|jest|était"
    r"|wäre|scheint|semble|parece|sembra)"
)
_CORRECTION = (
    r"\b(?:wait|no|sorry|actually|correction|rather|i mean|scratch that|on reflection|on second thought"
    r"|instead|reconsider\w*|revis\w+|hmm)\b"
)
_FLAGS = re.IGNORECASE


class Grammar(Struct, frozen=True):
    """Compiled patterns."""

    sentence_end: re.Pattern[str]
    """Where a sentence ends."""
    part: re.Pattern[str]
    """Where a part of a sentence ends."""
    labelled: tuple[re.Pattern[str], ...]
    """An option that is announced as the answer or chosen; group `x`."""
    judged: tuple[re.Pattern[str], ...]
    """An option of which it is said that it is the answer; groups `x` and `gap`."""
    insisted: re.Pattern[str]
    """An option beyond which there is none: "anything but B"; group `x`."""
    bare: re.Pattern[str]
    """A part that holds an option and only words that choose it; group `x`."""
    several: re.Pattern[str]
    """A sentence that is a list of options."""
    also: re.Pattern[str]
    """A second option that belongs to the first's claim; group `x`."""
    listed: re.Pattern[str]
    """Options in a row that share what is said of them."""
    lesser: re.Pattern[str]
    """What is not the choice, though it is called one: "my second choice"."""
    felt: re.Pattern[str]
    """A part that ends with an option's words as what is felt; group `x`."""
    negated: re.Pattern[str]
    dismissed: re.Pattern[str]
    """What follows an option that is rejected."""
    distanced: re.Pattern[str]
    """A choice in somebody else's mouth, in the past or only possible."""
    conditional: re.Pattern[str]
    corrected: re.Pattern[str]
    aside: re.Pattern[str]
    """How a part begins that gives a reason."""


@lru_cache(maxsize=1)
def grammar() -> Grammar:
    """The patterns, compiled once."""
    filler = words("fillers")
    return Grammar(
        sentence_end=re.compile(rf"(?<=[.!?;])(?=[\s{_OPTION}\"')\]])|(?<=[。…])|\n|(?<=\.\.\.)"),
        part=_part(),
        labelled=_labelled(),
        judged=_judged(),
        insisted=_insisted(),
        bare=re.compile(
            rf"(?:[ ]?[\[(]x[\])])?"
            rf"[^\w{_OPTION}]*(?:{filler}[^\w{_OPTION}]*)*(?P<x>{ANY})[^\w{_OPTION}]*(?:{filler}[^\w{_OPTION}]*)*\Z",
            _FLAGS,
        ),
        several=_several(),
        also=_also(),
        listed=_listed(),
        lesser=re.compile(
            r"\b(?:second|third|fourth|next|worst|least|poorest|weakest|backup|wrong|incorrect)[ -](?:\w{1,12}[ ])?"
            r"(?:choice|best|guess|pick|answer|likely|plausible|closest|candidate|preference|fit|match)\b",
            _FLAGS,
        ),
        felt=_felt(),
        negated=re.compile(words("negations"), _FLAGS),
        dismissed=_dismissed(),
        distanced=re.compile(
            rf"{words('others')}(?:[ ](?:would|might|could|may|will|say|think|choose|pick|answer|argue|prefer))?"
            rf"|{words('moods')}",
            _FLAGS,
        ),
        conditional=re.compile(rf"{words('conditions')}", _FLAGS),
        corrected=re.compile(_CORRECTION, _FLAGS),
        aside=re.compile(
            r"[ ]?(?:because|since|although|while|whereas|if|unless|when|weil|denn|wenn|car|parce|porque|perché"
            r"|omdat|потому)\b",
            _FLAGS,
        ),
    )


def _part() -> re.Pattern[str]:
    """Where a part of a sentence ends: at a pause, or before a word that joins, contrasts or gives a reason."""
    split = (
        "but|so(?=[ ])|and(?=[ ](?:i|we|choose|pick|select|go|take|answer|so|then)\\b)"
        "|because|since|as|although|though|while|whereas|yet|hence|therefore|thus|however|rather than|in"
        r"stead of|than|not|aber|sondern|weil|denn|mais|car"
        "|pero|sino|porque|ma|mas|maar|omdat|ale|но|потому|nicht|pas"
    )
    return re.compile(
        rf"[,:(、，](?=[\s{_OPTION}])|,(?=\w)|\((?=[a-z])|[ ]-+[ ]|[ ]\|[ ]|(?<!\ball)(?<!thing)[ ](?=(?:{split})\b)"
        rf"|(?<={ANY})[ ](?=(?:for|given|due|with)\b)|(?<={ANY})[ ](?=over[ ]{ANY})",
        _FLAGS,
    )


def _labelled() -> tuple[re.Pattern[str], ...]:
    """Such as "The answer is B", "Antwort: B", "I choose B"."""
    copula, noun, foreign, chosen = (
        words("copulas"),
        words("label_nouns"),
        words("foreign_label_nouns"),
        words("choosing_verbs"),
    )
    return (
        re.compile(
            rf"(?:{noun}|{foreign})[^\n,.;:!?→={_OPTION}]{{0,60}}?(?:[:=→]+|[ ]-+|{copula}"
            rf"|\")[ ]?(?:[\w'%-]{{1,15}}[ ]){{0,4}}?{_QUOTE}(?P<x>{ANY})",
            _FLAGS,
        ),
        re.compile(rf"{foreign}[^\n,.;!?{_OPTION}]{{0,24}}?{_QUOTE}(?P<x>{ANY})", _FLAGS),
        re.compile(
            rf"\A\W{{0,4}}(?:correct|right|true|richtig|korrekt|correct[oa]|corrett[oa]|juste|cert[oa])"
            rf"(?:[ ]?:|[ ](?:is|ist|es|est|è|é)\b)[ ]?{_QUOTE}(?P<x>{ANY})",
            _FLAGS,
        ),
        re.compile(rf"{chosen}{_QUOTE}(?:[\w']{{1,12}}[ ]){{0,3}}?{_QUOTE}(?P<x>{ANY})", _FLAGS),
    )


def _judged() -> tuple[re.Pattern[str], ...]:
    """Such as "B is the best answer", "B fits"."""
    copula, foreign, verdict = words("copulas"), words("foreign_label_nouns"), words("verdicts")
    return (
        re.compile(
            rf"(?P<x>{ANY})[ \"')\],]{{0,3}}(?P<gap>{copula}[ ](?:[\w']{{1,14}}[ ]){{0,3}}?"
            rf"(?:correct|right|best|better|true|likeliest|closest|clearest|strongest|accurate|richtig|korrekt"
            rf"|richtige|beste|mejor|meilleure?|migliore|melhor|correcte?|juste|correct[ao]|corrett[ao]|giust[ao]"
            rf"|cert[ao]|juist|goed|poprawn\w+"
            rf"|prawidłow\w+|doğru|верн\w+|правильн\w+|rätt|riktig"
            rf"|(?:the|my|our|most)[ ](?:[\w']{{1,14}}[ ]){{0,2}}?{verdict}|{foreign}))",
            _FLAGS,
        ),
        re.compile(
            rf"(?P<x>{ANY})(?P<gap>[^\n。,.{_OPTION}]{{0,8}}(?:正确|正確|答案|正解|を選|[를을] 선택"
            rf"|最合适|最合適|最好|对的|정답|맞습니다|맞아요|가장))",
            _FLAGS,
        ),
        re.compile(
            rf"(?P<x>{ANY})(?P<gap>[ ](?:\w{{1,12}}ly[ ]|best[ ])?{words('fitting_verbs')})(?:[ ](?:best|well"
            rf"|perfectly|most|here|am|le|mieux))*[ .!]*$",
            _FLAGS,
        ),
        re.compile(
            rf"(?P<x>{ANY})(?P<gap>[ ](?:describes|captures|matches|fits|suits|reflects)[ ](?:[\w']{{1,14}}[ ]){{1,4}}?"
            rf"(?:best|most closely|perfectly|exactly)"
            rf"|[ ]makes[ ](?:the[ ])?most[ ]sense)[ .!]*$",
            _FLAGS,
        ),
        re.compile(rf"(?P<x>{ANY})(?P<gap>[ ](?:wählen|nehmen|sagen|choisir|elegir))[ .!]*$", _FLAGS),
    )


def _listed() -> re.Pattern[str]:
    """Such as "A, B or C"."""
    return re.compile(
        rf"{ANY}(?:[ ]?,[ ]?{ANY})*[ ]?,?[ ](?:and|or|nor|und|oder|et|ou|y|o|e)[ ]{ANY}(?![ ]?,[ ]?{ANY})", _FLAGS
    )


def _insisted() -> re.Pattern[str]:
    """Such as "Nothing fits but B", "I cannot narrow it down further than B", "I can't deny that it is B"."""
    return re.compile(
        rf"(?:narrow\w{{0,4}}[^.;{_OPTION}]{{0,40}}[ ](?:than|to|beyond|past)"
        rf"|(?:can(?:no|')?t|can not|couldn't|could not|unable|not|never|won't|wouldn't"
        rf"|don't)\b[^.;{_OPTION}]{{0,40}}\b(?:any(?:thing|[ ]\w{{1,12}})?|another|something|elsewhere"
        rf"|nothing)\b[^.;{_OPTION}]{{0,20}}(?:but|except|than|besides|beyond|over)"
        rf"|(?:find|think of|see|imagine|name|come up with|identify)[^.;{_OPTION}]{{0,20}}(?:better|closer)"
        rf"[^.;{_OPTION}]{{0,20}}than"
        rf"|(?:nothing|none|no[ ]one|no(?:[ ]\w{{1,12}}){{1,2}})\b[^.;{_OPTION}]{{0,30}}(?:but|except|than"
        rf"|besides|beats)"
        rf"|(?:can(?:no|')?t|can not|couldn't|could not|hard to|impossible to)[ ](?:deny|dispute|doubt"
        rf"|argue with|go past|look past|see past|get past|get around|fault|improve on|do better than|beat"
        rf"|escape|ignore|find fault with|help(?: but)?)[^.;{_OPTION}]{{0,30}}?)"
        rf"[ ]{_QUOTE}(?:[\w']{{1,12}}[ ]){{0,3}}(?P<x>{ANY})",
        _FLAGS,
    )


def _several() -> re.Pattern[str]:
    """Such as "B and C", "both A and B"."""
    filler = words("fillers")
    return re.compile(
        rf"[^\w{_OPTION}]*(?:(?:{filler}|both|either|all)[^\w{_OPTION}]*)*{ANY}(?:[^\w{_OPTION}]*(?:(?:and|or"
        rf"|also|und|oder|et|ou|y|o|e|lub|i|и|или|ve|veya|와|과|と|または|和|或|或者|plus|then"
        rf"|to)[^\w{_OPTION}]*){{0,2}}{ANY})+[^\w{_OPTION}]*\Z",
        _FLAGS,
    )


def _also() -> re.Pattern[str]:
    """Such as ", C", " or C" where C belongs to what was said of the option before it."""
    return re.compile(
        r"[\s()\]\"'.]{0,3}(?:[,/&+、]|\band\b|\bor\b|\bund\b|\boder\b|\bet\b|\bou\b|\by\b|\bo\b|\be\b|\boraz\b"
        r"|\blub\b|\bи\b|\bили\b|和|或|と|または|와|과|및)[ ]*"
        rf"(?:(?:and|or|also|maybe|perhaps|possibly|as well as|und|oder"
        rf"|then)[ ]*){{0,2}}[\"'(\[]?(?P<x>{ANY})(?=[)\]\"' ]{{0,3}}(?:\Z|[.,;:!?)\]\n/&]|(?:and|or|both|too"
        rf"|as well|also|are|fit|equally)\b))",
        _FLAGS,
    )


def _felt() -> re.Pattern[str]:
    """Such as "She feels relief", "most of all pride"."""
    return re.compile(
        rf"(?:\b(?:feel(?:s|ing)?|felt|experienc\w{{1,3}}|is|be|was|as|say|mostly|mainly|especially|particularly"
        rf"|chiefly|above all|most of all|most likely|call (?:it|this)|call that|sense of|feeling of|moment of"
        rf"|kind of|form of|word is|fühlt|empfindet|ressent|éprouve|siente|sente|prova|voelt|czuje|чувствует)|是"
        rf"|感到|感じる)"
        rf"[ ]?(?:(?:a|an|the|some|deep|great|strong|much|real|more|rather|simply|clearly|mostly|probably|quiet"
        rf"|mild|genuine|intense|of|eine?n?|viel|große?n?|starke?n?|tiefe?n?|de|la|le|du|des|une?|una|el|mucha?|mucho"
        rf"|gran|beaucoup|grande?|profonde?|profunda?)[ ]){{0,3}}(?:l')?(?P<x>{WORDED})[\s.!;\"')。]*\Z",
        _FLAGS,
    )


def _dismissed() -> re.Pattern[str]:
    """Such as " is wrong", " would only fit if", ", not"."""
    negation = words("negations")
    return re.compile(
        rf"[\s)\]\"',]{{0,3}}(?:(?:{_AUX}[ ])(?:[\w']{{1,12}}[ ])?{words('dismissals')}"
        rf"|(?:{_AUX}[ ]?)?(?:{_AUX}[ ])?(?:\w{{1,12}}[ ])?(?:{negation}))",
        _FLAGS,
    )
