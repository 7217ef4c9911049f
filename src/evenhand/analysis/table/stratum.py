"""A stratum: the trials of one model and item kind in one answer format under one way of showing memory.

Estimates are made within strata, never across them. The no-memory arm is the same question under every placement,
reader and mitigation, so all its trials belong to every stratum of their model, kind and answer format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl
from msgspec import Struct, convert

from evenhand.analysis.table.codes import codes, groups_of, joint_codes
from evenhand.analysis.table.scores import Scores, covariate_column, level_column
from evenhand.records.condition import CONDITION_FIELDS, Condition
from evenhand.records.profile import CUES, Cue
from evenhand.records.settings import AnalysisSettings

__all__ = [
    "OPTION_KINDS",
    "SHOWN",
    "Stratum",
    "condition_of",
    "cues",
    "each_part",
    "each_stratum",
    "parts_by",
    "strata",
    "with_units",
]

OPTION_KINDS = ("understanding", "management")
"""Kinds of items whose answer is one of several options."""

_UNUSED = (
    "cell_key",
    "context",
    "difficulty",
    "chance",
    "shown_position",
    "p_best",
    "answer_characters",
    "input_tokens",
    "output_tokens",
    "latency_s",
)
"""Columns no estimate is made from; left behind so that a million trials fit into little memory."""

SHOWN = tuple(name for name in CONDITION_FIELDS if name != "cue")
"""Coordinates that a stratum fixes; cue styles are side by side within it."""


class Stratum(Struct, frozen=True, kw_only=True, dict=True):
    """The trials of one model and kind in one condition.

    The parts that findings ask for again and again are taken out once and kept for as long as the stratum is.
    """

    model: str
    kind: str
    where: Condition
    """How memory is shown; its cue is None, since the stratum holds every cue style."""
    main: bool
    """Whether this is a main condition: no mitigation, no reader prompt where the table has memory without one, and
    letters where the table has them."""
    rows: pl.DataFrame
    """Score columns, factors, and: `value` (the score analysed, null where there is no answer), `unit` (matched set of
    a paired profile, otherwise the arm), and whether the answer is `missing`, `refused` or `unparsed`."""
    primary: Literal["score", "p_score"]
    """What the settings name as the outcome: `score` of the answer, or `p_score` over the option probabilities."""
    factors: tuple[str, ...]
    """Factors between users; their levels are in `level_column(factor)`."""
    item_factors: tuple[str, ...] = ()
    """Factors of which every item has one level."""
    within_factors: tuple[str, ...] = ()
    """Factors whose levels change within users and within items."""
    covariates: tuple[str, ...]
    """Numbers that factor gaps are adjusted for, in `covariate_column(covariate)`."""
    settings: AnalysisSettings

    @property
    def stream_name(self) -> str:
        """Names the random streams of the stratum; nothing reads it back."""
        parts = [self.model, self.kind, self.where.placement]
        parts += [f"reader={self.where.reader}"] if self.where.reader != "none" else []
        parts += [f"mitigation={self.where.mitigation}"] if self.where.mitigation != "none" else []
        parts += [f"answer={self.where.answer}"] if self.where.answer != "letter" else []
        return "/".join(parts)

    @cached_property
    def _parts(self) -> dict[tuple[str, str | None], pl.DataFrame]:
        """Parts of the rows that were asked for, by what they are and their cue style."""
        return {}

    def _part(self, name: str, cue: Cue | None, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        if (name, cue) not in self._parts:
            self._parts[name, cue] = make()
        return self._parts[name, cue]

    def arm(self, kind: str) -> pl.DataFrame:
        """The trials of one kind of arm."""
        return self._part(f"arm {kind}", None, lambda: _kept(self.rows, pl.col("arm_kind") == kind))

    def profiles(self, cue: Cue | None = None) -> pl.DataFrame:
        """The trials with a profile in memory; of one cue style where given."""
        rows = self.arm("profile")
        return rows if cue is None else self._part("profiles", cue, lambda: _kept(rows, pl.col("cue") == cue))

    def paired(self, cue: Cue | None = None) -> pl.DataFrame:
        """The trials of profiles with a version: those that differ from their twin in the contrast only."""
        contrast = self.settings.contrast
        if contrast not in self.factors:
            return self.rows.clear()
        twin = pl.col(level_column(contrast)).is_not_null() & pl.col("matched_set").is_not_null()
        return self._part("paired", cue, lambda: _kept(self.profiles(cue), twin))

    def crossed(self, cue: Cue | None = None) -> pl.DataFrame:
        """The trials of the intersectional crossing: profiles without a version, with a level on every factor."""
        names = self.crossed_factors()
        if not names:
            return self.rows.clear()
        complete = pl.all_horizontal(pl.col(*map(level_column, names)).is_not_null())
        return self._part("crossed", cue, lambda: _kept(self._without_version(cue), complete))

    def crossed_factors(self) -> tuple[str, ...]:
        """Factors with at least two levels in the intersectional crossing."""
        return self._crossed_factors

    @cached_property
    def _crossed_factors(self) -> tuple[str, ...]:
        rows = self._without_version(None)
        names = [name for name in self.factors if name != self.settings.contrast]
        return tuple(name for name in names if rows[level_column(name)].drop_nulls().n_unique() > 1)

    @cached_property
    def cues(self) -> tuple[Cue | None, ...]:
        """Cue styles of the stratum's profiles, `stated` first; (None,) where the table names none."""
        held = set(self.profiles()["cue"].drop_nulls().unique().cast(pl.String).to_list())
        return tuple(cue for cue in CUES if cue in held) or (None,)

    def adjusted(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The trials with a number for every covariate; the others cannot be adjusted and are left out."""
        if not self.covariates:
            return rows
        return _kept(rows, pl.all_horizontal(pl.col(*map(covariate_column, self.covariates)).is_not_null()))

    def _without_version(self, cue: Cue | None) -> pl.DataFrame:
        rows = self.profiles(cue)
        contrast = self.settings.contrast
        return _kept(rows, pl.col(level_column(contrast)).is_null()) if contrast in self.factors else rows


def _kept(rows: pl.DataFrame, condition: pl.Expr) -> pl.DataFrame:
    """The rows that meet a condition; the same frame where all do, so that a large table is not copied."""
    mask = rows.select(condition.fill_null(False).alias("kept"))["kept"]
    return rows if mask.all() else rows.filter(mask)


def strata(scores: Scores) -> list[Stratum]:
    """The strata of a table, in the order of model, kind and condition."""
    return list(each_stratum(scores))


def each_stratum(scores: Scores) -> Iterator[Stratum]:
    """As `strata`, one after the other: a table is never held a second time, cut into strata."""
    frame = _with_units(scores)
    lettered = {key for key, rows in each_part(frame, ("model", "kind")) if (rows["answer"] == "letter").any()}
    for (model, kind, answer), rows in each_part(frame, ("model", "kind", "answer")):
        primary = _primary(rows, kind=kind, answer=answer, settings=scores.settings)
        valued = _valued(rows, primary=primary)
        none = valued.filter(pl.col("arm_kind") == "none")
        memory = valued.filter(pl.col("arm_kind") != "none")
        parts = [(condition_of(values), part) for values, part in parts_by(memory, SHOWN)] or [
            (convert({"answer": answer}, Condition), memory)
        ]
        readers = {where.reader for where, _ in parts}
        for where, part in parts:
            yield Stratum(
                model=model,
                kind=kind,
                where=where,
                main=where.mitigation == "none"
                and (where.reader == "none" or "none" not in readers)
                and (where.answer == "letter" or (model, kind) not in lettered),
                rows=pl.concat([none, part]) if none.height else part,
                primary=primary,
                factors=scores.factors,
                item_factors=scores.item_factors,
                within_factors=scores.within_factors,
                covariates=scores.covariates,
                settings=scores.settings,
            )


def _valued(rows: pl.DataFrame, *, primary: str) -> pl.DataFrame:
    outcome = pl.col("outcome")
    return rows.with_columns(
        pl.when(outcome == "answered").then(primary).alias("value"),
        (outcome != "answered").alias("missing"),
        (outcome == "refused").alias("refused"),
        (outcome == "unparsed").alias("unparsed"),
    )


def _primary(rows: pl.DataFrame, *, kind: str, answer: str, settings: AnalysisSettings) -> Literal["score", "p_score"]:
    """The column of the outcome that the settings name; only letters have probabilities."""
    probabilities = settings.outcome == "option_probabilities"
    chosen = kind in OPTION_KINDS or rows["p_score"].null_count() < rows.height
    return "p_score" if probabilities and chosen and answer == "letter" else "score"


def condition_of(values: tuple[str, ...]) -> Condition:
    """The condition behind the values of `SHOWN`."""
    return convert(dict(zip(SHOWN, values, strict=True)), Condition)


def cues(stratum: Stratum) -> tuple[Cue | None, ...]:
    """Cue styles of the stratum's profiles, `stated` first; (None,) where the table names none."""
    return stratum.cues


def _with_units(scores: Scores) -> pl.DataFrame:
    """The columns the analysis uses, item ids made unique over banks, and the sampling unit of every profile."""
    return with_units(scores.frame.drop(_UNUSED), factors=scores.factors, contrast=scores.settings.contrast)


def with_units(frame: pl.DataFrame, *, factors: tuple[str, ...], contrast: str) -> pl.DataFrame:
    """The frame with item ids that are unique over banks, and with `unit`, the sampling unit.

    That is the matched set of a profile with a version, otherwise the arm.
    """
    if frame["bank"].n_unique() > 1:
        frame = frame.with_columns(pl.concat_str("bank", "item", separator="/").cast(pl.Categorical).alias("item"))
    if contrast not in factors:
        return frame.with_columns(pl.col("arm").alias("unit"))
    twin = pl.col(level_column(contrast)).is_not_null() & pl.col("matched_set").is_not_null()
    name = pl.concat_str(pl.col("cohort").cast(pl.String).fill_null("cohort"), pl.col("matched_set"), separator="/")
    return frame.with_columns(
        pl.when(twin).then(name).otherwise(pl.col("arm").cast(pl.String)).cast(pl.Categorical).alias("unit")
    )


def parts_by(frame: pl.DataFrame, by: tuple[str, ...]) -> list[tuple[tuple[str, ...], pl.DataFrame]]:
    """The frame's parts by some text columns, sorted by their values."""
    return list(each_part(frame, by))


def each_part(frame: pl.DataFrame, by: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], pl.DataFrame]]:
    """As `parts_by`, one part after the other; the frame itself where there is one part only."""
    if frame.height == 0:
        return
    coded = [codes(frame[name]) for name in by]
    groups = groups_of(joint_codes(*((code, len(values)) for code, values in coded)))
    firsts = groups.first
    order = np.argsort(groups.of_row, kind="stable")
    ends = np.cumsum(np.bincount(groups.of_row))
    for index, first in enumerate(firsts):
        values = tuple(texts[int(code[first])] for code, texts in coded)
        part = frame if len(firsts) == 1 else frame[order[ends[index - 1] if index else 0 : ends[index]]]
        yield values, part
