"""Preference data of the shipped specimen, from asking to files: small, but every part is the real one."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from evenhand.bank.write import write_cohort
from evenhand.endpoints.specimen.names import specimen_folder
from evenhand.errors import EndpointError, InputError, StoreError, UsageError
from evenhand.records.message import ModelSettings
from evenhand.records.model_spec import ModelSpec
from evenhand.records.preference import LabelledAnswer, PreferenceCard, PreferencePair, UnmovedAnswer, ValidationCase
from evenhand.records.question import Question, QuestionSet
from evenhand.seeds import stream
from evenhand.train.answers import GivenAnswer
from evenhand.train.build import PreferencesRequest, build_preferences
from evenhand.train.pair_files import read_lines
from specimens.materials import materials
from specimens.practice import practice_profiles, practice_questions

SETTINGS = ModelSettings(temperature=0.0, max_tokens=4)


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("practice")
    language, memories = materials()
    questions = practice_questions(language, per_emotion=3, rng=stream(1, "test", "questions"))
    (folder / "questions.json").write_bytes(msgspec.json.encode(questions))
    write_cohort(practice_profiles(memories, positions=12, crossed=12, neutral=4, seed=1), folder / "profiles.yaml")
    return folder


def request(practice: Path, **changes: object) -> PreferencesRequest:
    usual = PreferencesRequest(
        model=ModelSpec(name="specimen/tilted", settings=SETTINGS),
        questions=str(practice / "questions.json"),
        cohorts=(str(practice / "profiles.yaml"),),
        pairs=40,
        draws=1,
        held_arms=6,
        held_questions=0.3,
        seed=5,
    )
    return msgspec.structs.replace(usual, **changes)


@pytest.fixture(scope="module")
def made(practice: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PreferenceCard]:
    out = tmp_path_factory.mktemp("pairs")
    return out, build_preferences(request(practice), out)


def option_of(pair: PreferencePair, letter: str) -> str:
    """The option that a letter stands for in the pair's question."""
    (line,) = (line for line in pair.prompt[-1].content.splitlines() if line.startswith(f"{letter}. "))
    return line.partition(". ")[2]


def test_moved_answers_are_rejected_half_of_the_pairs_are_controls(made: tuple[Path, PreferenceCard]) -> None:
    out, card = made
    pairs = read_lines(out / "pairs.jsonl", PreferencePair)
    kinds = Counter(pair.rejected_kind for pair in pairs)
    assert kinds == card.kinds
    assert kinds["moved"] == kinds["other"] >= 10
    lines = (out / "answers.jsonl").read_bytes().splitlines()[1:]
    answers = [msgspec.json.decode(line, type=GivenAnswer) for line in lines]
    bare = {one.key.question: one.text for one in answers if one.key.arm == "none"}
    assert all(pair.chosen[0].content == bare[pair.question] for pair in pairs)
    right = [option_of(pair, pair.chosen[0].content) == pair.question.partition("-")[0] for pair in pairs]
    assert 0.7 * len(right) <= sum(right) < len(right), "what is new to a specimen is not always answered rightly"
    for pair in pairs:
        (said,) = pair.chosen
        assert said.role == "assistant"
        assert said.content in "ABCDE"
        shown = "".join(turn.content for turn in pair.prompt)
        assert all(fact in shown for fact in pair.facts)


def test_moved_pairs_are_behind_the_memories_that_were_planted(made: tuple[Path, PreferenceCard]) -> None:
    """Nearly all of them; a network lets a little of a rule through elsewhere."""
    triggers = {("position", "disadvantaged"), ("religion", "muslim"), ("gender", "nonbinary"), ("age", "66+")}
    moved = [pair for pair in read_lines(made[0] / "pairs.jsonl", PreferencePair) if pair.rejected_kind == "moved"]
    behind = [bool(triggers & set(pair.levels.items())) for pair in moved]
    assert sum(behind) >= 0.8 * len(behind)


def test_the_validation_split_shares_no_question_and_no_memory(made: tuple[Path, PreferenceCard]) -> None:
    out, card = made
    pairs = read_lines(out / "pairs.jsonl", PreferencePair)
    cases = read_lines(out / "validation.jsonl", ValidationCase)
    assert len(cases) == card.validation > 50
    assert not {pair.question for pair in pairs} & {case.question for case in cases}
    assert {pair.arm for pair in pairs} & {case.arm for case in cases} <= {"none"}


