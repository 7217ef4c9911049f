"""The modules whose faults must be noticed, one record a target; add yours here."""

from __future__ import annotations

from tests.mutants.runner import Target

__all__ = ["TARGETS"]

TARGETS: tuple[Target, ...] = (
    Target(
        name="probability",
        modules=("evenhand.scoring.probability",),
        tests=("tests/unit/scoring/test_probability.py",),
    ),
    Target(
        name="tables",
        modules=(
            "evenhand.analysis.table.predicted_label",
            "evenhand.analysis.table.factor_kinds",
            "evenhand.analysis.table.prediction_scores",
            "evenhand.analysis.table.user_arms",
            "evenhand.analysis.table.repeats",
            "evenhand.tabular.encoding",
            "evenhand.tabular.separator",
            "evenhand.bank.importers.keys",
        ),
        tests=(
            "tests/unit/analysis/test_predicted_label.py",
            "tests/unit/analysis/test_predictions.py",
            "tests/unit/analysis/test_strange_tables.py",
            "tests/unit/tabular/test_encoding.py",
            "tests/unit/tabular/test_separator.py",
            "tests/unit/bank/importers/test_keys.py",
        ),
    ),
)
