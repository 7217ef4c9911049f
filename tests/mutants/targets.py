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
)
