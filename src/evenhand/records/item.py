"""Items and banks: what is asked."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

from evenhand.records.profile import Fact
from evenhand.records.validation import Validation

__all__ = [
    "ITEM_KINDS",
    "PRESUPPOSITIONS",
    "STRATEGIES",
    "Appraisal",
    "Bank",
    "Cause",
    "Certainty",
    "Context",
    "Control",
    "Difficulty",
    "Item",
    "ItemKind",
    "MotiveConsistency",
    "MotiveType",
    "Option",
    "Pilot",
    "Presupposition",
    "Problem",
    "RatingOrder",
    "ReaderKind",
    "Strategy",
    "Unexpectedness",
]

ItemKind = Literal["understanding", "management", "benefit", "leakage", "sycophancy", "intensity", "advice"]
"""`understanding`: what does the person feel (one keyed option); `management`: what is best to do (every option has
an effectiveness weight); `benefit`: the right answer needs a stored fact; `leakage`: a stored fact must not surface;
`sycophancy`: a stored opinion must not sway the answer; `intensity`: how strongly does
the person feel each of the emotions that the options name, 0 to 10; `advice`: the assistant writes, there is nothing
to choose and no key."""
ITEM_KINDS: tuple[ItemKind, ...] = get_args(ItemKind)

Context = Literal["abstract", "personal", "work"]
Difficulty = Literal["easy", "medium", "hard"]

Cause = Literal["circumstance", "other", "self"]
"""Who or what brought the event about."""
MotiveConsistency = Literal["consistent", "inconsistent"]
"""Whether the event helps (consistent) or hurts (inconsistent) what the person wants."""
MotiveType = Literal["appetitive", "aversive"]
"""Whether the person wants to gain something good (appetitive) or to be spared something bad (aversive)."""
Certainty = Literal["certain", "uncertain"]
"""Whether the event, or its outcome, has happened or is only possible."""
Control = Literal["high", "low"]
"""Whether the person could do something about it (Roseman's control potential)."""
Unexpectedness = Literal["expected", "unexpected"]
Problem = Literal["instrumental", "intrinsic"]
"""Whether what is bad is an obstacle to a goal (instrumental) or a quality of the thing itself (intrinsic)."""

Strategy = Literal[
    "situation_selection",
    "situation_modification",
    "attention_deployment",
    "reappraisal",
    "acceptance",
    "support_seeking",
    "problem_solving",
    "assertive_communication",
    "expression",
    "suppression",
    "rumination",
    "avoidance",
    "aggression",
    "self_blame",
]
"""Emotion-regulation strategies after Gross's process model (1998, 2015), with the maladaptive ones that the
coping literature names beside them."""
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)

Presupposition = Literal["car", "children", "garden", "home", "job", "partner", "pet"]
"""Something that a situation in the first person takes for granted about whoever asks."""
PRESUPPOSITIONS: tuple[Presupposition, ...] = get_args(Presupposition)

ReaderKind = Literal["language model", "person"]
"""Who answered in a pilot: a bank read by language models alone has not been validated."""


class Appraisal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The appraisal pattern of a situation (Roseman 2001), from which the keyed emotion is derived."""

    cause: Cause
    """Who or what brought the event about."""
    consistency: MotiveConsistency | None = None
    """Helps or hurts the person's motive; None where only the surprise is fixed."""
    motive: MotiveType | None = None
    """Gaining something good or being spared something bad; None where the emotion does not turn on it."""
    certainty: Certainty | None = None
    """Has happened or is only possible; None where the emotion does not turn on it."""
    control: Control | None = None
    """Could the person do something about it; None where the emotion does not turn on it."""
    unexpectedness: Unexpectedness = "expected"
    """Whether the event breaks what the person thought would happen."""
    problem: Problem = "instrumental"
    """Obstacle to a goal, or a quality of the thing or person itself."""


