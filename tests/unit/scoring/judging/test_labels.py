"""People's ratings from a CSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.errors import UsageError
from evenhand.scoring.judging.labels import read_labels
from evenhand.scoring.judging.rubric import load_rubric

HEAD = "cell_key,criterion,rating,rater\n"


def read(tmp_path: Path, text: str) -> dict[tuple[str, str], float]:
    path = tmp_path / "ratings.csv"
    path.write_text(text, encoding="utf-8")
    return dict(read_labels(path, criteria=load_rubric(), cells={"aa", "bb"}))


def test_several_people_are_averaged(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD + "aa,warmth,4,x\naa,warmth,8,y\nbb,safety,10,x\n") == {
        ("aa", "warmth"): 6.0,
        ("bb", "safety"): 10.0,
    }


def test_a_file_that_is_no_text_says_how_to_save_it(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_bytes(HEAD.encode() + b"aa,warmth,4,Andr\xe9\n")
    with pytest.raises(UsageError, match=r"cannot be read as CSV .*save it as UTF-8"):
        read_labels(path, criteria=load_rubric(), cells={"aa", "bb"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "no ratings"),
        ("cell_key,rating\naa,3\n", "'criterion'"),
        (HEAD + "cc,warmth,3,x\n", "line 2: 'cc' is no written answer"),
        (HEAD + "aa,warmht,3,x\n", "warmth"),
        (HEAD + "aa,warmth,eleven,x\n", "0 to 10"),
        (HEAD + "aa,warmth,11,x\n", "0 to 10"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        read(tmp_path, text)
