"""Which drafts become pairs: as many controls as asked for, kinds in balance, and no word preferred for itself.

Pairs of moved answers alone teach two things at once: not to move, and never to say the words that were moved to. So
the controls mirror them: for every pair that rejects `relief` for `pride`, one that prefers `relief` to `pride` where
`relief` is answered without memory.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence

import numpy as np

from evenhand.records.preference import REJECTED_KINDS, RejectedKind
from evenhand.train.drafts import Draft

__all__ = ["balanced", "share_of_controls"]


def balanced(drafts: Iterable[Draft], *, pairs: int, controls: float, rng: np.random.Generator) -> tuple[Draft, ...]:
    """At most `pairs` drafts.

    Args:
        drafts: All there are.
        pairs: How many are wanted.
        controls: Share of them in which memory moved nothing; 0 to 1.
        rng: For the order in which drafts are taken.
    """
    shuffled = list(drafts)
    rng.shuffle(shuffled)
    wanted = round(pairs * controls)
    moved = _in_turn([one for one in shuffled if one.kind != "other"], pairs - wanted)
    if controls < 1:
        wanted = min(wanted, round(len(moved) * controls / (1 - controls)))
    return (*moved, *_mirrored([one for one in shuffled if one.kind == "other"], moved, wanted))


def share_of_controls(kinds: Iterable[RejectedKind]) -> float:
    """Controls among all pairs, 0 to 1; 0 where there are no pairs."""
    counts = Counter(kinds)
    return counts["other"] / counts.total() if counts else 0.0


def _in_turn(drafts: Sequence[Draft], most: int) -> list[Draft]:
    """Drafts of every kind and, within it, of every two words in turn, so that none crowds out the others."""
    queues: dict[tuple[RejectedKind, str, str], deque[Draft]] = defaultdict(deque)
    for draft in drafts:
        queues[draft.kind, draft.chosen.word, draft.rejected.word].append(draft)
    by_kind = [_round_robin([q for (kind, *_), q in sorted(queues.items()) if kind == one]) for one in REJECTED_KINDS]
    return _round_robin([deque(queue) for queue in by_kind if queue])[:most]


def _round_robin(queues: Sequence[deque[Draft]]) -> list[Draft]:
    taken = []
    while any(queues):
        taken += [queue.popleft() for queue in queues if queue]
    return taken


def _mirrored(controls: Sequence[Draft], moved: Sequence[Draft], wanted: int) -> list[Draft]:
    """Controls that prefer what the moved pairs reject, as long as there are any; then others; one per prompt."""
    left = Counter((one.rejected.word, one.chosen.word) for one in moved)
    taken: list[Draft] = []
    prompts: set[tuple[str, str]] = set()
    for mirrors in (True, False):
        for draft in controls:
            words = (draft.chosen.word, draft.rejected.word)
            prompt = (draft.question, draft.arm)
            if len(taken) >= wanted or prompt in prompts or (mirrors and left[words] <= 0):
                continue
            left[words] -= 1
            prompts.add(prompt)
            taken.append(draft)
    return taken
