from __future__ import annotations

import pytest
from msgspec.structs import replace

from evenhand.plan.cost import Price
from evenhand.records.message import Message, ModelSettings, Recall, Request, Usage
from evenhand.records.profile import Arm, Fact
from evenhand.run.budget import Budget
from evenhand.run.ledger import Call
from evenhand.run.limits import Limits

DEAR = Price(input_usd=1e6, output_usd=1e6)  # a dollar for a token
FREE = Price(input_usd=0.0, output_usd=0.0)


def request(number: int, *, characters: int = 40, most: int = 10) -> Request:
    return Request(
        cell_key=str(number),
        messages=(Message(role="user", content="x" * characters),),
        settings=ModelSettings(max_tokens=most),
        letters=("A", "B"),
        seed=number,
    )


def call(model: str = "m", *, read: int | None = 10, written: int | None = 2, **fields: int) -> Call:
    return Call(
        model=model,
        role="assistant" if model == "m" else "second",
        usage=Usage(input_tokens=read, output_tokens=written),
        input_characters=40,
        output_characters=8,
        **fields,  # type: ignore[arg-type]  # numbers, each as its field wants it
    )


def test_the_dearest_case_of_every_cell_in_flight_is_set_aside() -> None:
    budget = Budget(Limits(max_cost=100.0), prices={"m": DEAR})
    for number in range(3):  # 20 tokens of question, 10 of answer: 30 dollars each
        assert budget.room(request(number), model="m") == "yes"
        budget.started(request(number), model="m")
    assert budget.room(request(3), model="m") == "wait"
    budget.finished("0", [call()])
    assert budget.cost_usd == 12.0
    assert budget.room(request(3), model="m") == "yes"  # 12 + 2 x 30 + 20: ten tokens were read, not twenty


def test_nothing_is_started_that_could_cost_more_than_is_left() -> None:
    budget = Budget(Limits(max_cost=29.0), prices={"m": DEAR})
    assert budget.room(request(0), model="m") == "max_cost"
    assert Budget(Limits(max_cost=0.0), prices={"m": FREE}).room(request(0), model="m") == "yes"


def test_unknown_usage_is_priced_from_the_characters_and_a_cut_answer_at_its_limit() -> None:
    budget = Budget(Limits(), prices={"m": DEAR})
    budget.started(request(0), model="m")
    budget.finished("0", [call(read=None, written=None)])
    assert budget.cost_usd == 12.0  # 40 and 8 characters
    budget.started(request(1), model="m")
    budget.finished("1", [call(read=None, written=None, cut=500)])
    assert budget.cost_usd == 12.0 + 10.0 + 500.0
    assert (budget.input_tokens, budget.output_tokens) == (0, 0)


def test_a_second_model_is_counted_priced_and_set_aside() -> None:
    budget = Budget(Limits(max_cost=1000.0, max_calls=5), prices={"m": DEAR, "r": DEAR}, second=["r"])
    assert budget.room(request(0), model="m") == "yes"
    budget.started(request(0), model="m")
    budget.finished("0", [call(), call("r", read=30, written=1)])
    assert (budget.calls, budget.cost_usd) == (2, 43.0)
    budget.started(request(1), model="m")
    assert budget.room(request(2), model="m") == "wait"  # one call is left, and two may be needed
    budget.finished("1", [call()])  # an unfinished answer is not read
    assert budget.room(request(2), model="m") == "yes"
    budget.started(request(2), model="m")
    budget.finished("2", [call(), call("r")])
    assert budget.room(request(3), model="m") == "max_calls"


def test_a_second_model_without_a_price_makes_the_cost_unknown() -> None:
    budget = Budget(Limits(), prices={"m": DEAR}, second=["r"])
    budget.started(request(0), model="m")
    budget.finished("0", [call(), call("r")])
    assert budget.cost_usd is None


def test_what_was_given_up_counts_as_calls_and_costs_nothing_known() -> None:
    budget = Budget(Limits(), prices={"m": DEAR})
    budget.started(request(0), model="m")
    budget.finished("0", [Call(model="m", role="assistant", answered=False, attempts=6)])
    budget.started(request(1), model="m")
    budget.abandoned("1")
    assert (budget.calls, budget.in_flight, budget.cost_usd) == (7, 0, None)


def test_calls_of_a_policy_are_counted_before_they_are_made() -> None:
    several = replace(request(0), calls=3, policy="consensus", others=((Message(role="user", content="x" * 80),),) * 3)
    budget = Budget(Limits(max_calls=5), prices={"m": FREE})
    assert budget.room(several, model="m") == "yes"
    budget.started(several, model="m")
    assert budget.room(several, model="m") == "wait"
    budget.finished("0", [call(), call(), call()])
    assert budget.calls == 3
    assert budget.room(several, model="m") == "max_calls"
    assert budget.room(request(1), model="m") == "yes"
    # 40 tokens of the longest question and 10 of an answer that is sent back, 10 written: 60 dollars, three times.
    dear = Budget(Limits(max_cost=179.0), prices={"m": DEAR})
    assert dear.room(several, model="m") == "max_cost"
    assert Budget(Limits(max_cost=180.0), prices={"m": DEAR}).room(several, model="m") == "yes"


def test_what_a_policy_asks_a_model_about_facts_is_set_aside_at_that_models_price() -> None:
    facts = tuple(Fact(text=f"fact {number}", dimension="need") for number in range(2))
    recall = Recall(
        arm=Arm(id="x/y", kind="profile", facts=facts),
        placement="system",
        reader="none",
        query="",
        language="en",
        model="decider",
        calls=2,
        characters=40,
        most_tokens=5,
    )
    asked = replace(request(0), policy="gate", recall=recall)
    assert Budget(Limits(max_calls=2), prices={"m": FREE}).room(asked, model="m") == "max_calls"
    assert Budget(Limits(max_calls=3), prices={"m": FREE}).room(asked, model="m") == "yes"
    budget = Budget(Limits(), prices={"m": FREE, "decider": DEAR})
    assert budget.dearest(request(0), model="m") == 0.0
    assert budget.dearest(asked, model="m") == pytest.approx(2 * (20 + 5))  # half a token for a character
