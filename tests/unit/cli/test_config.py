"""`evenhand.toml`: the command line wins, and what cannot be is refused with its line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.main

from evenhand.cli.config import read_settings, settings
from evenhand.cli.main import app
from evenhand.errors import InputError, UsageError
from tests.support.command import Ended

Cli = Callable[..., Ended]

SMALL = """\
models = ["simulated/null"]
preset = "quick"
kind = "understanding"
answer = ["letter"]
pairs = 1
placebo = 0.2
none-repeats = 1
logprobs = false

[profile.seeded]
seed = 3
pairs = 2
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evenhand.toml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def run(cli: Cli, line: str) -> Ended:
    return cli(*shlex.split(line))


def planned(folder: Path, name: str) -> dict[str, object]:
    plan: dict[str, object] = json.loads((folder / name / "plan.json").read_text(encoding="utf-8"))
    return plan


def refused(tmp_path: Path, text: str, *, environment: dict[str, str] | None = None) -> str:
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_settings(path, profile=None, environment=environment or {})
    return str(error.value)


def test_a_file_says_what_a_long_command_line_says(folder: Path, cli: Cli) -> None:
    told = run(cli, "plan --out told")
    assert told.code == 0, told.err
    assert "Settings of evenhand.toml: models, preset, kind, answer, pairs, placebo, none-repeats, logprobs" in told.err
    (folder / "evenhand.toml").unlink()
    options = "--preset quick --kind understanding --answer letter --pairs 1 --placebo 0.2 --none-repeats 1"
    assert run(cli, f"plan simulated/null {options} --no-logprobs --out written").code == 0
    assert planned(folder, "told")["sha256"] == planned(folder, "written")["sha256"]


def test_the_plan_shows_a_command_that_needs_no_file(folder: Path, cli: Cli) -> None:
    assert run(cli, "plan --profile seeded --replicates 2 --out first").code == 0
    shown = str(planned(folder, "first")["command"])
    assert "--profile" not in shown
    (folder / "evenhand.toml").unlink()
    again = shown.removeprefix("evenhand ").replace("first", "second")
    assert run(cli, again).code == 0
    assert planned(folder, "first")["sha256"] == planned(folder, "second")["sha256"]


def test_a_profile_wins_over_the_top_and_the_command_line_over_both(folder: Path, cli: Cli) -> None:
    assert run(cli, "plan --profile seeded --pairs 3 --out run").code == 0
    plan = planned(folder, "run")
    design = plan["design"]
    assert isinstance(design, dict)
    assert (plan["seed"], design["pairs_per_item"]) == (3, 3)
    assert run(cli, "plan --profile=seeded --out other").code == 0
    other = planned(folder, "other")["design"]
    assert isinstance(other, dict)
    assert other["pairs_per_item"] == 2


def test_a_file_elsewhere_is_named_and_budgets_reach_run_too(folder: Path, cli: Cli) -> None:
    (folder / "sub").mkdir()
    (folder / "evenhand.toml").rename(folder / "sub" / "mine.toml")
    assert run(cli, "plan --config sub/mine.toml --out run").code == 0
    (folder / "evenhand.toml").write_text("max-calls = 20\n", encoding="utf-8")
    ended = run(cli, "run run")
    assert ended.code == 6, ended.err
    assert "--max-calls" in ended.err


