"""Local weights, computed in this process."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from pathlib import Path
from shutil import copytree

import pytest
from msgspec.structs import replace

pytest.importorskip("torch")

from evenhand.audit import audit  # some of what follows needs torch
from evenhand.endpoints.base import AskError
from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.hf.endpoint import HuggingFaceEndpoint
from evenhand.endpoints.hf.network import PrefixNetwork
from evenhand.endpoints.hf.prefixes import ReadPrefix
from evenhand.endpoints.kinds import open_endpoint
from evenhand.errors import EndpointError
from evenhand.plan.make import PlanRequest
from evenhand.records.message import Message, ModelSettings, Reply, Request
from evenhand.records.plan import Design, ModelSpec
from evenhand.scoring.probability import option_probabilities

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("default")]  # other people's deprecations

LETTERS = ("A", "B", "C", "D", "E")


def request(index: int, **settings: object) -> Request:
    messages = (
        Message(role="system", content=f"You are a helpful assistant. The user has {'very ' * index} many cats."),
        Message(role="user", content=f"Situation {index}: what does Kim feel?\nA. joy\nB. fear\nC. anger"),
    )
    chosen = ModelSettings(**{"max_tokens": 8, **settings})  # type: ignore[arg-type]  # each as its field wants it
    return Request(cell_key=f"{index:032x}", messages=messages, settings=chosen, letters=LETTERS, seed=index)


def ask(path: Path, *requests: Request, concurrency: int | None = None, **options: str) -> list[Reply]:
    spec = ModelSpec(name=f"hf/{path}", options={"device": "cpu", **options})
    context = EndpointContext(connection=Connection(concurrency=concurrency))

    async def all_of_them() -> list[Reply]:
        endpoint = open_endpoint(spec, context=context)
        assert isinstance(endpoint, HuggingFaceEndpoint)
        try:
            return await asyncio.gather(*(endpoint.reply(one) for one in requests))
        finally:
            await endpoint.aclose()

    return asyncio.run(all_of_them())


def said(reply: Reply) -> tuple[str, str]:
    return reply.text, reply.finish


def test_answers_do_not_depend_on_what_is_asked_beside_them(tiny_llama: Path) -> None:
    requests = [request(index) for index in range(12)]
    together = ask(tiny_llama, *requests)
    alone = ask(tiny_llama, *requests, batch="1")
    assert list(map(said, together)) == list(map(said, alone))
    assert len(set(map(said, together))) > 2
    assert together[0].usage == alone[0].usage


def test_log_probabilities_hold_every_letter_and_agree_with_the_answer(tiny_llama: Path) -> None:
    for reply in ask(tiny_llama, *(request(index, logprobs=True) for index in range(8))):
        assert reply.top is not None
        assert {one.token for one in reply.top} >= set(LETTERS)
        assert math.fsum(math.exp(one.logprob) for one in reply.top) <= 1.0 + 1e-6
        chances = option_probabilities(reply.top, LETTERS, least_mass=0.0)
        assert chances is not None
        if reply.text in LETTERS:
            assert LETTERS[chances.index(max(chances))] == reply.text


def test_drawn_answers_depend_on_their_seed_alone(tiny_llama: Path) -> None:
    requests = [request(index, temperature=1.5) for index in range(6)]
    forwards = ask(tiny_llama, *requests)
    backwards = ask(tiny_llama, *reversed(requests))[::-1]
    assert list(map(said, forwards)) == list(map(said, backwards))


def test_an_answer_that_runs_out_of_tokens_says_so(tiny_llama: Path) -> None:
    replies = ask(tiny_llama, *(request(index, max_tokens=1) for index in range(8)))
    assert {reply.finish for reply in replies} <= {"length", "stop"}
    assert any(reply.finish == "length" for reply in replies)
    assert all(reply.usage.output_tokens == 1 for reply in replies)


def test_a_conversation_that_does_not_fit_is_the_cells_failure(tiny_llama: Path) -> None:
    with pytest.raises(AskError, match="do not fit the model's 4096"):
        ask(tiny_llama, request(1, max_tokens=5000))


def test_a_long_conversation_does_not_fail_those_beside_it(tiny_llama: Path) -> None:
    async def both() -> list[Reply | BaseException]:
        endpoint = open_endpoint(ModelSpec(name=f"hf/{tiny_llama}", options={"device": "cpu"}))
        try:
            asked = (request(1, max_tokens=5000), request(2))
            return await asyncio.gather(*(endpoint.reply(one) for one in asked), return_exceptions=True)
        finally:
            await endpoint.aclose()

    failed, answered = asyncio.run(both())
    assert isinstance(failed, AskError) and failed.kind == "request"
    assert isinstance(answered, Reply)


def test_turns_of_a_tool_are_rendered(tiny_llama: Path) -> None:
    messages = (
        Message(role="user", content="Hello"),
        Message(role="assistant", content="", tool_name="recall", tool_call_id="c1", tool_arguments='{"n": 1}'),
        Message(role="tool", content="The user is tall.", tool_name="recall", tool_call_id="c1"),
    )
    asked = Request(cell_key="0" * 32, messages=messages, settings=ModelSettings(max_tokens=2), letters=LETTERS, seed=1)
    assert ask(tiny_llama, asked)[0].finish in {"stop", "length"}


MEMORY = "The user has two children, keeps bees, and lost a job last spring. " * 6
GEMMA = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] | trim }}<|end|>\n{% endfor %}"
    "<|assistant|>\n"
)
COUNTING = "{{ messages[-1]['content'] | length }} letters follow.\n"
GLUED = "{% for message in messages %}{{ message['content'] }}{% endfor %}<|assistant|>\n"


def behind_one_memory(index: int, memory: str = MEMORY, **settings: object) -> Request:
    asked = request(index, **{"logprobs": True, **settings})
    return replace(asked, messages=(Message(role="system", content=memory), asked.messages[1]))


def with_template(checkpoint: Path, place: Path, template: str) -> Path:
    copytree(checkpoint, place)
    (place / "chat_template.jinja").write_text(template, encoding="utf-8")
    return place


def assert_same(ones: list[Reply], others: list[Reply], *, within: float = 1e-4) -> None:
    assert [(one.text, one.finish) for one in ones] == [(other.text, other.finish) for other in others]
    for one, other in zip(ones, others, strict=True):
        assert one.top is not None and other.top is not None
        expected = {candidate.token: candidate.logprob for candidate in other.top}
        letters = [candidate for candidate in one.top if candidate.token in LETTERS]
        assert len(letters) == len(LETTERS)
        assert all(abs(candidate.logprob - expected[candidate.token]) < within for candidate in letters)


def test_a_memory_is_read_once_and_the_answers_are_those_without_sharing(tiny_llama: Path) -> None:
    requests = [behind_one_memory(index) for index in range(20)]
    shared, whole = ask(tiny_llama, *requests), ask(tiny_llama, *requests, prefix_cache_mb="0")
    assert_same(shared, whole)
    chances = [{candidate.token: candidate.logprob for candidate in one.top or ()} for one in shared]
    assert len({one["A"] for one in chances}) == 20, "no two questions are alike"
    assert [one.usage.cached_tokens for one in whole] == [None] * 20
    read = [one.usage.cached_tokens or 0 for one in shared]
    assert read.count(0) == 1, "the first of the first batch pays for the memory"
    assert min(one for one in read if one) > 100


@pytest.mark.parametrize(
    "template", [GEMMA, COUNTING + GLUED, GLUED], ids=["no system role", "the question first", "glued together"]
)
def test_answers_are_those_without_sharing_whatever_the_template(
    tiny_llama: Path, tmp_path: Path, template: str
) -> None:
    checkpoint = with_template(tiny_llama, tmp_path / "checkpoint", template)
    requests = [behind_one_memory(index, MEMORY + "Which answer is bes") for index in range(6)]
    requests = [
        replace(one, messages=(one.messages[0], replace(one.messages[1], content=f"t. {one.messages[1].content}")))
        for one in requests
    ]
    shared = ask(checkpoint, *requests)
    assert_same(shared, ask(checkpoint, *requests, prefix_cache_mb="0"))
    cached = max(one.usage.cached_tokens or 0 for one in shared)
    assert cached == 0 if template.startswith(COUNTING) else cached > 100


def test_a_beginning_cut_out_of_glued_text_would_be_another(tiny_llama: Path) -> None:
    """What is guarded against above is there: the end of the memory and the question's first word are one token."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    alone, whole = (tokenizer(text)["input_ids"] for text in ("Which answer is bes", "Which answer is best. Kim"))
    assert whole[: len(alone)] != alone


