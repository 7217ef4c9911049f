"""The modules whose faults must be noticed, one record a target; add yours here."""

from __future__ import annotations

from pathlib import Path

from tests.mutants.runner import ROOT, Target

__all__ = ["TARGETS"]

_FLOOR = 0.6
"""Least share of the targets of `analysis`."""


def _modules_in(folder: str) -> tuple[str, ...]:
    """Every module of a folder of the package, so that a new one belongs to its target at once."""
    paths = sorted(Path(ROOT, "src", folder).glob("[!_]*.py"))
    return tuple(".".join((*Path(folder).parts, path.stem)) for path in paths)


TARGETS: tuple[Target, ...] = (
    Target(
        name="row gate",
        modules=("evenhand.store.gate",),
        tests=("tests/unit/store/test_gate.py",),
    ),
    Target(
        name="files of tables",
        modules=(
            "evenhand.tabular.encoding",
            "evenhand.tabular.separator",
            "evenhand.bank.importers.keys",
        ),
        tests=(
            "tests/unit/tabular/test_encoding.py",
            "tests/unit/tabular/test_separator.py",
            "tests/unit/bank/importers/test_keys.py",
        ),
        most=150,
    ),
    Target(
        name="reader",
        modules=(
            "evenhand.reading.claims",
            "evenhand.reading.declining",
            "evenhand.reading.fields",
            "evenhand.reading.mentions",
            "evenhand.reading.plain",
            "evenhand.reading.read",
            "evenhand.reading.thoughts",
            "evenhand.scoring.extractors.regex",
            "evenhand.scoring.extractors.yes_no",
            "evenhand.scoring.outcome",
            "evenhand.scoring.llm_extract",
            "evenhand.scoring.probability",
            "evenhand.endpoints.openai.finish",
            "evenhand.endpoints.letter_logprobs",
        ),
        tests=(
            "tests/unit/reading",
            "tests/unit/scoring/test_extractors.py",
            "tests/unit/scoring/test_llm_extract.py",
            "tests/unit/scoring/test_outcome.py",
            "tests/unit/scoring/test_probability.py",
            "tests/unit/endpoints/openai/test_finish.py",
            "tests/unit/endpoints/test_letter_logprobs.py",
        ),
        most=150,
    ),
    Target(
        name="analysis",
        modules=tuple(
            module
            for room in ("", "/estimators", "/findings", "/table")
            for module in _modules_in(f"evenhand/analysis{room}")
        ),
        tests=(
            "tests/unit/analysis",
            "tests/unit/scoring/judging/test_labels.py",
            "tests/unit/test_audit.py",
            "tests/unit/test_measurement_table.py",
            "tests/unit/test_open_answers.py",
            "tests/unit/test_score_table.py",
        ),
        most=300,
        least_killed=_FLOOR,
    ),
)
