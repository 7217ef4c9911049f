"""The whole of findings.json: every number that a report shows or a gate reads."""

from __future__ import annotations

from msgspec import Struct

from evenhand.records.answer_pair import AnswerPair
from evenhand.records.answer_sample import AnswerSample
from evenhand.records.as_read import AsRead
from evenhand.records.comparison import RunComparison
from evenhand.records.finding import Finding
from evenhand.records.pairwise import PairwiseCheck
from evenhand.records.product_memory import CanarySummary, ItemRetrieval
from evenhand.records.results import (
    CellMean,
    DesignPower,
    FactMention,
    ItemReaction,
    KeyedEmotion,
    OptionShare,
    OutcomeCount,
    VarianceComponent,
)
from evenhand.records.rubric import RaterCheck
from evenhand.records.run_summary import ExamplePrompt, RunSummary
from evenhand.records.settings import AnalysisSettings
from evenhand.records.tried import TriedPolicy
from evenhand.records.validity import Validity

__all__ = ["FINDINGS_SCHEMA", "Findings"]

FINDINGS_SCHEMA = "evenhand.findings/2"
"""Version of the file's shape. 1 held titles and ids that had to be read back; see docs/reference/findings.md."""


class Findings(Struct, frozen=True, kw_only=True, tag_field="schema", tag=FINDINGS_SCHEMA):
    """The whole of findings.json; the file begins with the version of its shape, under `schema`.

    Example:
        >>> import evenhand
        >>> findings = evenhand.open_run("runs/example").findings
        >>> [model.model for model in findings.run.models]
        ['simulated/tilted']
    """

    run: RunSummary | None
    """None when a bare table of predictions was analysed."""
    settings: AnalysisSettings
    """What the analysis was told beforehand."""
    findings: tuple[Finding, ...]
    """Every estimand."""
    tried: tuple[TriedPolicy, ...] = ()
    """What policies between memory and assistant changed; their findings are among `findings`, by condition."""
    validity: tuple[Validity, ...] = ()
    """Whether the answers could have shown a difference, by model and kind of item."""
    cells: tuple[CellMean, ...] = ()
    """The intersectional table."""
    outcomes: tuple[OutcomeCount, ...] = ()
    """How the trials ended, by arm."""
    items: tuple[ItemReaction, ...] = ()
    """Items that react to who the user is: of class B or C, or sensitive; one record per item and comparison."""
    emotions: tuple[KeyedEmotion, ...] = ()
    """Keyed against chosen emotion, by group."""
    options: tuple[OptionShare, ...] = ()
    """Wrong emotions and kinds of advice, by group."""
    mentions: tuple[FactMention, ...] = ()
    """Stored facts that surfaced."""
    variances: tuple[VarianceComponent, ...] = ()
    """Random effects of the mixed models."""
    power: tuple[DesignPower, ...] = ()
    """What other designs could detect."""
    rater: tuple[RaterCheck, ...] = ()
    """How far the judge of written answers can be relied on, a record for each criterion."""
    pairwise: tuple[PairwiseCheck, ...] = ()
    """How far the judge of pairs of answers can be relied on, a record for each criterion."""
    examples: tuple[ExamplePrompt, ...] = ()
    """Prompts word for word."""
    canaries: tuple[CanarySummary, ...] = ()
    """The check for leaks between users of a product's own memory, a record for each product."""
    retrievals: tuple[ItemRetrieval, ...] = ()
    """How often a product's memory gave facts of the user, by item."""
    pairs: tuple[AnswerPair, ...] = ()
    """Two answers to one item that show the difference which decides a model's answer; at most one per model."""
    sample: AnswerSample | None = None
    """Prompts and answers of some items behind every user, for reading; bounded, and nothing is computed from it."""
    comparison: RunComparison | None = None
    """Set where every finding is a change between two runs."""
    warnings: tuple[str, ...] = ()
    """What a reader must know before believing the numbers."""
    as_read: AsRead | None = None
    """How a table of a stranger was read; None for runs and score tables."""
