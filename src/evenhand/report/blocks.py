"""What a report consists of, before it is HTML or Markdown: sections of blocks, every number already written out.

Both writers walk the same blocks, so the page and the Markdown cannot disagree.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = [
    "Axis",
    "Bar",
    "BarPart",
    "Bars",
    "Block",
    "Column",
    "Facts",
    "FirstAnswer",
    "FirstScreen",
    "Forest",
    "ForestGroup",
    "ForestRow",
    "Grid",
    "Heat",
    "HeatCell",
    "Mark",
    "NamedValue",
    "Note",
    "Page",
    "PairShown",
    "Part",
    "Point",
    "Points",
    "Prompt",
    "Prompts",
    "Reader",
    "Scatter",
    "ScatterPoint",
    "Section",
    "SideShown",
    "SpotShape",
    "Step",
    "Tick",
    "VerdictCard",
    "VerdictLine",
    "Verdicts",
]

Shape = Literal["difference", "equivalent", "inconclusive", "not assessable", "descriptive"]
"""Verdict of a finding as a marker: filled diamond, filled disc, ring, cross, small square. Never told by
colour alone."""


SpotShape = Literal["none", "pareto", "other"]
"""Marker of a point: a square, what everything is compared with; a filled disc, beaten by no other; a ring."""


class NamedValue(Struct, frozen=True):
    """One name and value."""

    name: str
    value: str
    code: bool = False
    """Set in monospace: a hash, a command, an identifier."""
    href: str | None = None
    """Name of a file that lies beside the report; never anything a run supplied."""


class Tick(Struct, frozen=True):
    """One tick of an axis."""

    at: float
    """Position in percent of the axis width."""
    label: str


class Axis(Struct, frozen=True, kw_only=True):
    """A horizontal axis; every position is a percentage of its width."""

    low: float
    high: float
    ticks: tuple[Tick, ...]
    zero: float | None
    """Position of zero; None where zero lies outside."""
    band: tuple[float, float] | None
    """Left edge and width of the equivalence band."""
    unit: str


class Mark(Struct, frozen=True, kw_only=True):
    """Dot and interval of one row, in percent of the axis width."""

    shape: Shape
    centre: float | None
    """None where there is no estimate."""
    low: float | None = None
    high: float | None = None
    cut_low: bool = False
    """The interval goes on beyond the left edge."""
    cut_high: bool = False
    guide: float | None = None
    """A landmark of the row's group, such as the noise floor, drawn as a dashed line."""
    bound_low: float | None = None
    """Worst-case bounds over the missing answers, drawn as a thin line."""
    bound_high: float | None = None


class ForestRow(Struct, frozen=True, kw_only=True):
    """One finding: what is drawn, what is written beside it, and what opens when it is asked for."""

    anchor: str
    label: str
    detail: str
    mark: Mark
    value: str
    span: str
    verdict: str
    estimand: str
    facts: tuple[NamedValue, ...]
    notes: tuple[str, ...]


class ForestGroup(Struct, frozen=True, kw_only=True):
    """Rows under one heading."""

    title: str
    rows: tuple[ForestRow, ...]


class Column(Struct, frozen=True):
    """A column of a table."""

    name: str
    numeric: bool = False


class Grid(Struct, frozen=True, kw_only=True):
    """A table of texts and written numbers."""

    id: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    folded: bool = True
    """Closed until asked for; open on paper."""


class Forest(Struct, frozen=True, kw_only=True):
    """Dot-and-interval figure with its table."""

    id: str
    title: str
    conclusion: str
    """What to take from it, in one sentence."""
    caption: str
    axis: Axis
    left: str
    """What it means to lie left of zero."""
    right: str
    groups: tuple[ForestGroup, ...]
    shapes: tuple[Shape, ...]
    """Markers that occur, for the legend."""
    band_label: str
    estimands: tuple[str, ...]
    """The distinct sentences that say what the rows estimate; empty where they are too many to be written above."""
    method: str
    tally: str
    """How many rows have which verdict, in words; empty for descriptive findings."""
    bounds: bool
    """Whether worst-case bounds are drawn."""
    table: Grid | None
    guide_label: str = ""
    """What the dashed line stands for."""
    folded: bool = False
    on_paper: bool = True
    """Whether a folded figure opens for printing; long ones stay a line with their tally."""
    explorable: bool = True
    """Rows open to show the estimand; false where the same findings are shown above."""


class HeatCell(Struct, frozen=True, kw_only=True):
    """One combination of levels."""

    text: str
    step: int
    """Colour step from -4 (below the mean) to 4 (above it)."""
    marked: bool
    """The interval leaves out the mean."""
    tip: str


class Heat(Struct, frozen=True, kw_only=True):
    """A two-way table of the intersectional estimates."""

    id: str
    title: str
    conclusion: str
    """What to take from it, in one sentence."""
    caption: str
    row_names: tuple[str, ...]
    """Factor labels of the row headings, one or two."""
    column_names: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], tuple[HeatCell, ...]], ...]
    """Row headings and cells."""
    columns: tuple[tuple[str, ...], ...]
    legend: tuple[str, str, str]
    """What the lowest, middle and highest colour stand for."""
    table: Grid
    folded: bool = False


class BarPart(Struct, frozen=True):
    """One share of a stacked bar."""

    name: str
    start: float
    width: float
    text: str
    number: int


class Bar(Struct, frozen=True):
    """One stacked bar."""

    label: str
    parts: tuple[BarPart, ...]
    text: str


class Bars(Struct, frozen=True, kw_only=True):
    """Stacked bars of outcomes by model."""

    id: str
    title: str
    conclusion: str
    """What to take from it, in one sentence."""
    caption: str
    bars: tuple[Bar, ...]
    legend: tuple[str, ...]
    table: Grid


