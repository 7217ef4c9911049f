"""Test protocols in the STEU and STEM layouts import whole from TXT, DOCX and PDF, or say what is wrong and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from evenhand.bank.importers.registry import import_bank
from evenhand.errors import BankError
from evenhand.records.item import Item
from tests.support.protocol_files import stem_items, steu_items, write_docx, write_pdf, write_txt

WRITERS: dict[str, Callable[..., Path]] = {"txt": write_txt, "docx": write_docx, "pdf": write_pdf}


def asked(item: Item) -> tuple[str, str, tuple[str, ...]]:
    return item.stem, item.question, tuple(option.text for option in item.options)


@pytest.mark.parametrize("suffix", ["txt", "docx", "pdf"])
def test_a_protocol_of_42_keyed_items_imports_whole(tmp_path: Path, suffix: str) -> None:
    items = steu_items()
    bank = import_bank(WRITERS[suffix](tmp_path / f"made.{suffix}", items, layout="steu"), format="steu")
    assert len(bank.items) == len(items) == 42
    assert [item.key for item in bank.items] == [item.key for item in items]
    assert [asked(item) for item in bank.items] == [asked(item) for item in items]
    assert bank.items[6].options[2].emotion == items[6].options[2].text.casefold()
    assert (bank.redistribute, bank.validated) == (False, False)


@pytest.mark.parametrize("suffix", ["txt", "docx", "pdf"])
def test_a_protocol_of_44_weighted_items_imports_whole(tmp_path: Path, suffix: str) -> None:
    items = stem_items()
    bank = import_bank(WRITERS[suffix](tmp_path / f"made.{suffix}", items, layout="stem"), format="stem")
    assert len(bank.items) == len(items) == 44
    weights = [[option.weight for option in item.options] for item in bank.items]
    assert weights == [[option.weight for option in item.options] for item in items]
    assert [item.key for item in bank.items] == [item.key for item in items]
    assert [asked(item) for item in bank.items] == [asked(item) for item in items]
    assert {item.kind for item in bank.items} == {"management"}


ITEMS = """\
A small test
1. Robin waits for a bus that does not come. Robin is most likely to feel?
(a) joy
(b) frustration
(c) pride
2. Kim gets a prize that nobody had fore-
seen, after a year of hard-won steps.
Kim is most likely to feel?
(a) surprise
(b) regret
(c) guilt
3. Sam is praised for a well-known song, a hard-won one.
(a) dislike
(b) pride
(c) fear
"""


def read(folder: Path, text: str, *, format: str = "steu", **options: str) -> Sequence[Item]:
    path = folder / "small.txt"
    path.write_text(text, encoding="utf-8")
    return import_bank(path, format=format, options=options).items


@pytest.mark.parametrize(
    "key",
    [
        "Key\n1 b\n2 a\n3 b\n",
        "Answer key:\n1. (b)\n2. (a)\n3. (b)\n",
        "Scoring key\n1 b  2 a  3 b\n",
        "Correct answers\nItem 1 2 3\nKey b a b\n",
        "Key\n1: B\n2: A\n3: B\n",
        "Key table\n1 Frustration\n2 Surprise\n3 Pride\n",
        "Key\n1\nb\n2\na\n3\nb\n",
        "Table 2. Scoring key for the test\n1 b\n2 a\n3 b\n",
        "STEU scoring key\n1 b\n2 a\n3 b\n",
        "Appendix B: Answers\n1 b\n2 a\n3 b\n",
    ],
)
def test_key_tables_of_many_shapes_are_read(tmp_path: Path, key: str) -> None:
    assert [item.key for item in read(tmp_path, ITEMS + key)] == ["b", "a", "b"]


def test_a_key_table_under_an_unusual_heading_is_found_by_its_line(tmp_path: Path) -> None:
    text = ITEMS + "How it is scored\n1 b\n2 a\n3 b\n"
    assert [item.key for item in read(tmp_path, text, key_heading="How it is scored")] == ["b", "a", "b"]


def test_words_broken_at_the_end_of_a_line_are_joined_unless_they_have_a_hyphen(tmp_path: Path) -> None:
    text = ITEMS.replace("hard-won steps.", "hard-\nwon steps.") + "Key\n1 b\n2 a\n3 b\n"
    item = read(tmp_path, text)[1]
    assert item.stem == "Kim gets a prize that nobody had foreseen, after a year of hard-won steps."
    assert item.question == "Kim is most likely to feel?"


def test_an_item_without_a_question_is_given_one(tmp_path: Path) -> None:
    items = read(tmp_path, ITEMS + "Key\n1 b 2 a 3 b\n", ask="What does Sam feel?")
    assert items[2].stem == "Sam is praised for a well-known song, a hard-won one."
    assert items[2].question == "What does Sam feel?"


def test_smart_quotes_and_other_marks_of_typesetters_become_plain(tmp_path: Path) -> None:
    text = ITEMS.replace("a bus that", "a\u00a0“ﬁne” bus that’s late and") + "Key\n1 b 2 a 3 b\n"
    assert read(tmp_path, text)[0].stem == 'Robin waits for a "fine" bus that\'s late and does not come.'


def test_page_headers_in_the_middle_of_an_item_are_left_out(tmp_path: Path) -> None:
    broken = (
        ITEMS.replace("(b) frustration", "Page 1 of 2\n(b) frustration")
        .replace("seen, after", "A small test\nDraft of a small test, sheet 1\nseen, after")
        .replace("(c) fear", "Draft of a small test, sheet 2\n(c) fear")
    )
    items = read(tmp_path, broken + "Key\n1 b 2 a 3 b\n")
    assert items[0].options[0].text == "joy"
    assert items[1].stem.endswith("foreseen, after a year of hard-won steps.")
    assert items[2].options[1].text == "pride"


def test_a_line_of_a_situation_that_comes_back_with_the_same_number_is_kept(tmp_path: Path) -> None:
    text = ITEMS.replace("a bus that", "a bus for\nabout forty minutes at stop 14\nthat").replace(
        "is praised for", "is praised at\nabout forty minutes at stop 14\nfor"
    )
    items = read(tmp_path, text + "Key\n1 b 2 a 3 b\n")
    assert "about forty minutes at stop 14" in items[0].stem
    assert "about forty minutes at stop 14" in items[2].stem


def test_headers_and_page_numbers_at_the_edges_of_pages_are_left_out(tmp_path: Path) -> None:
    pages = ITEMS.replace("(b) frustration", "7\n\fThe journal of tests\n(b) frustration").replace(
        "(b) regret", "8\n\fThe journal of tests\n(b) regret"
    )
    items = read(tmp_path, "The journal of tests\n" + pages + "Key\n1 b 2 a 3 b\n9\n")
    assert [option.text for option in items[0].options] == ["joy", "frustration", "pride"]
    assert [option.text for option in items[1].options] == ["surprise", "regret", "guilt"]


def test_options_on_one_line_are_parted(tmp_path: Path) -> None:
    text = ITEMS.replace("(a) joy\n(b) frustration\n(c) pride", "(a) joy (b) frustration (c) pride")
    items = read(tmp_path, text + "Key\n1 b 2 a 3 b\n")
    assert [option.text for option in items[0].options] == ["joy", "frustration", "pride"]


def test_a_number_within_a_situation_does_not_open_an_item(tmp_path: Path) -> None:
    text = ITEMS.replace("a bus that does not come.", "bus number\n14. It does not come.")
    items = read(tmp_path, text + "Key\n1 b 2 a 3 b\n")
    assert len(items) == 3
    assert "14. It does not come." in items[0].stem


KEY = "Key\n1 b\n2 a\n3 b\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ITEMS + "Key\n1 b\n3 b\n", "item 2 has no key in the key table that starts in line 17"),
        (ITEMS, "has no key table after its items; .* option key_heading"),
        (ITEMS + "Key\n1 b\n2 a\n3 b\n2 c\n", r"line 20: item 2 has two keys, 'a' and 'c' \(line 18 has the other\)"),
        (ITEMS + "Key\n1 b\n2 a/c\n3 b\n", "line 18: item 2 has two keys, 'a' and 'c'"),
        (ITEMS + KEY + "4 a\n", "line 20: the key table names item 4, but the items are 1 to 3"),
        (ITEMS + "Key\n1 b\n2 e\n3 b\n", "line 18: item 2 has key 'e', but its options are a to c"),
        (ITEMS.replace("(c) guilt\n", "") + KEY, "line 6: item 2 has 2 options, the others have 3"),
        (ITEMS.replace("3. Sam", "4. Sam") + KEY, r"line 12: item 4 follows item 2 \(line 6\), a gap in the numbers"),
        (
            ITEMS.replace("3. Sam", "2. Sam") + KEY,
            r"line 12: item 2 follows item 2 \(line 6\), a repeat in the numbers",
        ),
        (ITEMS.replace("(b) regret\n", "") + KEY, r"line 10: option \(c\) of item 2 where \(b\) was expected"),
        (ITEMS.replace("(b) regret", "(a) regret") + KEY, r"line 10: option \(a\) of item 2 where \(b\) was expected"),
        (ITEMS.replace("(b) regret", "(b)") + KEY, r"line 6: item 2 has an empty option \(b\)"),
        ("Nothing to see here.\n", "no item 1 with options was found"),
        (
            ITEMS.replace("(a) surprise\n(b) regret\n(c) guilt\n", "") + KEY,
            r"line 9: item 3 begins, but item 2 \(line 6\) has no options yet",
        ),
    ],
)
def test_what_is_wrong_with_a_protocol_is_said_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BankError, match=message):
        read(tmp_path, text)


WEIGHTS = "Expert weights\nItem a b c\n1 .00 .75 .25\n2 1 0 0\n3 0.1 0.6 0.3\n"


@pytest.mark.parametrize(
    "table",
    [
        WEIGHTS,
        "Weights\n1 a .00\n1 b .75\n1 c .25\n2 a 1\n2 b 0\n2 c 0\n3 a 0.1\n3 b 0.6\n3 c 0.3\n",
        "Key\n1.\t0,00\t0,75\t0,25\n2.\t1,00\t0,00\t0,00\n3.\t0,1\t0,6\t0,3\n",
    ],
)
def test_tables_of_weights_are_read(tmp_path: Path, table: str) -> None:
    items = read(tmp_path, ITEMS + table, format="stem")
    weights = [[option.weight for option in item.options] for item in items]
    assert weights == [[0.0, 0.75, 0.25], [1.0, 0.0, 0.0], [0.1, 0.6, 0.3]]
    assert [item.key for item in items] == ["b", "a", "b"]


def test_weights_may_stand_behind_each_option(tmp_path: Path) -> None:
    text = ITEMS
    for letter, word, weight in (("a", "joy", ".2"), ("b", "frustration", ".8"), ("c", "pride", "0")):
        text = text.replace(f"({letter}) {word}\n", f"({letter}) {word} ({weight})\n", 1)
    text = text.split("2. Kim")[0]
    (item,) = read(tmp_path, text, format="stem")
    assert [(option.text, option.weight) for option in item.options] == [
        ("joy", 0.2),
        ("frustration", 0.8),
        ("pride", 0.0),
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (WEIGHTS.replace("2 1 0 0", "2 1 0"), "line 20: '3' where weight 3 of 3 of item 2 was expected"),
        (WEIGHTS.replace("2 1 0 0", "2 1 0 0 .5"), "line 19: '.5' where the weights of item 3 were expected"),
        (WEIGHTS.replace(".75", "7.5"), "line 18: '7.5' where weight 2 of 3 of item 1 was expected"),
        (WEIGHTS.replace("2 1 0 0\n", ""), "line 19: '3' where the weights of item 2 were expected"),
        (WEIGHTS + "4 0 0 1\n", "line 21: '4' follows the weights of item 3"),
        ("Weights\n", "item 1 has no weights"),
        ("Weights\n1 .1 .2 .3\n2 .1 .2 .3\n3 .1\n", "line 19: item 3 has 1 weights, 3 were expected"),
    ],
)
def test_what_is_wrong_with_weights_is_said_with_its_line(tmp_path: Path, table: str, message: str) -> None:
    with pytest.raises(BankError, match=message):
        read(tmp_path, ITEMS + table, format="stem")


def test_an_option_without_its_weight_among_others_that_have_one_is_named(tmp_path: Path) -> None:
    text = ITEMS.replace("(b) regret", "(b) regret (.5)")
    with pytest.raises(BankError, match=r"line 2: option \(a\) of item 1 has no weight, others have"):
        read(tmp_path, text, format="stem")


def test_a_file_that_is_not_text_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(b"A test\n1. Caf\xe9\n")
    with pytest.raises(BankError, match="line 2: byte 0xe9 is not UTF-8"):
        import_bank(path, format="steu")


@pytest.mark.parametrize(
    ("name", "message"),
    [("made.odt", "suffix '.odt'"), ("made.pdf", "cannot be read as PDF"), ("made.docx", "is no DOCX file")],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, name: str, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"not such a file at all")
    with pytest.raises(BankError, match=message):
        import_bank(path, format="steu")


@pytest.mark.parametrize("name", ["gone.txt", "gone.pdf", "gone.docx"])
def test_a_missing_file_is_said_to_be_missing(tmp_path: Path, name: str) -> None:
    with pytest.raises(BankError, match="cannot be read"):
        import_bank(tmp_path / name, format="steu")
