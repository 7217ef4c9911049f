"""Banks from files, by name and by path, and the cache beside them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evenhand.bank.load import bank_sha256, load_bank, parse_bank, shipped_banks
from evenhand.bank.write import bank_text, write_bank
from evenhand.errors import BankError
from evenhand.records.item import Bank, Item, Option
from tests.support.quickest import quickest

SMALL = """\
schema: evenhand.bank/1
name: small
version: 1.0.0
source: Written for a test.
licence: CC0-1.0
redistribute: true
validated: false
items:
- id: q1
  kind: understanding
  stem: The last bus has left, and it rains.
  question: What is Kim most likely to feel?
  options:
  - {id: a, text: Joy}
  - {id: b, text: Sadness}
  key: b
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENHAND_CACHE", str(tmp_path / "cache"))


def _file(folder: Path, text: str | bytes, name: str = "small.yaml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _entries(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "banks").glob("*"))


def test_a_bank_loads_by_path_and_has_its_items(tmp_path: Path) -> None:
    bank = load_bank(_file(tmp_path, SMALL))
    assert (bank.name, bank.items[0].id, bank.items[0].key) == ("small", "q1", "b")


def test_a_string_with_a_suffix_is_a_path(tmp_path: Path) -> None:
    assert load_bank(str(_file(tmp_path, SMALL))).name == "small"


@pytest.mark.parametrize("name", shipped_banks())
def test_every_shipped_bank_loads_under_its_own_name(name: str) -> None:
    assert load_bank(name).name == name


def test_an_unknown_name_is_refused_with_the_shipped_ones() -> None:
    with pytest.raises(BankError, match=r"no shipped bank 'understandings'; use one of .*understanding"):
        load_bank("understandings")


def test_a_missing_file_is_refused_by_name() -> None:
    with pytest.raises(BankError, match=r"'nowhere/bank.yaml' cannot be read \(no such file"):
        load_bank("nowhere/bank.yaml")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "bank.yaml"
    folder.mkdir()
    with pytest.raises(BankError, match="cannot be read"):
        load_bank(folder)


def test_another_suffix_is_refused_with_the_allowed_ones(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"suffix '.txt'; a bank file ends in .yaml, .yml, .json"):
        load_bank(_file(tmp_path, SMALL, "bank.txt"))


@pytest.mark.parametrize("name", ["again.yaml", "again.yml", "again.json"])
def test_a_written_bank_reads_back_the_same(tmp_path: Path, name: str) -> None:
    bank = load_bank("understanding")
    write_bank(bank, tmp_path / name)
    assert load_bank(tmp_path / name) == bank


def test_awkward_texts_read_back_the_same() -> None:
    texts = ["yes", "1.0", "- dash", "a: b", "#5", "'quoted'", " leading", "two\nlines\n\nof text that go on " * 3]
    texts += ["long " * 40 + "end", "null", "2026-01-01", "émigré – “quotes” 情绪", "trailing:"]
    options = tuple(Option(id=f"o{index}", text=text) for index, text in enumerate(texts))
    item = Item(id="q", kind="understanding", stem=texts[7], question=texts[8], options=options, key="o0")
    bank = Bank(name="no", version="1.0", source="~", licence="off", redistribute=True, validated=False, items=(item,))
    assert parse_bank(bank_text(bank).encode(), source="awkward") == bank


def test_writing_refuses_another_suffix_and_a_missing_folder(tmp_path: Path) -> None:
    bank = load_bank(_file(tmp_path, SMALL))
    with pytest.raises(BankError, match=r"suffix '.csv'; it is written as"):
        write_bank(bank, tmp_path / "bank.csv")
    with pytest.raises(BankError, match=r"cannot be written"):
        write_bank(bank, tmp_path / "nowhere" / "bank.yaml")


def test_the_hash_follows_the_words_and_not_the_layout(tmp_path: Path) -> None:
    bank = load_bank(_file(tmp_path, SMALL))
    relaid = parse_bank(
        b"# a comment\n" + SMALL.replace("  - {id: a, text: Joy}", "  - id: a\n    text: 'Joy'").encode(), source="x"
    )
    reworded = parse_bank(SMALL.replace("it rains", "it snows").encode(), source="x")
    assert bank_sha256(relaid) == bank_sha256(bank)
    assert bank_sha256(reworded) != bank_sha256(bank)
    assert len(bank_sha256(bank)) == 64


def test_the_hash_does_not_change_when_a_default_is_spelled_out() -> None:
    spelled = parse_bank(SMALL.replace("items:", "language: en\nitems:").encode(), source="x")
    assert bank_sha256(spelled) == bank_sha256(parse_bank(SMALL.encode(), source="x"))


def test_a_second_load_comes_from_the_cache(tmp_path: Path) -> None:
    path = _file(tmp_path, SMALL)
    load_bank(path)
    (entry,) = _entries(tmp_path)
    written = entry.stat().st_mtime_ns
    assert load_bank(path).name == "small"
    assert entry.stat().st_mtime_ns == written


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    load_bank(_file(tmp_path, SMALL))
    assert load_bank(_file(tmp_path, SMALL.replace("name: small", "name: other"))).name == "other"


@pytest.mark.parametrize("damage", [b"", b"{}", b"x" * 500])
def test_a_damaged_cache_entry_is_made_again(tmp_path: Path, damage: bytes) -> None:
    path = _file(tmp_path, SMALL)
    load_bank(path)
    (entry,) = _entries(tmp_path)
    entry.write_bytes(damage)
    assert load_bank(path).name == "small"
    assert entry.read_bytes() != damage


def test_an_edited_cache_entry_is_not_believed(tmp_path: Path) -> None:
    path = _file(tmp_path, SMALL)
    load_bank(path)
    (entry,) = _entries(tmp_path)
    entry.write_bytes(entry.read_bytes().replace(b'"key":"b"', b'"key":"a"'))
    assert load_bank(path).items[0].key == "b"


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EVENHAND_CACHE", str(tmp_path / "file"))
    assert load_bank(_file(tmp_path, SMALL)).name == "small"


def test_a_bad_bank_is_not_cached(tmp_path: Path) -> None:
    path = _file(tmp_path, SMALL.replace("key: b", "key: z"))
    for _ in range(2):
        with pytest.raises(BankError, match="'z', which is no option"):
            load_bank(path)
    assert _entries(tmp_path) == []


def test_a_bank_of_255_items_loads_warm_in_a_blink() -> None:
    load_bank("understanding")
    assert quickest(lambda: load_bank("understanding"), times=5) < 0.03


def test_json_with_a_byte_order_mark_loads(tmp_path: Path) -> None:
    bank = load_bank(_file(tmp_path, SMALL))
    path = _file(tmp_path, b"\xef\xbb\xbf" + msgspec.json.encode(bank), "bank.json")
    assert load_bank(path) == bank
