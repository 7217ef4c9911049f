"""The description of an endpoint kind: everything the rest of the house needs to know of it, in one record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from msgspec import Struct

from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.batch import BatchEndpoint
from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.records.answer_format import ANSWER_FORMATS, AnswerFormat
from evenhand.records.model_spec import ModelSpec, SourceFile

__all__ = ["EndpointKind", "ModelCheck", "ModelName", "named_with_options"]


class ModelName(Struct, frozen=True):
    """A model's name, taken apart once, at the door."""

    kind: str
    """The prefix: which endpoint kind."""
    rest: str
    """What follows the prefix, without options."""
    options: Mapping[str, str]
    """Options from the name (`?gap=0.05&seed=1`) and from the spec, which wins."""


class ModelCheck(Struct, frozen=True, kw_only=True):
    """What a kind may look at to refuse a model before a plan is written."""

    name: ModelName
    spec: ModelSpec
    connection: Connection | None = None
    """Where the key is, when it must be there; None: nothing is asked yet, and no key is needed."""
    levels: frozenset[str] | None = None
    """Level ids of the plan, for effects of a simulated respondent; None accepts any."""


class EndpointKind(Struct, frozen=True, kw_only=True):
    """One kind of endpoint. Making one and adding it to `evenhand.endpoints.kinds` is all a new kind needs.

    Example:
        >>> import evenhand
        >>> from evenhand.endpoints.kind import named_with_options
        >>> kind = evenhand.EndpointKind(
        ...     prefix="mine",
        ...     open=lambda name, spec, context: MyEndpoint(name.rest),
        ...     check=lambda check: None,
        ...     paid=lambda spec: False,
        ...     named=lambda rest, spec: named_with_options(rest, spec, kind="mine"),
        ... )
        >>> kind.named("tone?loud=yes", evenhand.ModelSpec(name="mine/tone?loud=yes")).options
        {'loud': 'yes'}
    """

    prefix: str
    """What model names of this kind begin with."""
    open: Callable[[ModelName, ModelSpec, EndpointContext], Endpoint]
    """Makes the endpoint; nothing is sent yet. Heavy imports happen in here."""
    check: Callable[[ModelCheck], None]
    """Raises `EndpointError` for a name, a missing key or options that cannot be meant; opens nothing."""
    paid: Callable[[ModelSpec], bool]
    """Whether asking this model may cost money; then its price is shown and consent is asked for."""
    priced_as: Callable[[ModelSpec], tuple[str, str] | None] = lambda spec: None
    """(provider, model) in the price table; None where the table cannot know it."""
    own_memory: Callable[[ModelSpec], bool] = lambda spec: False
    """Whether the assistant keeps memory itself: `open` then makes an `evenhand.endpoints.product.ProductEndpoint`."""
    sources: Callable[[ModelSpec], tuple[SourceFile, ...]] = lambda spec: ()
    """Files that the assistant is made from, with their hashes, for the plan."""
    named: Callable[[str, ModelSpec], ModelName]
    """Takes what follows the prefix apart."""
    local: bool = False
    """Computed on this machine: no run time at a server's latency is estimated."""
    gpu: bool = False
    """Computed on a GPU where there is one: on a cluster, by workers that have one."""
    needs_cells: bool = False
    """Whether it must know which cell a request belongs to."""
    simulated: bool = False
    """Whether its answers are drawn from a statistical model; every artefact says so."""
    specimen: bool = False
    """Whether it is a small model made for evenhand, whose behaviour is known."""
    replays: bool = False
    """Whether it says again what an earlier run was told."""
    sure_of_logprobs: bool = False
    """Whether it always gives log-probabilities when they are asked for."""
    batch: Callable[[ModelName, ModelSpec, EndpointContext], BatchEndpoint] | None = None
    """Makes what asks it by batches that outlive this process; nothing is sent yet. None: it takes no batches."""
    answers: tuple[AnswerFormat, ...] = ANSWER_FORMATS
    """Formats in which it can answer."""
    banks: tuple[str, ...] = ()
    """Shipped banks that it can read; empty: the main banks."""


def named_with_options(rest: str, spec: ModelSpec, *, kind: str) -> ModelName:
    """`tilted?folder=build` taken apart: the bare name and its options."""
    bare, _, query = rest.partition("?")
    written = dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True))
    return ModelName(kind, bare, written | spec.options)
