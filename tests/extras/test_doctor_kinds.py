"""`evenhand doctor` on the endpoints that need extras."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from evenhand.doctor.checks import checks_of
from evenhand.doctor.examine import examine
from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.context import EndpointContext
from evenhand.endpoints.inspect_ai import InspectEndpoint
from evenhand.endpoints.kinds import open_endpoint
from evenhand.records.checkup import CheckName
from evenhand.records.message import USUAL_SETTINGS
from evenhand.records.plan import ModelSpec

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("default")]  # other people's deprecations


def test_local_weights_pass_every_check_but_that_of_sense(tiny_llama: Path) -> None:
    """Random weights read a system message, repeat themselves and give log-probabilities."""
    seen = examine(ModelSpec(name=f"hf/{tiny_llama}", settings=USUAL_SETTINGS))
    results = {check.name: check.result for check in checks_of(seen)}
    assert (seen.standstill, seen.asked, seen.answered, seen.logprobs) == (None, 10, 10, 10)
    assert (seen.memory, seen.repeats, seen.different) == ("read", 3, 1)
    named: tuple[CheckName, ...] = (
        "model",
        "reachable",
        "log-probabilities",
        "system role",
        "repeats",
        "speed",
        "cost of ten calls",
    )
    assert {results[name] for name in named} == {"fine"}
    assert results["answers"] == ("fine" if seen.readable == 10 else "note" if seen.readable > 5 else "failed")


def test_a_checkpoint_that_is_not_there_is_told(tmp_path: Path) -> None:
    seen = examine(ModelSpec(name=f"hf/{tmp_path}/nothing", settings=USUAL_SETTINGS))
    assert (seen.standstill, seen.asked) == ("model", 0)


def test_a_provider_of_inspect_ai(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its mock model says the same letter whatever it is asked, and counts the same tokens."""
    from inspect_ai.model import ModelOutput, ModelUsage

    said = ModelOutput.from_content("mockllm/model", "B")
    said.usage = ModelUsage(input_tokens=9, output_tokens=1)  # otherwise the mock counts, and fetches a vocabulary

    def opened(spec: ModelSpec, context: EndpointContext) -> Endpoint:
        endpoint = open_endpoint(spec, context=context)
        assert isinstance(endpoint, InspectEndpoint)
        endpoint._model.api.outputs = itertools.repeat(said)
        return endpoint

    monkeypatch.setattr("evenhand.doctor.examine.open_endpoint", opened)
    seen = examine(ModelSpec(name="inspect/mockllm/model", settings=USUAL_SETTINGS))
    results = {check.name: check.result for check in checks_of(seen)}
    assert (seen.standstill, seen.asked, seen.answered, seen.readable) == (None, 10, 10, 10), seen.said
    assert (results["answers"], results["repeats"], results["log-probabilities"]) == ("fine", "fine", "note")
    assert (seen.memory, results["system role"]) == ("dropped", "failed"), "as many tokens with a profile as without"
