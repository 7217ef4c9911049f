"""The file that describes a service: read once, and checked to the last placeholder before anything is sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct
from yarl import URL

from evenhand.endpoints.openai.providers import normalised_url
from evenhand.endpoints.redact import redact
from evenhand.endpoints.service.template import PLACEHOLDERS, TemplateFlaw, placeholders
from evenhand.errors import EndpointError, near_miss
from evenhand.records.model_spec import SourceFile

__all__ = ["CallName", "Service", "ServiceCall", "read_service", "service_source"]

CallName = Literal["remember", "tell", "reply", "recall", "list", "forget"]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
ForEach = Literal["fact", "turn"]

_LARGEST = 1_000_000
_VALUES: Mapping[CallName, tuple[str, ...]] = {
    "remember": ("user", "facts", "text", "fact"),
    "tell": ("user", "turns", "role", "content"),
    "reply": ("user", "messages", "question"),
    "recall": ("user", "query"),
    "list": ("user",),
    "forget": ("user",),
}
"""What the templates of each call may name."""
_EACH: Mapping[CallName, tuple[ForEach, tuple[str, ...]]] = {
    "remember": ("fact", ("fact",)),
    "tell": ("turn", ("role", "content")),
}
"""What a call may be sent once for, and the values that only then exist."""
_NEXT = "docs/your-assistant.md shows a whole file"
_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]{0,99})")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")


class ServiceCall(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of request to the service."""

    url: str
    """Address, a template."""
    method: Method = "POST"
    """HTTP method."""
    body: Any = None
    """JSON body: its texts are templates; a text that is nothing but one placeholder becomes the value itself."""
    for_each: ForEach | None = None
    """Send one request for each fact or turn, not one for all."""
    text: str | None = None
    """Of `reply`: JSONPath of the answer's text."""
    memories: str | None = None
    """Of `reply`: JSONPath of the memories that were used."""
    texts: str | None = None
    """Of `recall` and `list`: JSONPath of the memories."""
    input_tokens: str | None = None
    """Of `reply`: JSONPath of the tokens that were read."""
    output_tokens: str | None = None
    """Of `reply`: JSONPath of the tokens that were written."""


