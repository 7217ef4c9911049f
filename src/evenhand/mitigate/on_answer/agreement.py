"""What several answers to one question agree on: mean numbers, mean probabilities, a majority, or the middle text."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from evenhand.reading.read import Read, read
from evenhand.reading.shown import Shown
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.message import Reply, TokenProbability
from evenhand.scoring.probability import option_probabilities

__all__ = ["agreed", "middle_text", "stated_lines"]

_LINE = re.compile(
    r"^[\s*\-•]*(?P<name>[^:=\n]{1,80}?)[\s*]*[:=]\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>%|/ ?10)?[.\s*]*$"
)
_LEAST = 1e-12


def agreed(replies: Sequence[Reply], *, letters: tuple[str, ...]) -> int | Reply:
    """What the replies agree on: the place of one of them, or a reply that is made of all of them.

    Numbers stated line by line are averaged. Where letters are shown, the probabilities of the options are averaged if
    every reply has them; otherwise the letter most often chosen counts, and the first of those that tie. Of free texts
    it is the one that shares most words with the others.

    Args:
        replies: At least one reply, all of them whole.
        letters: The option letters as shown; empty where there are none.
    """
    numbers = [stated_lines(reply.text) for reply in replies]
    if numbers[0] is not None and all(found is not None and found.keys() == numbers[0].keys() for found in numbers):
        return replace(replies[0], text=_mean_lines([found for found in numbers if found is not None]), top=None)
    if not letters:
        return middle_text([reply.text for reply in replies])
    chances = [option_probabilities(reply.top, letters) for reply in replies]
    known = [found for found in chances if found is not None]
    if len(known) == len(replies):
        mean = np.mean(np.asarray(known), axis=0)
        top = tuple(
            TokenProbability(token=letter, logprob=math.log(max(float(chance), _LEAST)))
            for letter, chance in zip(letters, mean, strict=True)
        )
        return replace(replies[0], text=letters[int(mean.argmax())], top=top)
    return _majority(replies, letters)


def _majority(replies: Sequence[Reply], letters: tuple[str, ...]) -> int:
    """The place of the first reply that gives the letter given most often; the first reply where none gives one."""
    found = [read(reply.text, Shown(letters, ())) for reply in replies]
    places = [one.position if isinstance(one, Read) else None for one in found]
    votes = Counter(place for place in places if place is not None)
    return places.index(votes.most_common(1)[0][0]) if votes else 0


def stated_lines(text: str) -> dict[str, tuple[float, str]] | None:
    """Name -> (number, unit) of a text of at least two lines `name: number`, and nothing else; None for others."""
    lines = [line for line in split_reasoning(text)[0].splitlines() if line.strip()]
    found = [_LINE.match(line) for line in lines]
    stated = {one["name"].strip(): (float(one["number"]), one["unit"] or "") for one in found if one is not None}
    return stated if len(stated) == len(lines) >= 2 else None


def _mean_lines(stated: Sequence[dict[str, tuple[float, str]]]) -> str:
    means = {name: np.mean([one[name][0] for one in stated]) for name in stated[0]}
    return "\n".join(f"{name}: {mean:.4g}{stated[0][name][1]}" for name, mean in means.items())


def middle_text(texts: Sequence[str]) -> int:
    """The place of the text that shares most of its words with the others (mean Jaccard index); of ties the first."""
    words = [frozenset(re.findall(r"\w+", text.casefold())) for text in texts]
    shared = [[len(one & two) / max(len(one | two), 1) for two in words] for one in words]
    return int(np.argmax(np.round(np.asarray(shared).sum(axis=1), 12)))
