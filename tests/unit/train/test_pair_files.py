"""Files of pairs: TRL's and KTO's forms, and a sentence for each kind of unreadable line."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evenhand.errors import InputError
from evenhand.records.preference import PreferencePair, SpokenTurn
from evenhand.train.pair_files import labelled, read_lines, write_lines

PAIR = PreferencePair(
    prompt=(SpokenTurn(role="system", content="You help."), SpokenTurn(role="user", content="Hi?")),
    chosen=(SpokenTurn(role="assistant", content="A"),),
    rejected=(SpokenTurn(role="assistant", content="B"),),
    rejected_kind="moved",
    question="q",
    text="Hi?",
    arm="none",
    chosen_agreement=1.0,
    rejected_agreement=0.0,
)


def test_pairs_are_conversational_rows_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    write_lines([PAIR, PAIR], path)
    row = msgspec.json.decode(path.read_bytes().splitlines()[0])
    assert row["prompt"] == [{"role": "system", "content": "You help."}, {"role": "user", "content": "Hi?"}]
    assert row["chosen"] == [{"role": "assistant", "content": "A"}]
    assert read_lines(path, PreferencePair) == (PAIR, PAIR)


def test_a_pair_is_two_labelled_answers() -> None:
    found = list(labelled([PAIR]))
    assert [(one.completion[0].content, one.label) for one in found] == [("A", True), ("B", False)]
    assert all(one.prompt == PAIR.prompt for one in found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quetsion": "q"}, r"line 1: .*unknown field `quetsion`.*did you mean 'question'"),
        ({"rejected_kind": "bad"}, r"line 1: Invalid enum value 'bad' - at `\$\.rejected_kind`"),
        ({"chosen": "A"}, r"line 1: Expected `array`, got `str` - at `\$\.chosen`"),
    ],
)
def test_a_line_of_another_shape_is_named(change: dict[str, object], message: str, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(msgspec.json.encode(msgspec.to_builtins(PAIR) | change) + b"\n")
    with pytest.raises(InputError, match=message):
        read_lines(path, PreferencePair)


def test_no_file_no_line_and_no_json_are_a_sentence_each(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read .*evenhand preferences build"):
        read_lines(tmp_path / "none.jsonl", PreferencePair)
    (tmp_path / "empty.jsonl").write_text("\n\n")
    with pytest.raises(InputError, match="holds no line"):
        read_lines(tmp_path / "empty.jsonl", PreferencePair)
    (tmp_path / "bad.jsonl").write_text("prompt,chosen\n")
    with pytest.raises(InputError, match="line 1: JSON is malformed"):
        read_lines(tmp_path / "bad.jsonl", PreferencePair)
