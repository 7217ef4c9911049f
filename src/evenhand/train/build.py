"""Preference data from a model's own answers: ask, compare, draft, balance, write."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from evenhand.bank.cohorts import cohort_sha256, load_cohort, load_distractors
from evenhand.bank.questions import GENERAL_QUESTIONS, load_questions
from evenhand.design.arms import NONE, cohort_arms, placebo_arms
from evenhand.endpoints.context import Connection
from evenhand.errors import InputError
from evenhand.records.model_spec import ModelSpec
from evenhand.records.preference import PreferenceCard, PreferencePair, UnmovedAnswer, ValidationCase
from evenhand.records.profile import Arm, Cohort, Placement
from evenhand.records.question import Question, QuestionSet
from evenhand.scoring.outcome import LETTERS
from evenhand.seeds import stream
from evenhand.store.json_file import write_json
from evenhand.train.answers import AnswerFile, AnswerKey, GivenAnswer
from evenhand.train.asking import Wanted, ask_all, check_askable
from evenhand.train.balance import balanced
from evenhand.train.consistency import (
    ComparedAnswer,
    chosen_option,
    compared_choices,
    compared_texts,
    everyday_words,
    usable_text,
)
from evenhand.train.drafts import Draft, choice_drafts, judged_drafts, text_drafts, unmoved
from evenhand.train.judging import opinions_of
from evenhand.train.leakage import audit_banks, refuse_leaks
from evenhand.train.needed import NeededAnswer, needed_answer, needed_case, stored_arm, unmoved_needed
from evenhand.train.pair_files import PAIRS, UNMOVED, VALIDATION, labelled, write_lines
from evenhand.train.prompt import TrainingPrompts, prompt_file, said, turns
from evenhand.train.validation import Held, held_out, validation_cases

__all__ = ["TRAINING_COHORTS", "PreferencesRequest", "build_preferences"]

TRAINING_COHORTS: tuple[str, ...] = ("doses-medium", "factors-extra")
"""Whose profiles ordinary models are trained behind; they share no fact of social position with an audit's."""


class PreferencesRequest(Struct, frozen=True, kw_only=True):
    """What preference data are made from."""

    model: ModelSpec
    """Whose answers are compared: the model that is to be trained."""
    questions: str = GENERAL_QUESTIONS
    """Shipped set, or a file."""
    cohorts: tuple[str, ...] = TRAINING_COHORTS
    """Shipped cohorts, or files."""
    placement: Placement = "system"
    """Where memory sits."""
    pairs: int = 500
    """Pairs at most."""
    controls: float = 0.5
    """Share of pairs in which memory moved nothing."""
    profiles: int = 6
    """Random memories behind which each question is asked."""
    draws: int = 2
    """Answers behind each, and without memory."""
    held_questions: float = 0.15
    """Share of questions that are kept for validation."""
    held_arms: int = 48
    """Memories that are kept for validation, half of all at most."""
    held_behind: int = 6
    """Of these, behind how many each question is asked."""
    rater: ModelSpec | None = None
    """A model that judges the answers; None: they are compared with each other."""
    seed: int = 0
    """Root seed."""


