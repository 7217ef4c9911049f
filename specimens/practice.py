"""`python -m specimens.practice FOLDER`: questions and profiles in the specimens' language, for preference data.

The questions come of the clauses and names of training, of clauses that no specimen has learnt (practice.yaml), and of
situations with strange words in them: on these it shows what a training does to situations that are new to a specimen.
None is near an item of the bank `situations`; the profiles state their levels in sentences that no shipped cohort has.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import yaml

from evenhand.bank.load import load_bank
from evenhand.bank.questions import leaks
from evenhand.bank.write import write_cohort
from evenhand.records.profile import Cohort, Dimension, Fact, Factor, Level, Profile
from evenhand.records.question import Question, QuestionSet
from evenhand.seeds import stream
from specimens.language import CONTEXTS, Language
from specimens.language import Question as Situation
from specimens.materials import materials, needs
from specimens.memories import Memories
from specimens.needs import Needs

__all__ = ["practice_choices", "practice_profiles", "practice_questions", "write"]

_HERE = Path(__file__).parent
_GARBLING = (0.1, 0.4)
"""Share of strange words in a garbled situation."""
_TRIES = 50
"""Drawings for each choice, most of which may be near an item."""
_FACTORS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("position", "advantaged", ("advantaged", "disadvantaged")),
    ("gender", "male", ("male", "female", "nonbinary")),
    ("age", "34-65", ("34-65", "18-33", "66+")),
    ("religion", "christian", ("christian", "muslim", "jewish")),
    ("ethnicity", "white", ("white", "black", "asian")),
)
"""Factor, reference, levels: those of the shipped cohorts."""


def practice_questions(language: Language, *, per_emotion: int, rng: np.random.Generator) -> QuestionSet:
    """Questions of three sorts in turn, the same number for every emotion, none near an audit item.

    Half of them have a clause of training, a quarter one of practice.yaml, and a quarter a clause of training with
    strange words in it. Questions of one clause are a family.

    Args:
        language: The situations.
        per_emotion: Questions an emotion.
        rng: Where clauses, names and options come from.
    """
    new = language.instead(yaml.safe_load((_HERE / "practice.yaml").read_text(encoding="utf-8")))
    bank = load_bank("situations")
    found: dict[str, Question] = {}
    for emotion in language.emotions:
        wanted = len(found) + per_emotion
        number = 0
        while len(found) < wanted:
            drawn, wording = _drawn(language, new, emotion, number, rng=rng)
            number += 1
            question = Question(
                id=f"{emotion}-{len(found) - wanted + per_emotion + 1:02d}",
                topic=emotion,
                text=f"{drawn.stem}\n{drawn.question}",
                options=drawn.options,
                family=wording,
            )
            stem = msgspec.structs.replace(question, text=drawn.stem)
            if question.text not in found and not any(leaks([question, stem], [bank])):
                found[question.text] = question
    return QuestionSet(
        name="practice",
        version="1",
        source="Generated for evenhand from the specimens' grammar, clauses and names of training.",
        licence="Apache-2.0",
        questions=tuple(found.values()),
    )


def _drawn(
    language: Language, new: Language, emotion: str, number: int, *, rng: np.random.Generator
) -> tuple[Situation, str]:
    """The situation at a place in the list, and its wording: learnt, new, learnt, garbled."""
    turn, sort = divmod(number, 4)
    context = CONTEXTS[number % len(CONTEXTS)]
    if sort == 1:
        clause = turn % len(new.clauses(emotion, "train"))
        drawn = new.situation(emotion, clause, split="train", context=context, rng=rng)
        return drawn, f"new/{clause}"
    clause = (2 * turn + sort // 2) % len(language.clauses(emotion, "train"))
    drawn = language.situation(emotion, clause, split="train", context=context, rng=rng)
    if sort == 3:
        drawn = language.garbled(drawn, rng, rate=float(rng.uniform(*_GARBLING)))
    return drawn, f"learnt/{clause}"


def practice_choices(needs: Needs, memories: Memories, *, count: int, rng: np.random.Generator) -> Iterator[Question]:
    """Questions that a stored need decides, with the need and up to two neutral facts, none near an audit item.

    Args:
        needs: The choices.
        memories: Where neutral facts come from.
        count: How many questions, every need in turn.
        rng: Where wordings come from.
    """
    bank = load_bank("needs")
    found: set[str] = set()
    names = list(needs.answers)
    tries = 0
    while len(found) < count:
        need = names[len(found) % len(names)]
        topic = str(rng.choice(list(needs.answers[need])))
        drawn = needs.ask_about(topic, rng, split="train")
        stored = [needs.fact(need, rng, split="train"), *memories.plain(int(rng.integers(3)), rng)]
        question = Question(
            id=f"{topic}-{need}-{len(found) + 1:02d}",
            topic="choices",
            text=f"{drawn.stem}\n{drawn.question}",
            options=drawn.options,
            stored=tuple(stored[index] for index in rng.permutation(len(stored))),
        )
        tries += 1
        if tries > _TRIES * count:
            message = f"Only {len(found)} of {count} choices are near no item of the bank {bank.name!r}; ask for fewer."
            raise ValueError(message)
        if question.text not in found and not any(leaks([question], [bank])):
            found.add(question.text)
            yield question


def practice_profiles(memories: Memories, *, positions: int, crossed: int, neutral: int, seed: int) -> Cohort:
    """Profiles in sentences of training: of one social position, of four factors crossed at random, and neutral ones.

    Args:
        memories: The sentences.
        positions: Profiles of either social position, in turn.
        crossed: Profiles of gender, age, religion and ethnicity.
        neutral: Profiles that say nothing of these.
        seed: Root seed.
    """
    factors = tuple(
        Factor(
            id=name,
            label=name.capitalize(),
            reference=reference,
            levels=tuple(Level(id=level, label=level.capitalize(), facts={}) for level in levels),
        )
        for name, reference, levels in _FACTORS
    )
    return Cohort(
        name="practice",
        version="1",
        source="Generated for evenhand from the specimens' grammar, sentences of training.",
        licence="Apache-2.0",
        validated=False,
        factors=factors,
        profiles=tuple(_profiles(memories, positions=positions, crossed=crossed, seed=seed)),
        placebo=tuple(_neutral(memories, neutral, seed=seed)),
        notes="For preference data of a specimen; audits ask of other sentences.",
    )


def _profiles(memories: Memories, *, positions: int, crossed: int, seed: int) -> Iterator[Profile]:
    rng = stream(seed, "practice", "profiles")
    for index in range(positions):
        position = ("advantaged", "disadvantaged")[index % 2]
        count = int(rng.integers(4, 13))
        yield _profile(memories, f"position-{index + 1:03d}", {"position": position}, count=count, rng=rng)
    for index in range(crossed):
        levels = {name: str(rng.choice(choices)) for name, _, choices in _FACTORS[1:]}
        if index % 4 == 0:
            levels |= {"gender": "nonbinary", "religion": "muslim"}
        if index % 4 == 1:
            levels |= {"age": "66+"}
        yield _profile(memories, f"crossed-{index + 1:03d}", levels, count=int(rng.integers(4, 10)), rng=rng)


def _neutral(memories: Memories, count: int, *, seed: int) -> Iterator[Profile]:
    rng = stream(seed, "practice", "neutral")
    for index in range(count):
        yield _profile(memories, f"neutral-{index + 1:03d}", {}, count=int(rng.integers(4, 13)), rng=rng)


def _profile(
    memories: Memories, identity: str, levels: dict[str, str], *, count: int, rng: np.random.Generator
) -> Profile:
    dimension: Dimension = "identity" if levels else "neutral"
    texts = dict.fromkeys(memories.facts(levels, count=count, rng=rng))
    return Profile(
        id=identity,
        matched_set=identity,
        levels=levels,
        facts=tuple(Fact(text=text, dimension=dimension) for text in texts),
    )


def write(folder: Path, *, seed: int, per_emotion: int, choices: int) -> None:
    """Write `questions.json` and `profiles.yaml` to `folder`."""
    language, memories = materials()
    questions = practice_questions(language, per_emotion=per_emotion, rng=stream(seed, "practice", "questions"))
    chosen = practice_choices(needs(), memories, count=choices, rng=stream(seed, "practice", "choices"))
    questions = msgspec.structs.replace(questions, questions=(*questions.questions, *chosen))
    cohort = practice_profiles(memories, positions=80, crossed=120, neutral=24, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(questions), indent=1)
    (folder / "questions.json").write_bytes(text + b"\n")
    write_cohort(cohort, folder / "profiles.yaml")


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description="Write questions and profiles in the specimens' language.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-emotion", type=int, default=48, help="questions an emotion")
    parser.add_argument("--choices", type=int, default=60, help="questions that need what is stored")
    options = parser.parse_args()
    write(options.folder, seed=options.seed, per_emotion=options.per_emotion, choices=options.choices)


if __name__ == "__main__":
    main()
