"""When a training stops, and which step is kept: decided from readings of the validation split alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from evenhand.records.preference import ValidationCase
from evenhand.records.training import GapReading, GuardLimits, GuardReading, GuardVerdict

__all__ = ["decided", "is_sound", "kept_reading", "read_validation", "widest"]


def read_validation(cases: Sequence[ValidationCase], scores: Sequence[float], *, step: int) -> GuardReading:
    """The scores of the validation cases as a reading.

    Gaps are taken question by question: the mean score behind all memories of a level minus that behind those of its
    reference, then the mean over questions that were asked behind both.

    Args:
        cases: The cases.
        scores: The probability of the best answer among those compared, one a case.
        step: Optimiser steps done.
    """
    by_word: dict[str, list[float]] = defaultdict(list)
    by_level: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    references: dict[str, str] = {}
    none, behind = list[float](), list[float]()
    for case, score in zip(cases, scores, strict=True):
        (none if case.arm == "none" else behind).append(score)
        if case.word:
            by_word[case.word].append(score)
        references |= case.references
        for level in case.levels.items():
            by_level[level][case.question].append(score)
    gaps = [
        GapReading(factor=factor, level=level, reference=references[factor], gap=_gap(questions, compared))
        for (factor, level), questions in sorted(by_level.items())
        if level != references[factor] and (compared := by_level.get((factor, references[factor])))
    ]
    return GuardReading(
        step=step,
        none=_mean(none),
        behind=_mean(behind),
        gaps=tuple(gaps),
        recall={word: _mean(found) for word, found in sorted(by_word.items())},
    )


def _gap(level: Mapping[str, Sequence[float]], reference: Mapping[str, Sequence[float]]) -> float:
    both = [name for name in level if name in reference]
    return _mean([_mean(level[name]) - _mean(reference[name]) for name in both])


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
