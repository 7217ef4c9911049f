"""Every reported and every own case reads as it should, by way of a chat answer, the endpoint and the judge."""

from __future__ import annotations

import pytest

from tests.support.answer_cases import Case, as_read, cases

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[f"{at}-{case.kind}" for at, case in enumerate(CASES)])
def test_a_case_is_read_as_it_should_be(case: Case) -> None:
    found = as_read(case)
    assert found == (pytest.approx(case.expected, abs=0.0015) if isinstance(case.expected, list) else case.expected)
