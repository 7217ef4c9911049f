"""`evenhand.toml`: the options of a long command line in a file; the command line wins.

A key of the file is an option without its dashes, and `models` for what is audited. A table `[profile.NAME]` holds
settings that `--profile NAME` adds; they win over those at the top.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import types
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typer
from msgspec import Struct

from evenhand.cli.batch_options import BatchOptions
from evenhand.cli.design_options import DesignOptions
from evenhand.cli.output import say
from evenhand.cli.run_options import RunOptions
from evenhand.errors import InputError, UsageError, near_miss
from evenhand.toml_file import TomlPlace

__all__ = ["CONFIG_FILE", "ConfigOptions", "Setting", "command_line", "read_settings", "say_settings", "settings"]

CONFIG_FILE = Path("evenhand.toml")
"""Where settings are looked for when no file is named: in the working directory."""
_NEXT = "`evenhand init` writes a file that explains the keys"
_META = "evenhand.config"
_OWN: Mapping[str, Any] = {"models": list[str], "out": str, "yes": bool, "json": bool, "shift": float}
"""Settings of `audit` and `plan` that belong to no group of options, with their types."""
_SECRET_KEYS = frozenset({"api-key", "api_key", "apikey", "key", "token", "secret", "password", "authorization"})
_NAMED_FILE_ONLY = {
    "api_key_env": "sends a key",
    "header": "sends a key",
    "yes": "spends without asking",
    "drop_unknown": "may pay for answers twice",
}
"""Settings that count only in a file that is named: whoever enters a folder has not read what lies there."""
_VARIABLES = ("api-key-env", "header")
"""Settings that name an environment variable."""


class Setting(Struct, frozen=True, kw_only=True):
    """One key of the file."""

    key: str
    """As in the file: the option without its dashes."""
    parameter: str
    """The parameter of a command that it fills."""
    type: Any
    """What it takes: `int`, `float`, `bool`, `str`, a `Literal` of texts, or `list[str]`."""
    least: float | None = None
    most: float | None = None


class _FileSettings(Struct, frozen=True, kw_only=True):
    """The settings that a command was given by a file."""

    source: str
    profile: str | None
    values: dict[str, Any]
    """Parameter -> value."""


def settings() -> dict[str, Setting]:
    """Every key that the file may have, with what it takes."""
    found = [Setting(key=key, parameter=key, type=kind) for key, kind in _OWN.items()]
    for group in (DesignOptions, RunOptions, BatchOptions):
        hints = get_type_hints(group, include_extras=True)
        found += [_setting(field.name, hints[field.name]) for field in dataclasses.fields(group)]
    return {one.key: one for one in found}


def _setting(parameter: str, annotation: Any) -> Setting:
    kind, option = get_args(annotation)
    names = (option.default, *(option.param_decls or ()))  # within Annotated, typer keeps the first name as default
    named = next((name for name in names if isinstance(name, str) and name.startswith("--")), None)
    key = (named or parameter.replace("_", "-")).removeprefix("--").partition("/")[0]
    return Setting(key=key, parameter=parameter, type=_plain(kind), least=option.min, most=option.max)


def _plain(kind: Any) -> Any:
    """The type as the file writes it: no None, and text for a path."""
    if isinstance(kind, types.UnionType) or get_origin(kind) is Union:
        (kind,) = (one for one in get_args(kind) if one is not types.NoneType)
    if get_origin(kind) is list:
        return list[str]
    return str if kind is Path else kind


def read_settings(path: Path, *, profile: str | None, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Parameter -> value, of the settings in a file.

    Args:
        path: The file.
        profile: The profile of settings that is added; None: only what is at the top.
        environment: Where keys are, so that none is taken from the file.

    Raises:
        InputError: The file cannot be read, or holds a key or a value that cannot be; with the line.
    """
    from evenhand.toml_file import read_toml

    file = read_toml(path, what="the settings", error=InputError, next_step=_NEXT)
    profiles = file.table.pop("profile", {})
    if not isinstance(profiles, dict) or not all(isinstance(one, dict) for one in profiles.values()):
        raise InputError(f"{file.where('profile')}: profile is no table; begin one with a line [profile.NAME]; {_NEXT}")
    values = _values(file.table, file.top(), environment)
    held = {
        name: _values(table, file.top().inner("profile", name, label=f"profile {name!r}"), environment)
        for name, table in profiles.items()
    }
    if profile is None:
        return values
    if profile not in held:
        known = ", ".join(held) or "none"
        raise UsageError(f"{str(path)!r} has no profile {profile!r}{near_miss(profile, held)}; it has: {known}")
    return values | held[profile]


