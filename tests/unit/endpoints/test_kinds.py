"""Model names, keys and addresses: what opens which endpoint, and what is refused."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from evenhand import plugins
from evenhand.endpoints.base import Locality
from evenhand.endpoints.callable import CallableEndpoint
from evenhand.endpoints.context import CellContext, Connection, EndpointContext
from evenhand.endpoints.kind import EndpointKind, named_with_options
from evenhand.endpoints.kinds import check_model, kind_named, kind_of, open_endpoint, read_name, reported_kind
from evenhand.endpoints.openai.chat import OpenAIChatEndpoint
from evenhand.endpoints.openai.providers import normalised_url
from evenhand.endpoints.openai.target import read_target
from evenhand.endpoints.simulated.endpoint import SimulatedEndpoint
from evenhand.errors import EndpointError, UsageError
from evenhand.records.message import Reply, Request
from evenhand.records.plan import ModelSpec

KEY = "sk-abcdefghijklmnop"


def no_cells(key: str) -> CellContext:
    raise KeyError(key)


def test_an_unknown_prefix_is_refused_with_the_nearest_and_all_that_are_allowed() -> None:
    with pytest.raises(
        EndpointError, match=r"No endpoint is called 'opnai'.*did you mean 'openai'.*specimen, together, vllm"
    ):
        check_model(ModelSpec(name="opnai/gpt-5.1"))
    with pytest.raises(EndpointError, match="stops after its prefix"):
        check_model(ModelSpec(name="openai/"))
    with pytest.raises(EndpointError, match="stops after its prefix"):
        check_model(ModelSpec(name="vllm"))


def test_a_missing_key_is_named_when_the_endpoint_is_opened_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(EndpointError, match="'OPENAI_API_KEY', which is not set"):
        check_model(ModelSpec(name="openai/gpt-5.1"), connection=Connection())
    check_model(ModelSpec(name="openai/gpt-5.1"))
    with pytest.raises(EndpointError, match="'MY_KEY', which is not set"):
        connection = Connection(api_key_env="MY_KEY")
        open_endpoint(ModelSpec(name="vllm/x"), context=EndpointContext(connection=connection))


def test_a_key_with_a_line_break_is_refused_without_being_shown() -> None:
    with pytest.raises(EndpointError, match="characters that no key has") as caught:
        read_target(
            ModelSpec(name="openai/x"),
            provider="openai",
            model="x",
            connection=Connection(),
            environment={"OPENAI_API_KEY": f"{KEY}\n{KEY}"},
        )
    assert KEY not in str(caught.value)


def test_the_key_is_in_no_printed_form_of_the_target() -> None:
    target = read_target(
        ModelSpec(name="openai/x"),
        provider="openai",
        model="x",
        connection=Connection(),
        environment={"OPENAI_API_KEY": KEY},
    )
    assert target.key == KEY
    assert KEY not in repr(target)
    assert KEY not in str(target)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        (" http://localhost:8000/v1/ ", "http://localhost:8000/v1"),
        ("http://localhost:8000/v1/chat/completions", "http://localhost:8000/v1"),
        ("https://x.example/openai/v1/models/", "https://x.example/openai/v1"),
        ("https://x.example/deployments/d?api-version=2", "https://x.example/deployments/d?api-version=2"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_base_urls_are_brought_to_one_form(given: str, expected: str) -> None:
    assert str(normalised_url(given)) == expected


@pytest.mark.parametrize("given", ["localhost:8000/v1", "ftp://x/v1", "http://", "/v1", "http://x:99999999/v1"])
def test_a_base_url_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(EndpointError, match="http://HOST:PORT/v1"):
        normalised_url(given)


@pytest.mark.parametrize(
    ("name", "base_url", "paid"),
    [
        ("openai/gpt-5.1", None, True),
        ("openai/x", "http://127.0.0.1:8000/v1", False),
        ("openai/x", "http://192.168.1.4:8000/v1", False),
        ("openai/x", "https://api.example.com/v1", True),
        ("vllm/x", None, False),
        ("together/x", None, True),
        ("inspect/anthropic/claude", None, True),
        ("inspect/mockllm/model", None, False),
        ("simulated/null", None, False),
        ("specimen/tilted", None, False),
        ("python:a:b", None, False),
    ],
)
def test_what_may_cost_money_is_known_beforehand(name: str, base_url: str | None, paid: bool) -> None:
    spec = ModelSpec(name=name, base_url=base_url)
    assert kind_of(spec).paid(spec) is paid


def test_kinds_are_prefixes() -> None:
    kinds = [kind_of(ModelSpec(name=name)) for name in ("python:module:function", "openai/meta/llama")]
    assert [kind.prefix for kind in kinds] == ["python", "openai"]
    assert kind_of(ModelSpec(name="simulated/null?gap=0.1")).simulated
    assert not kind_of(ModelSpec(name="specimen/null")).simulated
    assert kind_named("nothing") is None


def test_a_specimen_behind_a_server_is_known_by_the_name_it_reports() -> None:
    reported = reported_kind("specimen/tilted")
    assert reported is not None and reported.specimen
    assert reported_kind("gpt-5.1-2025-11-13") is None
    assert reported_kind("specimen") is None


def test_options_come_from_the_name_and_the_spec_and_keep_their_plus_signs() -> None:
    name = read_name(ModelSpec(name="simulated/custom?gap=0.05&muslim+female=-0.1", options={"gap": "0.02"}))
    assert (name.rest, name.options) == ("custom", {"gap": "0.02", "muslim+female": "-0.1"})


def test_a_model_of_a_server_keeps_its_slashes_and_question_marks() -> None:
    assert read_name(ModelSpec(name="openrouter/meta-llama/llama-3:free?x")).rest == "meta-llama/llama-3:free?x"


def test_endpoints_open_by_their_prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "assistant_of_a_test.py").write_text("def reply(messages):\n    return 'A'\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    context = EndpointContext(cells=no_cells, connection=Connection(concurrency=5))
    assert isinstance(open_endpoint(ModelSpec(name="vllm/x"), context=context), OpenAIChatEndpoint)
    assert isinstance(open_endpoint(ModelSpec(name="simulated/null"), context=context), SimulatedEndpoint)
    made = open_endpoint(ModelSpec(name="python:assistant_of_a_test:reply"), context=context)
    assert isinstance(made, CallableEndpoint)
    assert made.concurrency == 5


def test_what_needs_a_plan_says_so() -> None:
    for name in ("simulated/null", "replay/somewhere"):
        with pytest.raises(EndpointError, match="evenhand audit"):
            open_endpoint(ModelSpec(name=name))
    with pytest.raises(EndpointError, match="no run to replay"):
        check_model(ModelSpec(name="replay/nowhere"))


def test_a_third_partys_endpoint_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint(name="theirs", value="evenhand.endpoints.context:EndpointContext", group="evenhand.endpoints")
    broken = EntryPoint(name="broken", value="evenhand.no_such_module:make", group="evenhand.endpoints")
    number = EntryPoint(name="number", value="math:pi", group="evenhand.endpoints")
    monkeypatch.setattr(plugins, "entry_points", lambda group: [entry, broken, number])
    check_model(ModelSpec(name="theirs/x"))
    with pytest.raises(EndpointError, match="did you mean 'theirs'"):
        check_model(ModelSpec(name="their/x"))
    with pytest.raises(UsageError, match="could not be loaded"):
        open_endpoint(ModelSpec(name="broken/x"))
    with pytest.raises(EndpointError, match="is a float"):
        open_endpoint(ModelSpec(name="number/x"))
    with pytest.raises(UsageError, match="There is no 'their'"):
        plugins.load_plugin("evenhand.endpoints", "their")


class Fixed:
    """Gives one answer to everything."""

    concurrency = 1
    locality: Locality = "any"

    async def reply(self, request: Request) -> Reply:
        return Reply(text="A", finish="stop")

    async def aclose(self) -> None:
        return None


THEIRS = EndpointKind(
    prefix="named-by-the-entry-point",
    open=lambda name, spec, context: Fixed(),
    check=lambda check: None,
    paid=lambda spec: False,
    named=lambda rest, spec: named_with_options(rest, spec, kind="theirs"),
    simulated=True,
)


def make(spec: ModelSpec, context: EndpointContext) -> Fixed:
    return Fixed()


def test_a_plug_in_describes_its_kind_and_a_bare_callable_is_taken_to_be_paid_and_to_need_cells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [
        EntryPoint(name=name, value=f"{__name__}:{value}", group="evenhand.endpoints")
        for name, value in (("theirs", "THEIRS"), ("bare", "make"))
    ]
    monkeypatch.setattr(plugins, "entry_points", lambda group: found)
    theirs, bare = (ModelSpec(name=f"{name}/x?tone=dry") for name in ("theirs", "bare"))
    assert kind_of(theirs).prefix == "theirs"
    assert (kind_of(theirs).paid(theirs), kind_of(theirs).needs_cells, kind_of(theirs).simulated) == (
        False,
        False,
        True,
    )
    assert (kind_of(bare).paid(bare), kind_of(bare).needs_cells) == (True, True)
    for spec in (theirs, bare):
        assert (read_name(spec).rest, read_name(spec).options) == ("x", {"tone": "dry"})
        assert isinstance(open_endpoint(spec), Fixed)
