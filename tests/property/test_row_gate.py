"""What the store accepts, the analysis reads: arbitrary replies of every kind of endpoint, and damaged files."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenhand.audit import TRIALS_FILE, score
from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.context import Connection
from evenhand.endpoints.inspect_ai import InspectEndpoint
from evenhand.endpoints.openai.chat import OpenAIChatEndpoint
from evenhand.endpoints.openai.retry import Schedule
from evenhand.endpoints.openai.target import read_target
from evenhand.endpoints.python_reply import read_answer
from evenhand.endpoints.replay import ReplayEndpoint
from evenhand.errors import EvenhandError
from evenhand.head.summary import run_summary
from evenhand.plan.questions import Questions
from evenhand.records.message import Reply, Request, TokenProbability, Usage
from evenhand.records.plan import Design, ModelSpec
from evenhand.run.execute import execute
from evenhand.run.limits import Limits, RunReport
from evenhand.scoring.extractors.choose import extractor_named
from evenhand.scoring.outcome import outcome_of
from evenhand.store.reading import open_trials
from evenhand.store.recorded import open_recorded
from evenhand.store.store import open_store
from tests.support.chat_server import chat_server
from tests.support.scripted_run import ScriptedEndpoint
from tests.support.small_plan import small_bank, small_plan

PLAN = small_plan(Design(pairs_per_item=1, profiles_per_item=0, placebo_per_item=0.0), bank=small_bank(2))
CELLS = sum(1 for _ in Questions(PLAN).crossing.pairs())
NEVER = Limits(max_same_error=None, max_without_answer=None, max_failures_in_a_row=None, max_failed_in=None)
EXTRACT = extractor_named("choice_letter", {})
ITEMS = {item.id: item for bank in PLAN.banks for item in bank.items}
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

numbers = st.one_of(
    st.integers(-3, 30), st.sampled_from([10**9, 10**9 + 1, 10**19, 10**400, -1, 2**63, 2**64, True]),
    st.floats(), st.sampled_from([float("nan"), float("inf"), -0.0]), st.none(),
)  # fmt: skip
texts = st.one_of(
    st.text(max_size=20),
    st.text(st.characters(categories=("Cs", "Lu", "Cc")), max_size=6),
    st.sampled_from(["A", "B.", "", "\ud83d", "\x00", "a" * 5000]),
)
words = st.one_of(texts, st.none(), numbers, st.binary(max_size=4))
usages = st.builds(Usage, input_tokens=numbers, output_tokens=numbers, reasoning_tokens=numbers, cached_tokens=numbers)
candidates = st.lists(st.builds(TokenProbability, token=words, logprob=numbers), max_size=4).map(tuple)
finishes = st.one_of(st.sampled_from(["stop", "length", "content_filter", "other", "end", ""]), words)
replies = st.builds(
    Reply,
    text=words, finish=finishes, reasoning=words, refusal=words, top=st.one_of(st.none(), candidates, words),
    usage=st.one_of(usages, words), latency_s=numbers, attempts=numbers, model=words, extracted=words, note=words,
)  # fmt: skip
nearly = st.builds(
    Reply, text=st.sampled_from(["A", "B", "?"]), finish=st.just("stop"), usage=usages, latency_s=numbers,
    top=st.one_of(st.none(), st.lists(st.builds(TokenProbability, token=texts, logprob=st.floats())).map(tuple)),
)  # fmt: skip
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)
fields = st.sampled_from(["text", "finish", "usage", "latency_s", "top", "attempts", "model", "note", "reasoning"])
returned = st.one_of(replies, nearly, texts, st.dictionaries(fields, json_values, max_size=5), json_values)


def asked(directory: Path, endpoint: Endpoint) -> RunReport:
    """Ask every cell of the plan."""
    questions, name = Questions(PLAN), PLAN.models[0].name
    with open_store(directory / TRIALS_FILE, plan_sha256=PLAN.sha256) as store:
        return execute(
            {name: questions.missing(store, model=name, by_arm=False)},
            endpoints={name: endpoint},
            store=store,
            outcome_of=lambda work, reply: outcome_of(
                reply, item=ITEMS[work.cell.item], cell=work.cell, extract=EXTRACT
            ),
            limits=NEVER,
        )


def all_is_read(directory: Path, report: RunReport) -> None:
    """Every cell that was asked has a row that the analysis reads, and the summary counts it."""
    with open_trials(directory / TRIALS_FILE) as trials:
        rows = list(trials.rows())
        assert len(rows) == trials.count() == report.asked == CELLS
        summary = run_summary(PLAN, trials, directory=directory).models[0]
    frame = score(PLAN, directory).frame
    assert frame.height == CELLS
    outcomes = frame["outcome"].cast(str).to_list()
    assert summary.outcomes == {name: outcomes.count(name) for name in summary.outcomes}
    assert sum(trouble.count for trouble in summary.troubles) == CELLS - outcomes.count("answered")
    assert frame["latency_s"].drop_nulls().is_finite().all()
    json.dumps(summary.notes).encode()


@FEW
@given(value=returned)
def test_whatever_a_function_of_the_users_returns_is_read_back(value: object) -> None:
    with tempfile.TemporaryDirectory() as name:

        def read(_: Request) -> Reply:
            return read_answer(value, name="python:x:y", seconds=0.1)

        all_is_read(Path(name), asked(Path(name), ScriptedEndpoint(read)))


@FEW
@given(reply=st.one_of(replies, nearly))
def test_whatever_an_endpoint_replies_is_read_back(reply: Reply) -> None:
    with tempfile.TemporaryDirectory() as name:
        all_is_read(Path(name), asked(Path(name), ScriptedEndpoint(lambda _: reply)))


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Callable[[bytes], None]]]:
    said = [b""]
    with chat_server(lambda *_: (200, said[0])) as url:
        yield url, lambda body: said.__setitem__(0, body)


bodies = st.one_of(
    st.fixed_dictionaries(
        {"choices": st.lists(st.fixed_dictionaries(
            {"message": st.fixed_dictionaries({"content": words}, optional={"reasoning": words, "refusal": words}),
             "finish_reason": st.one_of(st.sampled_from(["stop", "length", "eos"]), words)}), min_size=1, max_size=2)},
        optional={"usage": st.dictionaries(
            st.sampled_from(["prompt_tokens", "completion_tokens"]), numbers), "model": words},
    ),
    json_values,
)  # fmt: skip


@FEW
@given(body=bodies)
def test_whatever_a_server_answers_is_read_back(served: tuple[str, Callable[[bytes], None]], body: object) -> None:
    url, say = served
    say(json.dumps(body, default=lambda value: value.decode("latin-1")).encode("utf-8", "surrogatepass"))
    spec = ModelSpec(name="vllm/m", base_url=url)
    target = read_target(spec, provider="vllm", model="m", connection=Connection())
    endpoint = OpenAIChatEndpoint(target, schedule=Schedule(attempts=1, first_s=0.0))
    with tempfile.TemporaryDirectory() as name:
        try:
            report = asked(Path(name), endpoint)
        except EvenhandError as error:
            assert str(error)  # no chat server at all: the run ends with a sentence
            return
        all_is_read(Path(name), report)


@FEW
@given(text=texts, stop=words, usage=st.one_of(st.none(), usages), model=words)
def test_whatever_inspect_hands_over_is_read_back(text: str, stop: Any, usage: Usage | None, model: Any) -> None:
    endpoint = InspectEndpoint.__new__(InspectEndpoint)
    endpoint._name = "inspect/x/y"
    counted = usage and SimpleNamespace(
        input_tokens=usage.input_tokens, output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens, input_tokens_cache_read=usage.cached_tokens,
    )  # fmt: skip
    choice = SimpleNamespace(message=SimpleNamespace(text=text, content=text), stop_reason=stop, logprobs=None)
    output = SimpleNamespace(choices=[choice], usage=counted, model=model, error=None)
    with tempfile.TemporaryDirectory() as name:
        script = ScriptedEndpoint(lambda request: endpoint._read(output, request, seconds=0.2))
        all_is_read(Path(name), asked(Path(name), script))


DAMAGE = st.sampled_from(["reply", "detail", "asked", "option_order", "replicate", "item", "placement"])
BROKEN = st.sampled_from(
    ["", "{", "null", "[]", '{"text":"A"}', "\x00", b"\xff\xfe", 10**18, "[0,9]", '{"outcome":"?"}']
)


@FEW
@given(column=DAMAGE, value=BROKEN, rows=st.integers(1, 3))
def test_a_damaged_row_is_left_out_and_counted_and_can_be_replayed_around(
    column: str, value: object, rows: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        first, second = Path(name) / "a", Path(name) / "b"
        first.mkdir()
        second.mkdir()
        asked(first, ScriptedEndpoint(lambda _: Reply(text="A", finish="stop", usage=Usage(input_tokens=3))))
        with sqlite3.connect(first / TRIALS_FILE) as database:
            database.execute(f"UPDATE trials SET {column} = ? WHERE id <= ?", (value, rows))
        database.close()
        with open_trials(first / TRIALS_FILE) as trials:
            assert trials.count() == CELLS
            run_summary(PLAN, trials, directory=first)
        frame = score(PLAN, first).frame
        assert CELLS - rows <= frame.height <= CELLS
        recorded = open_recorded(first, PLAN.models[0].name)
        all_is_read(second, asked(second, ReplayEndpoint(recorded, name="replay/a")))


def test_a_row_that_an_earlier_version_wrote_and_this_one_would_not_is_left_out(tmp_path: Path) -> None:
    asked(tmp_path, ScriptedEndpoint(lambda _: Reply(text="A", finish="stop")))
    bad = json.dumps({"text": "A", "finish": "stop", "usage": {"input_tokens": 10**19}})
    with sqlite3.connect(tmp_path / TRIALS_FILE) as database:
        database.execute("UPDATE trials SET reply = ? WHERE id = 1", (bad,))
    database.close()
    assert score(PLAN, tmp_path).frame.height == CELLS - 1


def test_a_latency_that_is_no_number_is_a_failed_cell_with_that_reason(tmp_path: Path) -> None:

    asked(tmp_path, ScriptedEndpoint(lambda _: Reply(text="A", finish="stop", latency_s=float("nan"))))
    with open_trials(tmp_path / TRIALS_FILE) as trials:
        errors = {stored.trial.outcome.error for stored in trials.rows()}  # type: ignore[union-attr]  # all failed
    assert errors == {"latency_s is nan, not a number from 0 to 10,000,000"}
