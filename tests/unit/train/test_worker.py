"""What a training refuses once it has a tokenizer; the training itself is tested with torch, in tests/extras."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from evenhand.errors import InputError
from evenhand.records.preference import PreferencePair, SpokenTurn
from evenhand.train.worker import _refuse_uneven

PAIR = PreferencePair(
    prompt=(SpokenTurn(role="user", content="Which emotion? A. joy B. hope"),),
    chosen=(SpokenTurn(role="assistant", content="A"),),
    rejected=(SpokenTurn(role="assistant", content="B"),),
    rejected_kind="moved",
    question="lake",
    text="Which emotion?",
    arm="practice/crossed-001",
    chosen_agreement=1.0,
    rejected_agreement=0.0,
)


class Words:
    """A tokenizer whose tokens are words."""

    def __init__(self) -> None:
        self.read: list[str] = []
        """The texts that were given to it."""

    def apply_chat_template(
        self, shown: Sequence[dict[str, str]], *, tokenize: bool, add_generation_prompt: bool
    ) -> str:
        assert not tokenize
        told = "".join(f"{turn['role']} : {turn['content']} ; " for turn in shown)
        return told + ("assistant : " if add_generation_prompt else "")

    def __call__(self, text: str, *, add_special_tokens: bool) -> dict[str, list[int]]:
        assert not add_special_tokens
        self.read.append(text)
        return {"input_ids": [sum(map(ord, word)) for word in text.split()]}


def test_answers_of_one_length_need_no_reference() -> None:
    tokenizer = Words()
    _refuse_uneven([PAIR], tokenizer)
    assert tokenizer.read == ["A ; ", "B ; "], "both answers were measured"


def test_answers_of_two_lengths_need_a_reference() -> None:
    longer = msgspec.structs.replace(PAIR, rejected=(SpokenTurn(role="assistant", content="B, hope"),))
    with pytest.raises(InputError, match=r"'lake' behind 'practice/crossed-001' have 2 and 3 tokens.*--reference base"):
        _refuse_uneven([PAIR, longer], Words())
