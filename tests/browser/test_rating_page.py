"""A form in a real browser: answered by keyboard, reloaded, saved as a table, and read back as ratings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.rating.forms import RatingForm, deal_forms, flat
from evenhand.bank.rating.page import form_page
from evenhand.bank.rating.read import read_ratings
from evenhand.records.item import Bank
from evenhand.records.rating import ASPECTS, RATING_QUESTIONS
from evenhand.seeds import stream

pytestmark = pytest.mark.browser

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & ' \"\nsecond line"


def form_of(bank: Bank, *, items: int = 3) -> tuple[Bank, RatingForm]:
    small = msgspec.structs.replace(bank, items=bank.items[:items])
    return small, deal_forms(small, asked=RATING_QUESTIONS, raters=1, rng=stream(2, "browser"))[0]


class Opened:
    """A form's page in a context of its own, with all that it asked for and complained about."""

    def __init__(self, browser: Any, url: str, *, width: int = 1000) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, accept_downloads=True)
        self.requests: list[str] = []
        self.messages: list[str] = []
        self.url = url
        self.page = self.tab()

    def tab(self) -> Any:
        page = self.context.new_page()
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("dialog", lambda dialog: self.messages.append(f"dialog {dialog.message}"))
        page.goto(self.url)
        return page

    def choose(self, column: str, value: str) -> None:
        self.page.locator(f"input[name='{column}'][value='{value}']").check()

    def save(self, folder: Path) -> Path:
        with self.page.expect_download() as saving:
            self.page.get_by_role("button", name="Save answers as CSV").click()
        path = folder / str(saving.value.suggested_filename)
        saving.value.save_as(path)
        return path


@pytest.fixture
def management(browser: Any, tmp_path: Path) -> Iterator[tuple[Opened, Bank, RatingForm]]:
    bank, form = form_of(load_bank("management"))
    path = tmp_path / "form.html"
    path.write_text(form_page(form), encoding="utf-8")
    opened = Opened(browser, path.as_uri())
    yield opened, bank, form
    opened.context.close()


Management = tuple[Opened, Bank, RatingForm]


def test_answers_survive_a_reload_and_come_back_as_ratings(management: Management, tmp_path: Path) -> None:
    opened, bank, form = management
    opened.page.get_by_label("Your code").fill("ana 7")
    opened.choose("answer", "B")
    opened.choose("certainty", "4")
    opened.choose("sensitive", "no")
    for letter, value in zip("ABCD", ("0", "10", "3", "7"), strict=True):
        opened.choose(f"effectiveness_{letter}", value)
    opened.page.get_by_label("Anything to add?").fill('says "my" flat,\ntwice')
    opened.page.get_by_role("button", name="Next").click()
    opened.choose("answer", "A")
    opened.page.close()
    opened.page = opened.tab()
    assert opened.page.get_by_label("Your code").input_value() == "ana 7"
    assert opened.page.locator("#place").inner_text() == "Item 2 of 3."
    assert opened.page.locator("#done").inner_text() == "1 of 3 answered"
    assert opened.page.locator("input[name='answer'][value='A']").is_checked()
    path = opened.save(tmp_path)
    assert path.name == "management-01-ana_7.csv"
    first, second = read_ratings([path], bank=bank)
    items = {item.id: item for item in bank.items}

    def option(place: int, letter: str) -> str:
        shown = form.items[place]
        return next(o.id for o in items[shown.id].options if flat(o.text) == shown.options[letter])

    assert (first.rater, first.item, first.readers) == ("ana 7", form.items[0].id, "person")
    assert (first.answer, first.certainty, first.sensitive) == (option(0, "B"), 4, False)
    assert first.effectiveness == {
        option(0, letter): v for letter, v in zip("ABCD", (0.0, 10.0, 3.0, 7.0), strict=True)
    }
    assert first.note == 'says "my" flat,\ntwice'
    assert (second.item, second.answer, second.certainty) == (form.items[1].id, option(1, "A"), None)
    assert opened.messages == []
    assert [url for url in opened.requests if not url.startswith("blob:")] == [opened.url] * 2


