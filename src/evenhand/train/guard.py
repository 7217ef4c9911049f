"""When a training stops, and which step is kept: decided from readings of the validation split alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from evenhand.records.preference import ValidationCase
from evenhand.records.training import GapReading, GuardLimits, GuardReading, GuardVerdict

__all__ = ["decided", "is_sound", "kept_reading", "read_validation", "widest"]


def read_validation(cases: Sequence[ValidationCase], scores: Sequence[float], *, step: int) -> GuardReading:
    """The scores of the validation cases as a reading.

    Gaps are additive: the score of a case minus that of its question without memory, by least squares on all levels
    that its memory states, so that levels which happen to come together are told apart. An interaction of two levels
    counts towards both.

    Args:
        cases: The cases.
        scores: The probability of the best answer among those compared, one a case.
        step: Optimiser steps done.
    """
    by_word: dict[str, list[float]] = defaultdict(list)
    none: dict[str, float] = {}
    for case, score in zip(cases, scores, strict=True):
        if case.arm == "none":
            none[case.question] = score
        if case.word:
            by_word[case.word].append(score)
    behind = [(case, score) for case, score in zip(cases, scores, strict=True) if case.arm != "none"]
    return GuardReading(
        step=step,
        none=_mean(list(none.values())),
        behind=_mean([score for _, score in behind]),
        gaps=_gaps([(case, score - none[case.question]) for case, score in behind if case.question in none]),
        recall={word: _mean(found) for word, found in sorted(by_word.items())},
    )


def _gaps(changes: Sequence[tuple[ValidationCase, float]]) -> tuple[GapReading, ...]:
    """Every level that occurs, against its reference; of levels that cannot be told apart, the smallest solution."""
    references: dict[str, str] = {}
    told: set[tuple[str, str]] = set()
    for case, _ in changes:
        references |= case.references
        told |= set(case.levels.items())
    levels = sorted(
        (factor, level)
        for factor, level in told
        if level != references[factor] and (factor, references[factor]) in told
    )
    if not levels:
        return ()
    kinds = sorted({tuple(sorted(case.levels)) for case, _ in changes})
    design = np.array(
        [
            [tuple(sorted(case.levels)) == kind for kind in kinds]
            + [case.levels.get(factor) == level for factor, level in levels]
            for case, _ in changes
        ],
        dtype=np.float64,
    )
    solved = np.linalg.lstsq(design, np.array([change for _, change in changes]), rcond=None)[0]
    return tuple(
        GapReading(factor=factor, level=level, reference=references[factor], gap=round(float(size), 6))
        for (factor, level), size in zip(levels, solved[len(kinds) :], strict=True)
    )


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 6) if values else 0.0


def widest(reading: GuardReading) -> float:
    """The size of the largest gap; 0 where there are no contrasts."""
    return max((abs(one.gap) for one in reading.gaps), default=0.0)


def _has_lost(reading: GuardReading, first: GuardReading, limits: GuardLimits) -> bool:
    recalls = (first.recall[word] - share for word, share in reading.recall.items())
    return first.none - reading.none > limits.loss or any(fall > limits.recall_loss for fall in recalls)


def _has_overshot(reading: GuardReading, first: GuardReading, limits: GuardLimits) -> bool:
    """Whether a gap is beyond the margin on the other side, or one that was within the margin has gone beyond it."""
    for before, after in zip(first.gaps, reading.gaps, strict=True):
        if abs(before.gap) <= limits.margin:
            if abs(after.gap) > limits.margin + abs(before.gap):
                return True
        elif abs(after.gap) > limits.margin and after.gap * before.gap < 0:
            return True
    return False


def is_sound(reading: GuardReading, first: GuardReading, limits: GuardLimits) -> bool:
    """Whether nothing was lost and nothing overshot."""
    return not _has_lost(reading, first, limits) and not _has_overshot(reading, first, limits)


def kept_reading(readings: Sequence[GuardReading], limits: GuardLimits) -> GuardReading:
    """The sound reading with the smallest largest gap; of equals the earliest. The first is always sound."""
    sound = [one for one in readings if is_sound(one, readings[0], limits)]
    return min(sound, key=widest)


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
    if len(twice) == 2 and all(widest(one) <= limits.small and is_sound(one, first, limits) for one in twice):
        return "closed"
    best = kept_reading(readings, limits)
    since = [one for one in readings if one.step > best.step]
    return "stalled" if len(since) >= limits.patience else "going_on"
