"""How a table was read, in words: the same lines for the terminal, the page and Markdown."""

from __future__ import annotations

from evenhand.records.as_read import AsRead, ColumnRead, CovariateRead, FactorRead, LogRead
from evenhand.report.blocks import Facts, NamedValue, Section
from evenhand.report.words import joined, plural

__all__ = ["as_read_facts", "as_read_section"]

_MANY = 12
"""Levels and answers that are listed; more are counted."""


def as_read_facts(read: AsRead) -> tuple[NamedValue, ...]:
    """One line per thing that was taken, left out, or looks odd."""
    logged = [] if read.log is None else _log(read.log)
    if read.log is not None and read.log.by_plan:
        return (NamedValue("Table", _table(read)), *logged)
    facts = [
        NamedValue("Table", _table(read)),
        *logged,
        NamedValue("Columns", "; ".join(_column(column) for column in read.columns)),
        *(NamedValue("Factor", _factor(factor)) for factor in read.factors),
        *(NamedValue("Look again", text) for factor in read.factors for text in _odd(factor)),
        *(NamedValue("Covariate", _covariate(covariate, several=_several(read))) for covariate in read.covariates),
        NamedValue("Arms", _arms(read)),
        NamedValue("Answers", _answers(read)),
        NamedValue("Repeats", _repeats(read)),
    ]
    facts += [
        NamedValue(
            "Left out",
            f"{plural(left.rows, 'row')} of {plural(left.users, 'user')} in the comparisons of {left.comparison!r}, "
            f"because {joined([repr(name) for name in left.empty])} {'is' if len(left.empty) == 1 else 'are'} empty",
        )
        for left in read.left_out
    ]
    if read.nested:
        facts.append(
            NamedValue("Not looked at", f"columns of lists or objects: {joined([repr(n) for n in read.nested])}")
        )
    if read.withheld:
        facts.append(NamedValue("Withheld", read.withheld))
    return tuple(facts)


def as_read_section(read: AsRead) -> Section:
    """The first section of the page of a table."""
    return Section(
        id="as-read",
        nav="As read",
        title="As read",
        lead=("What was taken for what in this table. Every number below rests on it, so look here first.",),
        blocks=(Facts(title="Columns, factors and rows", facts=as_read_facts(read)),),
        part="reading",
    )


def _table(read: AsRead) -> str:
    written = f" ({', '.join(read.written)})" if read.written else ""
    header = f"; {plural(read.header_rows, 'further header row')} left out" if read.header_rows else ""
    size = f"{plural(read.rows, 'row')}, {plural(read.items, 'item')}, {plural(read.users, 'user')}"
    missing = ""
    if read.missing:
        missing = f"; {joined([repr(word) for word in read.missing])} stand for an empty cell, as --missing says"
    return f"{read.file}{written}: {size}{header}{missing}"


def _log(log: LogRead) -> list[NamedValue]:
    version = f" {log.version}" if log.version else ""
    models = f"; answered by {joined([repr(name) for name in log.models])}" if log.models else "; it names no model"
    found = [NamedValue("Log", f"of {log.tool}{version}: {plural(log.rows, 'answer')}{models}")]
    if log.by_plan:
        found.append(NamedValue("Cells", "each answer names the cell of the plan that it was given to"))
    found += [NamedValue("Kept", f"only rows whose {name!r} is {value!r}, as --where says") for name, value in log.kept]
    if log.failed:
        ended = f"{plural(log.failed, 'answer')} of the log ended with an error"
        found.append(NamedValue("Missing", f"{ended}: missing, and never counted as wrong"))
    left = ((log.unknown, "to no cell of the plan"), (log.repeated, "to a cell that has one already"))
    found += [NamedValue("Left out", f"{plural(count, 'answer')} {to}") for count, to in left if count]
    found += [NamedValue("Note", note) for note in log.notes]
    if log.unused:
        more = len(log.unused) - _MANY
        names = ", ".join(repr(name) for name in log.unused[:_MANY]) + (f" and {more} more" if more > 0 else "")
        found.append(NamedValue("Not used", f"fields of the log: {names}"))
    return found


