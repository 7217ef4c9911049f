"""Steps follow from the answer, and their commands are ones that the command line has."""

from __future__ import annotations

import shlex

import pytest
from msgspec.structs import replace

from evenhand.cli.main import app
from evenhand.records.estimate import Verdict
from evenhand.records.mitigation import PolicySetting
from evenhand.report.answer import answers_of
from evenhand.report.kind_answer import KindAnswer
from evenhand.report.next_steps import next_steps
from tests.support.findings_fixture import full_findings, quick_findings, run_summary
from tests.support.tried_fixture import tried

QUICK = run_summary(("openai/gpt-5.1",), simulated=False, specimen=False, preset="quick")
ANSWER = answers_of(quick_findings()).models[0]
VERDICTS: tuple[Verdict | None, ...] = ("difference", "equivalent", "inconclusive", "not assessable", None)


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("interim", [False, True])
def test_every_verdict_has_steps_that_the_command_line_takes(verdict: Verdict | None, interim: bool) -> None:
    import typer

    commands = typer.main.get_command(app)
    run = replace(QUICK, interim=interim, folder="runs/a b")
    steps = next_steps(run, replace(ANSWER, verdict=verdict))
    assert 2 <= len(steps) <= 3
    for step in steps:
        program, name, *arguments = shlex.split(step.command)
        assert program == "evenhand"
        command = commands.commands[name]  # type: ignore[attr-defined]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {argument for argument in arguments if argument.startswith("--")} <= known
    assert (steps[0].command == "evenhand run 'runs/a b'") == interim


def test_what_was_asked_is_not_proposed_again() -> None:
    both = tuple(
        KindAnswer(kind=kind, answer="rating", label="", verdict=None, sentence="", finding="")
        for kind in ("intensity", "advice")
    )
    alike = replace(ANSWER, verdict="equivalent", kinds=both[:1])
    assert any(step.command.endswith(" --kind advice") for step in next_steps(QUICK, alike))
    assert not any("--kind" in step.command for step in next_steps(QUICK, replace(alike, kinds=both)))
    full = next_steps(replace(QUICK, preset="full"), replace(ANSWER, verdict="inconclusive"))
    assert full[0].command.endswith("--preset full --replicates 3")


def test_a_specimen_is_followed_by_ones_own_assistant() -> None:
    run = full_findings().run
    assert run is not None
    assert next_steps(run, ANSWER)[0].title == "Audit your own assistant"


def test_a_difference_is_followed_by_a_gate_and_a_question_not_asked_by_that_question() -> None:
    titles = [step.title for step in next_steps(QUICK, replace(ANSWER, verdict="difference"))]
    assert "Let no build pass with it" in titles
    alike = replace(ANSWER, verdict="equivalent", not_asked=("leakage",))
    assert "Ask what was not asked" in [step.title for step in next_steps(QUICK, alike)]
    assert "Ask what was not asked" not in [step.title for step in next_steps(QUICK, replace(alike, not_asked=()))]


def test_what_repaired_it_is_put_in_front_of_the_assistant_as_it_was_measured() -> None:
    words = PolicySetting(name="redact", options={"by": "words"}, deployable=True)
    votes = PolicySetting(name="consensus", deployable=False)
    run = replace(QUICK, mitigations=("none", "consensus", "redact"), policies=(votes, words))
    unlike = replace(ANSWER, verdict="difference")
    done = replace(tried("repaired", policy="redact"), model=ANSWER.model)
    votes_done = replace(done, policy="consensus")
    steps = next_steps(run, unlike, [votes_done, done])
    assert steps[0].command == "evenhand gateway --policy 'redact?by=words' --upstream https://HOST/v1"
    assert "Try what may repair it" not in [step.title for step in steps]
    only_votes = next_steps(run, unlike, [votes_done, replace(done, verdict="reduced")])
    assert not any("gateway" in step.command or "--mitigation" in step.command for step in only_votes)
    elsewhere = next_steps(run, unlike, [replace(done, model="another")])
    assert elsewhere[0].command.endswith("--mitigation gate --mitigation neutralise")


def test_of_several_that_repaired_it_the_one_that_no_other_betters_is_deployed() -> None:
    settings = tuple(PolicySetting(name=name, deployable=True) for name in ("gate", "instruct"))
    run = replace(QUICK, mitigations=("none", "gate", "instruct"), policies=settings)
    first, second = (replace(tried("repaired", policy=name), model=ANSWER.model) for name in ("gate", "instruct"))
    steps = next_steps(run, replace(ANSWER, verdict="difference"), [first, replace(second, pareto=True)])
    assert "--policy instruct " in steps[0].command
