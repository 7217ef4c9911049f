"""The kind `http:FILE.toml`. Light to import."""

from __future__ import annotations

from pathlib import Path

from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.context import EndpointContext
from evenhand.endpoints.kind import EndpointKind, ModelCheck, ModelName
from evenhand.endpoints.openai.providers import is_local
from evenhand.errors import EndpointError
from evenhand.records.model_spec import ModelSpec, SourceFile

__all__ = ["SERVICE"]


def _path(spec: ModelSpec) -> Path:
    rest = spec.name.removeprefix("http:")
    if rest.startswith("//"):
        raise EndpointError(
            f"{spec.name!r} is an address; name a server that speaks the OpenAI protocol with --base-url, or describe "
            "your service in a file and write http:FILE.toml."
        )
    return Path(rest)


def _open(name: ModelName, spec: ModelSpec, context: EndpointContext) -> Endpoint:
    from evenhand.endpoints.service.endpoint import ServiceEndpoint

    return ServiceEndpoint(_path(spec), connection=context.connection)


def _check(check: ModelCheck) -> None:
    from evenhand.endpoints.service.client import headers_of
    from evenhand.endpoints.service.file import read_service

    service = read_service(_path(check.spec))
    if check.connection is None:
        return
    headers_of(service, name=check.spec.name)
    if check.connection.api_key_env is not None or check.connection.headers:
        raise EndpointError(
            f"--api-key-env and --header are not for {check.spec.name!r}, whose headers are in its file: write "
            '[headers] there, such as Authorization = "Bearer $MY_KEY".'
        )


def _own_memory(spec: ModelSpec) -> bool:
    from evenhand.endpoints.service.file import read_service

    return read_service(_path(spec)).own_memory


def _paid(spec: ModelSpec) -> bool:
    from evenhand.endpoints.service.file import read_service

    return not all(map(is_local, read_service(_path(spec)).urls))


def _sources(spec: ModelSpec) -> tuple[SourceFile, ...]:
    from evenhand.endpoints.service.file import service_source

    return (service_source(_path(spec)),)


SERVICE = EndpointKind(
    prefix="http",
    open=_open,
    check=_check,
    paid=_paid,
    named=lambda rest, spec: ModelName("http", rest, dict(spec.options)),
    own_memory=_own_memory,
    sources=_sources,
)
