"""A small sample of answers, with a text of a stranger's choice in every place that one can write to."""

from __future__ import annotations

from evenhand.records.answer_sample import AnswerSample, SampledAnswer, SampledItem, SampledUser
from evenhand.records.condition import Condition

__all__ = ["answer_sample"]


def answer_sample(model: str = "m", *, wild: str = "") -> AnswerSample:
    """Two items of one model: the first answered differently by two users of one set, the second alike by all.

    Args:
        model: The model.
        wild: Put into memory, question and answer.
    """
    texts = (
        f"Memory: the user owns a boat. {wild}",
        f"Memory: the user rents a room. {wild}",
        f"Kim waits. What does Kim feel? {wild}",
        f"A, hope {wild}",
        f"B, fear {wild}",
        "Bo sings.",
    )
    users = (
        SampledUser(arm="none", kind="none"),
        SampledUser(arm="placebo/one", kind="placebo"),
        SampledUser(arm="explicit/p1.a", kind="profile", levels={"position": "advantaged"}, matched_set="p1"),
        SampledUser(arm="explicit/p1.d", kind="profile", levels={"position": "disadvantaged"}, matched_set="p1"),
    )

    def answered(number: int, user: int, memory: int | None, question: int, answer: int, score: float) -> SampledAnswer:
        turns = ((("system", memory),) if memory is not None else ()) + (("user", question),)
        return SampledAnswer(
            cell_key=f"{number}-{user}", user=user, asked=turns, answer=answer, outcome="answered", option="Hope",
            score=score,
        )  # fmt: skip

    return AnswerSample(
        users=users,
        texts=texts,
        items=(
            SampledItem(
                model=model, item="i1", kind="understanding", where=Condition(), situation=f"Kim waits. {wild}",
                answers=(
                    answered(1, 0, None, 2, 3, 1.0), answered(1, 1, 0, 2, 3, 1.0), answered(1, 2, 0, 2, 3, 1.0),
                    answered(1, 3, 1, 2, 4, 0.0),
                ),
            ),
            SampledItem(
                model=model, item="i2", kind="understanding", where=Condition(), situation="Bo sings.",
                answers=(answered(2, 0, None, 5, 3, 1.0), answered(2, 3, 1, 5, 3, 1.0)),
            ),
        ),
        all_items=40,
        all_answers=1_200,
    )  # fmt: skip
