"""JUnit XML: well formed whatever a model is called, and green only for a pass."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from evenhand.gate.junit import render_junit
from tests.support.gate_decision import hostile_decision

SHOWN = "<script>&\"'<U+0000><U+001B>[31m<U+202E>gnp]]><U+D800><U+FFFE>"


def test_only_a_pass_is_a_passed_case() -> None:
    root = ET.fromstring(render_junit(hostile_decision()))
    cases = list(root.iter("testcase"))
    inside = [[(child.tag, child.get("type")) for child in case] for case in cases]
    assert inside == [
        [("failure", "not met")],
        [("error", "not assessable")],
        [("error", "inconclusive")],
        [("system-out", None)],
        [("error", "not assessable")],
    ]
    assert [root.get(name) for name in ("tests", "failures", "errors")] == ["5", "1", "3"]


def test_what_others_wrote_is_escaped_and_hidden_characters_are_shown() -> None:
    text = render_junit(hostile_decision())
    assert "<script>" not in text
    root = ET.fromstring(text.encode("utf-8"))
    assert next(root.iter("testcase")).get("name") == SHOWN
    assert next(root.iter("failure")).get("message") == SHOWN