def build_preferences(
    request: PreferencesRequest,
    out: Path,
    *,
    connection: Connection | None = None,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> PreferenceCard:
    """Make `pairs.jsonl`, `labelled.jsonl`, `unmoved.jsonl`, `validation.jsonl` and `preferences.json` in `out`.

    Answers are kept in `answers.jsonl` as they come in: a second call goes on where the first was stopped.

    Raises:
        UsageError: The model answers no free questions, or memory sits in a tool call.
        InputError: A question or a fact is near an audit's, or no pair can be made.
        EndpointError: The model cannot be asked.
        StoreError: `out` cannot be written, or holds another collection.
    """
    check_askable(request.model)
    collection = _collection(request)
    wanted = tuple(_wanted(request, collection))
    with AnswerFile(out / "answers.jsonl", setup=_setup(request, collection)) as file:
        done = iter(range(1, len(wanted) + 1))
        failed = ask_all(
            request.model,
            wanted,
            file,
            settings=request.model.settings,
            seed=request.seed,
            connection=connection,
            advance=lambda: advance(next(done), len(wanted)),
        )
        answers = [file.kept[one.key] for one in wanted if one.key in file.kept]
    made = _Made(request, collection)
    made.compare(answers, out=out, connection=connection)
    pairs = made.pairs()
    if not any(pair.rejected_kind != "other" for pair in pairs):
        raise InputError(
            f"no memory moves an answer of {request.model.name!r} ({len(answers):,} answers compared): there is "
            "nothing to train; ask behind more profiles, or draw more answers"
        )
    cases = made.cases()
    write_lines(labelled(pairs), out / "labelled.jsonl")
    write_lines(cases, out / VALIDATION)
    write_lines(made.unmoved(), out / UNMOVED)
    card = PreferenceCard(
        **_made_from(request, collection),
        asked=len(wanted),
        failed=failed,
        unusable=made.unusable,
        undecided=made.undecided,
        kinds=dict(Counter(pair.rejected_kind for pair in pairs)),
        pairs=len(pairs),
        validation=len(cases),
        pairs_sha256=write_lines(pairs, out / PAIRS),
    )
    write_json(card, out / "preferences.json")
    return card


class _Collection(Struct, frozen=True, kw_only=True):
    """What is asked, and of whom."""

    questions: QuestionSet
    by_id: dict[str, Question]
    cohorts: tuple[Cohort, ...]
    arms: dict[str, Arm]
    held: Held
    compared: tuple[str, ...]
    """Banks and cohorts that nothing of this is near."""


def _collection(request: PreferencesRequest) -> _Collection:
    asked = load_questions(request.questions)
    cohorts = tuple(load_cohort(name) for name in request.cohorts)
    drawn = {arm.id: arm for cohort in cohorts for arm in _arms(cohort)} | {NONE.id: NONE}
    stored = {arm.id: arm for arm in (stored_arm(question) for question in asked.questions if question.stored)}
    compared = refuse_leaks(
        {question.id: question.text for question in asked.questions},
        {
            fact.text
            for arm in (*drawn.values(), *stored.values())
            if arm.kind in ("profile", "item_fact")
            for fact in arm.facts
        },
        banks=audit_banks(request.model.name),
        source=f"the question set {asked.name!r}",
    )
    held = held_out(
        asked.questions,
        tuple(drawn.values()),
        share=request.held_questions,
        arms_kept=request.held_arms,
        behind=request.held_behind,
        seed=request.seed,
    )
    by_id = {question.id: question for question in asked.questions}
    return _Collection(questions=asked, by_id=by_id, cohorts=cohorts, arms=drawn | stored, held=held, compared=compared)


def _arms(cohort: Cohort) -> tuple[Arm, ...]:
    return (*cohort_arms(cohort, matched_sets=None, seed=0), *placebo_arms(cohort))


def _prompts(request: PreferencesRequest) -> TrainingPrompts:
    distractors = load_distractors() if request.placement == "retrieved" else ()
    return TrainingPrompts(placement=request.placement, distractors=distractors, seed=request.seed)


def _made_from(request: PreferencesRequest, collection: _Collection) -> dict[str, Any]:
    """The fields of the card that are known before anything is asked."""
    asked = collection.questions
    return {
        "evenhand": version("evenhand"),
        "model": request.model.name,
        "options": request.model.options,
        "judged_by": "consistency" if request.rater is None else "model",
        "rater": request.rater.name if request.rater else None,
        "questions": f"{asked.name} {asked.version}",
        "questions_sha256": hashlib.sha256(msgspec.json.encode(asked, order="sorted")).hexdigest(),
        "cohorts": {cohort.name: cohort_sha256(cohort) for cohort in collection.cohorts},
        "placement": request.placement,
        "temperature": request.model.settings.temperature or 0.0,
        "seed": request.seed,
        "compared_banks": collection.compared,
    }


def _setup(request: PreferencesRequest, collection: _Collection) -> str:
    """Hash of what decides the answers."""
    parts = (
        request.model,
        collection.questions,
        *map(cohort_sha256, collection.cohorts),
        request.placement,
        request.profiles,
        request.draws,
        request.held_questions,
        request.held_arms,
        request.seed,
        prompt_file("check-memory"),
    )
    return hashlib.sha256(b"\n".join(msgspec.json.encode(part, order="sorted") for part in parts)).hexdigest()


def _wanted(request: PreferencesRequest, collection: _Collection) -> Iterator[Wanted]:
    """What is asked, memory by memory: every question without memory and behind random profiles of its split.

    A question that needs what is stored is asked behind that alone.
    """
    prompts, held, arms = _prompts(request), collection.held, collection.arms
    behind: dict[str, list[Question]] = defaultdict(list)
    for question in collection.questions.questions:
        pool = held.arms if question.id in held.questions else held.open_arms(arms)
        rng = stream(request.seed, "preferences", "profiles", question.id)
        chosen = [pool[index] for index in rng.permutation(len(pool))[: request.profiles]]
        for arm in (NONE.id, *([stored_arm(question).id] if question.stored else chosen)):
            behind[arm].append(question)
    for arm in sorted(behind):
        for question in behind[arm]:
            letters = tuple(LETTERS[: len(question.options)])
            for draw in range(request.draws):
                messages = prompts.messages(question, arms[arm])
                key = AnswerKey(arm=arm, question=question.id, checked=False, draw=draw)
                yield Wanted(key=key, messages=messages, letters=letters)
            if arm != NONE.id and not question.options and not question.stored:
                messages = prompts.messages(question, arms[arm], checked=True)
                key = AnswerKey(arm=arm, question=question.id, checked=True, draw=0)
                yield Wanted(key=key, messages=messages, letters=letters)


class _Made:
    """What is made of the answers, question by question."""

    def __init__(self, request: PreferencesRequest, collection: _Collection) -> None:
        self._request, self._collection = request, collection
        self.prompts = _prompts(request)
        self.candidates: dict[Question, tuple[ComparedAnswer, ...]] = {}
        self.needed: list[NeededAnswer] = []
        self.drafts: list[Draft] = []
        self.unusable = self.undecided = 0

    def compare(self, answers: Sequence[GivenAnswer], *, out: Path, connection: Connection | None) -> None:
        """Compare the answers and draft pairs from the questions that are not held out."""
        by_question: dict[str, list[GivenAnswer]] = defaultdict(list)
        for answer in answers:
            by_question[answer.key.question].append(answer)
        everyday = everyday_words(answers)
        for name, given in by_question.items():
            question = self._collection.by_id[name]
            options = self.prompts.options(question)
            usable = [a for a in given if (chosen_option(a, options) is not None if options else usable_text(a))]
            self.unusable += len(given) - len(usable)
            if question.stored:
                kept = needed_answer(question, given, options)
                self.undecided += kept is None
                self.needed += [kept] if kept is not None else []
                continue
            arms = self._collection.arms
            found = (
                compared_choices(usable, options)
                if options
                else compared_texts(usable, question, arms, everyday=everyday)
            )
            self.undecided += not found
            self.candidates[question] = found
        held = self._collection.held.questions
        open_ones = {question: found for question, found in self.candidates.items() if question.id not in held}
        if self._request.rater is not None:
            self._draft_by_opinions(self._request.rater, open_ones, out=out, connection=connection)
            return
        for question, found in open_ones.items():
            options = self.prompts.options(question)
            self.drafts += choice_drafts(found, options) if options else text_drafts(found)

    def _draft_by_opinions(
        self,
        rater: ModelSpec,
        candidates: Mapping[Question, tuple[ComparedAnswer, ...]],
        *,
        out: Path,
        connection: Connection | None,
    ) -> None:
        opinions = opinions_of(
            rater, candidates, self._collection.arms, out=out, seed=self._request.seed, connection=connection
        )
        for found in candidates.values():
            self.drafts += judged_drafts(found, opinions)

    def pairs(self) -> list[PreferencePair]:
        """The drafts that are taken, with their prompts."""
        rng = stream(self._request.seed, "preferences", "balance")
        taken = balanced(self.drafts, pairs=self._request.pairs, controls=self._request.controls, rng=rng)
        return [self._pair(draft) for draft in taken]

    def unmoved(self) -> Iterator[UnmovedAnswer]:
        """The answers to questions that are not held out which no memory moved, one per question and memory.

        And those that need what is stored.
        """
        held, arms = self._collection.held.questions, self._collection.arms
        for question, found in self.candidates.items():
            if question.id in held:
                continue
            for arm, kept in unmoved(found):
                memory = arms[arm]
                yield UnmovedAnswer(
                    prompt=turns(self.prompts.messages(question, memory)),
                    completion=said(kept.text),
                    question=question.id,
                    text=question.text,
                    arm=arm,
                    facts=tuple(fact.text for fact in memory.facts),
                )

        for needed in self.needed:
            if needed.question.id not in held:
                yield from unmoved_needed(needed, prompts=self.prompts)

    def cases(self) -> list[ValidationCase]:
        """The validation split."""
        collection = self._collection
        held = collection.held
        compared = validation_cases(self.candidates, held=held, prompts=self.prompts, cohorts=collection.cohorts)
        needed = (needed_case(one, prompts=self.prompts) for one in self.needed if one.question.id in held.questions)
        return [*compared, *(case for case in needed if case is not None)]

    def _pair(self, draft: Draft) -> PreferencePair:
        question, arm = self._collection.by_id[draft.question], self._collection.arms[draft.arm]
        return PreferencePair(
            prompt=turns(self.prompts.messages(question, arm)),
            chosen=said(draft.chosen.text),
            rejected=said(draft.rejected.text),
            rejected_kind=draft.kind,
            question=question.id,
            text=question.text,
            arm=arm.id,
            levels=arm.levels,
            facts=tuple(fact.text for fact in arm.facts),
            chosen_agreement=round(draft.chosen.agreement, 4),
            rejected_agreement=round(draft.rejected.agreement, 4),
            chosen_checked=draft.chosen.checked,
        )
