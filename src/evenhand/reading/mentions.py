"""Where a text speaks of an option: by its letter, by its letter and words, or by its words alone.

A mention is no claim. It says only that these characters stand for an option, and not for the article of "A friend",
the pronoun of "I would" or the grade of "plan B". For the grammar in `claims`, every mention becomes one character of a
private-use range, so that a pattern can name "an option" without naming which.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from evenhand.reading.declining import declines
from evenhand.reading.plain import plain
from evenhand.reading.shown import Shown
from evenhand.reading.vocabulary import any_of, word_set, words

__all__ = ["ANY", "LETTER", "WORDED", "Mention", "Skeleton", "skeleton_of"]

LETTER, WORDED, ANY = "[\ue000-\uefff]", "[\uf000-\uf8ff]", "[\ue000-\uf8ff]"
_LETTER_AT, _WORD_AT = 0xE000, 0xF000
_EDGE = 128
"""Mentions kept from the beginning and from the end of a text that is full of them."""

Form = Literal["plain", "named", "delimited", "worded"]
"""`plain`: B; `named`: option B; `delimited`: B); `worded`: the option's words alone."""

_AFTER = any_of(word_set("after_letter"))
_NAMED = rf"(?:(?:the|my|your|our|as)[ ])?{words('option_nouns')}(?:[ ]letter)?[ ]?[#(\[\"']{{0,2}}[ ]?"
_ANNOUNCES = re.compile(
    rf"(?:{words('label_nouns', 'foreign_label_nouns')}[^\n,.;!?:]{{0,30}}?(?:[:=→]|[ ]-|{words('copulas')})"
    rf"|{words('choosing_verbs')})[ \"'(\[]*$",
    re.IGNORECASE,
)
_SAID = re.compile(r"\b(?:it|that|this)(?:'s|[ ]is|[ ]must[ ]be|[ ]would[ ]be)[ ]$", re.IGNORECASE)
_NO_OPTION = re.compile(rf"{words('not_options')}[ ]$", re.IGNORECASE)
_FOLLOWER = re.compile(r"[ ]+([^\W\d_][\w']*)")
_AFTER_WORD = re.compile(_AFTER, re.IGNORECASE)
_MAY_BE_WORD = "AI"
_LOWER_MAY_BE_WORD = "aeiouy"
_SCRIPT = "A-Za-z0-9À-ɏͰ-ӿ"
_CANDIDATE = re.compile(
    rf"(?P<name>(?i:(?:l')?{_NAMED}))?(?P<open>[(\[{{\"'<]{{0,3}}[ ]?)?"
    rf"(?<![{_SCRIPT}@&])(?<![A-Za-zÀ-ɏ]['-])(?P<letter>[A-Za-z])(?![{_SCRIPT}@#])(?!\+\+)(?!'(?!(?:s|[dt][iıuü]r)\b)[A-Za-z])(?!-"
    rf"[A-Za-z])"
    rf"(?!\.[A-Za-z]\b)(?P<close>[ ]?[)\]}}\"'>]{{1,3}})?(?P<delimiter>[ ]?[.:)](?![\w]))?"
)
_ANSWER_LINE = re.compile(
    r"(?:^|(?<=\?[ ]))(?:[Aa]|\[A\])[ ]?[:.)][ ]*(?P<rest>[^\n]{1,200})$(?!\n{1,2}\[?B\]?[ ]?[:.)])", re.MULTILINE
)
_OPENS = re.compile(
    rf"(?:(?:it's|it is|that's|that is|probably)[ ])?[\"'(]?{LETTER}(?:[^\w\ue000-\uf8ff]*$|[ ]?[,(]?[ ]?[a-z])"
)
_GAP = re.compile(r"(?:[ ]*[-.:,)=|→(\[\"']){0,4}[ ]*")
_COUNTED = re.compile(r"(?<!\w)[(\[]?[A-Za-z\d][)\].:]{1,2}[ ]{0,3}\Z")
_WORD_END = re.compile(r"[ )\]\"'.!?,]*(?:\n|$)")