def _values(table: Mapping[str, Any], place: TomlPlace, environment: Mapping[str, str]) -> dict[str, Any]:
    known = settings()
    for key in table:
        if key.lower() in _SECRET_KEYS:
            raise InputError(
                f"{place.at(key)}: {key} would hold a key, and this file is passed on; put the key into an environment "
                'variable and name that, as in api-key-env = "OPENAI_API_KEY"'
            )
    place.check_keys(table, known)
    values = {}
    for key, value in table.items():
        _check_no_secret(value, place, key, environment)
        values[known[key].parameter] = _checked(value, known[key], where=place.at(key))
    return values


def _checked(value: Any, setting: Setting, *, where: str) -> Any:
    """The value as its setting takes it; one text where several are taken is a list of one.

    Raises:
        InputError: It is of another type, or out of bounds.
    """
    import msgspec

    if setting.type == list[str] and isinstance(value, str):
        return [value]
    bounds: dict[str, Any] = {"ge": setting.least, "le": setting.most}
    kind = Annotated[setting.type, msgspec.Meta(**bounds)] if setting.type in (int, float) else setting.type
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        words = get_args(setting.type) if get_origin(setting.type) is Literal else ()
        near = near_miss(value, words) if isinstance(value, str) else ""
        raise InputError(f"{where}: {setting.key} is {value!r}{near}; it takes {_takes(setting)}") from error


def _takes(setting: Setting) -> str:
    """What a setting takes, in words."""
    if get_origin(setting.type) is Literal:
        return f"one of: {', '.join(get_args(setting.type))}"
    words = {
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        str: "a text in quotes",
        list[str]: 'a list of texts, such as ["a", "b"]',
    }
    least = "" if setting.least is None else f" of at least {setting.least:g}"
    most = "" if setting.most is None else f"{' and' if least else ' of'} at most {setting.most:g}"
    return f"{words[setting.type]}{least}{most}"


def _check_no_secret(value: object, place: TomlPlace, key: str, environment: Mapping[str, str]) -> None:
    """Refuse a text that is a key, or looks like one; the text is not repeated.

    Raises:
        InputError: It does.
    """
    from evenhand.endpoints.redact import redact
    from evenhand.run.secrets import secrets_of

    for text in value if isinstance(value, list) else [value]:
        if not isinstance(text, str):
            continue
        shown = text.partition("=")[2].strip() if key == "header" else text
        mixed = len(shown) >= 20 and any(map(str.islower, shown)) and any(map(str.isdigit, shown))
        own = any(secret in text for secret in secrets_of(environment=environment))
        if own or redact(shown) != shown or (key in _VARIABLES and mixed):
            raise InputError(
                f"{place.at(key)}: {key} holds what looks like a key, and this file is passed on; put the key into an "
                'environment variable and name that, as in api-key-env = "OPENAI_API_KEY"'
            )


def _took_config(ctx: typer.Context, value: Path | None) -> Path | None:
    _note(ctx, "config", value)
    return value


def _took_profile(ctx: typer.Context, value: str | None) -> str | None:
    _note(ctx, "profile", value)
    return value


