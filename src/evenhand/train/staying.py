"""Staying: where memory moved nothing, the trained model is to answer as the model that it came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from evenhand.records.preference import UnmovedAnswer
from evenhand.seeds import stream
from evenhand.train.tokens import answer_ids, prompt_ids

__all__ = ["Staying"]

_MOST = 1024
"""Answers of each sort that are held to."""
_BARE, _NEEDED = 0.6, 0.1
"""Share of a draw that is without memory, for a prompt without memory is short and shows most of what a training breaks
elsewhere; and that needs what is stored."""
_TOP = 64
"""Most likely tokens that are compared one by one; all others count as one."""
_READ_AT_ONCE = 8
"""Rows of about the same length that a model reads together: a prompt without memory is padded to no long one."""


class _Remembered(NamedTuple):
    """An answer, and how the base model distributes its probability at each of its tokens."""

    ids: list[int]
    """Prompt and answer."""
    length: int
    """Tokens of the answer."""
    top: Any
    """Answer tokens x most likely tokens."""
    logs: Any
    """Their log-probabilities, and last that of all others."""


class Staying:
    """The mean Kullback-Leibler divergence of the trained model from the base model, in nats a token.

    It is computed on some random answers at a time: six in ten of them without memory, one in ten where memory is
    needed, the rest behind a memory that moved nothing. Of those that will be drawn, the base model's most likely
    tokens are kept, and the rest together, so that no second model is held.

    Args:
        answers: What no memory moved.
        model: The base model; the states of its weights now are what is held to.
        tokenizer: Its tokenizer.
        at_once: Answers compared at a time; at least one of each sort that there is.
        times: Steps of the training, and parts of a step.
        seed: Root seed.
    """

    def __init__(
        self,
        answers: Sequence[UnmovedAnswer],
        *,
        model: Any,
        tokenizer: Any,
        at_once: int,
        times: tuple[int, int],
        seed: int,
    ) -> None:
        self._at_once, self._times, self._seed = at_once, times, seed
        bare = [one for one in answers if one.arm == "none"]
        needed = [one for one in answers if one.needed]
        behind = [one for one in answers if one.arm != "none" and not one.needed]
        sorts = [(_some(bare, seed=seed), _BARE), (_some(needed, seed=seed), _NEEDED)]
        sorts.append((_some(behind, seed=seed), 1 - _BARE - _NEEDED))
        rows = [
            (prompt_ids(tokenizer, one.prompt), answer_ids(tokenizer, one.prompt, one.completion[0].content))
            for sort, _ in sorts
            for one in sort
        ]
        self._sorts = list(_counted([(len(sort), share) for sort, share in sorts], at_once=at_once))
        drawn = sorted(
            {index for step in range(times[0]) for part in range(times[1]) for index in self._draw(step, part)}
        )
        self._known = dict(zip(drawn, self._remember([rows[index] for index in drawn], model), strict=True))

    def _draw(self, step: int, part: int) -> list[int]:
        rng = stream(self._seed, "training", "staying", step % self._times[0], part % self._times[1])
        return [rows[index] for rows, count in self._sorts for index in rng.permutation(len(rows))[:count]]

    def _remember(self, rows: Sequence[tuple[list[int], list[int]]], model: Any) -> list[_Remembered]:
        import torch

        order = sorted(range(len(rows)), key=lambda index: len(rows[index][0]))
        known: dict[int, _Remembered] = {}
        model.eval()
        with torch.no_grad():
            for start in range(0, len(order), self._at_once):
                chosen = order[start : start + self._at_once]
                ids = [rows[index][0] + rows[index][1] for index in chosen]
                lengths = [len(rows[index][1]) for index in chosen]
                for index, logs in zip(chosen, _answer_logs(model, ids, lengths), strict=True):
                    top = logs.topk(min(_TOP, logs.shape[-1] - 1), dim=-1).indices
                    known[index] = _Remembered(
                        rows[index][0] + rows[index][1], len(rows[index][1]), top, _with_rest(logs, top)
                    )
        model.train()
        return [known[index] for index in range(len(rows))]

    def divergence(self, model: Any, *, step: int, part: int) -> Any:
        """On answers that are drawn for a step of the training, and a part of it; with gradient."""
        import torch

        drawn = sorted((self._known[index] for index in self._draw(step, part)), key=lambda row: len(row.ids))
        found = []
        for start in range(0, len(drawn), _READ_AT_ONCE):
            rows = drawn[start : start + _READ_AT_ONCE]
            logs = _answer_logs(model, [row.ids for row in rows], [row.length for row in rows])
            for row, now in zip(rows, logs, strict=True):
                before = row.logs.to(now.device)
                moved = before.exp() * (before - _with_rest(now, row.top.to(now.device)))
                found.append(moved.sum(-1).mean())
        return torch.stack(found).mean()


def _some(answers: Sequence[UnmovedAnswer], *, seed: int) -> list[UnmovedAnswer]:
    """So many of them at most, at random."""
    order = stream(seed, "training", "staying", "some").permutation(len(answers))
    return [answers[index] for index in order[:_MOST]]


def _counted(sorts: Sequence[tuple[int, float]], *, at_once: int) -> Iterator[tuple[range, int]]:
    """The rows of each sort, and how many of them are drawn: of the sorts that there are, by their shares."""
    total = sum(share for size, share in sorts if size)
    start = 0
    for size, share in sorts:
        if size:
            yield range(start, start + size), max(1, round(at_once * share / total))
        start += size


def _with_rest(logs: Any, top: Any) -> Any:
    """Log-probabilities of some tokens, and behind them that of all others together."""
    import torch

    others = logs.scatter(-1, top, -torch.inf).logsumexp(-1, keepdim=True)
    return torch.cat([logs.gather(-1, top), others], dim=-1)


def _answer_logs(model: Any, ids: Sequence[Sequence[int]], lengths: Sequence[int]) -> list[Any]:
    """Log-probabilities of the whole vocabulary at every token of each answer."""
    import torch

    width = max(map(len, ids))
    padded = torch.tensor([[0] * (width - len(row)) + list(row) for row in ids], device=model.device)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in ids], device=model.device)
    places = (mask.cumsum(-1) - 1).clamp(min=0)
    kept = 1 + max(lengths)
    read = {"input_ids": padded, "attention_mask": mask, "position_ids": places}
    logs = torch.log_softmax(model(**read, use_cache=False, logits_to_keep=kept).logits.float(), -1)
    return [row[kept - 1 - length : kept - 1] for row, length in zip(logs, lengths, strict=True)]