class Mention(Struct, frozen=True):
    """A place where a text speaks of an option."""

    start: int
    end: int
    position: int | None
    """0-based position shown; None where the option was not shown, or where letter and words disagree."""
    form: Form


class Skeleton(Struct, frozen=True):
    """A text with one character in the place of every mention."""

    text: str
    mentions: tuple[Mention, ...]
    """In the order of their characters in `text`."""

    def at(self, character: str) -> Mention:
        """The mention a character stands for."""
        code = ord(character)
        return self.mentions[code - (_LETTER_AT if code < _WORD_AT else _WORD_AT)]


def skeleton_of(text: str, shown: Shown) -> Skeleton:
    """A text in plain spelling, with its mentions found."""
    text = _ANSWER_LINE.sub(lambda line: _answer_line(line, shown), text, count=8) if shown.letters else text
    return _skeleton(text, shown)


def _answer_line(line: re.Match[str], shown: Shown) -> str:
    """In a dialogue of questions and answers "A: B" is the answer B; "A: Relief" is the option A."""
    rest = _skeleton(line["rest"], shown)
    if not rest.mentions:
        return line["rest"] if declines(line["rest"]) else line.group()
    first = rest.mentions[0]
    opens = _OPENS.match(rest.text) is not None and first.position is not None
    return f"Answer: {line['rest']}" if opens else line.group()


def _skeleton(text: str, shown: Shown) -> Skeleton:
    found = _letters(text, shown) if shown.letters else []
    taken = [(mention.start, mention.end) for mention in found]
    pattern, positions = _option_words(shown)
    if pattern is not None:
        edges = iter([*taken, (len(text) + 1, len(text) + 1)])
        edge = next(edges)
        for match in pattern.finditer(text):
            while edge[1] <= match.start():
                edge = next(edges)
            if match.end() <= edge[0]:
                start = match.start() if shown.letters else _counted_from(text, match.start())
                found.append(Mention(start, match.end(), positions[_key(match.group())], "worded"))
    found = sorted(found, key=lambda mention: mention.start)
    if len(found) > 2 * _EDGE:
        found = found[:_EDGE] + found[-_EDGE:]
    pieces, end = [], 0
    for index, mention in enumerate(found):
        base = _WORD_AT if mention.form == "worded" else _LETTER_AT
        pieces += [text[end : mention.start], chr(base + index)]
        end = mention.end
    return Skeleton("".join([*pieces, text[end:]]), tuple(found))


def _counted_from(text: str, start: int) -> int:
    """Where a mention by words begins, with the letter or number that counts it in a list that had none: "c) fear"."""
    counted = _COUNTED.search(text, max(0, start - 8), start)
    return counted.start() if counted else start


def _letters(text: str, shown: Shown) -> list[Mention]:
    found: list[Mention] = []
    for match in _CANDIDATE.finditer(text):
        letter, end = match["letter"], match.end("letter")
        own = _own_words(text, match.end(), letter.upper(), shown)
        if match.start("letter") < (found[-1].end if found else 0) or not _is_option(
            match, text, own=own is not None, shown=letter.upper() in shown.letters
        ):
            continue
        position = shown.letters.index(letter.upper()) if letter.upper() in shown.letters else None
        start, end, closed = _span(match)
        if own is not None:
            end, named = own
            position = position if named == position else None
        form: Form = "named" if match["name"] else "plain"
        if own is None and form == "plain" and not closed and (match["close"] or "").strip() == ")":
            form = "delimited"
        found.append(Mention(start, end, position, form))
    return found


def _span(match: re.Match[str]) -> tuple[int, int, bool]:
    """(start, end, whether brackets close it) of a mention by its letter."""
    opened, closed = (match["open"] or "").strip(), (match["close"] or "").strip()
    start = match.start("name") if match["name"] else match.start("letter")
    if not closed:
        return start, match.end("letter"), False
    if not opened and not (match["name"] or "").rstrip().endswith(("(", "[", '"', "'")):
        return start, match.end("close"), False
    return (start if match["name"] else match.start("open")), match.end("close"), True