def _note(ctx: typer.Context, name: str, value: object) -> None:
    """Note one of the two options; when both are known, the file fills what the command line leaves out."""
    if ctx.resilient_parsing:
        return
    noted = ctx.meta.setdefault(_META, {})
    noted[name] = value
    if {"config", "profile"} <= set(noted):
        own = {parameter.name for parameter in ctx.command.params}
        ctx.meta[_META] = found = _found(noted["config"], noted["profile"], own=own)
        if found is not None:
            ctx.default_map = found.values


def _found(config: Path | None, profile: str | None, *, own: Collection[str | None]) -> _FileSettings | None:
    """The settings of the file that is named, or that is here; None where there is none.

    Args:
        config: The file that is named.
        profile: The profile that is named.
        own: Parameters of the command; settings of others are left out.

    Raises:
        UsageError: A profile is named and there is no file, or a file that was only found here sends a key or spends.
    """
    path = CONFIG_FILE if config is None else config
    if config is None and not path.is_file():
        if profile is not None:
            raise UsageError(
                f"--profile {profile!r} is looked up in a file of settings, and there is no {str(path)!r} here; name "
                "one with --config, or write one with `evenhand init`"
            )
        return None
    values = {name: value for name, value in read_settings(path, profile=profile).items() if name in own}
    for name, does in _NAMED_FILE_ONLY.items():
        if config is None and values.get(name):
            raise UsageError(
                f"{str(path)!r} was found here and not named, and its {name.replace('_', '-')} {does}; read it, then "
                f"name it: --config {path}"
            )
    return _FileSettings(source=str(path), profile=profile, values=values)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConfigOptions:
    """The file of settings."""

    config: Annotated[
        Path | None,
        typer.Option(
            is_eager=True,
            callback=_took_config,
            help="File of settings; default: evenhand.toml here, where there is one.",
            rich_help_panel="Settings",
        ),
    ] = None
    profile: Annotated[
        str | None,
        typer.Option(
            is_eager=True,
            callback=_took_profile,
            help="Add the settings of [profile.NAME] in that file.",
            rich_help_panel="Settings",
        ),
    ] = None


def _from_file(ctx: typer.Context) -> dict[str, Any]:
    """Parameter -> value, of what the file has decided for this command."""
    found = ctx.meta.get(_META)
    if not isinstance(found, _FileSettings):
        return {}
    return {
        name: value
        for name, value in found.values.items()
        if (source := ctx.get_parameter_source(name)) is not None and source.name == "DEFAULT_MAP"
    }


def say_settings(ctx: typer.Context, *, quiet: bool = False) -> None:
    """Tell on standard error which file was read, and what it has decided."""
    found = ctx.meta.get(_META)
    if isinstance(found, _FileSettings) and not quiet:
        profile = "" if found.profile is None else f", profile {found.profile}"
        keys = {one.parameter: one.key for one in settings().values()}
        decided = ", ".join(keys[name] for name in _from_file(ctx)) or "nothing; the command line says it all"
        say(f"Settings of {found.source}{profile}: {decided}", error=True)


def command_line(ctx: typer.Context, *, arguments: Sequence[str] | None = None) -> list[str]:
    """The command as it would be written without a file of settings.

    Args:
        ctx: The command's context.
        arguments: What was written after the program's name; None: this process's.
    """
    written = list(sys.argv[1:] if arguments is None else arguments)
    kept: list[str] = []
    rest = iter(written)
    for word in rest:
        if word in ("--config", "--profile"):
            next(rest, None)
        elif not word.startswith(("--config=", "--profile=")):
            kept.append(word)
    by_parameter = {one.parameter: one for one in settings().values()}
    for name, value in _from_file(ctx).items():
        key = by_parameter[name].key
        for one in value if isinstance(value, list) else [value]:
            if key == "models":
                kept.append(one)
            elif isinstance(one, bool):
                kept += [f"--{key}" if one else f"--no-{key}"] if one or key == "logprobs" else []
            else:
                kept += [f"--{key}", str(one)]
    return ["evenhand", *kept]