def test_the_likeliest_letter_is_the_one_with_the_most_probability_and_nothing_is_written(tiny_llama: Path) -> None:
    requests = [behind_one_memory(index) for index in range(12)]
    for one in ask(tiny_llama, *requests, letters="likeliest"):
        chances = option_probabilities(one.top, LETTERS, least_mass=0.0)
        assert chances is not None
        assert one.text == LETTERS[chances.index(max(chances))]
        assert one.finish == "stop" and one.usage.output_tokens == 0
    written, likeliest = ask(tiny_llama, *requests), ask(tiny_llama, *requests, letters="likeliest")
    assert [one.top for one in written] == [one.top for one in likeliest]


def test_answers_that_are_no_letters_are_written_even_so(tiny_llama: Path) -> None:
    numbers = [behind_one_memory(index, logprobs=False) for index in range(3)]
    found = [ask(tiny_llama, *numbers, letters=letters) for letters in ("written", "likeliest")]
    assert list(map(said, found[0])) == list(map(said, found[1]))
    assert all(one.top is None for one in found[1])


def test_half_precision_answers_alike(tiny_llama: Path) -> None:
    requests = [behind_one_memory(index) for index in range(12)]
    shared = ask(tiny_llama, *requests, dtype="bfloat16")
    whole = ask(tiny_llama, *requests, dtype="bfloat16", prefix_cache_mb="0")
    alike = sum(said(one) == said(other) for one, other in zip(shared, whole, strict=True))
    assert alike >= 10