def _is_option(match: re.Match[str], text: str, *, own: bool, shown: bool) -> bool:
    """Whether a single letter stands for an option, not for a word of a sentence."""
    letter, after = match["letter"], text[match.end("letter") : match.end("letter") + 40]
    before = text[max(0, match.start() - 60) : match.start("letter")]
    if own or (match["name"] and letter.isupper() and letter not in _MAY_BE_WORD):
        return True
    if _NO_OPTION.search(before[-16:]):
        return False
    follower = _FOLLOWER.match(after)
    word = follower is not None and _is_word(follower.group(1))
    bracketed = bool((match["open"] or "").strip() and (match["close"] or "").strip())
    if bracketed:
        return letter.isupper() or (shown and (match["open"] or "").strip()[0] in "([{")
    if letter.isupper():
        return not (word and letter in _MAY_BE_WORD) and not (letter == "I" and follower is not None)
    if not shown:
        return False
    alone = not text[: match.start("letter")].strip(" \n([{\"'.:-") and not after.strip(" \n)]}\"'.:!?,-|")
    starts = match.start() == 0 or text[match.start() - 1] == "\n"
    listed = starts and (match["delimiter"] or match["close"] or "").strip() in {")", ".", ":"}
    announced = bool(match["name"]) or _ANNOUNCES.search(before) is not None
    if letter not in "aiouy" and not word:
        announced = announced or _SAID.search(before) is not None
    if letter not in _LOWER_MAY_BE_WORD and not word:
        listed = listed or (starts and re.match(r"[ ](?:because|since|as|is|for)\b", after) is not None)
    return alone or (listed and len(letter) == 1) or (announced and not word and _ends_there(letter, after))


def _is_word(follower: str) -> bool:
    """Whether the word after a letter makes it a word too: "a friend", but not "A is" nor the letters "A B"."""
    other = len(follower) == 1 and follower.isupper() and follower != "I"
    return not other and _AFTER_WORD.fullmatch(follower) is None


def _ends_there(letter: str, after: str) -> bool:
    """A lower-case letter that is a word in some languages counts only before a pause."""
    return letter not in _LOWER_MAY_BE_WORD or re.match(r"[ ]*(?:[^\w ]|$)", after) is not None


def _own_words(text: str, at: int, letter: str, shown: Shown) -> tuple[int, int] | None:
    """(end, position) of an option's words that follow a letter up to the end of their phrase; None where none do."""
    pattern, positions = _option_words(shown)
    if pattern is None:
        return None
    gap = _GAP.match(text, at)
    match = pattern.match(text, gap.end() if gap else at)
    if match is None:
        return None
    position = positions[_key(match.group())]
    own = letter in shown.letters and shown.letters.index(letter) == position
    dressed = gap is not None and gap.group().strip() != ""
    if not own and not (dressed and _WORD_END.match(text, match.end())):
        return None
    end = match.end() + (text[match.end() : match.end() + 1] in {")", "]"})
    return end, position


@lru_cache(maxsize=4096)
def _option_words(shown: Shown) -> tuple[re.Pattern[str] | None, dict[str, int]]:
    """A pattern for the words of every option, longest first, and whose they are."""
    positions: dict[str, int] = {}
    for position, text in [
        *((at, text) for at, text in enumerate(shown.texts)),
        *((at, text) for text, at in shown.synonyms),
    ]:
        key = _key(plain(text))
        if key and not (len(key) == 1 and shown.letters):
            positions.setdefault(key, position)
    if not positions:
        return None, positions
    entries = [r"\s+".join(map(re.escape, key.split())) for key in sorted(positions, key=len, reverse=True)]
    bounded = [_bounded(entry) for entry in entries]
    return re.compile("|".join(bounded), re.IGNORECASE), positions


def _bounded(entry: str) -> str:
    before = r"(?<![\w-])" if re.match(r"\\?[^\W\u3040-\u9fff\uac00-\ud7af]", entry) else ""
    after = r"(?![\w-])" if re.search(r"[^\W\u3040-\u9fff\uac00-\ud7af]$", entry) else ""
    return f"{before}(?:{entry}){after}"


def _key(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .!,;:\"'*")
