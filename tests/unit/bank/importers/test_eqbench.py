from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from evenhand.bank.importers.registry import import_bank
from evenhand.errors import BankError
from evenhand.scoring.rating_score import reference_score

REAL = Path(__file__).parents[5] / "shared" / "data" / "eqbench"
PROMPT = (
    "\nYour task is to predict the likely emotional responses of a character in this dialogue:\n\n"
    "Ann: You sold it?\nBo: It was only a lamp.\n[End dialogue]\n\n"
    "At the end of this dialogue, Ann would feel...\nAngry\nSad\nProud\nCalm\n\n"
    "Give each of these possible emotions a score from 0-10.\n"
)
ANSWER = {f"emotion{n}": word for n, word in enumerate(("Angry", "Sad", "Proud", "Calm"), 1)}
SCORES: dict[str, str | int] = {"emotion1_score": "8", "emotion2_score": 6, "emotion3_score": 0, "emotion4_score": 1}


def written(folder: Path, *, prompt: str = PROMPT, answer: object = ANSWER | SCORES) -> Path:
    path = folder / "questions.json"
    path.write_text(json.dumps({"1": {"prompt": prompt, "reference_answer_fullscale": answer}}), encoding="utf-8")
    return path


def published(ratings: dict[str, float], reference: dict[str, float]) -> float:
    """The published formula word for word: 10 - 0.7477 * tally, in per cent."""
    tally = 0.0
    for name, rating in ratings.items():
        d = abs(rating - reference[name])
        tally += 0 if d == 0 else 6.5 * (1 / (1 + 2.718281828459045 ** (-1.2 * (d - 4)))) if d <= 5 else d
    return (10 - tally * 0.7477) * 10


def test_a_question_becomes_a_scene_with_its_emotions_and_reference_ratings(tmp_path: Path) -> None:
    (item,) = import_bank(written(tmp_path), format="eqbench").items
    assert item.stem == "Ann: You sold it?\nBo: It was only a lamp."
    assert item.question.startswith("At the end of this dialogue, Ann would feel...")
    assert [option.text for option in item.options] == ["Angry", "Sad", "Proud", "Calm"]
    assert item.reference == {"a": 8.0, "b": 6.0, "c": 0.0, "d": 1.0}
    assert item.key == "a"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt": "How does Ann feel?"}, "question '1'.*closing"),
        ({"answer": ANSWER}, "emotion1_score"),
        ({"answer": ANSWER | SCORES | {"emotion1": "Cross", "emotion2": "Blue"}}, "the reference rates Cross, Blue"),
        ({"answer": ANSWER | SCORES | {"emotion2_score": 11}}, "ratings lie in"),
        ({"answer": 7}, "no EQ-Bench file"),
    ],
)
def test_what_is_no_eqbench_question_is_refused_with_its_place(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    with pytest.raises(BankError, match=message):
        import_bank(written(tmp_path, **change), format="eqbench")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rated", "score"),
    [((8, 6, 0, 1), 100.0), ((10, 0, 0, 0), 49.8), ((0, 0, 10, 10), -146.74), ((7, 6, 1, 1), 97.4)],
)
def test_the_published_score_is_reproduced_on_stated_answers(
    tmp_path: Path, rated: tuple[int, ...], score: float
) -> None:
    (item,) = import_bank(written(tmp_path), format="eqbench").items
    assert item.reference is not None
    ratings = {option.id: float(value) for option, value in zip(item.options, rated, strict=True)}
    assert published(ratings, item.reference) == pytest.approx(score, abs=0.05)
    assert 100 * reference_score(ratings, item.reference) == pytest.approx(published(ratings, item.reference))


@pytest.mark.skipif(not REAL.exists(), reason="the files of EQ-Bench are not here")
@pytest.mark.parametrize(("file", "language"), [("171", "en"), ("171_de", "de")])
def test_the_real_files_are_read_whole_and_random_ratings_score_about_nothing(file: str, language: str) -> None:
    bank = import_bank(REAL / f"eq_bench_v2_questions_{file}.json", format="eqbench")
    assert (len(bank.items), bank.language) == (171, language)
    rng = np.random.default_rng(0)
    scores = [
        reference_score({name: float(rng.integers(0, 11)) for name in item.reference}, item.reference)
        for item in bank.items
        if item.reference is not None
        for _ in range(20)
    ]
    assert len(scores) == 3420
    assert 100 * float(np.mean(scores)) == pytest.approx(0.0, abs=4.0)
