from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from evenhand.audit import audit
from evenhand.endpoints import redact
from evenhand.endpoints.base import AskError
from evenhand.endpoints.context import Connection
from evenhand.endpoints.kinds import check_model
from evenhand.endpoints.openai import retry
from evenhand.endpoints.service.endpoint import ServiceEndpoint
from evenhand.errors import EndpointError, MemoryLeak
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.records.message import Message, ModelSettings, ProductUser, Request
from evenhand.records.plan import Design, ModelSpec, Plan
from evenhand.records.profile import Placement
from evenhand.store.reading import open_trials
from tests.support.service import Service, service, service_file
from tests.support.small_plan import NOW

KEY = "a-key-that-nobody-knows-42"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SERVICE_KEY", KEY)
    monkeypatch.setattr(retry, "pause", lambda schedule, *, failures, seed: 0.001)
    yield
    redact.forget()


@pytest.fixture
def running() -> Iterator[Service]:
    with service() as state:
        yield state


def does(path: Path, what: Callable[[ServiceEndpoint], Awaitable[object]]) -> object:
    async def once() -> object:
        endpoint = ServiceEndpoint(path, connection=Connection())
        try:
            return await what(endpoint)
        finally:
            await endpoint.aclose()

    return asyncio.run(once())


def user(placement: Placement = "stored", name: str = "u/1") -> ProductUser:
    turns = (Message(role="user", content="I own a dog."), Message(role="assistant", content="Noted."))
    return ProductUser(
        id=name, model="m", arm="a", placement=placement, facts=("The user owns a dog.", "The user rents."), turns=turns
    )


def asked(timeout_s: float = 5.0) -> Request:
    return Request(
        cell_key="0",
        messages=(Message(role="user", content="Which?"),),
        settings=ModelSettings(timeout_s=timeout_s),
        letters=("A",),
        seed=1,
        user=user(),
    )


def test_facts_and_turns_are_sent_as_the_file_says_with_the_header(tmp_path: Path, running: Service) -> None:
    path = service_file(tmp_path, running.url)
    does(path, lambda endpoint: endpoint.remember(user(), limit_s=5))
    does(path, lambda endpoint: endpoint.remember(user("told"), limit_s=5))
    assert running.asked[0] == (
        "POST",
        "/users/u%2F1/memories",
        {"facts": ["The user owns a dog.", "The user rents."]},
        f"Bearer {KEY}",
    )
    assert [body for _, _, body, _ in running.asked[1:]] == [
        {"facts": ["user: I own a dog."]},
        {"facts": ["assistant: Noted."]},
    ]
    assert does(path, lambda endpoint: endpoint.recall("u/1", "dogs & cats", limit_s=5)) == ("The user owns a dog.",)
    assert running.asked[-1][1] == "/users/u%2F1/memories?query=dogs%20%26%20cats"
    assert len(does(path, lambda endpoint: endpoint.recall("u/1", None, limit_s=5))) == 4  # type: ignore[arg-type]
    does(path, lambda endpoint: endpoint.forget("u/1", limit_s=5))
    does(path, lambda endpoint: endpoint.forget("u/1", limit_s=5))  # 404: nothing to forget
    assert running.memory == {}


def test_an_answer_is_where_the_path_says(tmp_path: Path, running: Service) -> None:
    path = service_file(tmp_path, running.url)
    does(path, lambda endpoint: endpoint.remember(user(), limit_s=5))
    reply = does(path, lambda endpoint: endpoint.reply(asked()))
    assert (reply.text, reply.memories) == ("B", ("The user owns a dog.", "The user rents."))  # type: ignore[attr-defined]
    assert reply.usage.output_tokens == 1 and reply.attempts == 1  # type: ignore[attr-defined]
    assert running.asked[-1][2] == {
        "user": "u/1",
        "messages": [{"role": "user", "content": "Which?"}],
        "note": "asked by u/1",
    }


@pytest.mark.parametrize(
    ("faults", "said", "kind"),
    [
        ([(400, b'{"error": "bad"}')], "HTTP 400: .*bad", "request"),
        ([(500, b"oops")] * 9, "HTTP 500: oops", "fault"),
        ([(200, b"{}")] * 9, "finds nothing in the answer", "fault"),
        ([(200, b'{"choices": [{"text": 3}]}')] * 9, "finds int in the answer", "fault"),
        ([(200, b"<html>")] * 9, "is no JSON", "fault"),
        ([(200, b"")] * 9, "the answer is null", "fault"),
    ],
)
def test_what_is_no_answer_fails_the_cell(
    tmp_path: Path, running: Service, faults: list[tuple[int, bytes]], said: str, kind: str
) -> None:
    running.faults = faults
    with pytest.raises(AskError, match=said) as caught:
        does(service_file(tmp_path, running.url), lambda endpoint: endpoint.reply(asked()))
    assert caught.value.kind == kind


