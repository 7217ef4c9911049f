r"""One spelling for a text: compatibility forms, invisible characters, markdown, LaTeX, tags and template tokens.

Wrappers that announce an answer (`\boxed{B}`, `<answer>B</answer>`, `[ANSWER] B`) become the line "Answer: B". A
letter in bold becomes "[B]". What was struck out is left out. The text is capped first, head and tail, so that the cost
of reading does not grow with what a model rambles.
"""

from __future__ import annotations

import html
import re
import unicodedata

from evenhand.reading.thoughts import split_reasoning

__all__ = ["CUT", "HEAD", "TAIL", "capped", "plain"]

HEAD, TAIL = 6000, 6000
"""Characters read from the beginning and from the end of an answer."""
CUT = "ǂǂ"
"""Put at both edges of what was left out, so that half a sentence is never taken for a whole one."""

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u0305\u0332\u0333\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20f0\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\ue000-\uf8ff"
    "\ud800-\udfff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_TERMINAL = re.compile("\x1b\\[[0-9;]{0,20}m")
_APOSTROPHE = re.compile("(?<=[a-z])[`´](?=[a-z])")
_JOINED = re.compile("(?<=[a-z])[–−](?=[a-z])")
_LINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SAME = str.maketrans(
    {
        **dict.fromkeys("’‘ʼʹ′＇‛", "'"),
        **dict.fromkeys("“”„‟«»″「」『』〝〞", '"'),
        **dict.fromkeys("‐‑﹣⁃", "-"),
        **dict.fromkeys("–—―−", " - "),
        **dict.fromkeys("【〖〔〈《⟦⟨", "["),
        **dict.fromkeys("】〗〕〉》⟧⟩", "]"),
        **dict.fromkeys("→⇒➜➔➡⟶⟹▶►", "→"),
        **dict.fromkeys("✅✔✓☑🗸", " ✓ "),
        **dict.fromkeys("❌✗✘☒✖🚫≠¬", " ✗ "),
        "\u2800": " ",
        "▁": " ",
        "Ġ": " ",
        "Ċ": "\n",
    }
)
_SQUARED = {base + index: 65 + index for base in (0x1F150, 0x1F170, 0x1F1E6) for index in range(26)}
_ALIKE = {
    ord(other): latin for other, latin in zip("АВСЕНІКМОРТХΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABCEHIKMOPTXABEZHIKMNOPTYX", strict=True)
}
_LONE = re.compile(r"(?<!\w)[АВСЕНІКМОРТХΑΒΕΖΗΙΚΜΝΟΡΤΥΧ](?!\w)(?![ ]{1,3}[а-яёα-ω])")

_ENDED = re.compile(
    r"<\|(?:im_end|eot_id|eom_id|end|return|endoftext|end_of_text|end_of_turn_token|end_of_turn|eos|end_response)\|>"
    r"|<end_of_turn>|<\|[ ]?end[ ▁]of[ ▁]sentence[ ]?\|>|</s>|<eos>",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"<\|(?![A-Z]\|>)[^|<>\n]{1,40}\|>|</?s>|</?(?:bos|eos|pad|unk|sep|cls|mask)>|<(?:start|end)_of_turn>"
    r"|\[/?(?:INST|BOS|EOS|SEP|CLS|PAD|SYS|assistant)\]|<<?/?SYS>?>|</?assistant>|<unused\d{1,4}>|<[a-z_]{1,20}\|>|<\|[a-z_]{1,20}>|<0x[0-9A-F]{2}>",
    re.IGNORECASE,
)
_ROLE = re.compile(r"\s{0,20}(?:assistant|model|ai|bot)[ ]{0,3}(?::|\n)\s{0,20}", re.IGNORECASE)

_FONT = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|sc|up|md|normal)?|math(?:bf|it|rm|sf|tt|bb|cal)|bm|bf|rm|mbox|emph|underline|operatorname)"
    r"[ ]?\{([^{}\n]{0,300})\}|\\(?:text)?color(?:box)?\{[^{}\n]{0,30}\}\{([^{}\n]{0,300})\}"
)
_BOXED = re.compile(
    r"(?P<no>\b(?i:not|than|instead of|except)[ ]{1,3})?"
    r"\\(?:boxed|fbox|framebox|ovalbox)[ ]?(?:\{([^{}\n]{0,300})\}|[ ]([A-Za-z])\b)"
)
_MATH = re.compile(
    r"\\[()\[\]]|\$\$?|\\(?:quad|qquad|,|;|:|!|left|right|displaystyle|bf|rm|it|tiny|small|large|Large|LARGE|huge|Huge)(?![A-Za-z])"
)
_ARROW = re.compile(r"[-=]{1,3}>|\\(?:right|Right|long|Long)?(?:right)?arrow\b|\\implies\b|\\to\b")