def test_a_form_can_be_filled_in_without_a_mouse(management: Management, tmp_path: Path) -> None:
    opened, bank, _ = management
    keys = opened.page.keyboard
    opened.page.get_by_label("Your code").focus()
    keys.type("bo")
    keys.press("Tab")  # to the box on language models
    keys.press("Tab")  # to the first option
    keys.press("Space")
    keys.press("ArrowDown")
    keys.press("Tab")
    keys.press("Space")
    for _ in range(30):
        if opened.page.evaluate("document.activeElement.id") == "next":
            break
        keys.press("Tab")
    keys.press("Enter")
    assert opened.page.evaluate("document.activeElement.id") == "place"
    assert opened.page.locator("#place").inner_text() == "Item 2 of 3."
    for _ in range(30):
        if opened.page.evaluate("document.activeElement.id") == "save":
            break
        keys.press("Tab")
    with opened.page.expect_download() as saving:
        keys.press("Enter")
    saving.value.save_as(tmp_path / "bo.csv")
    (rating,) = read_ratings([tmp_path / "bo.csv"], bank=bank)
    assert (rating.rater, rating.certainty) == ("bo", 1)
    assert rating.answer is not None


def test_nothing_is_saved_without_a_code_and_help_of_a_model_is_told(management: Management, tmp_path: Path) -> None:
    opened, bank, _ = management
    opened.choose("answer", "A")
    opened.page.get_by_role("button", name="Save answers as CSV").click()
    assert "Enter your code first" in opened.page.locator("#message").inner_text()
    assert opened.page.evaluate("document.activeElement.id") == "rater"
    opened.page.get_by_label("Your code").fill("cy")
    opened.page.get_by_label("I had a language model answer some of the questions").check()
    (rating,) = read_ratings([opened.save(tmp_path)], bank=bank)
    assert rating.readers == "language model"


def test_answers_of_an_item_can_be_taken_back(management: Management, tmp_path: Path) -> None:
    opened, bank, form = management
    opened.page.get_by_label("Your code").fill("cy")
    opened.choose("answer", "A")
    opened.page.get_by_role("button", name="Clear the answers of this item").click()
    assert not opened.page.locator("input[name='answer']:checked").count()
    opened.page.get_by_role("button", name="Next").click()
    opened.choose("answer", "A")
    (rating,) = read_ratings([opened.save(tmp_path)], bank=bank)
    assert rating.item == form.items[1].id


@pytest.mark.parametrize("width", [390, 1360])
@pytest.mark.parametrize("name", ["scenes", "understanding"])
def test_every_question_fits_and_is_kept(browser: Any, tmp_path: Path, name: str, width: int) -> None:
    bank, form = form_of(load_bank(name), items=1)
    path = tmp_path / "form.html"
    path.write_text(form_page(form), encoding="utf-8")
    opened = Opened(browser, path.as_uri(), width=width)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    opened.page.get_by_label("Your code").fill("di")
    for group in {box.get_attribute("name") for box in opened.page.query_selector_all("#questions input")}:
        opened.page.locator(f"input[name='{group}']").last.check()
    assert opened.page.locator("#done").inner_text() == "1 of 1 answered"
    (rating,) = read_ratings([opened.save(tmp_path)], bank=bank)
    assert rating.appraisal == dict.fromkeys(ASPECTS, "unclear")
    if name == "scenes":
        assert rating.intensity == {option.id: 10.0 for option in bank.items[0].options}
    else:
        assert rating.answer is not None and rating.certainty == 5
    opened.context.close()


def test_hostile_texts_run_nothing_and_show_as_they_are(browser: Any, tmp_path: Path) -> None:
    bank = load_bank("management")
    options = (msgspec.structs.replace(bank.items[0].options[0], text=HOSTILE), *bank.items[0].options[1:])
    item = msgspec.structs.replace(bank.items[0], stem=HOSTILE, question=HOSTILE, options=options)
    hostile, form = form_of(msgspec.structs.replace(bank, items=(item,)), items=1)
    path = tmp_path / "form.html"
    path.write_text(form_page(form), encoding="utf-8")
    opened = Opened(browser, path.as_uri())
    assert opened.page.locator("#shown p").first.inner_text() == HOSTILE
    assert opened.page.evaluate("document.querySelectorAll('script').length") == 2
    assert opened.page.evaluate("document.querySelectorAll('img').length") == 0
    letter = next(letter for letter, text in form.items[0].options.items() if text == flat(HOSTILE))
    opened.page.get_by_label("Your code").fill("=1+1")
    opened.choose("answer", letter)
    (rating,) = read_ratings([opened.save(tmp_path)], bank=hostile)
    assert rating.answer == options[0].id
    assert opened.messages == []
    opened.context.close()


def test_the_policy_stops_a_request_that_a_script_would_make(management: Management) -> None:
    opened, _, _ = management
    opened.page.evaluate("fetch('http://127.0.0.1:9/x').catch(() => {})")
    opened.page.wait_for_timeout(50)
    assert any("Content Security Policy" in message for message in opened.messages)
