"""The kind `hf/PATH`. Light to import: torch is loaded when a model is opened."""

from __future__ import annotations

import hashlib
from pathlib import Path

from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.context import EndpointContext
from evenhand.endpoints.hf.options import read_options
from evenhand.endpoints.kind import EndpointKind, ModelCheck, ModelName, named_with_options
from evenhand.errors import EndpointError, MissingExtraError
from evenhand.records.model_spec import ModelSpec, SourceFile

__all__ = ["HUGGING_FACE"]


def _open(name: ModelName, spec: ModelSpec, context: EndpointContext) -> Endpoint:
    options = read_options(name.options, name=spec.name)
    try:
        from evenhand.endpoints.hf.endpoint import HuggingFaceEndpoint  # torch and transformers
    except ImportError as error:
        raise MissingExtraError(
            f"{spec.name!r} needs the extra 'hf'; install it with: pip install 'evenhand[hf]'."
        ) from error
    return HuggingFaceEndpoint(name.rest, name=spec.name, options=options, connection=context.connection)


def _check(check: ModelCheck) -> None:
    options = read_options(check.name.options, name=check.spec.name)
    if options.letters == "likeliest" and not check.spec.settings.logprobs:
        raise EndpointError(
            f"The option letters of {check.spec.name!r} is 'likeliest', which needs log-probabilities; "
            "ask for them, or let the letters be 'written'."
        )


def _sources(spec: ModelSpec) -> tuple[SourceFile, ...]:
    """The file that steers the model, where there is one."""
    path = named_with_options(spec.name, spec, kind="hf").options.get("steer")
    if not path:
        return ()
    try:
        found = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise EndpointError(f"The steering file {path!r} cannot be read ({error.strerror}); check the path.") from error
    return (SourceFile(name=path, sha256=hashlib.sha256(found).hexdigest()),)


HUGGING_FACE = EndpointKind(
    prefix="hf",
    open=_open,
    check=_check,
    paid=lambda spec: False,
    named=lambda rest, spec: named_with_options(rest, spec, kind="hf"),
    sources=_sources,
    local=True,
    gpu=True,
    sure_of_logprobs=True,
)