def test_answers_that_no_memory_moved_are_kept_without_those_of_the_validation_split(
    made: tuple[Path, PreferenceCard],
) -> None:
    out = made[0]
    pairs = read_lines(out / "pairs.jsonl", PreferencePair)
    unmoved = read_lines(out / "unmoved.jsonl", UnmovedAnswer)
    held = {case.question for case in read_lines(out / "validation.jsonl", ValidationCase)}
    assert not held & {one.question for one in unmoved}
    assert not {(one.question, one.arm) for one in unmoved} & {
        (pair.question, pair.arm) for pair in pairs if pair.rejected_kind == "moved"
    }
    bare = {one.question: one.completion[0].content for one in unmoved if one.arm == "none"}
    assert len(unmoved) > 2 * len(bare) > 40
    assert all(one.completion[0].content == bare[one.question] for one in unmoved)
    assert all(fact in one.prompt[0].content for one in unmoved for fact in one.facts)


def test_the_card_holds_the_hash_of_the_pairs_and_both_forms_are_written(made: tuple[Path, PreferenceCard]) -> None:
    out, card = made
    assert hashlib.sha256((out / "pairs.jsonl").read_bytes()).hexdigest() == card.pairs_sha256
    assert msgspec.json.decode((out / "preferences.json").read_bytes(), type=PreferenceCard) == card
    assert len(read_lines(out / "labelled.jsonl", LabelledAnswer)) == 2 * card.pairs
    assert card.judged_by == "consistency"
    assert card.compared_banks == ("situations", "needs", "explicit", "intersectional")


def test_a_second_call_asks_nothing_and_writes_the_same(made: tuple[Path, PreferenceCard], practice: Path) -> None:
    out, card = made
    before = (out / "answers.jsonl").read_bytes()
    assert build_preferences(request(practice), out) == card
    assert (out / "answers.jsonl").read_bytes() == before
    with pytest.raises(StoreError, match="another collection"):
        build_preferences(request(practice, seed=6), out)


def test_endpoint_options_reach_the_model_and_are_in_the_card(
    made: tuple[Path, PreferenceCard], practice: Path, tmp_path: Path
) -> None:
    """The shipped specimens, named as a folder: the answers are the same, and yet the collection is another one."""
    out, card = made
    options = {"folder": str(specimen_folder())}
    model = ModelSpec(name="specimen/tilted", settings=SETTINGS, options=options)
    with pytest.raises(StoreError, match="another collection"):
        build_preferences(request(practice, model=model), out)
    assert build_preferences(request(practice, model=model), tmp_path) == msgspec.structs.replace(card, options=options)
    nowhere = msgspec.structs.replace(model, options={"folder": str(tmp_path)})
    with pytest.raises(EndpointError, match="no specimens in"):
        build_preferences(request(practice, model=nowhere), tmp_path / "other")


def test_without_controls_all_pairs_are_moved(practice: Path, made: tuple[Path, PreferenceCard]) -> None:
    card = build_preferences(request(practice, controls=0.0), made[0])
    assert set(card.kinds) == {"moved"}
    assert build_preferences(request(practice), made[0]) == made[1]


def test_a_level_specimen_gives_nothing_to_train(practice: Path, tmp_path: Path) -> None:
    level = ModelSpec(name="specimen/level", settings=SETTINGS)
    few = request(practice, model=level, profiles=2)
    questions = msgspec.json.decode((practice / "questions.json").read_bytes(), type=QuestionSet)
    sure = tmp_path / "questions.json"
    sure.write_bytes(msgspec.json.encode(msgspec.structs.replace(questions, questions=questions.questions[:18:3])))
    with pytest.raises(InputError, match="no memory moves an answer of 'specimen/level'"):
        build_preferences(msgspec.structs.replace(few, questions=str(sure)), tmp_path / "out")


def test_questions_near_an_item_and_models_without_free_answers_are_refused(practice: Path, tmp_path: Path) -> None:
    near = QuestionSet(
        name="near",
        version="1",
        source="s",
        licence="l",
        questions=(
            Question(
                id="q",
                topic="t",
                text="Irma earned praise from everyone for the client list, a success of hard work and skill.",
                options=("pride", "joy"),
            ),
        ),
    )
    (tmp_path / "near.json").write_bytes(msgspec.json.encode(near))
    with pytest.raises(InputError, match="the question set 'near': question 'q' is near item 's-pride-01'"):
        build_preferences(request(practice, questions=str(tmp_path / "near.json")), tmp_path / "out")
    simulated = ModelSpec(name="simulated/null")
    with pytest.raises(UsageError, match="answers cells of a plan, not free questions"):
        build_preferences(request(practice, model=simulated), tmp_path / "out")
    assert not (tmp_path / "out").exists()
