"""The kinds of the providers that speak the OpenAI chat protocol: one per prefix."""

from __future__ import annotations

from typing import assert_never

from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.batch import BatchEndpoint
from evenhand.endpoints.context import EndpointContext
from evenhand.endpoints.kind import EndpointKind, ModelCheck, ModelName
from evenhand.endpoints.openai.providers import PROVIDERS, is_local, normalised_url
from evenhand.endpoints.openai.target import read_target
from evenhand.records.plan import ModelSpec

__all__ = ["PROVIDER_KINDS"]


def _kind(prefix: str) -> EndpointKind:
    provider = PROVIDERS[prefix]

    def opened(name: ModelName, spec: ModelSpec, context: EndpointContext) -> Endpoint:
        from evenhand.endpoints.anthropic.form import MessagesForm
        from evenhand.endpoints.openai.chat import OpenAIChatEndpoint  # the HTTP client

        target = read_target(spec, provider=prefix, model=name.rest, connection=context.connection)
        form = MessagesForm(target.model) if provider.speaks == "anthropic" else None
        return OpenAIChatEndpoint(target, form=form)

    def batched(name: ModelName, spec: ModelSpec, context: EndpointContext) -> BatchEndpoint:
        from evenhand.endpoints.anthropic.batch import AnthropicBatchEndpoint
        from evenhand.endpoints.openai.batch import OpenAIBatchEndpoint

        target = read_target(spec, provider=prefix, model=name.rest, connection=context.connection)
        match provider.speaks:
            case "openai":
                return OpenAIBatchEndpoint(target)
            case "anthropic":
                return AnthropicBatchEndpoint(target)
        assert_never(provider.speaks)

    def check(check: ModelCheck) -> None:
        if check.connection is None:
            normalised_url(check.spec.base_url or provider.base_url)
            return
        read_target(check.spec, provider=prefix, model=check.name.rest, connection=check.connection)

    def paid(spec: ModelSpec) -> bool:
        return not is_local(normalised_url(spec.base_url or provider.base_url))

    return EndpointKind(
        prefix=prefix,
        open=opened,
        check=check,
        paid=paid,
        priced_as=lambda spec: None if spec.base_url is not None else (prefix, spec.name.removeprefix(f"{prefix}/")),
        named=lambda rest, spec: ModelName(prefix, rest, dict(spec.options)),
        batch=batched if provider.batches else None,
    )


PROVIDER_KINDS: tuple[EndpointKind, ...] = tuple(map(_kind, PROVIDERS))
