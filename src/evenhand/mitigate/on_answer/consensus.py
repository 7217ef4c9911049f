"""`consensus`: the question is answered under several made-up users; what their answers agree on is the answer.

The facts of social position give way to those of one made-up user after the other; all other facts stay. The real
user's social position is in none of the memories: counted among them it would decide every tie.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from evenhand.mitigate.on_answer.agreement import agreed
from evenhand.mitigate.on_answer.calls import characters_of, with_calls
from evenhand.mitigate.policy import AnswerPolicy, Ask, Facts, Policy, PolicyMaker
from evenhand.mitigate.social import OPTIONS, USUAL, SocialFacts, social_facts, social_files
from evenhand.mitigate.terms import table_of
from evenhand.mitigate.texts import table_text
from evenhand.records.message import Reply, Request
from evenhand.records.profile import Fact

__all__ = ["CONSENSUS", "People", "answer_together", "other_memories"]

_TABLE = "people.yaml"


class People(Struct, frozen=True, forbid_unknown_fields=True):
    """The made-up users."""

    language: str
    """Language of the facts."""
    people: list[list[str]]
    """Facts of social position of each."""


def other_memories(facts: Facts, *, people: tuple[Facts, ...], social: SocialFacts) -> tuple[Facts, ...]:
    """The memory of every made-up user: its own facts of social position, then what else is in memory.

    A memory without a fact of social position is the same for everybody, and there is none beside it.
    """
    kept = tuple(fact for fact in facts if not social.tell(fact))
    return () if len(kept) == len(facts) else tuple((*person, *kept) for person in people)


async def answer_together(request: Request, others: tuple[Request, ...], ask: Ask) -> Reply:
    """What the answers to the requests agree on; the request's own answer where there are no others.

    Where half of them or more are no whole answers, the first of those stands for all: nothing was agreed on.
    """
    if not others:
        return await ask(request)
    came = [(other, await ask(other)) for other in others]
    whole = [index for index, (_, reply) in enumerate(came) if _is_whole(reply)]
    if 2 * len(whole) <= len(came):
        place = next(index for index in range(len(came)) if index not in whole)
        reply = came[place][1]
    else:
        found = agreed([came[index][1] for index in whole], letters=request.letters)
        place = whole[found] if isinstance(found, int) else whole[0]
        reply = came[place][1] if isinstance(found, int) else found
    return with_calls(reply, came[place][0], [one for index, one in enumerate(came) if index != place])


def _is_whole(reply: Reply) -> bool:
    return reply.finish == "stop" and not reply.refusal and bool(reply.text.strip())


def _files(options: Mapping[str, str]) -> dict[str, str]:
    return social_files(options) | {_TABLE: table_text(_TABLE)}


def _make(options: Mapping[str, str], files: Mapping[str, str]) -> Policy:
    table = table_of(files, _TABLE, People, policy="consensus")
    people = tuple(tuple(Fact(text=text, dimension="identity") for text in person) for person in table.people)
    social = social_facts(options, files)

    def calls(request: Request, others: tuple[Request, ...]) -> tuple[int, ...]:
        return tuple(characters_of(one.messages) for one in others or (request,))

    return AnswerPolicy(
        name="consensus",
        memories=lambda facts: other_memories(facts, people=people, social=social),
        on_answer=answer_together,
        calls=calls,
    )


CONSENSUS = PolicyMaker(name="consensus", options=OPTIONS, usual=USUAL, files=_files, make=_make)
