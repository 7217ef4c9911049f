"""Tables made from typed results: outcomes, items, options, mentions, variances, the published analysis, power."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from evenhand.records.condition import Condition
from evenhand.records.contrast import LevelContrast
from evenhand.records.finding import Finding
from evenhand.records.measure import Measure
from evenhand.records.results import OutcomeCount
from evenhand.records.trial import OUTCOMES
from evenhand.report.blocks import Column, Grid
from evenhand.report.numbers import ABSENT, count, decimal, p_value, percent, points, size
from evenhand.report.source import Source
from evenhand.report.tables import without_constants
from evenhand.report.titles import ARM_LABELS, plain
from evenhand.report.words import verdict_word

__all__ = [
    "item_grids",
    "mention_grids",
    "option_grids",
    "outcome_grids",
    "power_grids",
    "published_grids",
    "variance_grids",
]

_LONG = 8
"""Rows beyond which a table is folded."""
_Rows = Iterable[tuple[str, ...]]


def outcome_grids(source: Source) -> list[Grid]:
    """How the trials ended, by kind, condition and arm."""

    def rows(model: str) -> _Rows:
        for one in source.findings.outcomes:
            if one.model == model:
                counts = (count(one.outcomes[name]) for name in OUTCOMES)
                yield (one.kind, _condition(one.where), _arm(one), *counts, percent(one.missing))

    columns = (*_texts("kind", "condition", "arm"), *_numbers(*OUTCOMES, "missing"))
    caption = "Counts of trials by arm. Only answered trials have a score; all others count as missing."
    return _per_model(source, "missing", "How the trials ended", caption, columns, rows)


def item_grids(source: Source) -> list[Grid]:
    """The items that react to who the user is."""

    def rows(model: str) -> _Rows:
        for one in source.findings.items:
            if one.model == model:
                level, reference = plain(one.contrast.level), plain(one.contrast.reference or "")
                numbers = (decimal(one.odds_ratio), decimal(one.delta), one.ets)
                met = f"{one.met_level} and {one.met_reference}"
                tests = (points(one.difference), points(one.low), points(one.high), p_value(one.p))
                where = _condition(one.where)
                sensitive = "yes" if one.sensitive else "no"
                yield (
                    one.kind,
                    where,
                    one.item,
                    plain(one.contrast.factor),
                    level,
                    reference,
                    *numbers,
                    met,
                    *tests,
                    sensitive,
                )

    columns = (
        *_texts("kind", "condition", "item", "factor", "level", "reference"),
        *_numbers("odds ratio", "ETS delta"),
        Column("class"),
        Column("profiles that met it"),
        *_numbers("difference", "lower", "upper", "p"),
        Column("sensitive"),
    )
    caption = (
        "Items of class B or C, or sensitive. Odds of the best answer, reference against level, at equal ability; "
        "difference in the share of best answers, in points, with the interval of the item by itself. The p-value is "
        "by permutation, adjusted over all items and both tests of a comparison."
    )
    return _per_model(source, "item_functioning", "Items that react to who the user is", caption, columns, rows)


def option_grids(source: Source) -> list[Grid]:
    """Which wrong emotion, which kind of advice, by group."""

    def rows(model: str) -> _Rows:
        labels = source.labels
        for one in source.findings.options:
            if one.model == model:
                group = (labels.factor(one.factor), labels.level(one.factor, one.level))
                yield (one.kind, one.where.placement, *group, plain(one.tag), percent(one.share), count(one.answers))

    columns = (
        *_texts("kind", "placement", "factor", "level", "emotion or strategy"),
        *_numbers("share", "answers"),
    )
    caption = (
        "Share of a group's answers: wrong emotions for understanding items, kinds of advice for management items. "
        "Descriptive; the tests are among the findings."
    )
    title = "Which wrong emotion, which kind of advice, by group"
    return _per_model(source, "option_shift", title, caption, columns, rows)


def mention_grids(source: Source) -> list[Grid]:
    """Which stored facts are mentioned."""

    def rows(model: str) -> _Rows:
        for one in source.findings.mentions:
            if one.model == model:
                share = (count(one.count), percent(one.share))
                yield (one.kind, _condition(one.where), plain(one.arm_kind), one.dimension, *share)

    columns = (*_texts("kind", "condition", "arm", "dimension"), *_numbers("trials", "share"))
    caption = "Trials whose answer or reasoning mentions a stored fact, by dimension of the first fact mentioned."
    return _per_model(source, "leakage", "Which stored facts are mentioned", caption, columns, rows)


def variance_grids(source: Source) -> list[Grid]:
    """Standard deviations of the random effects of the mixed models."""

    def rows(model: str) -> _Rows:
        for one in source.findings.variances:
            if one.model == model:
                numbers = (decimal(one.sd), decimal(one.low), decimal(one.high), count(one.levels))
                singular = "yes" if one.singular else "no"
                yield (one.kind, _condition(one.where), one.cohort, one.term, *numbers, singular)

    columns = (
        *_texts("kind", "condition", "cohort", "term"),
        *_numbers("sd", "low", "high", "levels"),
        Column("singular"),
    )
    caption = (
        "Standard deviations of the random effects: in log-odds where scores are right or wrong, on the probability "
        "scale where they are graded. Singular: the likelihood is highest at 0, which is not evidence that there is no "
        "such variation; the interval, where given, says what is compatible with the answers."
    )
    return _per_model(source, "mixed_model", "How much items, profiles and cells differ", caption, columns, rows)


def published_grids(source: Source) -> list[Grid]:
    """The published model's coefficients and ours, side by side."""

    def rows(model: str) -> _Rows:
        of_model = [found for found in source.all() if found.model == model]
        published = [found for found in of_model if found.measure == "published_model"]
        scale = "log-odds"
        ours = {_key(f): f for f in of_model if f.measure == "mixed_model" and f.quantity.scale == scale}
        gaps = {_key(f): f for f in reversed(of_model) if f.measure in _GAPS and f.p is not None}
        for found in published:
            mixed, gap = ours.get(_key(found)), gaps.get(_key(found))
            one = found.contrast[0]
            name = f"{source.labels.factor(one.factor)}: {source.labels.level(one.factor, one.level)}"
            ours_row = _coefficient(mixed) if mixed else (ABSENT,) * 3
            gap_row = (ABSENT,) * 3
            if gap is not None:
                verdict = verdict_word(gap.verdict or "descriptive") or ABSENT
                gap_row = (points(gap.value), p_value(gap.p_adjusted), verdict)
            yield (found.kind, name, *_coefficient(found), *ours_row, *gap_row)

    columns = (
        *_texts("kind", "level"),
        *_numbers("published log-odds", "published se", "published p", "our log-odds", "our se", "our p"),
        *_numbers("our gap", "adjusted p"),
        Column("verdict"),
    )
    caption = (
        "Published: random intercepts of items only, so that profiles count as if each answer came from a user of its "
        "own; shown for comparison and never a verdict. Ours: a binomial mixed model with crossed items and profiles "
        "(log-odds), and the primary gap on the probability scale with its adjusted p and verdict."
    )
    return _per_model(
        source, "published_model", "The published analysis and ours, side by side", caption, columns, rows
    )


