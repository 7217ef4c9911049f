"""The fixture `evenhand_audit`, as pytest finds it where the package is installed: real projects in a folder."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

pytest_plugins = ("pytester",)

POLICY = '[[rule]]\nname = "answers at all"\nmeasure = "accuracy"\nminimum = {minimum}\n'


def project(pytester: pytest.Pytester, body: str, *, minimum: float = 0.0, ini: str = "") -> pytest.RunResult:
    pytester.makefile(".toml", policy=POLICY.format(minimum=minimum))
    pytester.makeini(f"[pytest]\nevenhand_policy = policy.toml\n{ini}")
    pytester.makepyfile(f"import evenhand\nimport pytest\n\n{body}")
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly", "--strict-markers")


def marked(more: str = "", inside: str = "evenhand_audit.require_pass()") -> str:
    return (
        f'@pytest.mark.evenhand("simulated/null", preset="quick", design=evenhand.Design(\n'
        f'    kinds=("understanding",), items_per_kind=8, profiles_per_item=0, none_repeats=1){more})\n'
        f"def test_memory(evenhand_audit):\n    {inside}\n"
    )


def test_pytest_finds_it() -> None:
    assert [one.value for one in entry_points(group="pytest11", name="evenhand")] == ["evenhand.pytest_plugin"]


def test_an_audit_that_meets_the_policy_passes_and_is_not_asked_twice(pytester: pytest.Pytester) -> None:
    body = marked(inside="evenhand_audit.require_pass(); print('asked', evenhand_audit.run.asked.asked)")
    first = project(pytester, body)
    first.assert_outcomes(passed=1)
    (run,) = (pytester.path / ".evenhand" / "runs").iterdir()
    assert (run / "report.html").exists()
    again = pytester.runpytest_subprocess("-s", "-p", "no:cacheprovider")
    again.assert_outcomes(passed=1)
    assert "asked 0" in again.stdout.str()


def test_one_that_does_not_fails_with_the_reason_of_the_gate(pytester: pytest.Pytester) -> None:
    ended = project(pytester, marked(), minimum=0.999)
    ended.assert_outcomes(failed=1)
    ended.stdout.fnmatch_lines(["*evenhand gate: not met. Rule 'answers at all': simulated/null*below the minimum*"])


REFUSED = [
    ("def test_memory(evenhand_audit):\n    pass\n", "without saying whom to audit"),
    (marked(more=", polcy='p.toml'"), "the marker has 'polcy' (did you mean 'policy'?)"),
    (marked(more=", policy='none.toml'"), "cannot read the policy"),
    (marked().replace('"simulated/null"', '"simulated/nul"'), "simulated/nul'"),
    (marked().replace('"simulated/null", ', ""), "the marker names no model"),
]


def test_what_cannot_be_meant_is_one_sentence(pytester: pytest.Pytester) -> None:
    body = "\n".join(body.replace("test_memory", f"test_{place}") for place, (body, _) in enumerate(REFUSED))
    ended = project(pytester, body)
    ended.assert_outcomes(errors=len(REFUSED))
    for _, said in REFUSED:
        assert said in ended.stdout.str()


def test_a_budget_leaves_an_unfinished_run_that_does_not_pass(pytester: pytest.Pytester) -> None:
    ended = project(pytester, marked(more=", max_calls=10"), ini="addopts = -o evenhand_policy=")
    ended.assert_outcomes(failed=1)