def test_an_audit_reads_every_memory_once(tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[int, ...]] = []
    prefix = PrefixNetwork.prefix

    def counted(self: PrefixNetwork, ids: Sequence[int]) -> ReadPrefix:
        read.append(tuple(ids))
        return prefix(self, ids)

    monkeypatch.setattr(PrefixNetwork, "prefix", counted)
    design = Design(kinds=("understanding",), items_per_kind=8, placebo_per_item=0, matched_sets=2, pairs_per_item=None)
    spec = ModelSpec(name=f"hf/{tiny_llama}", options={"device": "cpu"}, settings=ModelSettings(max_tokens=4))
    done = audit(PlanRequest(models=(spec,), design=design), tmp_path / "run").asked
    assert done is not None and done.asked == 8 * (2 + 2 * 2)
    _proof, *memories = read
    assert len(set(memories)) == len(memories) == 1 + 2 * 2


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("hf/./nowhere", {}, "no checkpoint directory"),
        ("hf/nowhere", {"batch": "none"}, "whole number from 1"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_named(name: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(EndpointError, match=message):
        open_endpoint(ModelSpec(name=name, options=options))


def test_a_directory_that_holds_no_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match="cannot be loaded"):
        open_endpoint(ModelSpec(name=f"hf/{tmp_path}"))


def test_a_checkpoint_without_a_chat_template_is_refused(tiny_llama: Path, tmp_path: Path) -> None:
    for file in tiny_llama.iterdir():
        if file.name != "chat_template.jinja":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(EndpointError, match="no chat template"):
        open_endpoint(ModelSpec(name=f"hf/{tmp_path}"))
