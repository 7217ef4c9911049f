"""A policy of a run as a report writes it can be read back as `--mitigation` and `--policy` read it."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from evenhand.mitigate.named import mitigation_spec, policy_of
from evenhand.mitigate.policy import unfit_for_gateway
from evenhand.records.mitigation import PolicySetting


@pytest.mark.parametrize(
    "written", ["instruct", "gate?threshold=2", "redact?by=both", "neutralise?by=model&model=openai/gpt-5.1"]
)
def test_a_setting_is_written_as_it_is_read(written: str) -> None:
    spec = mitigation_spec(written)
    setting = PolicySetting(name=spec.name, options=spec.options, deployable=True)
    assert mitigation_spec(setting.written) == spec
    assert setting.written == written


def test_values_with_signs_of_their_own_come_back() -> None:
    options = {"model": "openai/m?base_url=http://127.0.0.1:8000/v1&api_key_env=A_B", "note": "a + b = c"}
    setting = PolicySetting(name="redact", options=options, deployable=True)
    assert dict(parse_qsl(setting.written.partition("?")[2].replace("+", "%2B"))) == options


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("gate", None),
        ("instruct", None),
        ("redact?by=words", None),
        ("redact?by=both", "marks"),
        ("two_pass", "several calls"),
    ],
)
def test_why_a_gateway_cannot_carry_a_policy(written: str, why: str | None) -> None:
    assert unfit_for_gateway(policy_of(mitigation_spec(written))) == why
