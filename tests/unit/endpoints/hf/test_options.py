"""Options of local weights: read from their texts, refused with what is allowed."""

from __future__ import annotations

import pytest

from evenhand.endpoints.hf.options import HuggingFaceOptions, read_options
from evenhand.endpoints.kinds import check_model
from evenhand.errors import EndpointError
from evenhand.records.message import ModelSettings
from evenhand.records.model_spec import ModelSpec


def test_options_are_read_from_their_texts() -> None:
    texts = {"batch": "4", "device": "cpu", "dtype": "bfloat16", "letters": "likeliest", "prefix_cache_mb": "0"}
    expected = HuggingFaceOptions(batch=4, device="cpu", dtype="bfloat16", letters="likeliest", prefix_cache_mb=0)
    assert read_options(texts, name="hf/x") == expected
    assert read_options({}, name="hf/x") == HuggingFaceOptions()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batches": "4"}, r"'hf/x' has no option 'batches' \(did you mean 'batch'\?\); allowed: batch, device, dtype"),
        ({"batch": "0"}, "The option batch of 'hf/x' is '0'; give a whole number from 1"),
        ({"batch": "²"}, "The option batch of 'hf/x' is '²'; give a whole number from 1"),
        ({"prefix_cache_mb": "-1"}, "prefix_cache_mb of 'hf/x' is '-1'; give a whole number from 0"),
        ({"dtype": "bfloat61"}, r"dtype of 'hf/x' is 'bfloat61' \(did you mean 'bfloat16'\?\); allowed: auto, float32"),
        ({"letters": "likely"}, r"letters of 'hf/x' is 'likely' \(did you mean 'likeliest'\?\); allowed: written"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_a_plan_is_written(options: dict[str, str], message: str) -> None:
    with pytest.raises(EndpointError, match=message):
        check_model(ModelSpec(name="hf/x", options=options))


def test_options_in_the_name_are_read_too() -> None:
    with pytest.raises(EndpointError, match="batch of 'hf/x\\?batch=none' is 'none'"):
        check_model(ModelSpec(name="hf/x?batch=none"))


def test_the_likeliest_letter_needs_log_probabilities() -> None:
    options = {"letters": "likeliest"}
    check_model(ModelSpec(name="hf/x", options=options, settings=ModelSettings(logprobs=True)))
    with pytest.raises(EndpointError, match="which needs log-probabilities"):
        check_model(ModelSpec(name="hf/x", options=options, settings=ModelSettings(logprobs=False)))