_GAPS: tuple[Measure, ...] = ("gap", "factor_gap")


def power_grids(source: Source) -> list[Grid]:
    """What other designs could detect."""

    def rows(model: str) -> _Rows:
        for one in source.findings.power:
            if one.model == model:
                yield (f"{one.kind}, {one.where.placement}", one.size, count(one.to), size(one.smallest_gap))

    columns = (*_texts("what", "size changed"), *_numbers("to", "smallest detectable gap"))
    caption = (
        "Smallest gap found with the stated power, when one size of this design is changed and the variation is as "
        "found here."
    )
    return _per_model(source, "power", "What other designs could detect", caption, columns, rows)


def _per_model(
    source: Source,
    name: str,
    title: str,
    caption: str,
    columns: Sequence[Column],
    rows: Callable[[str], _Rows],
) -> list[Grid]:
    """One table per model that has rows."""
    made: list[Grid] = []
    for model in source.models:
        found = tuple(rows(model))
        if not found:
            continue
        grid = Grid(
            id=f"table/{name}/{model}",
            title=f"{title}: {model}" if source.several else title,
            caption=caption,
            columns=tuple(columns),
            rows=found,
            folded=len(found) > _LONG,
        )
        made.append(without_constants(grid))
    return made


def _texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


def _numbers(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, numeric=True) for name in names)


def _condition(where: Condition) -> str:
    parts = (where.placement, where.reader, where.mitigation)
    return "/".join(parts) if where.cue in {None, "stated"} else "/".join((*parts, str(where.cue)))


def _arm(one: OutcomeCount) -> str:
    return plain(one.contrast[0].level) if one.contrast else ARM_LABELS[one.arms.arm].lower()


def _key(found: Finding) -> tuple[str, Condition, tuple[LevelContrast, ...]]:
    stated = Condition(placement=found.where.placement, reader=found.where.reader, mitigation=found.where.mitigation)
    return found.kind, stated, found.contrast


def _coefficient(found: Finding) -> tuple[str, str, str]:
    se = found.spread.se if found.spread else None
    return decimal(found.value), decimal(se), p_value(found.p)
