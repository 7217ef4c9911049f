"""findings.json: written with names and sentences beside the numbers, read back from the numbers alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from evenhand.errors import InputError
from evenhand.records.findings import FINDINGS_SCHEMA, Findings
from evenhand.records.identity import finding_id
from evenhand.report.answer import answers_of
from evenhand.report.titles import estimand_of, title_of

__all__ = ["FINDINGS_FILE", "findings_document", "read_findings"]

FINDINGS_FILE = "findings.json"


class _Head(msgspec.Struct):
    """As much of a file as tells its version."""

    schema: str = ""


def findings_document(findings: Findings) -> dict[str, Any]:
    """The findings as plain values, each finding with its id, title and estimand for people and other programs.

    The three, and `answer` (what the page says as a whole), are made from the other fields; a reader of ours ignores
    them.
    """
    document: dict[str, Any] = msgspec.to_builtins(findings)
    document["answer"] = msgspec.to_builtins(answers_of(findings))
    for plain, finding in zip(document["findings"], findings.findings, strict=True):
        plain |= {"id": finding_id(finding), "title": title_of(finding), "estimand": estimand_of(finding)}
    return document


def read_findings(place: Path) -> Findings:
    """The findings in a run directory or file.

    Raises:
        InputError: There is no such file, it is not one, or another version wrote it; the message says what to do.
    """
    path = place / FINDINGS_FILE if place.is_dir() else place
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read findings from {str(path)!r} ({error.strerror}); make them with `evenhand analyse`"
        ) from error
    try:
        schema = msgspec.json.decode(text, type=_Head).schema
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{str(path)!r} does not hold findings of evenhand ({error})") from error
    if schema != FINDINGS_SCHEMA:
        again = path.parent if path.parent.joinpath("plan.json").exists() else "RUN"
        raise InputError(
            f"{str(path)!r} was written in the form {schema!r}; this version reads {FINDINGS_SCHEMA!r}; make the file "
            f"again with `evenhand analyse {again}`"
        )
    try:
        return msgspec.json.decode(text, type=Findings)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{str(path)!r} does not hold findings of evenhand ({error})") from error
