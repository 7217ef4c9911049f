from __future__ import annotations

import pytest

from evenhand.endpoints.service.template import TemplateFlaw, filled, filled_url, placeholders

VALUES = {"user": "a/b & ü", "messages": [{"role": "user", "content": "{user}"}], "question": "Why {x}?"}


def test_a_text_that_is_one_placeholder_becomes_the_value_and_others_hold_it() -> None:
    template = {"who": "{user}", "list": ["{messages}", 3, None, True], "for {user}": {"q": "Q: {question}"}}
    assert filled(template, VALUES) == {
        "who": "a/b & ü",
        "list": [[{"role": "user", "content": "{user}"}], 3, None, True],
        "for a/b & ü": {"q": "Q: Why {x}?"},
    }


def test_braces_are_doubled_to_be_themselves_and_values_are_not_read_again() -> None:
    assert filled('{{"q": "{question}"}}', VALUES) == '{"q": "Why {x}?"}'
    assert filled("{question}", {"question": "{user}", "user": "no"}) == "{user}"


def test_values_are_safe_in_an_address() -> None:
    assert filled_url("http://h/{user}?q={question}", VALUES) == "http://h/a%2Fb%20%26%20%C3%BC?q=Why%20%7Bx%7D%3F"


def test_placeholders_are_found_everywhere_but_between_doubled_braces() -> None:
    assert placeholders({"{user}": ["{facts}", {"x": "a {query} b"}], "y": "{{role}}", "n": 1}) == {
        "user",
        "facts",
        "query",
    }


@pytest.mark.parametrize("template", ["all: {facts}", {"{messages}": 1}, ["{turns}{turns}"]])
def test_a_list_within_a_text_is_refused(template: object) -> None:
    with pytest.raises(TemplateFlaw, match="is a list"):
        placeholders(template)
    with pytest.raises(TemplateFlaw):
        placeholders("{facts}", whole=False)
