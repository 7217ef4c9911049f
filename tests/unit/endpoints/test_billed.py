from __future__ import annotations

from evenhand.endpoints.billed import billed_tokens
from evenhand.records.message import Usage


def test_tokens_that_are_not_reported_are_counted_from_the_characters_and_never_as_none() -> None:
    assert billed_tokens(Usage(input_tokens=7, output_tokens=2), input_characters=400, output_characters=40) == (7, 2)
    assert billed_tokens(Usage(), input_characters=401, output_characters=1) == (101, 1)
    assert billed_tokens(Usage(input_tokens=0, output_tokens=0), input_characters=8, output_characters=8) == (2, 2)
    assert billed_tokens(Usage(), input_characters=0, output_characters=0) == (0, 0)
    assert billed_tokens(Usage(), input_characters=4, output_characters=0, cut=512) == (1, 512)
