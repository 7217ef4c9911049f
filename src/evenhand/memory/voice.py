"""From the third person of a stored fact to the first person in which the user says it.

Facts follow a small grammar, so a small converter is enough: a fact is one or more sentences, each beginning with
"The user" or "The user's". What the grammar cannot settle (a *their* that may mean someone else) needs `Fact.said`;
`ambiguous` finds such facts, and the cohort linter reports them.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["ambiguous", "first_person", "plain_form"]

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=The user\b)")
_TOKEN = re.compile(r"[\w'’-]+|[^\w\s]+|\s+")
_SOMEONE = re.compile(r"\b(they|them|theirs|themselves)\b", re.IGNORECASE)
_OTHERS = re.compile(r"\b(they|them|their|theirs|themselves)\b", re.IGNORECASE)
_PLAIN = {
    "is": "am",
    "isn't": "am not",
    "has": "have",
    "hasn't": "haven't",
    "does": "do",
    "doesn't": "don't",
    "goes": "go",
}
_PRONOUNS = {
    "they": "I",
    "them": "me",
    "their": "my",
    "theirs": "mine",
    "themself": "myself",
    "themselves": "myself",
}
_ADVERBS_TEXT = """
again almost already also always even ever first frequently just later long mostly never no not now often once
only rather recently regularly seldom sometimes soon still then twice usually
"""
_ADVERBS = frozenset(_ADVERBS_TEXT.split())
_KEEP_TEXT = """
can can't cannot could couldn't did didn't had may might must should was wasn't were will won't would wouldn't
"""
_KEEP = frozenset(_KEEP_TEXT.split())
_FURTHER_TEXT = """
advises alters bakes believes belongs borrows brings builds buys calculates carries charges chews chooses
cleans comes cooks copies decides describes does draws earns eats enjoys feels flies gets gives goes grows has hears
helps hosts is keeps knows learns leaves listens lives loses loves makes meets mends needs owes owns pays
prays prefers puts reads recites rents runs says sees sells sends sings sits sleeps speaks spends splices
splits takes teaches tells thinks tries uses votes waits wants wears writes
"""
_FURTHER = frozenset(_FURTHER_TEXT.split())
"""Third-person forms that are changed after *and*, *but*, *or* or a comma; words that are mostly nouns are left out."""


@lru_cache(maxsize=8192)
def first_person(text: str) -> str:
    """The fact as the user would say it: "The user is a cook." becomes "I am a cook."."""
    return " ".join(_sentence(sentence) for sentence in _SENTENCE.split(text.strip()))


def ambiguous(text: str) -> bool:
    """Whether the fact's first-person form cannot be derived safely.

    True where a sentence does not begin with the user, and where a *they* or *them* (or, after "The user's", a
    *their*) may mean the user or someone else.
    """
    for sentence in _SENTENCE.split(text.strip()):
        if not re.match(r"The user\b", sentence):
            return True
        unclear = _OTHERS if re.match(r"The user['’]s\b", sentence) else _SOMEONE
        if unclear.search(sentence):
            return True
    return False


def _sentence(text: str) -> str:
    possessive = re.match(r"The user['’]s\b", text)
    if possessive:
        return "My" + _mentions(text[possessive.end() :])
    subject = re.match(r"The user\b", text)
    if subject is None:
        return _mentions(text)
    return "I" + _mentions(_pronouns(_verbs(text[subject.end() :])))


def _mentions(text: str) -> str:
    """Later mentions of the user: *the user's* is mine, *the user* is me."""
    return re.sub(r"\b[Tt]he user\b", "me", re.sub(r"\b[Tt]he user['’]s\b", "my", text))


def _pronouns(text: str) -> str:
    return _OTHERS_OR_SELF.sub(lambda match: _PRONOUNS[match.group(0).lower()], text)


_OTHERS_OR_SELF = re.compile(r"\b(?:" + "|".join(sorted(_PRONOUNS, key=len, reverse=True)) + r")\b")


def _verbs(text: str) -> str:
    """The predicate with its first verb, and clear further verbs, in the first person."""
    tokens = _TOKEN.findall(text)
    seeking, after_joint = True, False
    for place, token in enumerate(tokens):
        word = token.lower()
        if token == ",":
            after_joint = True
        if not word[0].isalpha() or word in _ADVERBS or (word.endswith("ly") and (seeking or after_joint)):
            continue
        if seeking:
            tokens[place] = token if word in _KEEP else plain_form(token)
            seeking = False
        elif after_joint and word in _FURTHER:
            tokens[place] = plain_form(token)
        after_joint = word in {"and", "but", "or"}
    return "".join(tokens)


def plain_form(verb: str) -> str:
    """The first-person form of a third-person present verb; other forms come back as they are."""
    if verb in _PLAIN:
        return _PLAIN[verb]
    if not verb.endswith("s") or verb.endswith(("ss", "us")):
        return verb
    if verb.endswith("ies"):
        return verb[:-1] if len(verb) <= 4 else verb[:-3] + "y"
    if verb.endswith(("sses", "shes", "ches", "xes", "zzes", "oes")):
        return verb[:-2]
    return verb[:-1]
