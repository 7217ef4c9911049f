"""Stored needs, heeded or not, item by item."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from evenhand.endpoints.specimen.store import load_network, load_tokens
from specimens.materials import materials, needs
from specimens.needs_bank import shipped_choices
from specimens.needs_measure import heeded_needs, need_answers


def test_each_item_has_the_share_of_its_option_orders_in_which_the_need_is_heeded() -> None:
    choices = shipped_choices(needs(), materials()[1])[:10]
    found = heeded_needs(load_network("tilted"), load_tokens(), choices, orders=2)
    assert len(found) == 10
    assert set(found) <= {0.0, 0.5, 1.0}
    assert sum(found) >= 7
    assert msgspec.json.decode(msgspec.json.encode(found)) == list(found)


def test_without_the_need_it_is_not_heeded() -> None:
    """The usual thing is taken then, and it is never the one that the need asks for."""
    choices = [one for one in shipped_choices(needs(), materials()[1])[:20] if len(one.item.facts) > 1]
    asked = [
        replace(
            one,
            item=msgspec.structs.replace(one.item, facts=tuple(f for f in one.item.facts if f is not one.decided_by)),
        )
        for one in choices
    ]
    found = heeded_needs(load_network("tilted"), load_tokens(), asked, orders=1)
    assert len(found) >= 10
    assert sum(found) <= 0.25 * len(found)


def test_the_shares_of_all_choices_are_those_of_each() -> None:
    """The system prompt, in the option order that both measurements know: seed 3."""
    choices = shipped_choices(needs(), materials()[1])[:8]
    network, tokens = load_network("tilted"), load_tokens()
    found = need_answers(network, tokens, choices)
    three, four = (heeded_needs(network, tokens, choices, orders=number) for number in (3, 4))
    last = [round(4 * after - 3 * before) for before, after in zip(three, four, strict=True)]
    assert set(last) <= {0, 1}
    assert found.items == 8
    assert found.known["system"] == round(sum(last) / 8, 4)
    assert all(0 <= share <= 1 for share in (found.none, *found.known.values(), *found.withheld.values()))