def test_every_option_of_audit_plan_and_run_is_a_setting_and_no_other_is() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group has commands
    keys = set()
    for name in ("audit", "plan", "run"):
        for parameter in commands[name].params:
            shown = parameter.opts[0].removeprefix("--")
            keys.add(shown if parameter.opts[0].startswith("--") else parameter.name)
    of_the_machines = {"engine", "address", "part", "workers"}
    assert keys - {"config", "profile", "help", "directory"} - of_the_machines == set(settings())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('\nprest = "quick"', "line 2: unknown key 'prest' (did you mean 'preset'?); known are models, out"),
        ("base_url = 'x'", "line 1: unknown key 'base_url' (did you mean 'base-url'?)"),
        ('preset = "quik"', "line 1: preset is 'quik' (did you mean 'quick'?); it takes one of: quick, standard"),
        ('pairs = "2"', "pairs is '2'; it takes a whole number of at least 0"),
        ("pairs = true", "pairs is True; it takes a whole number"),
        ("pairs = -1", "pairs is -1; it takes a whole number of at least 0"),
        ("margin = 0.9", "margin is 0.9; it takes a number of at least 0.0001 and at most 0.5"),
        ("logprobs = 1", "logprobs is 1; it takes true or false"),
        ("base-url = 3", "base-url is 3; it takes a text in quotes"),
        ("bank = [1]", 'bank is [1]; it takes a list of texts, such as ["a", "b"]'),
        ("profile = 3", "profile is no table; begin one with a line [profile.NAME]"),
        ("[profile.x]\nseed = 'a'", "line 2, profile 'x': seed is 'a'"),
        ("[profile.x]\nsed = 1", "line 2, profile 'x': unknown key 'sed' (did you mean 'seed'?)"),
        ("[profile.x.profile.y]\nseed = 1", "profile 'x': unknown key 'profile'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        'api-key = "x"',
        'api_key = "x"',
        'api-key-env = "sk-proj-abcdefghijklmnop1234"',
        'api-key-env = "abcDEF1234567890abcdef12"',
        'header = ["Authorization=Bearer abcdefghijk"]',
        'header = ["api-key=abcDEF1234567890abcdef12"]',
        'set = ["api_key=abcdefgh"]',
        'base-url = "https://user:secretword@host/v1"',
        'models = ["openai/x", "sk-proj-abcdefghijklmnop1234"]',
        'out = "the-secret-value"',
        '[profile.x]\napi-key-env = "sk-proj-abcdefghijklmnop1234"',
    ],
)
def test_a_key_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    said = refused(tmp_path, text, environment={"MY_API_KEY": "the-secret-value"})
    assert 'put the key into an environment variable and name that, as in api-key-env = "OPENAI_API_KEY"' in said
    for secret in ("sk-proj", "abcDEF", "abcdefgh", "secretword", "the-secret-value", "Bearer"):
        assert secret not in said


def test_names_of_variables_are_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('api-key-env = "MY_KEY"\nheader = ["api-key=AZURE_OPENAI_KEY"]\n', encoding="utf-8")
    assert read_settings(path, profile=None, environment={}) == {
        "api_key_env": "MY_KEY",
        "header": ["api-key=AZURE_OPENAI_KEY"],
    }


def test_a_profile_that_is_not_there_is_refused(folder: Path, cli: Cli) -> None:
    with pytest.raises(UsageError, match=r"no profile 'seded' \(did you mean 'seeded'\?\); it has: seeded"):
        read_settings(folder / "evenhand.toml", profile="seded")
    (folder / "evenhand.toml").unlink()
    ended = run(cli, "audit --profile seeded")
    assert ended.code == 2
    assert "there is no 'evenhand.toml' here; name one with --config, or write one with `evenhand init`" in ended.err
    missing = run(cli, "audit --config no.toml")
    assert missing.code == 3
    assert "cannot read the settings 'no.toml' (No such file or directory)" in missing.err


@pytest.mark.parametrize(
    ("setting", "does"),
    [
        ('api-key-env = "MY_KEY"', "api-key-env sends a key"),
        ('header = ["api-key=MY_KEY"]', "header sends a key"),
        ("yes = true", "yes spends without asking"),
    ],
)
def test_a_file_that_is_only_found_sends_no_key_and_spends_nothing(
    folder: Path, cli: Cli, setting: str, does: str
) -> None:
    (folder / "evenhand.toml").write_text(f"{SMALL}\n[profile.x]\n{setting}\n", encoding="utf-8")
    found = run(cli, "audit --profile x --max-calls 5")
    assert found.code == 2
    assert f"'evenhand.toml' was found here and not named, and its {does}; read it, then name it" in found.err
    assert not (folder / "runs").exists()
    assert run(cli, "audit --config evenhand.toml --profile x --max-calls 5 --out named").code in (5, 6)
    assert run(cli, "audit --max-calls 5 --out other").code == 6, "a profile that is not chosen does nothing"
    assert run(cli, "plan --profile x --out planned").code == 0, "a plan sends nothing and spends nothing"