class ScatterPoint(Struct, frozen=True, kw_only=True):
    """One point with its interval, in percent of the figure from its upper left corner."""

    number: str
    name: str
    x: float
    y: float
    low: float | None
    """Lower end of the interval upward; None where there is none."""
    high: float | None
    shape: SpotShape
    text: str
    """What is known of it, after its name."""
    label: str = ""
    """Numbers of all points that lie here; empty where another point says them."""


class Scatter(Struct, frozen=True, kw_only=True):
    """Points in two directions, with a band across."""

    id: str
    title: str
    conclusion: str
    """What to take from it, in one sentence."""
    caption: str
    across: Axis
    upward: Axis
    """Positions of its ticks and band are counted from its low end."""
    across_label: str
    upward_label: str
    band_label: str
    """Empty where there is no band."""
    legend: tuple[tuple[SpotShape, str], ...]
    """What the markers stand for."""
    points: tuple[ScatterPoint, ...]
    table: Grid


class VerdictLine(Struct, frozen=True, kw_only=True):
    """The main question for one kind of item in one format of answer."""

    label: str
    shape: Shape
    verdict: str
    sentence: str
    mark: Mark | None
    """None for numbers on another scale than that of the figure."""
    anchor: str
    """Empty where there is nothing to go to."""


class VerdictCard(Struct, frozen=True, kw_only=True):
    """The main question for one model."""

    model: str
    shape: Shape
    verdict: str
    answer: str
    lines: tuple[VerdictLine, ...]
    facts: tuple[NamedValue, ...]
    """What is said beneath: the worst group, why nothing could be assessed, what was not asked."""


class Verdicts(Struct, frozen=True, kw_only=True):
    """The main question, model by model, on one axis."""

    axis: Axis
    cards: tuple[VerdictCard, ...]


class Note(Struct, frozen=True):
    """A short paragraph set apart."""

    title: str
    text: str
    tone: Literal["plain", "warning"] = "plain"
    code: str = ""


class Prompt(Struct, frozen=True, kw_only=True):
    """One exact example."""

    title: str
    meta: str
    messages: tuple[tuple[str, str], ...]
    answer: str | None
    folded: bool


class Prompts(Struct, frozen=True):
    """Exact examples, one per arm."""

    prompts: tuple[Prompt, ...]


class Point(Struct, frozen=True):
    """One limit: a few words and a sentence or two."""

    title: str
    text: str


class Points(Struct, frozen=True):
    """A list of limits."""

    points: tuple[Point, ...]


class Facts(Struct, frozen=True, kw_only=True):
    """Names and values."""

    title: str
    facts: tuple[NamedValue, ...]
    command: str = ""


class Reader(Struct, frozen=True, kw_only=True):
    """Prompts and answers of a sample, any two of which the page puts side by side."""

    id: str
    title: str
    caption: str
    """What is in the sample, and what is left out."""
    data: str
    """Users, texts and items for the page's script: JSON, deflated, in base64."""
    items: int


Block = Forest | Grid | Heat | Bars | Scatter | Verdicts | Note | Prompts | Points | Facts | Reader


class FirstAnswer(Struct, frozen=True, kw_only=True):
    """What one model's answers say as a whole, without a word of statistics."""

    model: str
    shape: Shape
    verdict: str
    answer: str
    mark: Mark | None
    """The contrast that decides the answer, drawn; None where there is none to draw."""
    mark_name: str
    """What is drawn, in words."""
    facts: tuple[NamedValue, ...]


class SideShown(Struct, frozen=True, kw_only=True):
    """One of two answers to the same item."""

    who: str
    """Who is in memory."""
    facts: tuple[str, ...]
    """Some of the facts that only this user has."""
    more: str
    """How many more there are; empty for none."""
    answer: str
    """What was chosen or written."""
    right: bool | None
    """Whether it is the best answer; None where answers are not right or wrong."""


class PairShown(Struct, frozen=True, kw_only=True):
    """One real pair of answers that differ."""

    title: str
    situation: str
    first: SideShown
    second: SideShown
    also: str
    """What else differs between the two users; empty for nothing."""
    tally: str
    """How many pairs differ."""


class Step(Struct, frozen=True):
    """Something to do next."""

    title: str
    text: str
    command: str


class FirstScreen(Struct, frozen=True, kw_only=True):
    """What somebody in a hurry reads: the answer, how large, of whom, what was not asked, what to do next."""

    question: str
    axis: Axis | None
    """Of the marks, in one unit; None where nothing is drawn."""
    answers: tuple[FirstAnswer, ...]
    facts: tuple[NamedValue, ...]
    """What holds for every one of several models."""
    pair: PairShown | None
    steps: tuple[Step, ...]


Part = Literal["reading", "evidence", "methods"]
"""`reading`: how a stranger's table was read, which comes before all else. `evidence`: what was found. `methods`: what
a reviewer wants to know of how it was found."""


class Section(Struct, frozen=True, kw_only=True):
    """A chapter of the page."""

    id: str
    nav: str
    title: str
    lead: tuple[str, ...]
    blocks: tuple[Block, ...]
    part: Part = "evidence"


class Page(Struct, frozen=True, kw_only=True):
    """The whole report."""

    title: str
    kicker: str
    standfirst: str
    facts: tuple[NamedValue, ...]
    notice: Note | None
    """What must be read first: simulated answers, a specimen."""
    badge: str
    """`simulated`, `specimen` or empty; repeated wherever the page could be cut apart."""
    warnings: tuple[str, ...]
    first: FirstScreen | None
    """None where no one question is answered, as on the page of a comparison."""
    sections: tuple[Section, ...]
    footer: str
