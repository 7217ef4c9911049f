"""A directory of the folder as the list of runs shows it: what it is, how far it is, and what it found."""

from __future__ import annotations

from msgspec import Struct

from evenhand.errors import EvenhandError
from evenhand.records.findings import Findings
from evenhand.report.answer import ReportAnswer, answers_of
from evenhand.report.blocks import Shape
from evenhand.report.numbers import date_text
from evenhand.report.words import preset_label, verdict_word
from evenhand.rundir import TRIALS_FILE
from evenhand.store.at_work import run_at_work
from evenhand.store.reading import open_trials
from evenhand.view.library import Library
from evenhand.view.run_folder import FolderEntry

__all__ = ["CardAnswer", "RunCard", "card_answers", "run_card"]


class CardAnswer(Struct, frozen=True, kw_only=True):
    """What was found of one model."""

    model: str
    shape: Shape
    verdict: str
    answer: str


class RunCard(Struct, frozen=True, kw_only=True):
    """One directory of the folder."""

    name: str
    kind: str
    """As `FolderEntry.kind`."""
    problem: str = ""
    """Why it cannot be shown, in a sentence."""
    created: str = ""
    models: tuple[str, ...] = ()
    preset: str = ""
    asked: int = 0
    planned: int = 0
    running: bool = False
    answers: tuple[CardAnswer, ...] = ()
    remark: str = ""

    @property
    def share(self) -> float:
        """Share of the plan that was asked, in per cent."""
        return 100 * min(1.0, self.asked / self.planned) if self.planned else 0.0


def run_card(entry: FolderEntry, library: Library) -> RunCard:
    """The card of a directory; what cannot be read is said on it."""
    if entry.kind == "foreign":
        return RunCard(name=entry.name, kind=entry.kind, problem="No run: there is no plan.json in it.")
    try:
        return _card(entry, library)
    except EvenhandError as error:
        return RunCard(name=entry.name, kind=entry.kind, problem=str(error))


def _card(entry: FolderEntry, library: Library) -> RunCard:
    problem, findings = "", None
    try:
        findings = library.findings(entry.path)
    except EvenhandError as error:  # the plan and the trials may still be read
        problem = str(error)
    if entry.kind == "findings":
        return _without_plan(entry, findings, problem)
    known = library.plan(entry.path)
    asked, running = 0, False
    store = entry.path / TRIALS_FILE
    if store.is_file():
        with open_trials(store) as trials:
            asked = trials.last_id("trials")
        running = run_at_work(store)
    return RunCard(
        name=entry.name,
        kind=entry.kind,
        problem=problem,
        created=date_text(known.plan.created),
        models=tuple(model.name for model in known.plan.models),
        preset=preset_label(known.plan.preset),
        asked=asked,
        planned=known.planned,
        running=running,
        answers=card_answers(findings) if findings is not None else (),
    )


def _without_plan(entry: FolderEntry, findings: Findings | None, problem: str) -> RunCard:
    if findings is None:
        return RunCard(name=entry.name, kind=entry.kind, problem=problem or "Its findings cannot be read.")
    remark = "Findings of a table, without a run." if findings.comparison is None else "A comparison of two runs."
    return RunCard(name=entry.name, kind=entry.kind, remark=remark, answers=card_answers(findings))


def card_answers(findings: Findings) -> tuple[CardAnswer, ...]:
    """What was found of each model, in the words of the report."""
    return tuple(_answer(answer, findings) for answer in answers_of(findings).models)


def _answer(answer: ReportAnswer, findings: Findings) -> CardAnswer:
    shape: Shape = answer.verdict or "descriptive"
    return CardAnswer(
        model=answer.model,
        shape=shape,
        verdict=verdict_word(shape, margin=findings.settings.margin),
        answer=answer.plain,
    )
