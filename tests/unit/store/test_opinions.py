"""Opinions on pairs survive a kill, and are never mixed with those of another judge."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from evenhand.errors import StoreError
from evenhand.records.model_spec import ModelSpec
from evenhand.records.pairwise import PairwiseOpinion, PairwiseRater
from evenhand.records.rubric import Criterion
from evenhand.store.opinions import PAIRWISE_FILE, OpinionFile, OpinionsHead, read_opinions

JUDGE = PairwiseRater(
    model=ModelSpec(name="openai/judge"), criteria=(Criterion(id="w", question="?"),), pairs=9, seed=1, prompt="p"
)
HEAD = OpinionsHead(plan_sha256="0" * 64, rater=JUDGE)


def opinion(place: int) -> PairwiseOpinion:
    return PairwiseOpinion(first=f"a{place}", second=f"b{place}", forward={"w": "first"}, backward=None)


def test_what_was_kept_is_there_again_and_a_torn_line_is_not(tmp_path: Path) -> None:
    assert read_opinions(tmp_path) is None
    with OpinionFile(tmp_path, HEAD) as file:
        file.add(opinion(1))
        file.add(opinion(2))
    path = tmp_path / PAIRWISE_FILE
    path.write_bytes(path.read_bytes()[:-5])
    with OpinionFile(tmp_path, HEAD) as file:
        assert list(file.kept) == [("a1", "b1")]
        file.add(opinion(3))
    assert read_opinions(tmp_path) == (HEAD, (opinion(1), opinion(3)))


@pytest.mark.parametrize(
    "other",
    [
        replace(HEAD, plan_sha256="1" * 64),
        replace(HEAD, rater=replace(JUDGE, model=ModelSpec(name="openai/other"))),
        replace(HEAD, rater=replace(JUDGE, pairs=8)),
        replace(HEAD, rater=replace(JUDGE, prompt="q")),
    ],
)
def test_another_judge_is_refused_and_the_file_stays(other: OpinionsHead, tmp_path: Path) -> None:
    with OpinionFile(tmp_path, HEAD) as file:
        file.add(opinion(1))
    before = (tmp_path / PAIRWISE_FILE).read_bytes()
    with pytest.raises(StoreError, match="another judge"):
        OpinionFile(tmp_path, other)
    assert (tmp_path / PAIRWISE_FILE).read_bytes() == before


@pytest.mark.parametrize("data", [b"{}\n", b"no json\n", b'{"schema":"evenhand.pairwise/2"}\n', b"\xff\n"])
def test_a_file_of_another_kind_is_refused_in_a_sentence(data: bytes, tmp_path: Path) -> None:
    (tmp_path / PAIRWISE_FILE).write_bytes(data)
    for act in (lambda: OpinionFile(tmp_path, HEAD), lambda: read_opinions(tmp_path)):
        with pytest.raises(StoreError, match="delete it and judge anew"):
            act()
