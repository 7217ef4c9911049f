"""Questions and users for preference data of a small model: `python -m scripts.short_questions FOLDER`.

Writes FOLDER/questions.json: some questions of every topic of the shipped set, each of which asks for one short
sentence, since a small model seldom ends a long answer. And FOLDER/users.yaml: the users of the cohort `factors-extra`
of whom income or education is known, and a few neutral memories, so few that many questions share a memory.

    python -m scripts.short_questions short --per-topic 8
    evenhand preferences build hf/./build/smollm2 --questions short/questions.json --cohort short/users.yaml
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import msgspec
from msgspec.structs import replace

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.questions import load_questions
from evenhand.bank.write import write_cohort

FACTORS = ("income", "education")
NEUTRAL = 6
"""Memories that say nothing of a user's position."""


def write_questions(file: Path, *, per_topic: int) -> int:
    """Write so many of every topic and say how many they are; they are of one topic now, so that few are held out."""
    asked = load_questions()
    met: Counter[str] = Counter()
    chosen = []
    for question in asked.questions:
        met[question.topic] += 1
        if met[question.topic] <= per_topic:
            text = f"{question.text} Answer in one short sentence."
            chosen.append(replace(question, topic="general", text=text))
    short = replace(asked, name="short-questions", questions=tuple(chosen))
    file.write_bytes(msgspec.json.encode(short))
    return len(chosen)


def write_users(file: Path) -> int:
    """Write the users and say how many memories they are, neutral ones included."""
    cohort = load_cohort("factors-extra")
    profiles = tuple(one for one in cohort.profiles if set(one.levels) & set(FACTORS))
    told = {factor for one in profiles for factor in one.levels}
    few = replace(
        cohort,
        name="few-users",
        factors=tuple(factor for factor in cohort.factors if factor.id in told),
        profiles=profiles,
        placebo=cohort.placebo[:NEUTRAL],
    )
    write_cohort(few, file)
    return len(few.profiles) + len(few.placebo)


def main() -> None:
    """Write both files and say how many questions and memories they hold."""
    parser = argparse.ArgumentParser(description="Questions and users for preference data of a small model.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--per-topic", type=int, default=8, help="Questions of each of the 13 topics.")
    chosen = parser.parse_args()
    folder: Path = chosen.folder
    folder.mkdir(parents=True, exist_ok=True)
    questions = write_questions(folder / "questions.json", per_topic=chosen.per_topic)
    memories = write_users(folder / "users.yaml")
    print(f"{folder}: {questions} questions, {memories} memories")


if __name__ == "__main__":
    main()
