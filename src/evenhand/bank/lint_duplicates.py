"""Items that occur twice, or nearly: each counts as evidence once only.

Near-duplicates are found by the Jaccard similarity of character 5-grams. Candidates come from one-permutation MinHash
sketches in bands (Li, Owen and Zhang 2012; Indyk and Motwani 1998), so the time grows with the number of items and not
with that of pairs; every candidate is then compared exactly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from evenhand.bank.lint_record import Lint, Severity
from evenhand.records.item import Bank, Item

__all__ = ["THRESHOLD", "lint_duplicates", "near_duplicates", "similarity"]

THRESHOLD: Final = 0.6
"""Share of common 5-grams from which two texts count as nearly the same: half of the words may differ by then."""
_GENERATED: Final = "generated"
_GRAM: Final = 5
_BINS, _BAND = 64, 4
_CHUNK: Final = 2_000
_EMPTY: Final = np.iinfo(np.uint64).max

_Hashes = npt.NDArray[np.uint64]


def lint_duplicates(bank: Bank) -> Iterator[Lint]:
    """Rules `duplicate` (same words and options) and `near_duplicate`.

    Items that share a situation but ask something else of it are no duplicates, nor are the twins of a pair. Items
    tagged `generated` vary a grammar by design, so that their likeness is a note.
    """
    first: dict[bytes, str] = {}
    kept: list[Item] = []
    for item in bank.items:
        earlier = first.setdefault(_fingerprint(item), item.id)
        if earlier == item.id:
            kept.append(item)
            continue
        message = f"is the same as item {earlier!r}; keep one of the two"
        yield Lint(severity="error", rule="duplicate", item=item.id, field="stem", message=message)
    texts = [_plain(item.stem) for item in kept]
    for index, other, share in near_duplicates(texts):
        if texts[index] == texts[other] or _twins(kept[index], kept[other]):
            continue
        message = f"shares {share:.0%} of its wording with item {kept[other].id!r}; write it afresh or drop it"
        severity: Severity = "note" if _GENERATED in kept[index].tags else "warning"
        yield Lint(severity=severity, rule="near_duplicate", item=kept[index].id, field="stem", message=message)


def _twins(first: Item, second: Item) -> bool:
    """Whether the two share all but one detail by design."""
    return first.pair is not None and first.pair == second.pair


def _fingerprint(item: Item) -> bytes:
    options = sorted(_plain(option.text) for option in item.options)
    facts = sorted(_plain(fact.text) for fact in item.facts)
    parts = "\x1f".join((_plain(item.stem), _plain(item.question), *options, "\x1e", *facts))
    return hashlib.blake2b(parts.encode(), digest_size=16).digest()


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def similarity(first: str, second: str) -> float:
    """Jaccard similarity of the two texts' character 5-grams, 0 to 1; 0 for texts shorter than that."""
    one, two = _grams(first), _grams(second)
    return len(one & two) / len(one | two) if one and two else 0.0


def _grams(text: str) -> set[bytes]:
    data = text.encode()
    return {data[start : start + _GRAM] for start in range(len(data) - _GRAM + 1)}


def near_duplicates(texts: Sequence[str], *, threshold: float = THRESHOLD) -> Iterator[tuple[int, int, float]]:
    """Each text that resembles an earlier one: its index, the other's, and their similarity.

    One earlier text is named for each, so that a family of a thousand variants gives a thousand lines, not half a
    million. A pair at the threshold is missed with a probability of about 10%; far above it, of far below 1%.
    """
    found: dict[int, tuple[int, float]] = {}
    for index, other in _candidates(_sketches(texts)):
        if index not in found and (share := similarity(texts[index], texts[other])) >= threshold:
            found[index] = (other, share)
    for index in sorted(found):
        yield index, *found[index]


def _sketches(texts: Sequence[str]) -> _Hashes:
    """One row per text: the smallest 5-gram hash in each bin; empty bins borrow from the next filled one."""
    rows = np.full((len(texts), _BINS), _EMPTY, dtype=np.uint64)
    for start in range(0, len(texts), _CHUNK):
        _fill(rows[start : start + _CHUNK], [text.encode() for text in texts[start : start + _CHUNK]])
    for power in range(_BINS.bit_length()):
        rows = np.where(rows == _EMPTY, np.roll(rows, -(2**power), axis=1), rows)
    return rows


def _fill(rows: _Hashes, texts: Sequence[bytes]) -> None:
    lengths = np.array([len(text) for text in texts])
    grams = np.maximum(lengths - _GRAM + 1, 0)
    if not grams.sum():
        return
    data = np.frombuffer(b"".join(texts), dtype=np.uint8).astype(np.uint64)
    offsets = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    owner = np.repeat(np.arange(len(texts)), grams)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(grams) - grams, grams)
    starts = offsets[owner] + within
    packed = np.zeros(len(starts), dtype=np.uint64)
    for step in range(_GRAM):
        packed = (packed << np.uint64(8)) | data[starts + step]
    hashes = _mixed(packed)
    bins = (hashes >> np.uint64(58)).astype(np.int64)
    np.minimum.at(rows, (owner, bins), hashes & np.uint64(2**58 - 1))


def _mixed(values: _Hashes) -> _Hashes:
    """SplitMix64's finaliser (Steele, Lea and Flood 2014): a bijection of 64-bit words that spreads every bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _candidates(sketches: _Hashes) -> Iterator[tuple[int, int]]:
    """(later, earlier) pairs that agree on a whole band: with the first of the bucket, and with the one before."""
    seen: set[tuple[int, int]] = set()
    filled = np.flatnonzero(~(sketches == _EMPTY).all(axis=1))
    for start in range(0, _BINS, _BAND):
        band = _mixed(_folded(sketches[filled, start : start + _BAND]))
        order = np.argsort(band, kind="stable")
        ordered = band[order]
        fresh = np.concatenate(([True], ordered[1:] != ordered[:-1])) if len(ordered) else np.zeros(0, dtype=bool)
        heads = np.maximum.accumulate(np.where(fresh, np.arange(len(order)), 0))
        for place in np.flatnonzero(~fresh).tolist():
            later = int(filled[order[place]])
            for other in (heads[place], place - 1):
                pair = (later, int(filled[order[other]]))
                if pair not in seen:
                    seen.add(pair)
                    yield pair


def _folded(columns: _Hashes) -> _Hashes:
    value = np.zeros(len(columns), dtype=np.uint64)
    for column in columns.T:
        value = _mixed(value ^ column)
    return value