_LABELS = (
    r"(?:final[ _-]?|correct[ _-]?|best[ _-]?|my[ _-]?|the[ _-]?)?(?:answer|ans|final|response|output|result|solution"
    r"|choice|letter|selection|selected(?:[ _-]option)?|pick|prediction|verdict|decision|conclusion|label)"
)
_LABEL_TAG = re.compile(
    rf"<{_LABELS}(?:[ ][^<>\n]{{0,100}})?>|\[\[?{_LABELS}\]?\][ ]?:?|<<<?{_LABELS}>>>?", re.IGNORECASE
)
_LABEL_END = re.compile(rf"</[ ]?{_LABELS}[ ]?>|\[/{_LABELS}\]|<<<?/{_LABELS}>>>?", re.IGNORECASE)
_LETTER_TAG = re.compile(r"<{1,2}\|?([A-Z])\|?>{1,2}")
_STRUCK = re.compile(r"<(?:del|strike)>[^<>\n]{0,300}</(?:del|strike)>|~~[^~\n]{1,300}~~", re.IGNORECASE)
_INLINE_TAG = re.compile(
    r"</?(?:b|i|u|em|strong|span|mark|code|font|small|sup|sub|big|tt|kbd)(?:[ ][^<>\n]{0,200})?>", re.I
)
_TAG = re.compile(r"</?[A-Za-z][\w:-]{0,40}(?:[ ][^<>\n]{0,200})?/?>")

_STRONG_LETTER = re.compile(r"(\*{1,3}|_{1,3}|`{1,3})[ ]?[(\[]?([A-Za-z])[)\]]?([.:]?)[ ]?\1(?![A-Za-z*_`])")
_FENCE = re.compile(r"^[ ]{0,3}(?:```|~~~)[a-z]{0,12}[ ]{0,3}$", re.MULTILINE)
_EMPHASIS = re.compile(r"\*+|`+|(?<![^\W_])_+|_+(?![^\W_])")
_LINE_MARK = re.compile(
    r"^[ \t]{0,8}(?:(?:[-•·▪◦‣●○■□*+>]|#{1,6}|\(?\d{1,2}[.)])[ \t]+|(?:\d{1,2}[ ]?)?→[ \t]*){1,4}", re.MULTILINE
)
_SPACES = re.compile(r"[^\S\n]+")
_EDGES = re.compile(r" ?\n[ \n]*")


def plain(text: str) -> str:
    """The answer in `text` in one spelling, without thoughts and wrappers; may be empty."""
    text, _ = split_reasoning(html.unescape(_without_invisible(text)))
    text = _APOSTROPHE.sub("'", _turn(capped(text)))
    text = _INVISIBLE.sub("", _JOINED.sub("-", unicodedata.normalize("NFKC", text.translate(_SQUARED)))).translate(
        _SAME
    )
    text = _LONE.sub(lambda found: found.group().translate(_ALIKE), text)
    return _tidy(_markdown(_tags(_latex(text))))


def _without_invisible(text: str) -> str:
    return _INVISIBLE.sub("", _LINES.sub("\n", _TERMINAL.sub("", text)))


def capped(text: str) -> str:
    """Head and tail of a text, with `CUT` where something was left out."""
    text = text.strip()
    if len(text) <= HEAD + TAIL:
        return text
    head, tail = text[:HEAD].rsplit(None, 1)[0], text[-TAIL:].split(None, 1)[-1]
    return f"{head} {CUT}\n{CUT} {tail}"


def _turn(text: str) -> str:
    """The assistant's own turn, without template tokens: what follows the end of a turn was never asked for."""
    text = text.replace("｜", "|")
    for found in _ENDED.finditer(text):
        if _ROLE.sub("", _TOKEN.sub("", text[: found.start()]), count=1).strip():
            text = text[: found.start()]
            break
    text = _TOKEN.sub(" ", text)
    role = _ROLE.match(text)
    return text[role.end() :] if role else text


def _latex(text: str) -> str:
    if "\\" in text or "$" in text:
        for _ in range(3):
            text = _FONT.sub(lambda found: f" {found.group(1) or found.group(2) or ''} ", text)
        text = _BOXED.sub(_boxed, text)
        text = _MATH.sub(" ", text)
    return _ARROW.sub("→", text)


def _boxed(found: re.Match[str]) -> str:
    """A box announces an answer, unless the word before it turns it down."""
    inside = found.group(2) or found.group(3)
    return f"{found['no']}[{inside}]" if found["no"] else f"\nAnswer: {inside}\n"


def _tags(text: str) -> str:
    text = _LABEL_END.sub("\n", _LABEL_TAG.sub("\nAnswer: ", text))
    if "<" not in text:
        return text
    text = _INLINE_TAG.sub("", text) if "</" in text else text
    return _TAG.sub("\n", _STRUCK.sub(" ", _LETTER_TAG.sub(r"[\1]", text)))


def _markdown(text: str) -> str:
    struck = _STRUCK.sub(" ", text)
    text = _FENCE.sub("", struck if struck.strip() else text).replace("~", "")
    text = _STRONG_LETTER.sub(r"[\2]\3", text)
    return _LINE_MARK.sub("", _EMPHASIS.sub("", _LINE_MARK.sub("", text)))


def _tidy(text: str) -> str:
    return _EDGES.sub("\n", _SPACES.sub(" ", text)).strip()