def _column(column: ColumnRead) -> str:
    why = f"named with {column.option}" if column.option else "by its name"
    why += f"; {column.place}" if column.place else ""
    return f"{column.column!r} as {_ROLES.get(column.role, column.role)} ({why})"


_ROLES = {"profile": "user", "correct": "correctness", "gold": "right answer", "kind": "kind of item"}


def _factor(factor: FactorRead) -> str:
    levels = [f"{level!r} {rows:,}" for level, rows in factor.levels[:_MANY]]
    more = len(factor.levels) - _MANY
    shown = ", ".join(levels) + (f" and {more} more" if more > 0 else "")
    return f"{factor.factor!r}, {factor.kind}: {shown} rows; compared with {factor.reference!r}"


def _odd(factor: FactorRead) -> list[str]:
    found = [
        f"{joined([repr(level) for level in group])} of {factor.factor!r} differ only in case or spaces and are kept "
        "apart; write them alike if they mean the same"
        for group in factor.alike
    ]
    return found + [
        f"{word!r} of {factor.factor!r} is taken as a level; if it stands for an empty cell, say --missing {word}"
        for word in factor.words
    ]


def _several(read: AsRead) -> bool:
    return len({(one.model, one.kind) for one in read.covariates}) > 1


def _covariate(read: CovariateRead, *, several: bool) -> str:
    where = f" ({read.model}, {read.kind})" if several else ""
    without = f"; {plural(read.rows_without, 'row')} without a number left out" if read.rows_without else ""
    if read.coefficient is None or read.se is None or read.sd is None:
        return f"{read.covariate!r}{where}: gaps are adjusted for it; no mixed model was fitted{without}"
    scale = "log-odds" if read.scale == "log-odds" else "on the probability scale"
    return (
        f"{read.covariate!r}{where}: {read.coefficient:+.4g} {scale} per unit (se {read.se:.3g}), "
        f"{read.coefficient * read.sd:+.4g} per standard deviation of {read.sd:.4g} (se {read.se * read.sd:.3g}); gaps "
        f"are adjusted for it{without}"
    )


def _arms(read: AsRead) -> str:
    parts = []
    match read.no_memory_by:
        case "named":
            parts.append(f"{plural(read.no_memory_rows, 'row')} without memory, as --none-arm says")
        case "empty factors":
            parts.append(
                f"{plural(read.no_memory_rows, 'row')} without memory: no user is named and all factors are empty"
            )
        case None:
            parts.append("no arm without memory")
    parts.append(f"{plural(read.placebo_rows, 'placebo row')}" if read.placebo_rows else "no placebo arm")
    parts += [
        f"{word!r} is taken as a user; if it is an arm without memory or a placebo, say --none-arm or --placebo-arms"
        for word in read.arm_words
    ]
    return "; ".join(parts)


def _answers(read: AsRead) -> str:
    parts = []
    if read.answers:
        shown = ", ".join(repr(answer) for answer in read.answers[:_MANY])
        more = len(read.answers) - _MANY
        parts.append(f"possible are {shown}" + (f" and {more} more" if more > 0 else ""))
    empty = f"{plural(read.empty_answers, 'cell')} {'is' if read.empty_answers == 1 else 'are'} empty"
    parts.append(empty if read.empty_answers else "no cell is empty")
    if read.unread_rows:
        examples = ", ".join(f"{one.answer!r} ({one.rows:,})" for one in read.unread)
        parts.append(
            f"{plural(read.unread_rows, 'answer names', 'answers name')} none of them and "
            f"{'is' if read.unread_rows == 1 else 'are'} counted as unparsed: {examples}"
        )
    return "; ".join(parts)


def _repeats(read: AsRead) -> str:
    repeats = read.repeats
    if repeats.most == 1:
        return "none: one row per item and user"
    text = f"up to {repeats.most:,} rows per item and user"
    if repeats.told_apart_by is None:
        return f"{text}, averaged"
    return f"{text}; the column {repeats.told_apart_by!r} tells them apart and is not named ({repeats.name_with})"
