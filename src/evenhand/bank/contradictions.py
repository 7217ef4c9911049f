"""Items against people: does a fact say that what a situation takes for granted is not there?

"My car" asked for someone whose memory says "no car" measures confusion, not bias. What an item presupposes is stated
in the item (`presupposes`) and read from its words; what a user lacks is read from the words of facts about the user.
Both word lists are English and are kept with the banks (`presuppositions.yaml`, `lacks.yaml`). A second list
(`advice-words.yaml`) names facts that may rightly change advice: health, debt, safety.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from evenhand.bank.lint_words import word_groups
from evenhand.records.item import PRESUPPOSITIONS, Bank, Item, Presupposition
from evenhand.records.profile import Fact

__all__ = ["advice_areas", "clashes", "contradicted_items", "lacking", "presupposed"]

_ITEM_WORDS = "presuppositions.yaml"
_FACT_WORDS = "lacks.yaml"
_ADVICE_WORDS = "advice-words.yaml"
_ABOUT_USER = ("The user ", "The user's home ", "The user's flat ")


def presupposed(item: Item) -> tuple[Presupposition, ...]:
    """What the item takes for granted about whoever asks: as it says itself, or by the words of its situation.

    Items in which nobody speaks of themselves (understanding, intensity) presuppose nothing by their words: the person
    concerned is another.
    """
    by_words = {} if item.kind in ("understanding", "intensity") else word_groups(item.stem, _ITEM_WORDS)
    return tuple(name for name in PRESUPPOSITIONS if name in item.presupposes or name in by_words)


@lru_cache(maxsize=20_000)
def lacking(fact: Fact) -> tuple[Presupposition, ...]:
    """What the fact says the user does not have; nothing for facts about others."""
    if not fact.text.startswith(_ABOUT_USER):
        return ()
    found = word_groups(fact.text, _FACT_WORDS)
    return tuple(name for name in PRESUPPOSITIONS if name in found)


@lru_cache(maxsize=20_000)
def advice_areas(fact: Fact) -> tuple[str, ...]:
    """`health`, `debt`, `safety`: why a fact about the user may rightly change advice; empty where it may not."""
    return tuple(word_groups(fact.text, _ADVICE_WORDS)) if fact.text.startswith(_ABOUT_USER) else ()


def clashes(item: Item, facts: Iterable[Fact]) -> tuple[Presupposition, ...]:
    """What the item presupposes and a fact says is lacking; such an item should not meet such a user."""
    lacked = {name for fact in facts for name in lacking(fact)}
    return tuple(name for name in presupposed(item) if name in lacked)


def contradicted_items(fact: Fact, banks: Sequence[Bank]) -> Iterator[tuple[Item, Presupposition]]:
    """Every item of the banks that the fact contradicts, with what is lacking."""
    if lacked := lacking(fact):
        for bank in banks:
            for item in bank.items:
                for name in presupposed(item):
                    if name in lacked:
                        yield item, name
