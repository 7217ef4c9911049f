"""From cells to requests: what memory shows, then the question."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache

from msgspec.structs import replace

from evenhand.bank.appraisal import valence_of
from evenhand.design.arms import NONE, best_option
from evenhand.design.cells import Crossing, Meeting
from evenhand.endpoints.context import CellContext, CellLookup
from evenhand.memory.clean import assert_clean
from evenhand.memory.remember import MemorySources, Remembered, remember
from evenhand.mitigate.named import policy_of
from evenhand.mitigate.policy import AnswerPolicy, AskedPolicy, Facts, MemoryPolicy, PromptPolicy
from evenhand.plan.languages import asked_language, spoken
from evenhand.plan.users import PlanUsers
from evenhand.records.answer_format import AnswerFormat
from evenhand.records.cell import Cell
from evenhand.records.item import Item
from evenhand.records.language import Language
from evenhand.records.message import Message, ModelSettings, Recall, Request
from evenhand.records.plan import Plan
from evenhand.records.profile import PRODUCT_PLACEMENTS, Arm, Placement, Reader, placed
from evenhand.records.work import Work
from evenhand.scoring.outcome import LETTERS
from evenhand.scoring.templates import ask, extraction_question, judge_question
from evenhand.seeds import stream_entropy
from evenhand.store.store import Store

__all__ = ["Questions", "memory_sources"]


def memory_sources(plan: Plan) -> Mapping[Language, MemorySources]:
    """Language -> what memory is rendered from in it, for every language that is asked."""
    templates = {prompt.name: prompt.text for prompt in plan.prompts}
    return {
        language: MemorySources(templates=spoken(templates, language), distractors=plan.distractors)
        for language in sorted({asked_language(bank, plan.design) for bank in plan.banks})
    }


class Questions:
    """The requests of a plan, rendered from the prompts frozen in it.

    Args:
        plan: The plan.

    Raises:
        PlanError: The messages of the none arm hold something of a profile.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.crossing = Crossing(plan)
        self._templates = {prompt.name: prompt.text for prompt in plan.prompts}
        self._languages = {item.id: asked_language(bank, plan.design) for bank in plan.banks for item in bank.items}
        self._spoken = {name: spoken(self._templates, name) for name in sorted(set(self._languages.values()))}
        self._sources = memory_sources(plan)
        self._settings = {model.name: model.settings for model in plan.models}
        self._remembered = lru_cache(maxsize=2048)(self._remember)
        self._policies = {spec.name: policy_of(spec) for spec in plan.mitigations}
        self._asked = lru_cache(maxsize=4096)(self._ask)
        self._arms: dict[tuple[str, str], Arm] = {}
        self._items: dict[str, Item] = {}
        self._users = PlanUsers(plan)
        first = self.crossing.conditions[0]
        if first.placement in PRODUCT_PLACEMENTS:
            return
        for sources in self._sources.values():
            none = remember(NONE, placement=first.placement, reader=first.reader, query="", sources=sources)
            assert_clean(none.messages, plan.cohorts)

    def _remember(
        self,
        arm: tuple[str, str],
        facts: Facts,
        placement: Placement,
        reader: Reader,
        query: str,
        language: Language,
    ) -> Remembered:
        sources = self._sources[language]
        return remember(self._arms[arm], placement=placement, reader=reader, query=query, sources=sources, facts=facts)

    def _ask(self, item: str, order: tuple[int, ...], answer: AnswerFormat) -> str:
        return ask(
            self._items[item],
            order=order,
            letters=LETTERS,
            extractor=self.plan.extractor,
            templates=self._spoken[self._languages[item]],
            answer=answer,
        )

    def work(self, cell: Cell, meeting: Meeting) -> Work:
        """The request of one cell, as its policy would have it.

        A policy works between memory and assistant: the arm without memory has none.
        """
        item, arm = meeting.item, meeting.arm
        self._items.setdefault(item.id, item)
        question = Message(role="user", content=self._asked(item.id, cell.option_order, cell.condition.answer))
        policy = None if arm.kind == "none" else self._policies.get(cell.condition.mitigation)
        facts = policy.on_memory(placed(arm.facts), question.content) if isinstance(policy, MemoryPolicy) else arm.facts
        if cell.condition.placement in PRODUCT_PLACEMENTS:
            return Work(cell=cell, request=self._of_product(cell, meeting, question))
        seen = self._seen(cell, meeting, facts)
        messages = (*seen.messages, question)
        request = Request(
            cell_key=cell.cell_key,
            messages=policy.on_prompt(messages) if isinstance(policy, PromptPolicy) else messages,
            settings=self._settings_of(cell),
            letters=self._letters(cell),
            seed=self._seed(cell),
        )
        if isinstance(policy, AskedPolicy):
            request = replace(request, policy=policy.name, recall=self._recall(policy, cell, meeting, question))
            return Work(cell=cell, request=request)
        if isinstance(policy, AnswerPolicy):
            memories = policy.memories(arm.facts)
            others = tuple((*self._seen(cell, meeting, held).messages, question) for held in memories)
            request = self._under(policy, request, others)
        return Work(cell=cell, request=request, retrieved=seen.retrieved)

    def _recall(self, policy: AskedPolicy, cell: Cell, meeting: Meeting, question: Message) -> Recall:
        """Memory as the model of a policy looks at it."""
        facts, item = meeting.arm.facts, meeting.item
        return Recall(
            arm=meeting.arm,
            placement=cell.condition.placement,
            reader=cell.condition.reader,
            query=item.stem if cell.condition.placement == "retrieved" else "",
            language=self._languages[item.id],
            model=policy.model.name,
            calls=len(facts),
            characters=max((len(policy.prompt(fact, question.content)) for fact in facts), default=0),
            most_tokens=policy.model.settings.max_tokens,
        )

    def asked_of_model(self, cell: Cell, meeting: Meeting) -> dict[tuple[str, str, str], int]:
        """What a policy's model is asked about the cell's memory, with its characters; a run asks each once."""
        policy = self._policies.get(cell.condition.mitigation)
        if not isinstance(policy, AskedPolicy):
            return {}
        request = self.work(cell, meeting).request
        if request.recall is None:
            return {}
        question = request.messages[-1].content
        return {
            (policy.model.name, fact.text, question if policy.by_question else ""): len(policy.prompt(fact, question))
            for fact in request.recall.arm.facts
        }

    def _of_product(self, cell: Cell, meeting: Meeting, question: Message) -> Request:
        """The question alone, on behalf of the arm's user: the assistant has its own memory."""
        return Request(
            cell_key=cell.cell_key,
            messages=(question,),
            settings=self._settings_of(cell),
            letters=self._letters(cell),
            seed=self._seed(cell),
            user=self._users.of(cell.model, meeting.arm, item=meeting.item.id, placement=cell.condition.placement),
        )

    def _letters(self, cell: Cell) -> tuple[str, ...]:
        return () if cell.condition.answer == "text" else tuple(LETTERS[: len(cell.option_order)])

    def _seed(self, cell: Cell) -> int:
        return stream_entropy(self.plan.seed, "cell", cell.cell_key) >> 65

    def _seen(self, cell: Cell, meeting: Meeting, facts: Facts) -> Remembered:
        """What the assistant sees of some facts where the cell puts memory."""
        item, arm = meeting.item, meeting.arm
        name = (arm.id, item.id if arm.kind == "item_fact" else "")
        self._arms.setdefault(name, arm)
        query = item.stem if cell.condition.placement == "retrieved" else ""
        language = self._languages[item.id]
        return self._remembered(name, facts, cell.condition.placement, cell.condition.reader, query, language)

    def _under(self, policy: AnswerPolicy, request: Request, others: tuple[tuple[Message, ...], ...]) -> Request:
        """The request with what a policy on the answer needs."""
        calls = policy.calls(request, tuple(replace(request, messages=messages) for messages in others))
        return replace(request, policy=policy.name, others=others, calls=len(calls))

    def _settings_of(self, cell: Cell) -> ModelSettings:
        """The model's settings; log-probabilities of a first token say nothing where numbers or a text are stated."""
        settings = self._settings[cell.model]
        if cell.condition.answer == "letter" or not settings.logprobs:
            return settings
        return replace(settings, logprobs=False)

    def calls(self, cell: Cell, meeting: Meeting) -> tuple[int, ...]:
        """Characters that each call for the cell sends; answers that a policy sends back are not counted."""
        request = self.work(cell, meeting).request
        policy = self._policies.get(request.policy or "")
        if isinstance(policy, AnswerPolicy):
            return policy.calls(request, tuple(replace(request, messages=messages) for messages in request.others))
        return (sum(len(message.content) for message in request.messages),)

    def read_characters(self, cell: Cell, meeting: Meeting) -> int:
        """Characters that a second model is sent to read the cell's answer, without the answer; 0 without one."""
        if self.second_calls(cell) == 2 and self.plan.rater is not None:
            self._items.setdefault(meeting.item.id, meeting.item)
            asked = self._asked(meeting.item.id, cell.option_order, cell.condition.answer)
            criteria = self.plan.rater.criteria
            return 2 * len(judge_question(asked, "", criteria=criteria, templates=self._templates))
        if self.second_calls(cell) == 0:
            return 0
        self._items.setdefault(meeting.item.id, meeting.item)
        asked = self._asked(meeting.item.id, cell.option_order, cell.condition.answer)
        return len(extraction_question(asked, "", templates=self._templates))

    def second_calls(self, cell: Cell) -> int:
        """How often a second model is asked about the cell's answer: a judge twice, a reader of letters once."""
        if self.plan.rater is not None:
            return 2 if cell.condition.answer == "text" else 0
        return 1 if self.plan.extractor == "llm_extract" else 0

    def missing(self, store: Store, *, model: str, by_arm: bool) -> Iterator[Work]:
        """The requests to one model whose cells are not in the store yet.

        Args:
            store: The run's store.
            model: The model as named in the plan.
            by_arm: Arm by arm, for endpoints that share the work of equal beginnings; else whole items first, so
                that a run stopped early holds a random sample of items with all their arms.
        """
        asked = [spec for spec in self.plan.models if spec.name == model]
        pairs = self.crossing.pairs_by_arm(asked) if by_arm else self.crossing.pairs(asked)
        return (self.work(cell, meeting) for cell, meeting in pairs if not store.has(cell.cell_key))

    def work_of(self, keys: Collection[str], *, model: str) -> Iterator[Work]:
        """The requests to one model with these cell keys, in the order of the plan."""
        asked = [spec for spec in self.plan.models if spec.name == model]
        pairs = self.crossing.pairs(asked)
        return (self.work(cell, meeting) for cell, meeting in pairs if cell.cell_key in keys)

    def lookup(self, pairs: Iterable[tuple[Cell, Meeting]] | None = None) -> CellLookup:
        """What simulated and replayed respondents must know of each cell, by key.

        Args:
            pairs: The cells that they may be asked; None: all of the plan.
        """
        known = {
            cell.cell_key: (cell, meeting) for cell, meeting in (self.crossing.pairs() if pairs is None else pairs)
        }

        def context(key: str) -> CellContext:
            cell, meeting = known[key]
            return CellContext(
                model=cell.model,
                arm=cell.arm,
                arm_kind=meeting.arm.kind,
                matched_set=meeting.arm.matched_set,
                levels=meeting.arm.levels,
                item=cell.item,
                options=tuple(meeting.item.options[index].id for index in cell.option_order),
                keyed_option=best_option(meeting.item, meeting.arm),
                texts=tuple(meeting.item.options[index].text for index in cell.option_order),
                valences=_valences(meeting.item, cell) if cell.condition.answer == "rating" else (),
                rating_order=meeting.item.order,
                reference=meeting.item.reference,
                replicate=cell.replicate,
                order_index=cell.order_index,
                condition=cell.condition,
            )

        return context


def _valences(item: Item, cell: Cell) -> tuple[str | None, ...]:
    return tuple(valence_of(item.options[index].emotion) for index in cell.option_order)
