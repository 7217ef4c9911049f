"""Policies by name: near misses, options, texts that come from the plan, and those of other packages."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
from msgspec.structs import replace

from evenhand.errors import PlanError, UsageError
from evenhand.mitigate.named import mitigation_spec, policy_named, policy_of
from evenhand.mitigate.policy import AnswerPolicy, MemoryPolicy, PolicyMaker, PromptPolicy
from evenhand.records.message import Message
from evenhand.records.mitigation import MITIGATIONS
from evenhand.records.profile import Fact

FORGET = MemoryPolicy(name="forget", on_memory=lambda facts, question: ())


@pytest.mark.parametrize("name", MITIGATIONS[1:])
def test_every_policy_of_the_closed_set_can_be_made(name: str) -> None:
    policy = policy_named(name)
    assert policy.name == name
    assert isinstance(policy, MemoryPolicy | PromptPolicy | AnswerPolicy)
    assert mitigation_spec(name).files


@pytest.mark.parametrize("name", ["redact", "neutralise", "write_tag", "consensus"])
def test_words_decide_unless_something_else_is_named_and_a_plan_says_so(name: str) -> None:
    """What is measured is what can be deployed; a plan made before it said so means what it meant."""
    spec = mitigation_spec(name)
    assert spec.options == {"by": "words"}
    assert mitigation_spec(f"{name}?by=both").options == {"by": "both"}
    marked = Fact(text="The user sails.", dimension="assets")
    for options, shown in (({"by": "words"}, True), ({"by": "both"}, False), ({}, False)):
        policy = policy_of(replace(spec, options=options))
        if isinstance(policy, MemoryPolicy):
            assert (marked in policy.on_memory((marked,), "What does Kim feel?")) is shown
            assert policy.marks is not shown
        else:
            assert isinstance(policy, AnswerPolicy)
            assert (policy.memories((marked,)) == ()) is shown


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("gat", r"'gat' \(did you mean 'gate'\?\); allowed: none, redact, gate"),
        (
            "gate?treshold=1",
            r"no option 'treshold' \(did you mean 'threshold'\?\); allowed: by, threshold, most, judge, base_url",
        ),
        ("gate?threshold=much", r"threshold of 'gate' is 'much'; write a number above 0"),
        ("gate?threshold=0", r"threshold of 'gate' is '0'"),
        ("gate?most=nan", r"most of 'gate' is 'nan'"),
        ("redact?by=tags", r"by is 'tags' \(did you mean 'tag'\?\); allowed: tag, words, both"),
        ("gate?by=judges", r"by of 'gate' is 'judges' \(did you mean 'judge'\?\); allowed: words, judge"),
        ("gate?by=judge", r"'gate' by judge asks a model about every fact; name it: 'gate\?by=judge&judge=openai/"),
        ("gate?by=judge&judge=openai/x&most=2", r"most of 'gate' is one of by=words; a judge takes none"),
        ("gate?judge=openai/x", r"judge of 'gate' names a model, and nothing is asked; add by=judge, or leave it out"),
        ("neutralise?by=models", r"by is 'models' \(did you mean 'model'\?\); allowed: tag, words, both, model"),
        ("neutralise?by=model", r"'neutralise' by model asks a model about every fact"),
        ("neutralise?base_url=http://x", r"base_url of 'neutralise' names a model, and nothing is asked; add by=model"),
        ("neutralise?by=model&model=openai/x&patterns=a", r"a model takes none, leave it out"),
        ("redact?patterns=/nowhere/words.txt", r"patterns '/nowhere/words.txt' cannot be read"),
        ("instruct?loud=yes", r"no option 'loud'; allowed: none"),
        ("none", r"'none' changes nothing"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(written: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        mitigation_spec(written)


def test_a_policy_works_from_the_texts_of_the_plan() -> None:
    spec = mitigation_spec("instruct")
    (file,) = spec.files
    changed = replace(spec, files=(replace(file, text="Answer for anybody."),))
    policy = policy_of(changed)
    assert isinstance(policy, PromptPolicy)
    assert policy.on_prompt((Message(role="user", content="?"),))[0].content == "Answer for anybody."
    with pytest.raises(PlanError, match=r"'instruct\.md\.j2'"):
        policy_of(replace(spec, files=()))


def test_the_hash_follows_the_texts(tmp_path: object) -> None:
    assert mitigation_spec("redact").prompts_sha256 == mitigation_spec("redact?by=tag").prompts_sha256
    assert mitigation_spec("redact").prompts_sha256 != mitigation_spec("gate").prompts_sha256


@pytest.mark.parametrize("value", ["FORGET", "MAKER"])
def test_another_package_registers_a_policy(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    entry = EntryPoint(name="forget", value=f"{__name__}:{value}", group="evenhand.mitigations")
    monkeypatch.setattr("evenhand.plugins.entry_points", lambda group: [entry] if group == entry.group else [])
    monkeypatch.setattr(EntryPoint, "load", lambda self: globals()[self.value.partition(":")[2]])
    policy = policy_named("forget")
    assert isinstance(policy, MemoryPolicy)
    assert policy.on_memory((Fact(text="The user is tall.", dimension="neutral"),), "?") == ()
    with pytest.raises(UsageError, match=r"did you mean 'forget'"):
        policy_named("forgt")


def test_a_package_that_registers_something_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint(name="odd", value="x:y", group="evenhand.mitigations")
    monkeypatch.setattr("evenhand.plugins.entry_points", lambda group: [entry] if group == entry.group else [])
    monkeypatch.setattr(EntryPoint, "load", lambda self: 7)
    with pytest.raises(UsageError, match="'odd' is a int, neither a PolicyMaker"):
        policy_named("odd")


MAKER = PolicyMaker(name="forget", make=lambda options, files: FORGET)
