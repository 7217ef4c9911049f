"""Beginnings that are kept: by bytes, the longest unused let go first."""

from __future__ import annotations

from evenhand.endpoints.hf.prefixes import PrefixCache, ReadPrefix


def read(token: int, size: int) -> ReadPrefix:
    return ReadPrefix(ids=(token,), size=size)


def test_the_one_that_was_used_longest_ago_is_let_go_first() -> None:
    cache = PrefixCache(100)
    for token in (1, 2, 3):
        cache.keep(read(token, 30))
    assert cache.find((1,)) is not None
    cache.keep(read(4, 30))
    assert [token for token in (1, 2, 3, 4) if (token,) in cache] == [1, 3, 4]
    assert cache.bytes == 90 and len(cache) == 3


def test_a_large_one_takes_the_place_of_several() -> None:
    cache = PrefixCache(100)
    for token in (1, 2, 3):
        cache.keep(read(token, 30))
    cache.keep(read(4, 95))
    assert len(cache) == 1 and (4,) in cache and cache.bytes == 95


def test_one_that_is_larger_than_all_room_is_not_kept_and_pushes_nothing_out() -> None:
    cache = PrefixCache(100)
    cache.keep(read(1, 30))
    cache.keep(read(2, 101))
    assert cache.find((2,)) is None and cache.find((1,)) is not None
    assert cache.bytes == 30


def test_one_that_is_there_is_not_counted_twice() -> None:
    cache = PrefixCache(100)
    cache.keep(read(1, 30))
    cache.keep(read(1, 30))
    assert cache.bytes == 30 and len(cache) == 1
