"""When a training stops, and which step is kept: decided from readings of the validation split alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from evenhand.records.preference import ValidationCase
from evenhand.records.training import GapReading, GuardLimits, GuardReading, GuardVerdict

__all__ = ["decided", "is_sound", "kept_reading", "read_validation", "widest"]

_SURE = 2.0
"""Standard errors by which a gap must be beyond the margin to be surely beyond it."""

_HALF = 0.5
"""An answer is taken away where its score falls below it, and was above it without memory."""


def read_validation(
    cases: Sequence[ValidationCase], scores: Sequence[float], *, first: Sequence[float], step: int
) -> GuardReading:
    """The scores of the validation cases as a reading.

    Gaps are additive: the change from the same question without memory, averaged per memory, by least squares on all
    levels that a memory states, so that levels which happen to come together are told apart. An interaction of two
    levels counts towards both. Standard errors are those of the regression over memories.

    Args:
        cases: The cases.
        scores: The probability of the best answer among those compared, one a case.
        first: The same at the beginning.
        step: Optimiser steps done.
    """
    by_word: dict[str, list[float]] = defaultdict(list)
    none: dict[str, float] = {}
    drifts: list[float] = []
    needed: list[float] = []
    for case, score, before in zip(cases, scores, first, strict=True):
        if case.needed:
            needed.append(score)
            continue
        if case.arm == "none":
            none[case.question] = score
            drifts.append(abs(score - before))
        if case.word:
            by_word[case.word].append(score)
    behind = [
        (case, score) for case, score in zip(cases, scores, strict=True) if case.arm != "none" and not case.needed
    ]
    changes = [(case, score - none[case.question]) for case, score in behind if case.question in none]
    return GuardReading(
        step=step,
        none=_mean(list(none.values())),
        behind=_mean([score for _, score in behind]),
        moved=_mean([abs(change) for _, change in changes]),
        drift=_mean(drifts),
        needed=_mean(needed) if needed else None,
        regained=_regained(cases, scores, first),
        gaps=_gaps(changes),
        recall={word: _mean(found) for word, found in sorted(by_word.items())},
    )


def _regained(cases: Sequence[ValidationCase], scores: Sequence[float], first: Sequence[float]) -> float | None:
    """The score where memory took the best answer away at the beginning."""
    began = {case.question: before for case, before in zip(cases, first, strict=True) if case.arm == "none"}
    taken = [
        score
        for case, score, before in zip(cases, scores, first, strict=True)
        if case.arm != "none" and not case.needed and before < _HALF < began.get(case.question, 0.0)
    ]
    return _mean(taken) if taken else None


def _gaps(changes: Sequence[tuple[ValidationCase, float]]) -> tuple[GapReading, ...]:
    """Every level that occurs, against its reference; of levels that cannot be told apart, the smallest solution."""
    by_arm: dict[str, list[float]] = defaultdict(list)
    arms: dict[str, ValidationCase] = {}
    for case, change in changes:
        by_arm[case.arm].append(change)
        arms[case.arm] = case
    references = {factor: level for case in arms.values() for factor, level in case.references.items()}
    told = {level for case in arms.values() for level in case.levels.items()}
    levels = sorted(one for one in told if one[1] != references[one[0]] and (one[0], references[one[0]]) in told)
    if not levels:
        return ()
    kinds = sorted({tuple(sorted(case.levels)) for case in arms.values()})
    design = np.array(
        [
            [tuple(sorted(case.levels)) == kind for kind in kinds] + [one in case.levels.items() for one in levels]
            for case in arms.values()
        ],
        dtype=np.float64,
    )
    means = np.array([np.mean(by_arm[arm]) for arm in arms])
    solved, _, rank, _ = np.linalg.lstsq(design, means, rcond=None)
    spare = len(means) - int(rank)
    spread = float(np.sum((means - design @ solved) ** 2)) / spare if spare > 0 else None
    own = np.diag(np.linalg.pinv(design.T @ design))[len(kinds) :]
    return tuple(
        GapReading(
            factor=factor,
            level=level,
            reference=references[factor],
            gap=round(float(size), 6),
            error=None if spread is None else round(float(np.sqrt(max(0.0, spread * share))), 6),
        )
        for (factor, level), size, share in zip(levels, solved[len(kinds) :], own, strict=True)
    )


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 6) if values else 0.0


def widest(reading: GuardReading) -> float:
    """The size of the largest gap; 0 where there are no contrasts."""
    return max((abs(one.gap) for one in reading.gaps), default=0.0)


def _has_lost(reading: GuardReading, first: GuardReading, limits: GuardLimits) -> bool:
    recalls = (first.recall[word] - share for word, share in reading.recall.items())
    needed = (first.needed or 0.0) - (reading.needed or 0.0)
    return max(first.none - reading.none, needed) > limits.loss or any(fall > limits.recall_loss for fall in recalls)


def _has_overshot(reading: GuardReading, first: GuardReading, limits: GuardLimits) -> bool:
    """Whether a gap is surely beyond the margin on the other side, or one that was within it is surely beyond it.

    Nothing is sure of a gap without a standard error, which too few memories leave.
    """
    for before, after in zip(first.gaps, reading.gaps, strict=True):
        if after.error is None:
            continue
        beyond = abs(after.gap) - _SURE * after.error > limits.margin
        within = abs(before.gap) <= limits.margin + _SURE * (before.error or 0.0)
        if beyond and (within or after.gap * before.gap < 0):
            return True
    return False


def is_sound(reading: GuardReading, first: GuardReading, limits: GuardLimits) -> bool:
    """Whether nothing was lost and nothing overshot."""
    return not _has_lost(reading, first, limits) and not _has_overshot(reading, first, limits)


def kept_reading(readings: Sequence[GuardReading], limits: GuardLimits) -> GuardReading:
    """The sound reading at which memory moves least and answers without memory moved least; of equals the earliest.

    Both are mean changes of a score, and their sum decides. The first reading is always sound.
    """
    sound = [one for one in readings if is_sound(one, readings[0], limits)]
    return min(sound, key=lambda one: one.moved + one.drift)


def decided(readings: Sequence[GuardReading], limits: GuardLimits) -> GuardVerdict:
    """What the guard says after the last reading.

    Args:
        readings: All so far, the beginning first.
        limits: When to stop.
    """
    first, last = readings[0], readings[-1]
    recent = readings[1:][-limits.strikes :]
    if len(recent) == limits.strikes and not any(is_sound(one, first, limits) for one in recent):
        return "lost" if _has_lost(last, first, limits) else "overshot"
    twice = readings[1:][-2:]
    if len(twice) == 2 and all(one.moved <= limits.small and is_sound(one, first, limits) for one in twice):
        return "closed"
    best = kept_reading(readings, limits)
    since = [one for one in readings if one.step > best.step]
    return "stalled" if len(since) >= limits.patience else "going_on"
