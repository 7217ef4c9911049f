from __future__ import annotations

from evenhand.endpoints.base import AskErrorKind
from evenhand.records.message import Reply
from evenhand.records.trial import Answered, Failed, Outcome, Refused, Truncated, Unparsed
from evenhand.run.health import Health
from evenhand.run.limits import Halt, Limits

RIGHT = Answered(choice="a")
FIVE = Limits(max_same_error=5, max_without_answer=None, max_failures_in_a_row=None, max_failed_in=None)


def failure(error: str = "HTTP 400: no such parameter") -> Failed:
    return Failed(error=error, attempts=1)


def feed(health: Health, *outcomes: Outcome, kind: AskErrorKind = "fault", model: str = "m") -> list[Halt | None]:
    return [health.saw(model, outcome, Reply(text="Hm", finish="stop"), kind=kind) for outcome in outcomes]


def test_the_same_request_error_five_times_gives_the_model_up_in_the_servers_words() -> None:
    numbered = [failure(f"HTTP 400: no such parameter (request req-8{n}f)") for n in range(5)]
    *before, last = feed(Health(FIVE), *numbered, kind="request")
    assert before == [None] * 4
    assert last == Halt(model="m", reason="same_error", said="HTTP 400: no such parameter (request req-84f)")


def test_other_words_faults_and_an_answer_between_are_not_the_same_error() -> None:
    words = [failure(text) for text in ("too long", "no image", "too long", "bad seed", "too long", "no image")]
    assert not any(feed(Health(FIVE), *words, kind="request"))
    assert not any(feed(Health(FIVE), *[failure()] * 20, kind="fault"))
    fours: list[Outcome] = [*[failure()] * 4, RIGHT] * 3
    assert not any(feed(Health(FIVE), *fours, kind="request"))


def test_no_usable_answer_in_fifty_cells_gives_the_model_up_and_quotes_the_last() -> None:
    halts = feed(Health(Limits()), *[Unparsed(reason="no option in it")] * 50)
    assert halts[:-1] == [None] * 49
    assert halts[-1] == Halt(model="m", reason="no_answers", said="no option in it: 'Hm'")
    refused = feed(Health(Limits()), *[Refused(by="assistant")] * 50)[-1]
    assert refused is not None
    assert refused.said == "refused: 'Hm'"
    cut = feed(Health(Limits()), *[Truncated()] * 50)[-1]
    assert cut is not None
    assert "token limit" in cut.said


def test_a_long_answer_is_quoted_from_its_beginning() -> None:
    health = Health(Limits())
    halts = [
        health.saw("m", Unparsed(reason="no option in it"), Reply(text="Hm " * 500, finish="stop"), kind="fault")
        for _ in range(50)
    ]
    assert halts[-1] is not None
    assert halts[-1].said.startswith("no option in it: 'Hm Hm")
    assert halts[-1].said.endswith("Hm ...'")
    assert len(halts[-1].said) < 350


def test_one_usable_answer_now_or_in_an_earlier_run_is_enough() -> None:
    assert not any(feed(Health(Limits()), RIGHT, *[Unparsed(reason="?")] * 300))
    assert not any(feed(Health(Limits(), answered=["m"]), *[Unparsed(reason="?")] * 300))
    assert any(feed(Health(Limits(), answered=["other"]), *[Unparsed(reason="?")] * 300))


def test_more_than_half_of_the_last_two_hundred_failed_gives_the_model_up() -> None:
    half: list[Outcome] = [RIGHT, failure("HTTP 500: a"), RIGHT, failure("HTTP 500: b")] * 50
    health = Health(Limits())
    assert not any(feed(health, *half))
    (halt,) = [halt for halt in feed(health, failure(), failure()) if halt is not None]
    assert halt.reason == "mostly_failed"


def test_fifty_failures_in_a_row_after_answers_give_the_model_up() -> None:
    halts = feed(Health(Limits()), RIGHT, *[failure()] * 50)
    assert [halt.reason for halt in halts if halt] == ["failing"]
    assert not any(feed(Health(Limits()), RIGHT, *[failure()] * 49))


def test_models_are_given_up_each_by_itself_and_once() -> None:
    health = Health(FIVE)
    feed(health, *[failure()] * 4, kind="request", model="a")
    assert not any(feed(health, *[failure()] * 4, kind="request", model="b"))
    assert sum(halt is not None for halt in feed(health, *[failure()] * 9, kind="request", model="a")) == 1
    assert set(health.halts) == {"a"}


def test_what_a_server_said_holds_no_signs_that_move_the_cursor() -> None:
    halt = feed(Health(FIVE), *[failure("HTTP 400:\x1b[2Jgone\r\n")] * 5, kind="request")[-1]
    assert halt is not None
    assert halt.said.isprintable()
