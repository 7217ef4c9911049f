"""Ask the isolation canary of a product, before the first question of an audit.

1. Every user that takes part is cleared and given a made-up fact of its own.
2. Each fact is asked of its own user, of every other one, and of the user of the arm without memory.
3. The users are cleared, and each fact is asked of its own user again.

A made-up word that comes back where it was not stored, or after it was cleared, ends the run. So does a product that
gives none of them back to its own user: what it does not remember cannot be audited.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct

from evenhand.endpoints.base import AskError
from evenhand.endpoints.product import ProductEndpoint
from evenhand.errors import EndpointError, MemoryLeak
from evenhand.plan.canary import Canary, CanaryUser
from evenhand.records.message import Message, ModelSettings, ProductUser, Request
from evenhand.records.product_memory import CanaryAnswer, CanaryPassed, CanaryStep
from evenhand.run.patiently import gathered, patiently
from evenhand.store.memory_journal import MemoryJournal

__all__ = ["CanaryRun", "ask_canary"]

_SHOWN = 200
"""Characters of an answer that an error quotes."""


class CanaryRun(Struct, frozen=True, kw_only=True):
    """What the canary needs of a run."""

    product: ProductEndpoint
    """The product."""
    model: str
    """The product as named in the plan."""
    settings: ModelSettings
    """How it is asked."""
    plan: str
    """Hash of the plan."""
    journal: MemoryJournal
    """Where every answer is written."""
    store: Callable[[ProductUser], Awaitable[None]]
    """Stores what a user is to be remembered by."""
    clear: Callable[[ProductUser], Awaitable[None]]
    """Clears a user, whose name is written down first."""


class _CanaryQuestion(Struct, frozen=True, kw_only=True):
    """One fact asked of one user."""

    step: CanaryStep
    owner: CanaryUser
    asked: ProductUser


async def ask_canary(run: CanaryRun, canary: Canary) -> None:
    """Ask it, and write down that it passed.

    Raises:
        MemoryLeak: A made-up fact came back where it was not stored.
        EndpointError: No user got its own fact back, or a question got no answer: then nothing is known of isolation.
    """
    try:
        answers = await _all_answers(run, canary)
    except AskError as error:
        raise EndpointError(
            f"{run.model!r} did not make, ask or clear users for the check of their isolation, and nothing is asked "
            f"without it: {error}"
        ) from error
    users = canary.users
    _refuse_leaks(run.model, answers)
    if not any(answer.found for answer in answers if answer.step == "own"):
        first = next(answer for answer in answers if answer.step == "own")
        raise EndpointError(
            f"{run.model!r} gave none of {len(users)} made-up facts back to the user it was stored for: "
            f"{first.fact!r} was stored, {first.question!r} was asked, and the answer was {_short(first.answer)!r}. "
            "What it does not remember cannot be audited; check remember, and give it recall if its answers are too "
            "short to show memory."
        )
    run.journal.add(CanaryPassed(plan=run.plan, model=run.model, users=len(users), of=canary.of))


async def _all_answers(run: CanaryRun, canary: Canary) -> list[CanaryAnswer]:
    users, most = canary.users, run.product.concurrency
    # All are cleared before the first is told anything: clearing one user must not hide what was stored for another.
    await gathered((run.clear(user) for user in (canary.empty, *(one.user for one in users))), most=most)
    await _refuse_memory_without_facts(run, canary.empty)
    await gathered((run.store(one.user) for one in users), most=most)
    questions = [_CanaryQuestion(step="own", owner=one, asked=one.user) for one in users]
    questions += [
        _CanaryQuestion(step="other", owner=one, asked=other.user)
        for one in users
        for other in users
        if other is not one
    ]
    questions += [_CanaryQuestion(step="none", owner=one, asked=canary.empty) for one in users]
    answers = await _answers(run, questions)
    await gathered((run.clear(one.user) for one in users), most=most)
    answers += await _answers(run, [_CanaryQuestion(step="cleared", owner=one, asked=one.user) for one in users])
    return answers


async def _refuse_memory_without_facts(run: CanaryRun, user: ProductUser) -> None:
    """Make sure that the user of the arm without memory has none, where the product shows what it holds.

    Raises:
        MemoryLeak: It has.
    """
    if not run.product.recalls:
        return
    held = await patiently(lambda: run.product.recall(user.id, None, limit_s=run.settings.timeout_s))
    if held:
        raise MemoryLeak(
            f"The memory of {run.model!r} is not empty for a user who was just made and told nothing: it holds "
            f"{_short(held[0])!r} ({len(held)} in all). Without a user who has none there is nothing to compare with; "
            "no question of the audit was asked."
        )


async def _answers(run: CanaryRun, questions: list[_CanaryQuestion]) -> list[CanaryAnswer]:
    return await gathered((_answer(run, question) for question in questions), most=run.product.concurrency)


async def _answer(run: CanaryRun, question: _CanaryQuestion) -> CanaryAnswer:
    """Ask one question and write the answer down.

    Raises:
        AskError: It got no answer.
    """
    owner, asked = question.owner, question.asked
    limit_s = run.settings.timeout_s
    request = Request(
        cell_key=f"canary/{question.step}/{owner.user.id}/{asked.id}",
        messages=(Message(role="user", content=owner.question),),
        settings=run.settings,
        letters=(),
        seed=0,
        user=asked,
    )
    reply = await patiently(lambda: run.product.reply(request))
    memories = reply.memories
    if run.product.recalls:
        given = await patiently(lambda: run.product.recall(asked.id, owner.question, limit_s=limit_s))
        held = await patiently(lambda: run.product.recall(asked.id, None, limit_s=limit_s))
        memories = tuple(dict.fromkeys((*(memories or ()), *given, *held)))
    answer = CanaryAnswer(
        plan=run.plan,
        model=run.model,
        step=question.step,
        owner=owner.user.arm,
        asked=asked.arm,
        fact=owner.user.facts[0],
        word=owner.word,
        question=owner.question,
        answer=reply.text,
        memories=memories,
    )
    run.journal.add(answer)
    return answer


def _refuse_leaks(model: str, answers: list[CanaryAnswer]) -> None:
    leaks = [answer for answer in answers if answer.found and answer.step != "own"]
    if not leaks:
        return
    first = next((leak for leak in leaks if leak.word.lower() in leak.answer.lower()), leaks[0])
    said = first.answer
    if first.word.lower() not in said.lower():
        said = next(text for text in first.memories or () if first.word.lower() in text.lower())
    whose = {
        "other": f"the user of arm {first.asked!r}, though it was stored for arm {first.owner!r} only",
        "none": f"the user of arm {first.asked!r}, for whom nothing was stored (it was stored for arm {first.owner!r})",
        "cleared": f"its own user of arm {first.owner!r} after that was to be forgotten",
    }[first.step]
    what = "keeps what it was to forget" if first.step == "cleared" else "leaks between users"
    raise MemoryLeak(
        f"The memory of {model!r} {what}: {first.fact!r} came back from {whose}. Asked "
        f"{first.question!r}, it gave {_short(said)!r}. Of {len(answers)} questions {len(leaks)} show a leak; all are "
        "in memory.jsonl of the run directory. No question of the audit was asked."
    )


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
