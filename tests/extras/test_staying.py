"""The divergence from the base model: none before training, as computed in full, and brought down by training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from evenhand.records.preference import SpokenTurn, UnmovedAnswer  # noqa: E402  # needs torch
from evenhand.train import staying  # noqa: E402
from evenhand.train.checkpoint import checkpoint_of  # noqa: E402
from evenhand.train.staying import Staying  # noqa: E402
from evenhand.train.tokens import answer_ids, prompt_ids  # noqa: E402

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("default")]  # other people's deprecations


def unmoved(arm: str, asked: str, said: str) -> UnmovedAnswer:
    return UnmovedAnswer(
        prompt=(SpokenTurn(role="user", content=asked),),
        completion=(SpokenTurn(role="assistant", content=said),),
        question=asked,
        text=asked,
        arm=arm,
    )


ANSWERS = (
    unmoved("none", "Ada won the prize by hard work. What does Ada feel? A. pride B. fear", "A"),
    unmoved("none", "Ben lost the key. What does Ben feel?", "B"),
    unmoved("p1", "A storm may come. What does Eva feel? A. hope B. fear", "B"),
)


def loaded(path: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32), AutoTokenizer.from_pretrained(path)


@pytest.fixture
def tilted(tmp_path: Path) -> tuple[Any, Any]:
    return loaded(checkpoint_of("specimen/tilted", folder=tmp_path))


def shaken(model: Any) -> Any:
    """The model with other weights."""
    torch.manual_seed(1)
    with torch.no_grad():
        for weights in model.parameters():
            weights += 0.02 * torch.randn_like(weights)
    return model


def in_full(before: Any, after: Any, tokenizer: Any, answers: tuple[UnmovedAnswer, ...]) -> float:
    """The mean over answers of the mean over their tokens, each answer in a pass of its own, all tokens compared."""
    found = []
    for one in answers:
        prompt = prompt_ids(tokenizer, one.prompt)
        end = answer_ids(tokenizer, one.prompt, one.completion[0].content)
        ids = torch.tensor([prompt + end])
        with torch.no_grad():
            old, new = (
                model(input_ids=ids).logits[0, len(prompt) - 1 : -1].log_softmax(-1) for model in (before, after)
            )
        found.append(float((old.exp() * (old - new)).sum(-1).mean()))
    return sum(found) / len(found)


def test_the_divergence_is_nothing_at_first_and_then_that_of_all_tokens(
    tilted: tuple[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, tokenizer = tilted
    base = loaded(checkpoint_of("specimen/tilted", folder=tmp_path))[0]
    monkeypatch.setattr(staying, "_TOP", 10_000)
    whole = Staying(ANSWERS, model=model, tokenizer=tokenizer, at_once=4, times=(20, 1), seed=1)
    monkeypatch.setattr(staying, "_TOP", 8)
    coarse = Staying(ANSWERS, model=model, tokenizer=tokenizer, at_once=4, times=(20, 1), seed=1)
    assert abs(float(whole.divergence(model, step=0, part=0).detach())) < 1e-6
    shaken(model)
    expected = in_full(base, model.eval(), tokenizer, ANSWERS)
    assert expected > 0.01
    assert float(whole.divergence(model, step=0, part=0).detach()) == pytest.approx(expected, rel=1e-3)
    assert 0 < float(coarse.divergence(model, step=0, part=0).detach()) <= expected, "tokens taken together tell less"


def test_half_of_what_is_drawn_is_without_memory_and_each_step_draws_anew(tilted: tuple[Any, Any]) -> None:
    model, tokenizer = tilted
    staying = Staying(ANSWERS, model=model, tokenizer=tokenizer, at_once=2, times=(8, 2), seed=1)
    shaken(model)
    alone = Staying(ANSWERS[:1], model=model, tokenizer=tokenizer, at_once=2, times=(8, 2), seed=1)
    assert float(alone.divergence(model, step=0, part=0).detach()) == pytest.approx(0, abs=1e-6), (
        "held to the weights of then"
    )
    found = {round(float(staying.divergence(model, step=step, part=0).detach()), 6) for step in range(8)}
    assert len(found) == 2, "one of two answers without memory, and always the one behind a memory"
    again = {float(staying.divergence(model, step=3, part=1).detach()) for _ in range(2)}
    assert len(again) == 1


def test_the_gradient_leads_back(tilted: tuple[Any, Any]) -> None:
    model, tokenizer = tilted
    held = Staying(ANSWERS, model=model, tokenizer=tokenizer, at_once=4, times=(20, 1), seed=1)
    optimiser = torch.optim.SGD(shaken(model).parameters(), lr=0.01)
    away = []
    for step in range(20):
        loss = held.divergence(model, step=step, part=0)
        away.append(float(loss.detach()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert away[-1] < 0.75 * away[0]
