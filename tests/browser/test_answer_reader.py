"""The reader of counterfactual pairs: any question of the sample, any two users, what differs is marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from evenhand.report.write import write_report
from tests.support.answer_sample import answer_sample
from tests.support.browser import Visit
from tests.support.findings_fixture import quick_findings

pytestmark = pytest.mark.browser
WILD = "<img src=x onerror=alert(1)>{{ 7*7 }}\u202e"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    findings = replace(quick_findings(), sample=answer_sample(wild=WILD))
    return write_report(findings, tmp_path_factory.mktemp("report")).as_uri()


def marked(visit: Visit, side: int) -> str:
    return " ".join(visit.page.locator(f".sides .side >> nth={side} >> mark").all_inner_texts())


def test_it_opens_with_two_users_of_one_set_whose_scores_differ(browser: Any, page: str) -> None:
    with Visit(browser, page) as visit:
        visit.page.wait_for_selector(".sides .side")
        assert visit.page.locator(".sides h4").all_inner_texts() == [
            "Asked of both",
            "Advantaged (p1.a)",
            "Disadvantaged (p1.d)",
        ]
        assert "owns" in marked(visit, 0) and "boat" in marked(visit, 0) and "rents" not in marked(visit, 0)
        assert "rents" in marked(visit, 1) and "B" in marked(visit, 1) and "Memory" not in marked(visit, 1)
        assert "the scores differ" in visit.page.locator(".reader .where").inner_text()
        assert visit.messages == [] and visit.requests == [page]


def test_any_two_users_and_any_question_can_be_chosen_by_keyboard(browser: Any, page: str) -> None:
    with Visit(browser, page) as visit:
        visit.page.wait_for_selector(".sides .side")
        visit.page.locator("select[name=first]").focus()
        visit.page.keyboard.press("Home")
        assert visit.page.locator(".side h4").first.inner_text() == "No memory"
        visit.page.locator("select[name=second]").select_option("1")
        assert visit.page.locator(".side h4").nth(1).inner_text() == "Neutral facts, one"
        assert "the answers are the same" in visit.page.locator(".reader .where").inner_text()
        visit.page.locator("button[name=after]").focus()
        visit.page.keyboard.press("Enter")
        assert "Question 2 of 2" in visit.page.locator(".reader .where").inner_text()
        assert visit.page.locator("select[name=first] option").count() == 2
        visit.page.keyboard.press("Enter")
        assert "Question 2 of 2" in visit.page.locator(".reader .where").inner_text()


def test_what_a_model_wrote_stays_text(browser: Any, page: str) -> None:
    with Visit(browser, page, width=390) as visit:
        visit.page.wait_for_selector(".sides .side")
        assert visit.page.locator(".reader img").count() == 0
        text = visit.page.locator(".sides").inner_text()
        assert "<img src=x onerror=alert(1)>{{ 7*7 }}[U+202E]" in text
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert visit.messages == []


def test_without_a_script_the_page_says_where_the_answers_are(browser: Any, page: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(page)
    assert opened.locator(".reader .plain").is_visible()
    assert not opened.locator(".reader .choices").is_visible() and not opened.locator(".reader .packed").is_visible()
    context.close()


def test_texts_too_long_to_be_compared_are_shown_unmarked(browser: Any, tmp_path: Path) -> None:
    sample = answer_sample()
    long = replace(sample, texts=("one " * 2_000, "two " * 2_000, *sample.texts[2:]))
    path = write_report(replace(quick_findings(), sample=long), tmp_path)
    with Visit(browser, path.as_uri()) as visit:
        visit.page.wait_for_selector(".sides .side")
        assert visit.page.locator(".sides .side .shown mark").count() == 0
        assert visit.page.locator(".sides .side .said mark").count() > 0
