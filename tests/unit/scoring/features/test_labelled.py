"""Precision and recall of the features on hand-labelled sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.scoring.features.labelled import FEATURES, Accuracy, accuracies, labelled_sentences

PAGE = Path(__file__).parents[4] / "docs" / "open-answers.md"
ROWS = labelled_sentences()
DEVELOPMENT = tuple(row for row in ROWS if not row.held_out)
HELD_OUT = tuple(row for row in ROWS if row.held_out)


def test_there_are_more_than_two_hundred_sentences_and_every_label_is_a_feature() -> None:
    assert len(DEVELOPMENT) >= 200
    assert len(HELD_OUT) >= 60
    assert {label for row in ROWS for label in row.labels} == set(FEATURES)
    assert len({row.sentence for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("feature", FEATURES)
def test_each_feature_is_found_in_the_sentences_it_was_shaped_on(feature: str) -> None:
    found = accuracies(DEVELOPMENT)[feature]
    assert found.labelled >= 15
    assert found.precision >= 0.8
    assert found.recall >= 0.85


def test_precision_and_recall_are_counts_over_counts() -> None:
    found = Accuracy(sentences=10, labelled=4, found=5, both=3)
    assert (found.precision, found.recall) == (3 / 5, 3 / 4)


def test_the_page_holds_the_table_as_it_is_measured() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for rows, title in ((DEVELOPMENT, "development"), (HELD_OUT, "held out")):
        for name, found in accuracies(rows).items():
            if found.labelled:
                precision = "–" if not found.found else f"{found.precision:.2f}"
                cells = (name, title, found.labelled, found.found, precision, f"{found.recall:.2f}")
                line = f"| {' | '.join(map(str, cells))} |"
                assert line in text, line
