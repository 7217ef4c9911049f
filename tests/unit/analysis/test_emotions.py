"""Keyed against chosen emotion, by group."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.findings.emotions import keyed_emotions
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import strata
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores


def test_shares_of_a_keyed_emotion_add_up_and_show_from_whom_it_is_taken() -> None:
    respondent = Respondent(gap=3.0, cell_sd=0.2)
    part = strata(simulated_scores(respondent, design=SimulatedDesign(), rng=np.random.default_rng(0)))[0]
    found = keyed_emotions(part)
    assert {one.keyed for one in found} == {"joy"}
    by_level = {level: [one for one in found if one.level == level] for level in ("advantaged", "disadvantaged")}
    for rows in by_level.values():
        assert sum(one.share for one in rows) == pytest.approx(1.0)
        assert all(one.low <= one.share <= one.high and one.items <= 24 for one in rows)
    right = {level: next(one for one in rows if one.chosen == "joy") for level, rows in by_level.items()}
    assert right["advantaged"].low > right["disadvantaged"].high
    scored = part.profiles().filter(part.profiles()[level_column("position")] == "advantaged")
    assert right["advantaged"].share == pytest.approx(scored["score"].mean())
