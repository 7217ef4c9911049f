"""The page of a form: one file that asks nothing of the network, holds no key, and escapes every text."""

from __future__ import annotations

import html
import json
import re

import msgspec

from evenhand.bank.load import load_bank
from evenhand.bank.rating.forms import RatingForm, deal_forms
from evenhand.bank.rating.page import form_page
from evenhand.bank.rating.shown import asked_columns
from evenhand.records.item import Bank
from evenhand.records.rating import RATING_QUESTIONS
from evenhand.seeds import stream

HOSTILE = "</script><script>alert(1)</script><!-- & \u2028 ' \""


def form_of(bank: Bank) -> RatingForm:
    return deal_forms(bank, asked=RATING_QUESTIONS, raters=1, rng=stream(2, "t"))[0]


def data_of(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="form">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, object] = json.loads(found[1])
    return data


def test_the_page_needs_nothing_beside_it() -> None:
    page = html.unescape(form_page(form_of(load_bank("scenes"))))
    assert not re.search(r"https?:|src=|<link|@import|url\(", page)
    assert "default-src 'none'" in page
    assert page.count("<script") == 2


def test_the_page_holds_the_items_in_their_order_and_no_key() -> None:
    bank = load_bank("management")
    form = form_of(bank)
    page = form_page(form)
    items = data_of(page)["items"]
    assert isinstance(items, list)
    assert [item["id"] for item in items] == [item.id for item in form.items]
    assert set(items[0]) == {"id", "wording", "situation", "question", "options", "questions"}
    assert not any(option.rationale in page for item in bank.items for option in item.options if option.rationale)
    assert not re.search(r'"(key|weight|strategy|rationale|appraisal)"', page)


def test_the_columns_of_the_page_are_those_that_its_fields_fill() -> None:
    for name in ("scenes", "understanding", "management"):
        form = form_of(load_bank(name))
        data = data_of(form_page(form))
        assert data["columns"] == list(asked_columns(form))
        items = data["items"]
        assert isinstance(items, list)
        fields = {f["column"] for item in items for question in item["questions"] for f in question["fields"]}
        assert fields | {"note"} == set(asked_columns(form))


def test_hostile_texts_stay_texts() -> None:
    bank = load_bank("management")
    first = msgspec.structs.replace(bank.items[0], stem=HOSTILE)
    form = form_of(msgspec.structs.replace(bank, name="a<b>&", items=(first,)))
    page = form_page(form)
    assert page.count("<script") == 2 and "alert(1)</script>" not in page
    assert "<title>a&lt;b&gt;&amp;-01</title>" in page
    items = data_of(page)["items"]
    assert isinstance(items, list) and items[0]["situation"] == HOSTILE
