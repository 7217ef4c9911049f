"""Which of two answers is better? A judge compares what the two users of a matched set were told.

`evenhand judge RUN` asks it after the run. Every pair is asked in both orders. The share of votes that an answer gets
becomes a number of its trial (`preferred`), so that the same estimators say whose answers are preferred as say whose
are longer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from msgspec import Struct

from evenhand.design.arms import plan_arms
from evenhand.design.cells import Crossing
from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.beside import ask_each
from evenhand.endpoints.context import Connection
from evenhand.errors import UsageError
from evenhand.plan.settling import TRIALS_FILE
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.pairwise import AnsweredPair, PairwiseRater, Votes
from evenhand.records.plan import Plan
from evenhand.records.trial import Written
from evenhand.scoring.judging.pairwise import compared, shares
from evenhand.seeds import stream
from evenhand.store.opinions import OpinionFile, OpinionsHead, read_opinions
from evenhand.store.reading import TrialReader, open_trials

__all__ = ["JudgedPairs", "answered_pairs", "chosen_pairs", "judge_pairs", "votes_of"]


class JudgedPairs(Struct, frozen=True, kw_only=True):
    """What `judge_pairs` did."""

    found: int
    """Pairs of written answers in the run."""
    chosen: int
    """Pairs that are compared: all, or a seeded choice."""
    kept: int
    """Pairs that have an opinion now."""
    failed: int
    """Pairs without one, since a request got no answer; they are asked again the next time."""


def answered_pairs(plan: Plan, trials: TrialReader) -> tuple[AnsweredPair, ...]:
    """Every two written answers that differ in the version of a matched set alone, in the order of cell keys."""
    arms, crossing = plan_arms(plan), Crossing(plan)
    contrast = plan.analysis.contrast
    found: dict[tuple[object, ...], dict[str, str]] = {}
    for stored in trials.rows():
        cell = stored.cell
        if not isinstance(stored.trial.outcome, Written) or not crossing.holds(cell):
            continue
        arm = arms.get(cell.arm)
        if arm is None or arm.matched_set is None:
            continue
        place = (cell.model, cell.item, arm.matched_set, cell.condition, cell.replicate, cell.order_index)
        found.setdefault(place, {})[arm.levels.get(contrast) or ""] = cell.cell_key
    sides = (plan.analysis.advantaged, plan.analysis.disadvantaged)
    return tuple(
        AnsweredPair(item=str(place[1]), first=keys[sides[0]], second=keys[sides[1]])
        for place, keys in found.items()
        if all(side in keys for side in sides)
    )


def chosen_pairs(pairs: Sequence[AnsweredPair], rater: PairwiseRater) -> tuple[AnsweredPair, ...]:
    """The pairs that are compared: all of them, or a random choice that takes from every item alike."""
    if len(pairs) <= rater.pairs:
        return tuple(pairs)
    rng = stream(rater.seed, "pairwise", "choice")
    shuffled = [pairs[place] for place in rng.permutation(len(pairs))]
    turn: dict[str, int] = {}
    ranked: list[tuple[int, int, AnsweredPair]] = []
    for place, pair in enumerate(shuffled):
        turn[pair.item] = turn.get(pair.item, 0) + 1
        ranked.append((turn[pair.item], place, pair))
    return tuple(pair for _, _, pair in sorted(ranked, key=lambda one: one[:2])[: rater.pairs])


def judge_pairs(
    plan: Plan,
    directory: Path,
    rater: PairwiseRater,
    *,
    connection: Connection = Connection(),
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> JudgedPairs:
    """Have a judge compare the pairs of a run that have no opinion yet.

    Args:
        plan: The run's plan.
        directory: The run directory.
        rater: Who compares, on what.
        connection: Keys, and how many at a time.
        advance: Told how many pairs are done, of how many.

    Raises:
        UsageError: The run has no two written answers to compare.
        StoreError: The opinions of another judge are there, or the file cannot be written.
        EndpointError: The judge cannot be asked, or most requests fail.
    """
    with open_trials(directory / TRIALS_FILE) as trials:
        pairs = answered_pairs(plan, trials)
        if not pairs:
            raise UsageError(
                f"{str(directory)!r} has no two written answers to compare: matched users must have been asked for "
                "advice (`--kind advice`, `--pairs 1` or more)"
            )
        chosen = chosen_pairs(pairs, rater)
        head = OpinionsHead(plan_sha256=plan.sha256, rater=rater)
        with OpinionFile(directory, head) as file:
            missing = [pair for pair in chosen if (pair.first, pair.second) not in file.kept]
            done = count(len(chosen) - len(missing))
            advance(next(done), len(chosen))
            if missing:
                asked = _Asked(plan, trials, rater, file)
                ask_each(
                    rater.model,
                    missing,
                    asked.one,
                    connection=connection,
                    advance=lambda: advance(next(done), len(chosen)),
                )
            kept = sum((pair.first, pair.second) in file.kept for pair in chosen)
    return JudgedPairs(found=len(pairs), chosen=len(chosen), kept=kept, failed=len(chosen) - kept)


class _Asked:
    """Pairs on their way to the judge."""

    def __init__(self, plan: Plan, trials: TrialReader, rater: PairwiseRater, file: OpinionFile) -> None:
        self._items = {item.id: item for bank in plan.banks for item in bank.items}
        self._trials = trials
        self._rater = rater
        self._file = file

    async def one(self, endpoint: Endpoint, pair: AnsweredPair) -> None:
        """Ask for an opinion and keep it."""
        item = self._items[pair.item]
        opinion = await compared(
            endpoint,
            self._rater,
            situation="\n\n".join(part for part in (item.stem.strip(), item.question.strip()) if part),
            answers=(self._answer(pair.first), self._answer(pair.second)),
            keys=(pair.first, pair.second),
        )
        self._file.add(opinion)

    def _answer(self, key: str) -> str:
        stored = self._trials.one(key)
        reply = None if stored is None else stored.trial.reply
        return "" if reply is None else split_reasoning(reply.text)[0].strip()


def votes_of(directory: Path) -> Votes:
    """The votes that every compared answer of a run got; empty where nobody compared.

    Raises:
        StoreError: The file cannot be read.
    """
    read = read_opinions(directory)
    if read is None:
        return {}
    head, opinions = read
    votes: dict[str, dict[str, float | None]] = {}
    for opinion in opinions:
        for criterion in head.rater.criteria:
            given = shares(opinion, criterion.id)
            for key, share in zip((opinion.first, opinion.second), given or (None, None), strict=True):
                votes.setdefault(key, {})[criterion.id] = share
    return votes
