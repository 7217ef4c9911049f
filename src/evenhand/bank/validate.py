"""What every bank must hold, ours or a user's. Softer advice is the linters' (`evenhand.bank.lint`)."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec import Struct

from evenhand.errors import BankError
from evenhand.records.item import Bank, Item, Option, RatingOrder

__all__ = ["MAX_OPTIONS", "MAX_OPTION_CHARACTERS", "MAX_STEM_CHARACTERS", "Problem", "bank_problems", "check_bank"]

MAX_OPTIONS = 26
"""Options are shown as letters."""
MAX_STEM_CHARACTERS = 20_000
"""About ten pages; anything longer is a file that ended up in a field."""
MAX_OPTION_CHARACTERS = 4_000
_MAX_ID_CHARACTERS = 120
_COUNTED = 1_000
_RATED = (4, 6)
"""Fewest and most emotions of an intensity item."""


class Problem(Struct, frozen=True, kw_only=True):
    """One reason why a bank cannot be used."""

    item: str | None
    """None where it concerns the bank itself."""
    field: str
    """Path within the item or bank, such as `options[2].weight`."""
    message: str
    """What is wrong, what is allowed, what to do."""


def check_bank(bank: Bank, *, source: str) -> Bank:
    """The bank itself, when nothing is wrong with it.

    Raises:
        BankError: naming the first problem, and how many there are besides.
    """
    problems = list(islice(bank_problems(bank), _COUNTED))
    if not problems:
        return bank
    first, others = problems[0], len(problems) - 1
    owner = f", item {first.item!r}" if first.item is not None else ""
    more = f" ({others}{'+' if others + 1 == _COUNTED else ''} more besides)" if others else ""
    raise BankError(f"{source!r}{owner}, field {first.field!r}: {first.message}{more}")


def bank_problems(bank: Bank) -> Iterator[Problem]:
    """Everything that makes the bank unusable, in the order of the file."""
    for field in ("name", "version", "licence", "source"):
        if not getattr(bank, field).strip():
            yield Problem(item=None, field=field, message="is empty; state it, reports name it")
    if bank.validated and bank.validation is not None and (bank.validation.unmet or bank.validation.people < 1):
        what = f"{len(bank.validation.unmet)} items that do not meet the criteria, {bank.validation.people} people"
        message = f"is true, but `validation` names {what}; set it to false, or have people rate the bank"
        yield Problem(item=None, field="validated", message=message)
    if not bank.items:
        yield Problem(item=None, field="items", message="is empty; a bank needs at least one item")
    twice = {name for name, count in Counter(item.id for item in bank.items).items() if count > 1}
    seen: set[str] = set()
    for index, item in enumerate(bank.items):
        if item.id in twice and item.id in seen:
            yield Problem(
                item=item.id,
                field="id",
                message=f"is given twice (again at items[{index}]); ids must be unique, rename one",
            )
        seen.add(item.id)
        yield from _item_problems(item)
    yield from _pair_problems(bank)


def _pair_problems(bank: Bank) -> Iterator[Problem]:
    """Twins come in twos, with the same question and options, and with different keys."""
    pairs: dict[str, list[Item]] = defaultdict(list)
    for item in bank.items:
        if item.pair is not None:
            pairs[item.pair].append(item)
    for pair, twins in pairs.items():
        last = twins[-1].id
        if len(twins) != 2:
            message = f"is {_short(pair)}, which {len(twins)} items share; a pair has two twins, name them alike"
            yield Problem(item=last, field="pair", message=message)
            continue
        first, second = twins
        if (first.question, _texts(first)) != (second.question, _texts(second)):
            message = f"differ from those of its twin {_short(first.id)}; twins share question and options"
            yield Problem(item=last, field="options", message=message)
        if first.key == second.key:
            message = f"is {_short(second.key)} as in its twin {_short(first.id)}; the detail must change the key"
            yield Problem(item=last, field="key", message=message)


def _texts(item: Item) -> dict[str, str]:
    return {option.id: option.text for option in item.options}


def _item_problems(item: Item) -> Iterator[Problem]:
    for field, message in (*_id_problems(item.id), *_text_problems(item)):
        yield Problem(item=item.id, field=field, message=message)
    if item.kind == "advice":
        for field, message in _advice_problems(item):
            yield Problem(item=item.id, field=field, message=message)
        return
    for field, message in _option_problems(item):
        yield Problem(item=item.id, field=field, message=message)
    for field, message in (
        *_key_problems(item),
        *_weight_problems(item),
        *_kind_problems(item),
        *_pilot_problems(item),
    ):
        yield Problem(item=item.id, field=field, message=message)


_Found = tuple[str, str]


def _id_problems(name: str) -> Iterator[_Found]:
    if not name or len(name) > _MAX_ID_CHARACTERS or any(character.isspace() for character in name):
        yield "id", f"is {_short(name)}; use 1 to {_MAX_ID_CHARACTERS} characters without white space"


def _text_problems(item: Item) -> Iterator[_Found]:
    yield from _length("stem", item.stem, MAX_STEM_CHARACTERS)
    if item.kind != "advice" or item.question:
        yield from _length("question", item.question, MAX_OPTION_CHARACTERS)
    for index, option in enumerate(item.options):
        yield from _length(f"options[{index}].text", option.text, MAX_OPTION_CHARACTERS)
    for index, fact in enumerate(item.facts):
        yield from _length(f"facts[{index}].text", fact.text, MAX_OPTION_CHARACTERS)
    for index, marker in enumerate(item.markers):
        yield from _length(f"markers[{index}]", marker, MAX_OPTION_CHARACTERS)


def _length(field: str, text: str, limit: int) -> Iterator[_Found]:
    if not text.strip():
        yield field, "is empty; write the text, or remove the record it belongs to"
    elif len(text) > limit:
        yield field, f"has {len(text):,} characters; at most {limit:,} are allowed, shorten it"
    elif "\x00" in text:
        yield field, "holds a NUL character; remove it"


def _option_problems(item: Item) -> Iterator[_Found]:
    count = len(item.options)
    if not 2 <= count <= MAX_OPTIONS:
        yield "options", f"has {count} options; 2 to {MAX_OPTIONS} are allowed, add or remove some"
    yield from _twice("id", [option.id for option in item.options])
    yield from _twice("text", [" ".join(option.text.split()).casefold() for option in item.options])


def _twice(field: str, values: Sequence[str]) -> Iterator[_Found]:
    if len(set(values)) == len(values):
        return
    for index, value in enumerate(values):
        if value in values[:index]:
            yield f"options[{index}].{field}", f"is {_short(value)}, like another option; make the two differ"


def _advice_problems(item: Item) -> Iterator[_Found]:
    """Nothing is chosen, so that nothing may be keyed."""
    if item.options:
        yield "options", f"has {len(item.options)} options; an advice item has none, the assistant writes: remove them"
    for field, given in (("key", item.key), ("key_without", item.key_without)):
        if given:
            yield field, f"is {_short(given)}; an advice item has no key, remove it"
    if item.order is not None or item.reference is not None:
        yield "order", "is given; an advice item asks for no ratings, remove it"


def _key_problems(item: Item) -> Iterator[_Found]:
    ids = [option.id for option in item.options]
    allowed = ", ".join(ids[:MAX_OPTIONS])
    if item.key not in ids:
        yield "key", f"is {_short(item.key)}, which is no option; use one of {allowed}"
    if item.key_without is not None and item.key_without not in ids:
        yield "key_without", f"is {_short(item.key_without)}, which is no option; use one of {allowed}"


def _weight_problems(item: Item) -> Iterator[_Found]:
    for index, option in enumerate(item.options):
        if option.weight is not None and not (math.isfinite(option.weight) and 0.0 <= option.weight <= 1.0):
            yield f"options[{index}].weight", f"is {option.weight!r}; weights lie in [0, 1], rescale it"
    if item.kind == "management":
        yield from _management_weights(item.options, item.key)


def _management_weights(options: Sequence[Option], key: str) -> Iterator[_Found]:
    for index, option in enumerate(options):
        if option.weight is None:
            yield f"options[{index}].weight", "is missing; every option of a management item needs a weight in [0, 1]"
    weights = {option.id: option.weight for option in options if option.weight is not None}
    if key in weights and weights[key] < max(weights.values()):
        best = max(weights, key=lambda name: weights[name])
        yield "key", f"is {key!r}, but option {best!r} has a higher weight; key the option of the highest weight"


def _intensity_problems(item: Item) -> Iterator[_Found]:
    if not _RATED[0] <= len(item.options) <= _RATED[1]:
        yield "options", f"has {len(item.options)} emotions to rate; {_RATED[0]} to {_RATED[1]} are allowed"
    for index, option in enumerate(item.options):
        if not option.emotion:
            yield f"options[{index}].emotion", "is missing; name the emotion that is rated"
    ids = [option.id for option in item.options]
    yield from _reference_problems(item, ids)
    if item.order is not None:
        yield from _order_problems(item.order, key=item.key, ids=ids)
    elif item.reference is None:
        yield "order", "is missing; state which rating must be high, which below it, and which low"


def _order_problems(order: RatingOrder, *, key: str, ids: Sequence[str]) -> Iterator[_Found]:
    if order.high != key:
        yield "order.high", f"is {_short(order.high)}, the key is {_short(key)}; make them one"
    named = (*order.above, *order.low)
    for name in named:
        if name not in ids or name == order.high:
            yield "order", f"names {_short(name)}; use the other options: {', '.join(i for i in ids if i != key)}"
    if not named:
        yield "order", "constrains nothing; put the other options under `above` or under `low`"
    if len(set(named)) < len(named):
        yield "order", "names an option twice; put it under `above` or under `low`"
    if not 0.0 <= order.at_most <= 10.0:
        yield "order.at_most", f"is {order.at_most!r}; ratings lie in [0, 10]"


def _reference_problems(item: Item, ids: Sequence[str]) -> Iterator[_Found]:
    if item.reference is None:
        return
    if set(item.reference) != set(ids):
        yield "reference", f"rates {', '.join(item.reference) or 'nothing'}; rate every option: {', '.join(ids)}"
        return
    for name, rating in item.reference.items():
        if not 0.0 <= rating <= 10.0:
            yield f"reference.{name}", f"is {rating!r}; ratings lie in [0, 10]"
    if item.reference.get(item.key, 0.0) < max(item.reference.values()):
        yield "key", f"is {item.key!r}, whose reference rating is not the highest; key the emotion rated highest"


def _pilot_problems(item: Item) -> Iterator[_Found]:
    ids = [option.id for option in item.options]
    for index, pilot in enumerate(item.pilot):
        for option, count in pilot.answers.items():
            if option not in ids:
                yield (
                    f"pilot[{index}].answers",
                    f"counts {_short(option)}, which is no option; use one of {', '.join(ids)}",
                )
            elif count < 0:
                yield f"pilot[{index}].answers", f"counts {count} for {option!r}; a count is 0 or more"


def _kind_problems(item: Item) -> Iterator[_Found]:
    if item.kind in ("benefit", "leakage", "sycophancy") and not item.facts:
        yield "facts", f"is empty; a {item.kind} item needs the stored fact it is about"
    if item.kind == "leakage" and not item.markers:
        yield "markers", "is empty; name the words that show that the fact surfaced"
    if item.kind == "intensity":
        yield from _intensity_problems(item)
    if item.kind == "benefit":
        if item.key_without is None:
            yield "key_without", "is missing; name the best option when the fact is not known"
        elif item.key_without == item.key:
            yield "key_without", f"is {item.key!r} like the key; the fact must change the right answer"


def _short(value: str) -> str:
    return repr(value) if len(value) <= 60 else repr(value[:57] + "...")
