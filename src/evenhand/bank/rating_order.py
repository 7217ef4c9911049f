"""From an appraisal to an order of ratings: the keyed emotion highest, the opposite valence low.

The chart of Roseman (see `evenhand.bank.appraisal`) fixes one emotion. It does not fix how strong the others are, so
the reference is an order only: emotions of the same valence are to be rated below the keyed one, those of the opposite
valence low. Surprise has no valence: all others are to be rated below it, none need be low.
"""

from __future__ import annotations

from evenhand.bank.appraisal import valence
from evenhand.errors import BankError
from evenhand.records.item import Item, RatingOrder

__all__ = ["rating_order"]


def rating_order(item: Item) -> RatingOrder:
    """The order that the emotion of the key and the valences of the others give.

    Raises:
        BankError: an option names no emotion of the chart.
    """
    emotions = {option.id: option.emotion or "" for option in item.options}
    if item.key not in emotions:
        raise BankError(f"item {item.id!r}: the key {item.key!r} is no option; use one of {', '.join(emotions)}")
    keyed = valence(emotions[item.key])
    above: list[str] = []
    low: list[str] = []
    for name, emotion in emotions.items():
        if name != item.key:
            opposite = {keyed, valence(emotion)} == {"positive", "negative"}
            (low if opposite else above).append(name)
    return RatingOrder(high=item.key, above=tuple(above), low=tuple(low))
