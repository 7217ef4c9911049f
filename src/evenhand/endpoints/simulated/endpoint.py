"""Simulated respondents: answers drawn from an item-response model with planted effects.

The chance of the best option is that of a two-parameter logistic model (Birnbaum 1968): `a * (ability + easiness)` in
log-odds, where the ability is shifted by what is in memory. What a respondent answers to a cell depends on the
cell and on the respondent's options alone, never on the order of asking.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from statistics import NormalDist
from typing import assert_never

from evenhand.endpoints.base import Endpoint, Locality
from evenhand.endpoints.context import CellContext, CellLookup, EndpointContext
from evenhand.endpoints.kind import EndpointKind, ModelCheck, ModelName, named_with_options
from evenhand.endpoints.simulated.effects import (
    Population,
    population_shift,
    population_shift_to,
    read_respondent,
)
from evenhand.endpoints.simulated.stated import (
    OWN_SPREAD,
    POINTS_PER_LOGIT,
    distribution_text,
    rating_text,
    scene_rating,
)
from evenhand.endpoints.simulated.writing import Leanings, written_answer
from evenhand.errors import EndpointError
from evenhand.records.message import FinishReason, Reply, Request, TokenProbability, Usage
from evenhand.records.plan import ModelSpec
from evenhand.seeds import stream_entropy

__all__ = ["SIMULATED", "SimulatedEndpoint"]

_NORMAL = NormalDist()
_SURE = 1.0 - 1e-6
"""Chance of an option that a strange respondent takes without doubt."""
_NOTE = "simulated: drawn from an item-response model, no assistant was asked"


class SimulatedEndpoint:
    """A respondent without a model behind it.

    Args:
        preset: `null`, `tilted` or `custom`.
        options: Planted effects and other parameters: see `evenhand.endpoints.simulated.effects.Respondent`.
        cells: The context of a cell.
        levels: Level ids that effects may name; None accepts any.

    Raises:
        EndpointError: The options cannot be read.
    """

    def __init__(
        self,
        preset: str,
        *,
        options: Mapping[str, str],
        cells: CellLookup,
        levels: frozenset[str] | None = None,
    ) -> None:
        self.respondent = read_respondent(preset, options, levels=levels)
        self._name = f"simulated/{preset}"
        self._cells = cells
        respondent = self.respondent
        self._population = Population(
            accuracy=respondent.accuracy, spread=respondent.spread, discrimination=respondent.discrimination
        )
        self._ability = population_shift_to(respondent.accuracy, self._population)
        self._normal_of = lru_cache(maxsize=65536)(self._drawn_normal)

    @property
    def concurrency(self) -> int:
        """A few: nothing is waited for."""
        return 8

    @property
    def locality(self) -> Locality:
        """No order is better than another."""
        return "any"

    async def reply(self, request: Request) -> Reply:
        """The drawn answer."""
        cell = self._cells(request.cell_key)
        chances = self._seen(request, cell) if cell.options else ()
        text, finish = self._drawn(request, cell, chances)
        top = None
        if request.settings.logprobs and request.letters:
            pairs = sorted(zip(request.letters, chances, strict=True), key=lambda pair: -pair[1])
            top = tuple(TokenProbability(token=letter, logprob=math.log(chance)) for letter, chance in pairs)
        return Reply(text=text, finish=finish, top=top, usage=Usage(), model=self._name, note=_NOTE)

    async def aclose(self) -> None:
        """Nothing to release."""

    def chances(self, cell: CellContext) -> tuple[float, ...]:
        """The chance of every option, in shown order."""
        best = self.chance_of_best(cell)
        others = [option for option in cell.options if option != cell.keyed_option]
        pull = {option: math.exp(self._normal("distractor", cell.item, option)) for option in others}
        total = sum(pull.values())
        if not others:
            return (1.0,)
        return tuple(
            best if option == cell.keyed_option else (1.0 - best) * pull[option] / total for option in cell.options
        )

    def _seen(self, request: Request, cell: CellContext) -> tuple[float, ...]:
        """The chances with what is strange about this respondent: stuck, blind, or lost on some items for a group."""
        respondent, chances = self.respondent, self.chances(cell)
        if respondent.always in request.letters:
            rest = (1.0 - _SURE) / max(len(chances) - 1, 1)
            return tuple(_SURE if letter == respondent.always else rest for letter in request.letters)
        if self._is_blind(request):
            pull = [math.exp(self._normal("blind", request.cell_key, letter)) for letter in request.letters]
            return tuple(one / sum(pull) for one in pull)
        if (
            respondent.group_rare
            and self._in_group(cell)
            and self._uniform("rare", cell.item) < respondent.group_rare
            and len(chances) > 1
        ):
            others = [0.0 if o == cell.keyed_option else c for o, c in zip(cell.options, chances, strict=True)]
            least = 1.0 - _SURE
            return tuple((one / sum(others)) * _SURE if one else least for one in others)
        return chances

    def _is_blind(self, request: Request) -> bool:
        """Whether the answer to this cell does not depend on the item."""
        blind = self.respondent.blind
        return blind > 0 and self._uniform("blind", request.cell_key) < blind

    def _in_group(self, cell: CellContext) -> bool:
        """Whether the user in memory is of the group that the respondent treats in its own way."""
        group = self.respondent.group
        return bool(group) and cell.arm_kind == "profile" and set(cell.levels.values()).issuperset(group.split("+"))

    def chance_of_best(self, cell: CellContext) -> float:
        """The chance of the best option: the two-parameter logistic model with the shifts of this cell's memory."""
        respondent = self.respondent
        easiness = respondent.spread * self._normal("easiness", cell.item)
        slope = math.exp(respondent.discrimination * self._normal("discrimination", cell.item))
        log_odds = slope * (self._ability + easiness + self._shift(cell))
        return min(max(1.0 / (1.0 + math.exp(-log_odds)), 1e-9), 1.0 - 1e-9)

    def _shift(self, cell: CellContext) -> float:
        """What memory adds to the ability, in log-odds."""
        respondent = self.respondent
        match cell.arm_kind:
            case "none" | "item_fact":
                return 0.0
            case "placebo":
                return population_shift(respondent.placebo, self._population)
            case "profile":
                shift = population_shift(respondent.memory, self._population)
                if cell.matched_set is not None:
                    shift += respondent.persona_spread * self._normal("persona", cell.matched_set)
                return shift + self._gap(cell) + self._levels(cell)

    def _gap(self, cell: CellContext) -> float:
        side = {"advantaged": 0.5, "disadvantaged": -0.5}.get(cell.levels.get(self.respondent.position, ""))
        if side is None or not (self.respondent.gap or self.respondent.item_slopes or self.respondent.persona_slopes):
            return 0.0
        return population_shift(side * self.respondent.gap, self._population) + side * self._reaction(cell, "gap")

    def _levels(self, cell: CellContext) -> float:
        """The sum of the effects whose levels the profile has, main effects and interactions alike."""
        present = set(cell.levels.values())
        return sum(
            population_shift(effect, self._population) + self._reaction(cell, name)
            for name, effect in self.respondent.effects.items()
            if present.issuperset(name.split("+"))
        )

    def _reaction(self, cell: CellContext, effect: str) -> float:
        """How far this item and this persona react otherwise than the average.

        A persona is the matched set of a paired profile and otherwise the profile itself: the profiles of a crossing
        share one matched set, and a reaction drawn for it would move the planted effect.
        """
        shift = self.respondent.item_slopes * self._normal("item-slope", effect, cell.item)
        if cell.arm_kind == "profile":
            paired = self.respondent.position in cell.levels and cell.matched_set is not None
            persona = cell.matched_set if paired and cell.matched_set is not None else cell.arm
            shift += self.respondent.persona_slopes * self._normal("persona-slope", effect, persona)
        return shift

    def _drawn(self, request: Request, cell: CellContext, chances: tuple[float, ...]) -> tuple[str, FinishReason]:
        """The answer's text and why it ended."""
        respondent = self.respondent
        fate = self._uniform("fate", request.cell_key)
        refusal = respondent.refusal + (respondent.refusal_profile if cell.arm_kind == "profile" else 0.0)
        refusal += respondent.group_refusal if self._in_group(cell) else 0.0
        if fate < refusal:
            return "I'm sorry, but I can't help with that.", "stop"
        if fate < refusal + respondent.truncated:
            return "Let me think about what each person here might", "length"
        if fate < refusal + respondent.truncated + respondent.unparsed:
            return "It depends on how you look at it.", "stop"
        stable = self._uniform("stable", request.cell_key) < respondent.stability and not self._is_blind(request)
        draw = self._uniform("answer", cell.item) if stable else self._uniform("answer", request.cell_key)
        match cell.condition.answer:
            case "letter":
                return self._lettered(request, cell, chances=chances, draw=draw), "stop"
            case "distribution":
                return distribution_text(chances, letters=request.letters, errors=self._errors(request, cell)), "stop"
            case "rating":
                return self._rated(request, cell), "stop"
            case "text":
                return self._writes(request, cell, stable=stable), "stop"
            case _ as unreachable:
                assert_never(unreachable)

    def _lettered(self, request: Request, cell: CellContext, *, chances: tuple[float, ...], draw: float) -> str:
        """The letter; for some users with a remark about another option."""
        chosen = self._chosen(cell, chances, draw)
        if self._in_group(cell) and self._uniform("talk", request.cell_key) < self.respondent.group_talk:
            other = request.letters[(chosen + 1) % len(request.letters)]
            return f"{request.letters[chosen]}\n\nOption {other} is less likely here."
        return request.letters[chosen]

    def _writes(self, request: Request, cell: CellContext, *, stable: bool) -> str:
        respondent = self.respondent
        side = self._side(cell)
        leanings = Leanings(
            referral=side * respondent.referral_gap,
            directive=side * respondent.directive_gap,
            words=side * respondent.words_gap,
        )
        return written_answer(
            lambda name: self._uniform("write", name, cell.item if stable else request.cell_key), leanings
        )

    def _errors(self, request: Request, cell: CellContext) -> tuple[float, ...]:
        """What is new in every repeat, one draw per option."""
        return tuple(
            self.respondent.stated_noise * self._drawn_normal(("stated", request.cell_key, option))
            for option in cell.options
        )

    def _rated(self, request: Request, cell: CellContext) -> str:
        respondent = self.respondent
        ratings = []
        for option, valence in zip(cell.options, cell.valences, strict=True):
            rating = scene_rating(cell, option, moves=respondent.rating_moves)
            rating += OWN_SPREAD * self._normal("rating", cell.item, option)
            if option == cell.keyed_option:
                rating += POINTS_PER_LOGIT * self._shift(cell)
            if valence == "negative":
                rating += self._negative(cell)
            noise = self._drawn_normal(("rated", request.cell_key, option))
            ratings.append(rating + respondent.rating_noise * noise)
        return rating_text(cell.texts, ratings)

    def _negative(self, cell: CellContext) -> float:
        """What memory adds to the ratings of negative emotions, in points."""
        if cell.arm_kind != "profile":
            return 0.0
        return self.respondent.rating_memory + self._side(cell) * self.respondent.rating_gap

    def _side(self, cell: CellContext) -> float:
        """Half of a gap between positions, with the sign of the cell's user; 0 for everybody else."""
        return {"advantaged": 0.5, "disadvantaged": -0.5}.get(cell.levels.get(self.respondent.position, ""), 0.0)

    def _chosen(self, cell: CellContext, chances: tuple[float, ...], draw: float) -> int:
        """Position of the option that a uniform draw falls on.

        The best option comes first, then the others by id, so that a shared draw answers alike in every option order.
        """
        ranked = sorted(range(len(chances)), key=lambda at: (cell.options[at] != cell.keyed_option, cell.options[at]))
        for position in ranked:
            draw -= chances[position]
            if draw < 0.0:
                return position
        return ranked[-1]

    def _uniform(self, *name: str) -> float:
        """A fixed draw from (0, 1) for a name."""
        return (stream_entropy(self.respondent.seed, "simulated", *name) + 0.5) / 2.0**128

    def _normal(self, *name: str) -> float:
        return self._normal_of(name)

    def _drawn_normal(self, name: tuple[str, ...]) -> float:
        """A fixed draw from the standard normal for a name."""
        return _NORMAL.inv_cdf(min(max(self._uniform(*name), 1e-15), 1.0 - 1e-15))


def _open(name: ModelName, spec: ModelSpec, context: EndpointContext) -> Endpoint:
    if context.cells is None:
        raise EndpointError(f"{spec.name!r} answers the cells of a plan only; use it with `evenhand audit` or `run`.")
    return SimulatedEndpoint(name.rest, options=name.options, cells=context.cells, levels=context.levels)


def _check(check: ModelCheck) -> None:
    read_respondent(check.name.rest, check.name.options, levels=check.levels)


SIMULATED = EndpointKind(
    prefix="simulated",
    open=_open,
    check=_check,
    paid=lambda spec: False,
    named=lambda rest, spec: named_with_options(rest, spec, kind="simulated"),
    local=True,
    sure_of_logprobs=True,
    needs_cells=True,
    simulated=True,
)
