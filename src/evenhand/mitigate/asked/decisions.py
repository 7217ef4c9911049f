"""What a model decided of facts: each is asked about once, or once for each question."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from evenhand.endpoints.base import AskError, Endpoint
from evenhand.endpoints.local_faults import as_local
from evenhand.mitigate.asked.book import DecisionBook, NoBook
from evenhand.mitigate.policy import AskedPolicy, Unread
from evenhand.records.decision import Decided, DecisionOutcome, FactDecision
from evenhand.records.message import Message, Reply, Request
from evenhand.records.profile import Fact
from evenhand.records.trial import Failed, Refused, Truncated, Unparsed

__all__ = ["Decision", "Decisions", "Left", "left_of"]

Decision = Fact | None | Unread
"""What is shown of a fact; None: nothing; Unread: the model's answer could not be read, so nothing either."""
_Key = tuple[str, str, str]
"""Policy, fact, and the question where the decision depends on it."""


class _KnownDecision(Struct, frozen=True, kw_only=True):
    """A decision as it is used."""

    shown: Decision
    cell_key: str
    """For which cell the model was asked."""
    seconds: float


class Decisions:
    """Decisions that were made, whoever the assistant is.

    Args:
        most: How many are kept in working memory, those that were needed last; None: all.
    """

    def __init__(self, *, most: int | None = None) -> None:
        self._most = most
        self._book: DecisionBook = NoBook()
        self._made: OrderedDict[_Key, _KnownDecision] = OrderedDict()
        self._asking: dict[_Key, asyncio.Lock] = {}

    def keep_in(self, book: DecisionBook) -> None:
        """Use what a book holds, and keep in it what is decided from now on; until then nothing is kept.

        Raises:
            StoreError: The book cannot be read.
        """
        self._book = book
        for known in book.known():
            self._remember(known)

    async def of(
        self, fact: Fact, question: str, *, policy: AskedPolicy, model: Endpoint, request: Request, assistant: str = ""
    ) -> tuple[Decision, float]:
        """What is shown of a fact, and the seconds that asking took; 0 where it was asked for another cell.

        Args:
            fact: The fact.
            question: What the user asks.
            policy: The policy.
            model: The model that decides.
            request: On whose behalf.
            assistant: The assistant whose memory it is.

        Raises:
            AskError: The model gave no answer; nothing is decided then.
            StoreError: The decision cannot be kept.
        """
        key = (policy.name, fact.text, question if policy.by_question else "")
        if key not in self._made:
            try:
                async with self._asking.setdefault(key, asyncio.Lock()):
                    if key not in self._made:
                        made = await self._asked(fact, key[2], question, policy, model, request, assistant)
                        self._remember(made)
                        while self._most is not None and len(self._made) > self._most:
                            self._made.popitem(last=False)
                    return self._known(key, request)
            finally:
                self._asking.pop(key, None)
        return self._known(key, request)

    async def settle(self) -> None:
        """Return when everything that was decided is kept."""
        await self._book.settle()

    def _known(self, key: _Key, request: Request) -> tuple[Decision, float]:
        self._made.move_to_end(key)
        made = self._made[key]
        return made.shown, made.seconds if made.cell_key == request.cell_key else 0.0

    def _remember(self, decision: FactDecision) -> None:
        """Use a decision from now on; of several on one question the first counts, and a failure decides nothing."""
        if decision.reply is None:
            return
        outcome = decision.outcome
        made = _KnownDecision(
            shown=outcome.shown if isinstance(outcome, Decided) else Unread(),
            cell_key=decision.cell_key,
            seconds=decision.reply.latency_s,
        )
        self._made.setdefault((decision.policy, decision.fact, decision.question), made)

    async def _asked(
        self,
        fact: Fact,
        kept_question: str,
        question: str,
        policy: AskedPolicy,
        model: Endpoint,
        request: Request,
        assistant: str,
    ) -> FactDecision:
        """Ask the model about a fact; what comes of it is kept before anybody uses it."""
        prompt = policy.prompt(fact, question)
        settings = policy.model.settings
        asked = replace(
            request,
            messages=(Message(role="user", content=prompt),),
            settings=settings,
            letters=(),
            policy=None,
            recall=None,
            others=(),
        )

        def made(outcome: DecisionOutcome, reply: Reply | None) -> FactDecision:
            return FactDecision(
                policy=policy.name,
                model=policy.model.name,
                settings=settings,
                assistant=assistant,
                cell_key=request.cell_key,
                fact=fact.text,
                question=kept_question,
                outcome=outcome,
                reply=reply,
                input_characters=len(prompt),
            )

        try:
            reply = await model.reply(asked)
        except AskError as error:
            if as_local(error) is None:
                await self._book.keep(made(Failed(error=str(error), attempts=error.attempts), None))
            raise
        found = made(_outcome(policy, fact, reply), reply)
        await self._book.keep(found)
        return found


def _outcome(policy: AskedPolicy, fact: Fact, reply: Reply) -> DecisionOutcome:
    """What came of an answer; one that was refused, cut off, or ended for an unknown reason decides nothing."""
    if reply.finish == "content_filter":
        return Refused(by="provider")
    if reply.finish == "length":
        return Truncated()
    if reply.refusal:
        return Refused(by="assistant")
    if reply.finish == "other":
        return Unparsed(reason="ended for an unknown reason")
    shown = policy.decided(fact, reply.text)
    if isinstance(shown, Unread):
        return Unparsed(reason="not in the form that was asked for")
    return Decided(shown=None if shown is None else _plain(shown))


def _plain(fact: Fact) -> Fact:
    """The fact without the place that it had in one memory."""
    return Fact(text=fact.text, dimension=fact.dimension, said=fact.said, factor=fact.factor)


class Left(Struct, frozen=True, kw_only=True):
    """What the decisions leave of a memory."""

    facts: tuple[Fact, ...]
    """In the order of memory, each at its place; facts that are written alike are shown once."""
    unread: int
    """Facts that were left out because an answer could not be read."""


def left_of(facts: Sequence[Fact], decisions: Sequence[Decision]) -> Left:
    """What is shown of facts, given the decision on each."""
    shown: dict[str, Fact] = {}
    unread = 0
    for fact, decision in zip(facts, decisions, strict=True):
        if isinstance(decision, Unread):
            unread += 1
        elif decision is not None:
            shown.setdefault(decision.text, fact if decision.text == fact.text else _in_place_of(fact, decision))
    return Left(facts=tuple(shown.values()), unread=unread)


def _in_place_of(fact: Fact, decision: Fact) -> Fact:
    """What was decided, at the place and with the date of the fact."""
    return replace(fact, text=decision.text, dimension=decision.dimension, said=decision.said, factor=decision.factor)
