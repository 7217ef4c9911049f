"""The table of decisions on facts in `trials.sqlite`, made for plans whose policies ask a model, and its rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from evenhand.records.decision import (
    DECISION_OUTCOMES,
    DecisionCount,
    DecisionOutcome,
    DecisionOutcomeName,
    FactDecision,
    decision_outcome_name,
)
from evenhand.records.message import ModelSettings, Reply
from evenhand.records.trial import Failed
from evenhand.store.gate import Unfit, admitted
from evenhand.store.rows import text_sha

__all__ = [
    "DECISION_DDL",
    "decided_in",
    "decision_columns",
    "decision_counts_in",
    "decision_on",
    "decision_texts",
    "decisions_in",
    "insert_decisions",
    "last_decision_in",
]

_NAMES = (
    *("policy", "model", "settings", "assistant", "cell_key", "fact_sha", "question_sha"),
    *("input_characters", "outcome", "detail", "reply"),
)
DECISION_DDL = (
    """CREATE TABLE IF NOT EXISTS decisions (
  id INTEGER PRIMARY KEY, policy TEXT NOT NULL, model TEXT NOT NULL, settings TEXT NOT NULL, assistant TEXT NOT NULL,
  cell_key TEXT NOT NULL, fact_sha TEXT NOT NULL, question_sha TEXT, input_characters INTEGER NOT NULL,
  outcome TEXT NOT NULL, detail TEXT NOT NULL, reply TEXT)""",
    "CREATE INDEX IF NOT EXISTS decisions_by_fact ON decisions (fact_sha)",
)
"""A row each time a model was asked about a fact: `fact_sha` and `question_sha` are keys of `texts`, the second null
where the decision holds for every question; `detail` is the outcome as JSON; `reply` the reply as JSON, null for a
failure. Of several rows on the same fact and question the first with an answer holds. Rows are added, never changed."""

_INSERT = f"INSERT INTO decisions ({', '.join(_NAMES)}) VALUES ({', '.join('?' * len(_NAMES))})"
_SELECT = f"""SELECT {", ".join("d." + name for name in _NAMES)}, f.text, q.text FROM decisions d
  LEFT JOIN texts f ON f.sha = d.fact_sha LEFT JOIN texts q ON q.sha = d.question_sha"""
_BETWEEN = f"{_SELECT} WHERE d.id > ? AND d.id <= ? ORDER BY d.id"
_ON_FACT = f"""{_SELECT} WHERE d.policy = ? AND d.fact_sha = ? AND (d.question_sha IS NULL OR d.question_sha = ?)
  ORDER BY d.outcome = 'failed', d.id LIMIT 1"""
_NUMBER_OF_TEXTS = 2
_LARGEST_ID = 2**63 - 1
_COUNTS = """SELECT policy, model, outcome, count(*) FROM (
    SELECT policy, model, outcome, row_number() OVER (
      PARTITION BY policy, fact_sha, question_sha ORDER BY outcome = 'failed', id) AS place FROM decisions)
  WHERE place = 1 GROUP BY policy, model, outcome ORDER BY policy, model"""
_encoder = msgspec.json.Encoder()
_outcome = msgspec.json.Decoder(DecisionOutcome)
_reply = msgspec.json.Decoder(Reply)
_settings = msgspec.json.Decoder(ModelSettings)


def decision_texts(decision: FactDecision) -> Iterator[tuple[str, str]]:
    """(hash, text) of the fact and the question."""
    for text in (decision.fact, decision.question):
        if text:
            yield text_sha(text), text


def decision_columns(decision: FactDecision) -> tuple[str | int | None, ...]:
    """The values of a row."""
    values: Mapping[str, str | int | None] = {
        "policy": decision.policy,
        "model": decision.model,
        "settings": _encoder.encode(decision.settings).decode(),
        "assistant": decision.assistant,
        "cell_key": decision.cell_key,
        "fact_sha": text_sha(decision.fact),
        "question_sha": text_sha(decision.question) if decision.question else None,
        "input_characters": decision.input_characters,
        "outcome": decision_outcome_name(decision),
        "detail": _encoder.encode(decision.outcome).decode(),
        "reply": None if decision.reply is None else _encoder.encode(decision.reply).decode(),
    }
    return tuple(values[name] for name in _NAMES)


def insert_decisions(database: sqlite3.Connection, decisions: Sequence[FactDecision]) -> None:
    """Add rows, within a transaction of the caller."""
    database.executemany(_INSERT, [decision_columns(decision) for decision in decisions])


def decisions_in(database: sqlite3.Connection, *, after: int = 0, upto: int = _LARGEST_ID) -> Iterator[FactDecision]:
    """The decisions of a store, the oldest first; none where it has no table of them.

    A row that is damaged is left out: the fact is asked about again.

    Args:
        database: The store.
        after: Id of the last row that is known; 0: from the start.
        upto: Id of the last row that is wanted.

    Raises:
        sqlite3.Error: The file is damaged.
    """
    if not _holds_decisions(database):
        return
    for row in database.execute(_BETWEEN, (after, upto)):
        decision = _readable(row)
        if decision is not None:
            yield decision


def decision_on(
    database: sqlite3.Connection, fact: str, *, policy: str, question_sha: str | None
) -> FactDecision | None:
    """What holds for a fact under a policy: the first answer, or a failure; None where nothing that can be read does.

    Raises:
        sqlite3.Error: The file is damaged.
    """
    if not _holds_decisions(database):
        return None
    row = database.execute(_ON_FACT, (policy, text_sha(fact), question_sha)).fetchone()
    return None if row is None else _readable(row)


def decided_in(database: sqlite3.Connection) -> int:
    """Number of rows that have an answer: what a run paid for."""
    if not _holds_decisions(database):
        return 0
    (count,) = database.execute("SELECT count(*) FROM decisions WHERE outcome != 'failed'").fetchone()
    return int(count)


def last_decision_in(database: sqlite3.Connection) -> int:
    """Id of the newest row, 0 where there is none."""
    if not _holds_decisions(database):
        return 0
    (last,) = database.execute("SELECT max(id) FROM decisions").fetchone()
    return int(last or 0)


def decision_counts_in(database: sqlite3.Connection) -> tuple[DecisionCount, ...]:
    """What came of the questions about facts, by policy and model; each question counts once.

    Raises:
        sqlite3.Error: The file is damaged.
    """
    if not _holds_decisions(database):
        return ()
    found: dict[tuple[str, str], dict[DecisionOutcomeName, int]] = {}
    for policy, model, outcome, count in database.execute(_COUNTS):
        found.setdefault((policy, model), dict.fromkeys(DECISION_OUTCOMES, 0))[outcome] = int(count)
    return tuple(
        DecisionCount(policy=policy, model=model, asked=sum(outcomes.values()), outcomes=outcomes)
        for (policy, model), outcomes in found.items()
    )


def _holds_decisions(database: sqlite3.Connection) -> bool:
    found = database.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'decisions'")
    return bool(found.fetchone()[0])


def _readable(row: Sequence[str | int | None]) -> FactDecision | None:
    values = dict(zip(_NAMES, row[:-_NUMBER_OF_TEXTS], strict=True))
    fact, question = row[-_NUMBER_OF_TEXTS:]
    if fact is None or (question is None and values["question_sha"] is not None):
        return None
    try:
        decision = FactDecision(
            policy=str(values["policy"]),
            model=str(values["model"]),
            settings=_settings.decode(str(values["settings"])),
            assistant=str(values["assistant"]),
            cell_key=str(values["cell_key"]),
            fact=str(fact),
            question=str(question or ""),
            outcome=_outcome.decode(str(values["detail"])),
            reply=None if values["reply"] is None else _reply.decode(str(values["reply"])),
            input_characters=int(values["input_characters"] or 0),
        )
    except (msgspec.MsgspecError, UnicodeError, ValueError, TypeError, RecursionError):
        return None
    if decision.reply is None:
        return decision if isinstance(decision.outcome, Failed) else None
    return None if isinstance(admitted(decision.reply), Unfit) else decision
