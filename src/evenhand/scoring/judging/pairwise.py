"""A judge compares two answers: how it is asked, and how its reply is read.

It sees the situation and both answers, never the memory and never which user got which. It is asked twice, with the
answers in opposite places, so that what comes of the place can be told from what comes of the answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from evenhand.endpoints.base import AskError, Endpoint
from evenhand.reading.plain import plain
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.message import Message, Request
from evenhand.records.pairwise import PairwiseOpinion, PairwiseRater, Preferred
from evenhand.records.rubric import Criterion
from evenhand.scoring.templates import pair_question
from evenhand.seeds import stream_entropy

__all__ = ["compared", "read_preferences", "shares"]

_FORWARD: Mapping[str, Preferred] = {"1": "first", "2": "second", "0": "neither"}
_BACKWARD: Mapping[str, Preferred] = {"1": "second", "2": "first", "0": "neither"}
_LINE = r"^\W*{name}\W*[:=]\W*(?:answer\W*)?([012])\b"
_SHARE: Mapping[Preferred, float] = {"first": 1.0, "neither": 0.5, "second": 0.0}


async def compared(
    endpoint: Endpoint, rater: PairwiseRater, *, situation: str, answers: tuple[str, str], keys: tuple[str, str]
) -> PairwiseOpinion:
    """What the judge says of two answers, in both orders.

    Args:
        endpoint: The judge.
        rater: What it compares, and in which words it is asked.
        situation: What the user wrote.
        answers: The two answers, without thoughts.
        keys: Their cell keys.

    Raises:
        AskError: It gave no answer, or was cut off.
        EndpointError: It cannot be asked at all.
    """
    words = [
        await _said(endpoint, rater, situation=situation, shown=shown, keys=keys) for shown in (answers, answers[::-1])
    ]
    forward, backward = (read_preferences(text, rater.criteria) for text in words)
    return PairwiseOpinion(
        first=keys[0],
        second=keys[1],
        forward=None if forward is None else {name: _FORWARD[word] for name, word in forward.items()},
        backward=None if backward is None else {name: _BACKWARD[word] for name, word in backward.items()},
    )


async def _said(
    endpoint: Endpoint, rater: PairwiseRater, *, situation: str, shown: tuple[str, str], keys: tuple[str, str]
) -> str:
    question = pair_question(situation, *shown, criteria=rater.criteria, prompt=rater.prompt)
    drawn = stream_entropy(rater.seed, "pairwise", *keys)
    request = Request(
        cell_key=f"{drawn:032x}",
        messages=(Message(role="user", content=question),),
        settings=rater.model.settings,
        letters=(),
        seed=drawn >> 65,
    )
    reply = await endpoint.reply(request)
    if reply.finish == "length":
        raise AskError("The judge was cut off before its preferences were whole; choose one that answers briefly.")
    return split_reasoning(reply.text)[0]


def read_preferences(text: str, criteria: Sequence[Criterion]) -> dict[str, str] | None:
    """`1`, `2` or `0` for every criterion; None where one is missing, or said twice and differently."""
    lines = plain(text)
    found: dict[str, str] = {}
    for criterion in criteria:
        said = set(re.findall(_LINE.format(name=re.escape(criterion.id)), lines, re.IGNORECASE | re.MULTILINE))
        if len(said) != 1:
            return None
        found[criterion.id] = said.pop()
    return found


def shares(opinion: PairwiseOpinion, criterion: str) -> tuple[float, float] | None:
    """The share of the judge's two votes that each answer of a pair got on a criterion; None without both votes."""
    if opinion.forward is None or opinion.backward is None:
        return None
    first = (_SHARE[opinion.forward[criterion]] + _SHARE[opinion.backward[criterion]]) / 2
    return first, 1.0 - first
