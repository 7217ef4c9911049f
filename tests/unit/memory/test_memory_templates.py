from __future__ import annotations

import pytest

from evenhand.errors import PlanError
from evenhand.memory.templates import load_templates, render


def test_the_package_ships_one_template_a_placement_and_reader() -> None:
    names = set(load_templates())
    assert {"memory/base.md.j2", "memory/system.md.j2", "memory/narrative.md.j2", "memory/retrieved.md.j2"} <= names
    assert {"memory/reader-use.md.j2", "memory/reader-relevant.md.j2"} <= names


def test_the_plans_text_is_rendered_and_not_the_packages() -> None:
    assert (
        render({"memory/narrative.md.j2": "About: {{ text }}\n"}, "narrative", text="a <b> & c") == "About: a <b> & c"
    )


def test_a_template_that_names_an_unknown_value_is_refused() -> None:
    with pytest.raises(PlanError, match=r"memory/system\.md\.j2.*'nobody' is undefined"):
        render({"memory/system.md.j2": "{{ nobody }}"}, "system", facts=[])


def test_a_template_that_is_no_template_is_refused() -> None:
    with pytest.raises(PlanError, match=r"memory/system\.md\.j2"):
        render({"memory/system.md.j2": "{% for %}"}, "system", facts=[])
