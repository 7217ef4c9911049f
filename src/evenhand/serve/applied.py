"""A policy applied to a chat request: the same function that an audit measures, on the memory of a live request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import assert_never

from evenhand.mitigate.policy import AskedPolicy, MemoryPolicy, PromptPolicy
from evenhand.records.profile import Fact, PlacedFact
from evenhand.serve.conversation import Conversation
from evenhand.serve.counts import Counts
from evenhand.serve.deciding import Deciding
from evenhand.serve.deployed import Deployed
from evenhand.serve.memory import Memory, find_memory
from evenhand.serve.prompt import Unplaceable, messages_of, with_messages
from evenhand.serve.turned_away import TurnedAway

__all__ = ["MOST_ASKED", "MOST_FACTS", "apply", "apply_asked", "warm"]

MOST_FACTS = 5_000
"""Facts of one request; more are no memory of one user, and would hold up all other requests."""
MOST_ASKED = 200
"""Facts of one request that a model is asked about at most; each is a call."""


def apply(deployed: Deployed, conversation: Conversation, counts: Counts) -> bytes:
    """The body to send: the request's own where the policy changes nothing.

    Raises:
        TurnedAway: The policy failed, or what it left cannot be put back into the request. The request is not sent.
    """
    memory = _found(deployed, conversation, counts, most=MOST_FACTS)
    with _turning_away(deployed):
        return _applied(deployed.policy, memory, counts)


async def apply_asked(deployed: Deployed, conversation: Conversation, counts: Counts, deciding: Deciding) -> bytes:
    """As `apply`, for a policy that asks a model about every fact first.

    Raises:
        TurnedAway: The model gave no answer, or what it left cannot be put back. The request is not sent.
    """
    memory = _found(deployed, conversation, counts, most=MOST_ASKED)
    with _turning_away(deployed):
        if not memory.facts:
            return memory.conversation.body
        left = await deciding.left(memory.facts, conversation.question)
        counts.unread += left.unread
        return _replaced(memory, left.facts, counts)


def _found(deployed: Deployed, conversation: Conversation, counts: Counts, *, most: int) -> Memory:
    """The memory of a request, counted.

    Raises:
        TurnedAway: It has too many facts.
    """
    memory = find_memory(conversation, deployed.forms)
    if len(memory.facts) > most:
        raise TurnedAway(
            f"The request holds {len(memory.facts):,} facts in memory; at most {most:,} are looked at.",
            status=413,
            code="too_many_facts",
        )
    counts.chats["found" if memory.stored else "none"] += 1
    for stored in memory.stored:
        counts.blocks[stored.form] += 1
    return memory


@contextmanager
def _turning_away(deployed: Deployed) -> Iterator[None]:
    """Whatever a policy raises, the request is turned away: nothing is sent without the policy."""
    try:
        yield
    except Unplaceable as error:
        raise TurnedAway(str(error), status=422, code="policy_not_applicable") from error
    except Exception as error:  # a policy may be anybody's code: whatever it raises, nothing is sent without it
        raise TurnedAway(
            f"The policy {deployed.name!r} failed ({type(error).__name__}), so the request was not sent.",
            status=500,
            kind="server_error",
            code="policy_failed",
            end="failed",
        ) from error


def _replaced(memory: Memory, left: Sequence[Fact], counts: Counts) -> bytes:
    """The request with the facts that are left, counted."""
    kept = memory.placed(left)
    counts.facts["changed"] += sum(fact.text is not None for fact in kept)
    counts.facts["kept"] += sum(fact.text is None for fact in kept)
    counts.facts["dropped"] += len(memory.facts) - len({fact.place for fact in kept})
    return memory.rewritten(kept)


def warm(deployed: Deployed) -> None:
    """Use the policy once, so that no request waits for what it loads."""
    if isinstance(deployed.policy, MemoryPolicy):
        deployed.policy.on_memory((PlacedFact(text="The user is here.", dimension="neutral", place=0),), "Who is here?")


def _applied(policy: MemoryPolicy | PromptPolicy | AskedPolicy | None, memory: Memory, counts: Counts) -> bytes:
    if not memory.facts:
        return memory.conversation.body
    match policy:
        case None:
            counts.facts["kept"] += len(memory.facts)
            return memory.conversation.body
        case MemoryPolicy():
            return _replaced(memory, policy.on_memory(memory.facts, memory.conversation.question), counts)
        case AskedPolicy():
            raise TypeError("this policy asks a model, which takes `apply_asked`")
        case PromptPolicy():
            counts.facts["kept"] += len(memory.facts)
            return with_messages(memory.conversation, policy.on_prompt(messages_of(memory.conversation)))
        case _:
            assert_never(policy)
