"""A beginning that is read once gives what the whole prompt gives, architecture by architecture."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from evenhand.endpoints.hf.checkpoint import Checkpoint  # noqa: E402  # needs torch
from evenhand.endpoints.hf.decoding import GenerateDecoder, PrefixDecoder, TokenQuestion  # noqa: E402
from evenhand.endpoints.hf.network import PrefixNetwork, can_share  # noqa: E402
from evenhand.endpoints.hf.prefixes import PrefixCache, ReadPrefix  # noqa: E402
from evenhand.endpoints.hf.proof import ProvenDecoder  # noqa: E402
from evenhand.records.message import ModelSettings  # noqa: E402

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("default")]  # other people's deprecations

SAME = 1e-4
"""Largest difference of a log-probability in single precision."""
VOCABULARY = 97
PREFIX = tuple(range(3, 43))
ROWS = ((50, 51, 52), (60,), (70, 71, 72, 73, 74, 75, 76, 77, 78), (50, 51, 53))
SMALL: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 256,
    "initializer_range": 0.3,
    "bos_token_id": None,
    "eos_token_id": 1,
    "pad_token_id": 0,
}
SHARING: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("LlamaConfig", {}),
    "llama, eager": ("LlamaConfig", {"attn_implementation": "eager"}),
    "qwen3": ("Qwen3Config", {}),
    "mistral, a window shorter than the memory": ("MistralConfig", {"sliding_window": 7}),
    "gemma2, every other layer with a window": ("Gemma2Config", {"sliding_window": 8}),
    "gemma3, every other layer with a window": ("Gemma3TextConfig", {"sliding_window": 9}),
    "mixture of experts": ("MixtralConfig", {"num_local_experts": 4}),
    "gpt2, learned positions": ("GPT2Config", {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 256}),
}


def model(kind: str, **settings: Any) -> Any:
    torch.manual_seed(5)
    named, own = SHARING.get(kind, (kind, {}))
    attention = {"attn_implementation": own["attn_implementation"]} if "attn_implementation" in own else {}
    chosen = {**SMALL, **own, **settings}
    config = getattr(transformers, named)(**{name: chosen[name] for name in chosen if name != "attn_implementation"})
    made = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32, **attention)
    return made.eval()


def whole(of: Any, ids: tuple[int, ...]) -> Any:
    """What plain transformers says of the next token, without any cache."""
    with torch.inference_mode():
        return torch.log_softmax(of(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].float(), -1)


@pytest.mark.parametrize("kind", SHARING)
def test_a_shared_beginning_gives_the_log_probabilities_of_the_whole_prompt_and_of_what_follows(kind: str) -> None:
    one = model(kind)
    assert can_share(one)
    network = PrefixNetwork(one, device="cpu")
    prompts = [(*PREFIX, *row) for row in ROWS]
    with torch.inference_mode():
        prefix = network.prefix(PREFIX)
        logits, rows = network.begin(prefix, ROWS)
        for step in range(4):
            found = torch.log_softmax(logits, -1)
            for row, prompt in enumerate(prompts):
                assert (found[row] - whole(one, prompt)).abs().max() < SAME, (step, row)
            tokens = logits.argmax(-1).tolist()
            prompts = [(*prompt, token) for prompt, token in zip(prompts, tokens, strict=True)]
            logits = rows.step(tokens)
        rows.keep([2, 1])
        prompts = [prompts[2], prompts[1]]
        tokens = logits.argmax(-1).tolist()
        after = torch.log_softmax(rows.step([tokens[2], tokens[1]]), -1)
        for row, prompt in enumerate(prompts):
            assert (after[row] - whole(one, (*prompt, (tokens[2], tokens[1])[row]))).abs().max() < SAME
        again, _ = network.begin(prefix, ROWS)
    assert (torch.log_softmax(again, -1)[0] - whole(one, (*PREFIX, *ROWS[0]))).abs().max() < SAME, (
        "the beginning is kept"
    )


def test_rows_without_a_beginning_are_read_as_wholes() -> None:
    one = model("llama")
    network = PrefixNetwork(one, device="cpu")
    with torch.inference_mode():
        logits, _ = network.begin(ReadPrefix(ids=()), [(*PREFIX, *row) for row in ROWS])
    for row, asked in enumerate(ROWS):
        assert (torch.log_softmax(logits[row], -1) - whole(one, (*PREFIX, *asked))).abs().max() < SAME


def test_the_bytes_of_a_beginning_are_those_of_its_keys_and_values() -> None:
    with torch.inference_mode():
        prefix = PrefixNetwork(model("llama"), device="cpu").prefix(PREFIX)
    assert prefix.size == 2 * 4 * len(PREFIX) * 2 * 8 * 4  # keys and values, layers, tokens, heads, size, bytes


def checkpoint(one: Any) -> Checkpoint:
    class Padded:
        pad_token_id = 0

    return Checkpoint(model=one, tokenizer=Padded(), device="cpu", ends=frozenset({1}), room=None)


def asked(**settings: Any) -> list[TokenQuestion]:
    chosen = ModelSettings(**{"max_tokens": 6, **settings})
    return [TokenQuestion(ids=(*PREFIX, *row), settings=chosen, seed=seed) for seed, row in enumerate(ROWS)]


def test_answers_are_those_that_transformers_generates() -> None:
    one = model("llama")
    shared = PrefixDecoder(PrefixNetwork(one, device="cpu"), PrefixCache(1 << 20), ends=frozenset({1}))
    theirs = GenerateDecoder(one, device="cpu", padding=0, ends=frozenset({1}))
    found = shared.answers(asked(), shared=len(PREFIX))
    expected = theirs.answers(asked(), shared=0)
    assert [answer.tokens for answer in found] == [answer.tokens for answer in expected]
    assert len({answer.tokens for answer in found}) > 1
    for mine, other in zip(found, expected, strict=True):
        assert (mine.first - other.first).abs().max() < SAME


def test_a_beginning_is_read_once_and_what_was_read_before_is_told() -> None:
    cache = PrefixCache(1 << 20)
    decoder = PrefixDecoder(PrefixNetwork(model("llama"), device="cpu"), cache, ends=frozenset({1}))
    first = decoder.answers(asked(), shared=len(PREFIX))
    kept = cache.find(PREFIX)
    second = decoder.answers(asked(), shared=len(PREFIX))
    assert [answer.cached for answer in first] == [0, len(PREFIX), len(PREFIX), len(PREFIX)]
    assert [answer.cached for answer in second] == [len(PREFIX)] * 4
    assert kept is not None and cache.find(PREFIX) is kept
    assert [one.tokens for one in first] == [one.tokens for one in second]


def test_a_model_that_keeps_more_than_keys_and_values_is_left_to_transformers() -> None:
    sizes = {"state_size": 4, "num_hidden_layers": 2, "vocab_size": VOCABULARY, "hidden_size": 32}
    torch.manual_seed(5)
    mamba = transformers.AutoModelForCausalLM.from_config(transformers.MambaConfig(**sizes)).eval()
    assert not can_share(mamba)
    decoder = ProvenDecoder(checkpoint(mamba), PrefixCache(1 << 20))
    (answer,) = decoder.answers(asked()[:1], shared=len(PREFIX))
    assert decoder.shares is False
    assert len(answer.tokens) == 6 or answer.ended


def test_a_model_whose_shared_answers_differ_is_left_to_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong cache is seen before it answers anything."""
    one = model("llama")
    sound = ProvenDecoder(checkpoint(one), PrefixCache(1 << 20))
    expected = sound.answers(asked(), shared=len(PREFIX))
    assert sound.shares is True
    forward = type(one).forward

    def forgetful(self: Any, *args: Any, **given: Any) -> Any:
        """Reads a prompt behind a beginning as if its positions began anew."""
        for name in ("cache", "past_key_values"):
            if given.get(name) is not None and given[name].get_seq_length():
                given["position_ids"] = given["position_ids"] - int(given["position_ids"].min())
        return forward(self, *args, **given)

    forgetful.__signature__ = __import__("inspect").signature(forward)  # type: ignore[attr-defined]
    monkeypatch.setattr(type(one), "forward", forgetful)
    broken = ProvenDecoder(checkpoint(one), PrefixCache(1 << 20))
    broken.answers(asked()[:1], shared=len(PREFIX))
    assert broken.shares is False
    monkeypatch.undo()
    assert [a.tokens for a in expected] == [a.tokens for a in broken.answers(asked(), shared=len(PREFIX))]
