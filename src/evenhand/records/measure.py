"""What is measured: the measure, the quantity it is computed from, and the scale of its numbers."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

__all__ = ["MEASURES", "PRIMARY_NUMBERS", "QUANTITY_NAMES", "Measure", "Quantity", "QuantityName", "Scale"]

Measure = Literal[
    "accuracy",
    "gap",
    "dose_trend",
    "factor_gap",
    "interaction",
    "shift",
    "divergence",
    "sensitivity",
    "memory_effect",
    "placebo_effect",
    "fact_effect",
    "flip_rate",
    "flip_excess",
    "missing_rate",
    "missing_gap",
    "stage_rate",
    "stage_gap",
    "variance",
    "item_functioning",
    "option_shift",
    "strategy_shift",
    "leakage",
    "silent_influence",
    "mixed_model",
    "published_model",
    "gap_change",
    "factor_gap_change",
    "memory_effect_change",
    "interaction_change",
    "shift_change",
    "divergence_change",
]
"""What is estimated.

`gap`: advantaged minus disadvantaged (the paper's bias influence). `dose_trend`: by how much that gap grows from one
dose of the facts to the next. `factor_gap`: level minus reference level.
`memory_effect`: any profile minus a baseline (placebo or none). `placebo_effect`: placebo minus none. `fact_effect`:
an item's own fact in memory minus none. `flip_excess`: disagreement with the none arm beyond the disagreement of none
with itself. `shift`: a number that the answer states, such as a rating, in one arm minus the same in another; a finding
says which arms by its arms and its contrast. `divergence`: squared distance of all the numbers of an answer between
arms, beyond that between repeats. `sensitivity`: how far the detail that decides a scene moves its ratings.
`stage_rate`, `stage_gap`: what a stage of a product's own memory does with facts, by arm and between arms. `*_change`:
the measure in a second run minus the same measure in a first, or with a policy minus without one.
"""
MEASURES: tuple[Measure, ...] = get_args(Measure)

Scale = Literal["probability", "log-odds", "rate", "sd", "share", "ratio", "rating", "squared", "count", "grade"]
"""`rating`: points on a scale from 0 to 10. `squared`: squared units of what is compared, averaged over its numbers.
`count`: so many of something. `grade`: years of schooling that a text asks for."""

QuantityName = Literal[
    "score",
    "p_score",
    "choice",
    "choice_tag",
    "missing",
    "refused",
    "unparsed",
    "mention_answer",
    "mention_reasoning",
    "fact_used",
    "profile_sd",
    "intersectional_sd",
    "profile_share",
    "main_effect_share",
    "sensitive_items",
    "rating",
    "valence_rating",
    "keyed_rating",
    "order_fit",
    "reference_score",
    "stated_share",
    "words",
    "reading_grade",
    "act_share",
    "act_shown",
    "mention",
    "wording",
    "judged",
    "preferred",
    "people",
    "fact_kept",
    "fact_distorted",
    "fact_lost",
    "fact_merged",
    "text_invented",
    "fact_found",
    "read_score",
    "unread_score",
]
"""What is counted or averaged.

`score`: of the answers given. `p_score`: expected score over the option probabilities. `choice`: the option chosen.
`choice_tag`: its emotion or strategy. `missing`, `refused`, `unparsed`: outcomes. `mention_*`: a stored fact is
mentioned.
`fact_used`: the answer that is right when the fact is known. `profile_sd`, `intersectional_sd`: standard deviations
over the profiles of a crossing, before and after main effects. `profile_share`, `main_effect_share`: shares of
variance. `sensitive_items`: the share of items that react. `rating`: of one emotion. `valence_rating`: mean rating of
the positive or of the negative emotions. `keyed_rating`: of the emotion that the scene gives. `order_fit`: share of the
order constraints that the ratings satisfy. `reference_score`: closeness to reference ratings, 1 exact, 0 as good as
random. `stated_share`: share that an answer states for options. Of written answers: `words`; `reading_grade`;
`act_share`: share of sentences that do something, such as advise; `act_shown`: whether any does; `mention`: whether a
stored fact or a group of people is mentioned; `wording`: a coordinate of the words used; `judged`: a rating by a judge;
`people`: the mean of the ratings that people gave the same answer. Of a product's own memory: `fact_kept`,
`fact_distorted`, `fact_lost`, `fact_merged`: what became of a fact; `text_invented`: share of stored texts that nobody
said; `fact_found`: share of the user's facts that memory gave for a question; `read_score`, `unread_score`: score of
answers for which memory gave a fact of the user, and of those for which it gave none.
"""

QUANTITY_NAMES: tuple[QuantityName, ...] = get_args(QuantityName)


class Quantity(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a finding's number is made of."""

    name: QuantityName
    """What is counted or averaged."""
    scale: Scale = "probability"
    """Scale of estimate, interval and bounds."""
    tag: str | None = None
    """The emotion, valence or strategy that is counted; None where there is none."""


PRIMARY_NUMBERS: frozenset[Quantity] = frozenset({Quantity(name="valence_rating", scale="rating", tag="negative")})
"""Numbers whose shift between versions, and against placebo, is confirmatory: how much negative emotion is read into
the same scenes. It rests on every scene, a single emotion on some."""
