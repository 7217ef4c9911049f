"""`specimen/NAME`: the small models shipped with the package, whose behaviour is known. Light to import."""

from __future__ import annotations

from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.context import EndpointContext
from evenhand.endpoints.kind import EndpointKind, ModelCheck, ModelName, named_with_options
from evenhand.endpoints.specimen.names import chosen_folder, specimen_name
from evenhand.records.plan import ModelSpec

__all__ = ["SPECIMEN"]


def _open(name: ModelName, spec: ModelSpec, context: EndpointContext) -> Endpoint:
    from evenhand.endpoints.specimen.endpoint import SpecimenEndpoint  # numpy and tokenizers

    return SpecimenEndpoint(name.rest, folder=chosen_folder(name.options))


def _check(check: ModelCheck) -> None:
    specimen_name(check.name.rest, chosen_folder(check.name.options))


SPECIMEN = EndpointKind(
    prefix="specimen",
    open=_open,
    check=_check,
    paid=lambda spec: False,
    named=lambda rest, spec: named_with_options(rest, spec, kind="specimen"),
    local=True,
    sure_of_logprobs=True,
    specimen=True,
    banks=("situations", "needs"),
    answers=("letter",),
)
"""A specimen reads only the language of its generator, so it comes with its own banks."""
