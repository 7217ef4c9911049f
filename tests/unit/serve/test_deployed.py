from __future__ import annotations

import pytest

from evenhand.errors import UsageError
from evenhand.mitigate.named import mitigation_spec
from evenhand.mitigate.policy import MemoryPolicy, PromptPolicy
from evenhand.serve.deployed import deployed, deployed_spec
from evenhand.serve.form import shipped_forms


def test_a_policy_is_deployed_with_its_options_and_the_hash_of_its_texts() -> None:
    live = deployed("gate?threshold=2", shipped_forms())
    assert isinstance(live.policy, MemoryPolicy)
    assert (live.name, live.digest) == ("gate?threshold=2", mitigation_spec("gate?threshold=2").prompts_sha256)
    assert isinstance(deployed("instruct", shipped_forms()).policy, PromptPolicy)
    assert deployed("none", shipped_forms()).policy is None
    assert deployed_spec(mitigation_spec("gate"), shipped_forms()).name == "gate"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("gatee", "the policy is 'gatee' (did you mean 'gate'?)"),
        ("gate?treshold=2", "has no option 'treshold' (did you mean 'threshold'?)"),
        ("gate?threshold=-1", "write a number above 0"),
        ("consensus", "asks the assistant several times"),
        ("two_pass", "asks the assistant several times"),
        ("redact?by=both", "as 'redact?by=words'"),
        ("neutralise?by=tag", "as 'neutralise?by=words'"),
        ("write_tag?by=both", "as 'write_tag?by=words'"),
    ],
)
def test_a_policy_that_cannot_be_deployed_is_a_sentence(written: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        deployed(written, shipped_forms())
    assert said in str(refused.value)