class Service(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service, as its file describes it."""

    reply: ServiceCall
    """Asks a question."""
    remember: ServiceCall | None = None
    """Hands facts over."""
    tell: ServiceCall | None = None
    """Hands the conversation over in which the user says the facts."""
    recall: ServiceCall | None = None
    """Asks what memory gives for a query."""
    list: ServiceCall | None = None
    """Asks for everything that is stored of a user."""
    forget: ServiceCall | None = None
    """Clears a user."""
    headers: dict[str, str] = {}
    """Header -> its value, in which `$NAME` stands for an environment variable."""
    wait_s: float = 0.0
    """Seconds that memory needs after it was written until it can be searched."""
    concurrency: int = 8
    """Requests at a time."""

    @property
    def own_memory(self) -> bool:
        """Whether the service keeps memory itself."""
        return self.forget is not None

    @property
    def urls(self) -> tuple[URL, ...]:
        """Addresses without what is put into them."""
        return tuple(_address(call.url) for _, call in _calls(self))

    @property
    def variables(self) -> tuple[str, ...]:
        """Environment variables that the headers name."""
        return tuple(name for value in self.headers.values() for name in _VARIABLE.findall(value))


def service_source(path: Path) -> SourceFile:
    """The file with its hash.

    Raises:
        EndpointError: It cannot be read.
    """
    return SourceFile(name=str(path), sha256=hashlib.sha256(_bytes(path)).hexdigest())


def read_service(path: Path) -> Service:
    """The service that a file describes.

    Raises:
        EndpointError: The file cannot be read, or is none of a service; the message says where.
    """
    where, data = repr(str(path)), _bytes(path)
    try:
        value = msgspec.toml.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EndpointError(f"{where} is no TOML file ({error}); {_NEXT}.") from error
    _check_keys(value, Service, where=where)
    for name, call in value.items():
        if name in _VALUES and isinstance(call, dict):
            _check_keys(call, ServiceCall, where=f"{where}, [{name}]")
    if "reply" not in value:
        raise EndpointError(f"{where} has no [reply], which says how a question is asked; {_NEXT}.")
    try:
        service = msgspec.convert(value, Service, strict=True)
    except msgspec.ValidationError as error:
        raise EndpointError(f"{where}: {error}; {_NEXT}.") from error
    _check_calls(service, where=where)
    _check_headers(service, where=where)
    return service


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EndpointError(
            f"The file of the service {str(path)!r} cannot be read ({error.strerror or error}); write http:FILE.toml."
        ) from error
    if len(data) > _LARGEST:
        raise EndpointError(f"{str(path)!r} is larger than {_LARGEST:,} bytes; that is no description of a service.")
    return data


def _check_keys(value: Mapping[str, object], record: type[Struct], *, where: str) -> None:
    known = record.__struct_fields__
    for key in value:
        if key not in known:
            raise EndpointError(f"{where}: unknown key {key!r}{near_miss(key, known)}; known are {', '.join(known)}.")


def _calls(service: Service) -> Iterator[tuple[CallName, ServiceCall]]:
    for name in _VALUES:
        call = getattr(service, name)
        if call is not None:
            yield name, call


def _check_calls(service: Service, *, where: str) -> None:
    """Refuse calls that lack one another, and what is wrong within one."""
    stores = service.remember is not None or service.tell is not None
    if stores != (service.forget is not None):
        lacks = "[forget]" if stores else "[remember] or [tell]"
        raise EndpointError(
            f"{where} has no {lacks}: a service that keeps memory is told, and told to forget; {_NEXT}."
        )
    if (service.recall is None) != (service.list is None):
        lacks = "[list]" if service.list is None else "[recall]"
        raise EndpointError(f"{where} has no {lacks}: [recall] shows what a query finds, [list] everything; {_NEXT}.")
    if service.list is not None and service.forget is None:
        raise EndpointError(f"{where} has [list] and no [forget]: a service that keeps memory has both; {_NEXT}.")
    if service.reply.text is None:
        raise EndpointError(f'{where}, [reply] has no text: the JSONPath of the answer, such as text = "$.answer".')
    if not 0.0 <= service.wait_s <= 600.0 or service.concurrency < 1:
        raise EndpointError(f"{where}: wait_s is from 0 to 600 seconds, and concurrency a whole number from 1.")
    for name, call in _calls(service):
        _check_call(name, call, where=f"{where}, [{name}]")


def _check_call(name: CallName, call: ServiceCall, *, where: str) -> None:
    each = _EACH.get(name)
    if call.for_each is not None and (each is None or call.for_each != each[0]):
        allowed = "nothing" if each is None else repr(each[0])
        raise EndpointError(f"{where}: for_each is {call.for_each!r}; allowed is {allowed}.")
    if name in ("recall", "list") and call.texts is None:
        raise EndpointError(
            f'{where} has no texts: the JSONPath of the memories, such as texts = "$.memories[*].text".'
        )
    normalised_url(str(_address(call.url)))
    try:
        used = placeholders(call.url, whole=False) | placeholders(call.body)
    except TemplateFlaw as error:
        raise EndpointError(f"{where}: {error}.") from error
    only_each = each[1] if each is not None else ()
    allowed_values = [value for value in _VALUES[name] if call.for_each is not None or value not in only_each]
    for value in sorted(used):
        if value not in allowed_values:
            hint = f"; write for_each = {each[0]!r}" if each is not None and value in only_each else ""
            raise EndpointError(
                f"{where}: there is no {{{value}}} here{near_miss(value, allowed_values)}; allowed are "
                f"{', '.join(f'{{{one}}}' for one in allowed_values)}{hint}."
            )
    if "user" not in used and name != "reply":
        raise EndpointError(f"{where} names no {{user}}: every user's memory is its own.")
    _check_handed_over(name, used, where=where)
    for path in (call.text, call.memories, call.texts, call.input_tokens, call.output_tokens):
        if path is not None:
            compiled_path(path, where=where)
    if call.method == "GET" and call.body is not None:
        raise EndpointError(f"{where}: GET has no body; put the values into the url, or write method = 'POST'.")


def _check_handed_over(name: CallName, used: set[str], *, where: str) -> None:
    needed: Mapping[CallName, tuple[str, ...]] = {
        "remember": ("facts", "text", "fact"),
        "tell": ("turns", "content"),
        "reply": ("messages", "question"),
        "recall": ("query",),
    }
    one_of = needed.get(name, ())
    if one_of and not used.intersection(one_of):
        shown = " or ".join(f"{{{one}}}" for one in one_of)
        raise EndpointError(f"{where} names none of {shown}, so that nothing is handed over.")


def _check_headers(service: Service, *, where: str) -> None:
    for name, value in service.headers.items():
        if not _HEADER.fullmatch(name):
            raise EndpointError(f"{where}: {name[:40]!r} is no name of a header.")
        rest = _VARIABLE.sub("", value)
        if not _VARIABLE.search(value) or redact(rest) != rest:
            raise EndpointError(
                f"{where}: the header {name!r} must name an environment variable, as in "
                '"Bearer $MY_KEY"; a value itself is never written into a file.'
            )
    for label, call in _calls(service):
        for text in (call.url, *_texts(call.body)):
            if redact(text) != text:
                raise EndpointError(
                    f"{where}, [{label}] holds what looks like a key; put it into an environment variable and name "
                    "that in [headers]."
                )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from (str(key), *_texts(part))
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _address(text: str) -> URL:
    """The address with an x for every placeholder."""
    for name in PLACEHOLDERS:
        text = text.replace(f"{{{name}}}", "x")
    try:
        return URL(text)
    except ValueError as error:
        raise EndpointError(
            f"The address {text[:100]!r} cannot be read ({error}); write http://HOST:PORT/PATH."
        ) from error


def compiled_path(path: str, *, where: str) -> Any:
    """A JSONPath, ready to be used.

    Raises:
        EndpointError: It is none.
    """
    import jsonpath  # half a second of imports, needed by this kind alone

    try:
        return jsonpath.compile(path)
    except jsonpath.JSONPathError as error:
        reason = str(error).splitlines()[0]
        raise EndpointError(f"{where}: {path!r} is no JSONPath ({reason}); see RFC 9535.") from error