def test_a_fault_that_passes_is_waited_for(tmp_path: Path, running: Service) -> None:
    running.faults = [(503, b""), (429, b""), (500, b"oops"), (200, b"half")]
    reply = does(service_file(tmp_path, running.url), lambda endpoint: endpoint.reply(asked()))
    assert reply.text == "A"  # type: ignore[attr-defined]


@pytest.mark.parametrize(("status", "said"), [(401, "SERVICE_KEY"), (302, "moved to 'https://elsewhere.example/'")])
def test_a_service_that_never_answers_ends_the_run(tmp_path: Path, running: Service, status: int, said: str) -> None:
    running.faults = [(status, b"no")]
    with pytest.raises(EndpointError, match=said):
        does(service_file(tmp_path, running.url), lambda endpoint: endpoint.reply(asked()))


def test_a_file_without_tell_says_so(tmp_path: Path, running: Service) -> None:
    path = service_file(tmp_path, running.url)
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("[tell]")] + text[text.index("[reply]") :], encoding="utf-8")
    with pytest.raises(AskError, match=r"has no \[tell\]; write one, or choose --placement stored"):
        does(path, lambda endpoint: endpoint.remember(user("told"), limit_s=5))


def test_a_variable_that_is_not_set_is_told_before_anything_is_asked(
    tmp_path: Path, running: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = ModelSpec(name=f"http:{service_file(tmp_path, running.url)}")
    check_model(spec, connection=Connection())
    with pytest.raises(EndpointError, match="--api-key-env and --header are not for"):
        check_model(spec, connection=Connection(api_key_env="SERVICE_KEY"))
    monkeypatch.delenv("SERVICE_KEY")
    check_model(spec)  # a plan needs no key
    with pytest.raises(EndpointError, match="'SERVICE_KEY', which is not set"):
        check_model(spec, connection=Connection())
    assert running.asked == []


def planned(path: Path) -> Plan:
    design = Design(kinds=("understanding",), items_per_kind=2, placements=("stored", "told"))
    return make_plan(PlanRequest(models=(ModelSpec(name=f"http:{path}"),), design=design), now=NOW)


def test_a_service_is_audited_in_its_own_memory_and_its_key_is_nowhere(tmp_path: Path, running: Service) -> None:
    run = audit(planned(service_file(tmp_path, running.url)), tmp_path / "run")
    assert run.asked.outcomes["answered"] == run.asked.asked > 0
    assert running.memory == {}
    with open_trials(tmp_path / "run" / "trials.sqlite") as trials:
        shown = [row.trial.reply.memories for row in trials.rows() if row.trial.reply is not None]
    assert any(shown) and all(memories is not None for memories in shown)
    files = [path for path in (tmp_path / "run").iterdir() if path.is_file()]
    assert len(files) >= 5 and not any(KEY.encode() in path.read_bytes() for path in files)


def test_a_service_that_leaks_is_asked_nothing(tmp_path: Path, running: Service) -> None:
    running.leaks = True
    with pytest.raises(MemoryLeak, match="leaks between users"):
        audit(planned(service_file(tmp_path, running.url)), tmp_path / "run")
    assert running.memory == {}


def test_a_service_without_memory_gets_it_in_the_messages(tmp_path: Path, running: Service) -> None:
    path = tmp_path / "plain.toml"
    path.write_text(
        f'[reply]\nurl = "{running.url}/chat"\nbody = {{ user = "nobody", messages = "{{messages}}" }}\n'
        'text = "$.choices[0].text"\n',
        encoding="utf-8",
    )
    design = Design(kinds=("understanding",), items_per_kind=2)
    run = audit(make_plan(PlanRequest(models=(f"http:{path}",), design=design), now=NOW), tmp_path / "run")
    assert run.asked.outcomes["answered"] == run.asked.asked > 0
    assert {turn["role"] for _, _, body, _ in running.asked for turn in body["messages"]} == {"system", "user"}