class Option(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One answer option."""

    id: str
    """Stable within the item (`a`, `b`, ...); never the letter shown, which depends on the option order."""
    text: str
    """What the assistant reads."""
    emotion: str | None = None
    """For understanding items: the emotion the option names, lower case."""
    weight: float | None = None
    """For management items: effectiveness in [0, 1]."""
    strategy: Strategy | None = None
    """For management items: the kind of advice the option is."""
    rationale: str | None = None
    """For management items: why the weight is what it is."""
    misses: str | None = None
    """For distractors: what a reader overlooked who picks it."""
    best_when: str | None = None
    """For management items: in what situation this advice would be the best one."""


class Pilot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What readers of one kind answered who saw the item without its key."""

    readers: ReaderKind
    """How many people read the item."""
    answers: dict[str, int]
    """Option id -> how many chose it; options that nobody chose may be left out."""
    unanswered: int = 0
    """Readers who saw the item and gave no usable answer."""


class RatingOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What ratings from 0 to 10 must satisfy to fit the appraisal of a situation: an order, not values."""

    high: str
    """Id of the option that names the emotion the appraisal fixes."""
    above: tuple[str, ...] = ()
    """Ids of options of the same valence (or none): each is to be rated below `high`."""
    low: tuple[str, ...] = ()
    """Ids of options of the opposite valence: each is to be rated `at_most` so high, and below `high`."""
    at_most: float = 3.0
    """The highest rating, from 0 to 10, that the options of `low` may have."""


class Item(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One situational-judgement question."""

    id: str
    """Unique within its bank."""
    kind: ItemKind
    """What is asked for; it decides how an answer is scored."""
    stem: str
    """The situation."""
    question: str = ""
    """What is asked about it; empty for advice items whose situation asks by itself."""
    options: tuple[Option, ...] = ()
    """What can be chosen; empty for advice items."""
    key: str = ""
    """Id of the best option; empty for advice items, which have none. For management items the option of the highest
    weight."""
    context: Context | None = None
    """Where the situation takes place."""
    difficulty: Difficulty | None = None
    """How hard the item is meant to be."""
    appraisal: Appraisal | None = None
    """For understanding items: the pattern the key is derived from."""
    facts: tuple[Fact, ...] = ()
    """Stored facts that belong to the item itself: what a benefit item needs, what a leakage or sycophancy probe
    must not show. Empty for the other kinds."""
    key_without: str | None = None
    """For benefit items: id of the best option when the fact is not known."""
    markers: tuple[str, ...] = ()
    """For leakage probes: words whose appearance in the answer shows that the fact surfaced."""
    tags: tuple[str, ...] = ()
    """Free labels, carried into the score table."""
    pair: str | None = None
    """Id shared by two twins: situations that differ in one detail, share their options, and have different keys."""
    detail: str | None = None
    """For twins: the words that are in this situation and not in its twin, and decide the key."""
    rationale: str | None = None
    """Why the key is the key, in a sentence or two."""
    easy: bool = False
    """Whether a guesser that never reads the situation gets it; left out of what is asked by default."""
    presupposes: tuple[Presupposition, ...] = ()
    """What the situation takes for granted about whoever asks; not crossed with a user who lacks it."""
    order: RatingOrder | None = None
    """For intensity items: the reference for ratings, derived from the appraisal."""
    reference: dict[str, float] | None = None
    """For intensity items with reference ratings: option id -> rating, 0 to 10."""
    pilot: tuple[Pilot, ...] = ()
    """Counts of blind answers, one entry a kind of reader; empty: nobody has been asked."""

    @property
    def key_position(self) -> int:
        """Place of the key among the options, from 0.

        Raises:
            ValueError: The item is answered in writing and has no key.
        """
        return [option.id for option in self.options].index(self.key)


class Bank(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A versioned, licensed set of items."""

    schema: Literal["evenhand.bank/1"] = "evenhand.bank/1"
    """Version of the file's shape."""
    name: str
    """Name, as in `--bank NAME`."""
    version: str
    """Version of the items."""
    source: str
    """Where the items come from, in a sentence."""
    licence: str
    """SPDX identifier or a sentence."""
    redistribute: bool
    """False where the text may not be passed on: reports then show id and hash instead of the text."""
    validated: bool
    """True only when people have rated the items; reports say so when it is False."""
    validation: Validation | None = None
    """Who rated the items and by which criteria; None where nobody has been asked."""
    language: str = "en"
    """Language of the items, as a BCP 47 tag."""
    notes: str = ""
    """What a user of the bank must know."""
    items: tuple[Item, ...]
    """The items."""
