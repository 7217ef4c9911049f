"""Option groups: a frozen dataclass of annotated options that several commands share.

`@takes(DesignOptions, RunOptions)` gives a command the options of both groups and hands it one value of each, so no
command mirrors another's parameters by hand.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

__all__ = ["takes"]


def takes(*groups: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command take option groups.

    The command's own parameters come first, then every field of every group as a keyword option. The command is
    called with one instance of each group, by position, before its own parameters by name.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = {one: get_type_hints(one, include_extras=True) for one in (command, *groups)}
        own = [
            parameter.replace(annotation=hints[command][parameter.name])
            for parameter in list(inspect.signature(command).parameters.values())[len(groups) :]
        ]
        fields = [(group, field) for group in groups for field in dataclasses.fields(group)]
        shared = [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=_default(field),
                annotation=hints[group][field.name],
            )
            for group, field in fields
        ]

        def run(**values: Any) -> None:
            made = [group(**{f.name: values.pop(f.name) for f in dataclasses.fields(group)}) for group in groups]
            command(*made, **values)

        parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + shared
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by typer
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default
