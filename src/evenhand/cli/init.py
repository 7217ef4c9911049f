"""`evenhand init`: a first file of settings and a first policy, by asking."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, get_args

import typer
from msgspec import Struct

from evenhand.cli.config import CONFIG_FILE
from evenhand.cli.design_options import DEFAULT_MODEL, PresetName
from evenhand.cli.output import say
from evenhand.errors import EndpointError, EvenhandError, UsageError, near_miss
from evenhand.records.item import ITEM_KINDS

__all__ = ["Wish", "register", "settings_text"]

_HELP = """Write a commented evenhand.toml (settings) and policy.toml (what the gate demands), by asking.

Nothing is overwritten. With --yes, and where there is no terminal, what is not given as an option takes its default.

Examples:

  evenhand init                                         asks for the model, what to ask, and a budget

  evenhand init --yes                                   the shipped specimen, offline

  evenhand init --yes --model openai/gpt-5.1 --preset quick --max-cost 5
"""
_POLICY = Path("policy.toml")
_PRESETS: tuple[str, ...] = get_args(PresetName)


class Wish(Struct, frozen=True, kw_only=True):
    """What a first file of settings says."""

    model: str = DEFAULT_MODEL
    base_url: str | None = None
    preset: str = "quick"
    kind: tuple[str, ...] = ()
    max_cost: float | None = None
    max_calls: int | None = None


def init(
    model: Annotated[str | None, typer.Option(help="Model that is audited.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of its server, where it is one of your own.")] = None,
    preset: Annotated[PresetName | None, typer.Option(help="How much is asked.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help=f"Only these kinds of items; may be repeated: {', '.join(ITEM_KINDS)}.")
    ] = None,
    max_cost: Annotated[float | None, typer.Option(min=0, help="Budget in US dollars.")] = None,
    max_calls: Annotated[int | None, typer.Option(min=1, help="Budget in calls.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; defaults for what is not given.")] = False,
) -> None:
    """Filled from `_HELP`."""
    if CONFIG_FILE.exists():
        raise UsageError(f"{str(CONFIG_FILE)!r} exists and is not overwritten; edit it, or move it away first")
    given = Wish(
        model=model or DEFAULT_MODEL,
        base_url=base_url,
        preset=preset or "quick",
        kind=_kinds(kind or []),
        max_cost=max_cost,
        max_calls=max_calls,
    )
    if not yes and sys.stdin.isatty():
        given = _asked(given, known={"model": model, "preset": preset, "kind": kind})
    _check(given)
    _write(CONFIG_FILE, settings_text(given))
    say(f"Settings: {CONFIG_FILE}")
    _write_policy()
    say("Next: `evenhand doctor` looks whether the model can be audited, and `evenhand plan` what that costs;")
    say("`evenhand audit` asks and writes a report; `evenhand gate RUN --policy policy.toml` decides by it.")


def settings_text(wish: Wish) -> str:
    """A commented file of settings that says what was wished."""
    from importlib.resources import files

    from jinja2 import Environment, StrictUndefined

    template = files("evenhand.cli").joinpath("evenhand.toml.j2").read_text(encoding="utf-8")
    values: dict[str, str] = {"models": _toml([wish.model]), "preset": _toml(wish.preset)}
    optional: dict[str, tuple[object, object]] = {
        "base_url": (wish.base_url, "http://127.0.0.1:8000/v1"),
        "kind": (list(wish.kind) or None, ["understanding"]),
        "max_cost": (wish.max_cost, 5),
        "max_calls": (wish.max_calls, 5000),
    }
    for name, (value, example) in optional.items():
        values[name] = _toml(example if value is None else value)
        values[f"{name}_mark"] = "# " if value is None else ""
    # The text is TOML, not a page: `_toml` quotes every value.
    environment = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    return environment.from_string(template).render(values)


def _toml(value: object) -> str:
    """A text, a number or a list of texts as TOML writes it."""
    import json

    if isinstance(value, float) and value == int(value):
        value = int(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _kinds(values: list[str]) -> tuple[str, ...]:
    for value in values:
        if value not in ITEM_KINDS:
            raise UsageError(
                f"--kind got {value!r}{near_miss(value, ITEM_KINDS)}; it takes one of: {', '.join(ITEM_KINDS)}"
            )
    return tuple(values)


def _check(wish: Wish) -> None:
    """Raise where the model cannot be meant, or its address holds a key.

    Raises:
        EndpointError: Either is so.
    """
    from evenhand.endpoints.kinds import check_model
    from evenhand.records.plan import ModelSpec

    check_model(ModelSpec(name=wish.model, base_url=wish.base_url))


def _asked(wish: Wish, *, known: dict[str, object]) -> Wish:
    """The wish with the answers of the person at the terminal; what was given as an option is not asked."""
    from msgspec.structs import replace

    from evenhand.endpoints.kinds import read_name
    from evenhand.endpoints.openai.providers import PROVIDERS
    from evenhand.records.plan import ModelSpec

    if known["model"] is None:
        wish = replace(wish, model=_model())
    if wish.base_url is None and read_name(ModelSpec(name=wish.model)).kind in PROVIDERS:
        address = typer.prompt("Address of its server (empty: the usual one of its prefix)", default="", err=True)
        wish = replace(wish, base_url=address.strip() or None)
    if known["preset"] is None:
        wish = replace(wish, preset=_choice("How much is asked", _PRESETS, default="quick"))
    if known["kind"] is None:
        wish = replace(wish, kind=_chosen_kinds())
    return _budget(wish)


def _model() -> str:
    """A model that can be meant; asked again until there is one."""
    while True:
        name = str(typer.prompt("Model (prefix/NAME, such as openai/gpt-5.1)", default=DEFAULT_MODEL, err=True)).strip()
        try:
            _check(Wish(model=name))
        except EndpointError as error:
            say(str(error), error=True)
        else:
            return name


def _choice(question: str, words: tuple[str, ...], *, default: str) -> str:
    while True:
        word = str(typer.prompt(f"{question} ({', '.join(words)})", default=default, err=True)).strip()
        if word in words:
            return word
        say(f"{word!r} is none of them{near_miss(word, words)}", error=True)


def _chosen_kinds() -> tuple[str, ...]:
    while True:
        words = str(
            typer.prompt(f"Only these kinds of items ({', '.join(ITEM_KINDS)}; empty: all)", default="", err=True)
        )
        try:
            return _kinds(words.replace(",", " ").split())
        except UsageError as error:
            say(str(error), error=True)


def _budget(wish: Wish) -> Wish:
    """The wish with a budget: dollars where a price is known, else calls; none for what costs nothing."""
    from msgspec.structs import replace

    from evenhand.endpoints.kinds import kind_of
    from evenhand.plan.cost import find_price
    from evenhand.records.plan import ModelSpec

    spec = ModelSpec(name=wish.model, base_url=wish.base_url)
    if wish.max_cost is not None or wish.max_calls is not None or not kind_of(spec).paid(spec):
        return wish
    if find_price(spec) is not None:
        return replace(wish, max_cost=_number("Stop at how many US dollars", default=5.0))
    return replace(wish, max_calls=int(_number("Its price is not known; stop after how many calls", default=5000)))


def _number(question: str, *, default: float) -> float:
    while True:
        given = float(typer.prompt(question, default=default, type=float, err=True))
        if given > 0:
            return given
        say("a number above 0, please", error=True)


def _write_policy() -> None:
    from evenhand.gate.policy_file import policy_text

    if _POLICY.exists():
        say(f"Policy: {_POLICY} (it was there before and is left as it is)")
        return
    _write(_POLICY, policy_text())
    say(f"Policy: {_POLICY}")


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{str(path)!r} exists and is not overwritten; move it away first") from error
    except OSError as error:
        raise EvenhandError(
            f"cannot write {str(path)!r} ({error.strerror}); run `evenhand init` in a folder that can be written"
        ) from error


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init", help=_HELP)(init)
