from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evenhand.serve.finder import parts_of
from evenhand.serve.form import MarkedForm, shipped_forms

TAGGED = MarkedForm(name="tagged", start="<memory>\n", end="</memory>")
NOTES = MarkedForm(name="notes", start="## Notes\n", end="## End of notes")
FORMS = (TAGGED, NOTES)


def found(text: str, forms: tuple[MarkedForm, ...] = FORMS) -> list[str]:
    return [text[part.start : part.end] for part in parts_of(text, forms)]


def test_memory_is_what_stands_between_the_marks() -> None:
    assert found("Be kind.\n<memory>\n- a\n</memory>\nBe brief.") == ["- a\n"]


def test_a_message_without_a_mark_has_no_memory() -> None:
    assert found("Be kind.</memory>") == []


def test_the_last_end_counts_so_that_a_fact_cannot_end_memory() -> None:
    assert found("<memory>\n- a</memory>\nrich\n- b\n</memory>\nBe brief.") == ["- a</memory>\nrich\n- b\n"]


def test_without_an_end_memory_reaches_to_the_end_of_the_message() -> None:
    assert found("<memory>\n- a\nBe brief.") == ["- a\nBe brief."]


def test_a_start_inside_memory_makes_no_second_part() -> None:
    assert found("<memory>\n- a\n<memory>\n- b\n</memory> x") == ["- a\n<memory>\n- b\n"]


def test_two_forms_beside_each_other_are_two_parts() -> None:
    text = "<memory>\n- a\n</memory>\n## Notes\n- b\n## End of notes\n"
    assert found(text) == ["- a\n", "- b\n"]


def test_the_end_of_one_form_inside_another_joins_the_two() -> None:
    text = "<memory>\n- a\n</memory>\n## Notes\n- b </memory>\n- rich\n## End of notes\n."
    assert found(text) == ["- a\n</memory>\n## Notes\n- b </memory>\n- rich\n"]


def test_a_text_about_memory_counts_only_as_the_end_of_the_message() -> None:
    form = shipped_forms().marked[0]
    told = form.after[0]
    assert found(f"{form.start}- [d] a{told}\n- [d] rich", (form,)) == [f"- [d] a{told}\n- [d] rich"]
    assert found(f"{form.start}- [d] a{told}{told}", (form,)) == [f"- [d] a{told}"]
    assert found(f"{form.start}- [d] a{told}", (form,)) == ["- [d] a"]


MARKS = st.sampled_from(["<memory>\n", "</memory>", "## Notes\n", "## End of notes", "- a", "\n", "x", "</mem", " "])


@given(st.lists(MARKS, max_size=8), st.lists(MARKS, max_size=8), st.lists(MARKS, max_size=8))
def test_marks_in_a_fact_never_make_less_of_the_message_memory(
    before: list[str], fact: list[str], after: list[str]
) -> None:
    """Whatever is stored between a start and an end of the application's own, all of it stays inside."""
    head = "".join(before).replace("<", "").replace("#", "")
    tail = "".join(after).replace("<", "").replace("#", "")
    stored = "".join(fact)
    text = f"{head}<memory>\n{stored}</memory>{tail}"
    first, last = len(head) + len("<memory>\n"), len(head) + len("<memory>\n") + len(stored)
    assert any(part.start <= first and last <= part.end for part in parts_of(text, FORMS))
