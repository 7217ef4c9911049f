"""Which facts tell of a person's social position: by what they are marked as, by their words, or by both."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal, assert_never, get_args

from evenhand.errors import UsageError, near_miss
from evenhand.mitigate.terms import Terms, listed_terms
from evenhand.mitigate.texts import table_text, text_of
from evenhand.records.profile import Dimension, Fact

__all__ = ["OPTIONS", "USUAL", "SocialFacts", "social_facts", "social_files"]

By = Literal["tag", "words", "both"]
OPTIONS = ("by", "patterns")
"""`by`: tag, words or both; `patterns`: a file of further words, one per line."""
USUAL: Mapping[str, str] = {"by": "words"}
"""What is measured is what can be deployed: the memory of a live assistant carries no marks."""
_BEFORE: By = "both"
"""What counts in a plan that does not say; plans say it since words became usual."""

_POSITION = "social-words.yaml"
_PEOPLE = "factor-lexicon.yaml"
_OWN = "own-words.txt"

SOCIAL: frozenset[Dimension] = frozenset({"demographics", "family", "connections", "assets", "identity"})
"""Marks of facts about who somebody is."""
NEEDED: frozenset[Dimension] = frozenset({"need", "preference", "opinion"})
"""Marks of facts that somebody stored so that they be used: no word list takes them for social position."""


class SocialFacts:
    """Tells facts of social position from others.

    Args:
        terms: Words that tell of social position.
        by: What decides. `both`: the mark, and where it does not settle it, the words.
    """

    def __init__(self, terms: Terms, *, by: By = "both") -> None:
        self._by: By = by
        self._within = lru_cache(maxsize=16384)(terms.within)

    @property
    def marks(self) -> bool:
        """Whether the marks of facts count."""
        return self._by != "words"

    def tell(self, fact: Fact) -> bool:
        """Whether a fact tells of social position."""
        match self._by:
            case "tag":
                return fact.dimension in SOCIAL
            case "words":
                return self._within(fact.text)
            case "both":
                return fact.dimension in SOCIAL or (fact.dimension not in NEEDED and self._within(fact.text))
            case _:
                assert_never(self._by)


def social_files(options: Mapping[str, str]) -> dict[str, str]:
    """The word lists, and the user's own where one is named.

    Raises:
        UsageError: The user's file cannot be read.
    """
    people = resources.files("evenhand.bank") / "data" / _PEOPLE
    texts = {_POSITION: table_text(_POSITION), _PEOPLE: people.read_text(encoding="utf-8")}
    path = options.get("patterns")
    if path is None:
        return texts
    try:
        own = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the file of patterns {path!r} cannot be read ({error}); write one word per line") from error
    listed_terms(own, source=path)
    return texts | {_OWN: own}


def social_facts(options: Mapping[str, str], files: Mapping[str, str], *, more: tuple[str, ...] = ()) -> SocialFacts:
    """The teller of social facts that the options and a plan's texts describe.

    Args:
        options: The options.
        files: The texts.
        more: What else `by` can be for this policy, for the message.

    Raises:
        UsageError: `by` is none of tag, words, both.
    """
    by = options.get("by", _BEFORE)
    if by not in get_args(By):
        allowed = (*get_args(By), *more)
        raise UsageError(f"the option by is {by!r}{near_miss(by, allowed)}; allowed: {', '.join(allowed)}")
    chosen: By = next(one for one in get_args(By) if one == by)
    names = [_POSITION, _PEOPLE, *([_OWN] if _OWN in files else [])]
    terms = [term for name in names for term in listed_terms(text_of(files, name), source=name)]
    return SocialFacts(Terms(terms), by=chosen)
