"""Keeps thoughts apart from the answer when both are in one text.

Model families mark their thoughts in different ways: tags (`<think>`, `<seed:think>`, `<analysis>`), brackets
(`[THINK]`), special tokens (`<|START_THINKING|>`, `◁think▷`), channels (`<|channel|>analysis<|message|>`, also with the
special tokens left out), or lines of their own ("Thinking..." to "...done thinking."). A closing mark without an
opening one ends a thought that began with the text, because some chat templates put the opening mark into the prompt.
A thought that is never closed leaves no answer.
"""

from __future__ import annotations

import re

__all__ = ["answer_spans", "split_reasoning"]

_NAMES = (
    r"(?:think(?:ing|s)?(?:_process)?|thoughts?(?:_process)?|inner_(?:thoughts?|monologue)|internal(?:_thoughts?)?"
    r"|reason(?:ing|s)?(?:_process|_content)?|rationale|reflect(?:ion|ions|ing)?|analysis|deliberation|scratch_?pad"
    r"|chain_of_thought|cot|ant_?thinking|longcat_think|think_(?:fast|faster)|monologue|planning|plan|ponder(?:ing)?|brainstorm(?:ing)?|meta|working|notes|hidden(?:_thoughts?|_reasoning)?|details)"
)
_OPEN = re.compile(
    rf"<[ ]?(?:\w{{1,20}}:)?{_NAMES}(?:[ ][^<>\n]{{0,200}}(?<!/))?>"
    r"|\[(?:(?:begin|start)[ _])?(?:think|thinking|thought|thoughts|reasoning|analysis|scratchpad)\]"
    r"|◁think▷|<start_working_out>|<unused94>(?:thought)?"
    r"|<\|(?:start|begin)_?(?:of_?)?(?:think|thinking|thought|thoughts|reasoning)\|>"
    r"|<\|(?:think|thinking|thought|thoughts|reasoning)_(?:start|begin)\|>|<\|think(?:ing)?\|>"
    r"|<\|channel>[ ]?(?:thought|analysis)\b"
    r"|^[ ]*(?:💭[ ]*)?thinking[ ]?(?:\.\.\.|…)[ ]*$|^[ ]*here is my thought process:",
    re.IGNORECASE | re.MULTILINE,
)
_CLOSE = re.compile(
    rf"<[ ]?/[ ]?(?:\w{{1,20}}:)?{_NAMES}[ ]?>"
    r"|\[(?:/|end[ _])(?:think|thinking|thought|thoughts|reasoning|analysis|scratchpad)\]"
    r"|◁/think▷|<end_working_out>|<unused95>"
    r"|<\|end_?(?:of_?)?(?:think|thinking|thought|thoughts|reasoning)\|>"
    r"|<\|(?:think|thinking|thought|thoughts|reasoning)_end\|>|<\|/think(?:ing)?\|>|<channel\|>"
    r"|^[ ]*(?:\.\.\.|…)[ ]?done thinking\.?[ ]*$|^[ ]*here is my response:",
    re.IGNORECASE | re.MULTILINE,
)
_SUMMARY = re.compile(r"<summary>[^<>\n]{0,200}</summary>", re.IGNORECASE)
_CHANNEL = "<|channel|>"
_FINAL = re.compile(r"<\|channel\|>[ ]?final\b[^<]{0,80}(?:<\|constrain\|>[^<]{0,80})?<\|message\|>")
_FINAL_END = re.compile(r"<\|(?:end|return|start|call)\|>")
_MARK = re.compile(r"<\|(?:start|end|return|call|channel|message|constrain)\|>")
_BARE_ANALYSIS = re.compile(r"\s{0,20}(?:assistant)?analysis(?=[A-Z])")
_BARE_FINAL = "assistantfinal"
_SHORT = 40
"""A text this short before a lone closing mark, with nothing after it, is the answer and not a thought."""


def answer_spans(text: str) -> tuple[tuple[int, int], ...]:
    """(start, end) of the parts of a text that are answer; empty where a thought was never closed."""
    channel = _channel_span(text)
    if channel is not None:
        return channel
    spans: list[tuple[int, int]] = []
    inside, begin = False, 0
    marks = sorted(
        [(found.start(), found.end(), True) for found in _OPEN.finditer(text)]
        + [(found.start(), found.end(), False) for found in _CLOSE.finditer(text)]
    )
    for start, end, opens in marks:
        if opens and not inside:
            spans.append((begin, start))
            inside = True
        elif not opens:
            if not inside:
                spans = [] if _has_text(text, ((end, len(text)),)) or not _is_short(text[:start]) else [(0, start)]
            inside, begin = False, end
    if inside:
        return ()
    return (*spans, (begin, len(text)))


def split_reasoning(text: str) -> tuple[str, str | None]:
    """(answer, thoughts): thoughts are None where there are none."""
    spans = answer_spans(text)
    if spans == ((0, len(text)),):
        return text, None
    answer = " ".join(text[start:end].strip() for start, end in spans if text[start:end].strip())
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    thoughts = "".join(text[edges[at] : edges[at + 1]] for at in range(0, len(edges), 2))
    bare = _SUMMARY.sub(" ", _MARK.sub(" ", _CLOSE.sub("\n", _OPEN.sub("\n", thoughts))))
    return answer, bare.strip() or None


def _channel_span(text: str) -> tuple[tuple[int, int], ...] | None:
    """The final channel of a text in channels; None for other texts."""
    if _CHANNEL in text:
        last = None
        for found in _FINAL.finditer(text):
            last = found
        if last is None:
            return ()
        end = _FINAL_END.search(text, last.end())
        return ((last.end(), end.start() if end else len(text)),)
    at = text.rfind(_BARE_FINAL)
    if at >= 0 and (text[:at].strip() == "" or _BARE_ANALYSIS.match(text)):
        return ((at + len(_BARE_FINAL), len(text)),)
    return () if _BARE_ANALYSIS.match(text) else None


def _has_text(text: str, spans: tuple[tuple[int, int], ...]) -> bool:
    return any(text[start:end].strip() for start, end in spans)


def _is_short(text: str) -> bool:
    return len(text.strip()) <= _SHORT and "\n" not in text.strip()
