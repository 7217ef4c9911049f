"""HTTP answers, whole and in pieces, well made and not (RFC 9112, sections 6 and 7)."""

from __future__ import annotations

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.endpoints.openai.http_answer import AnswerReader
from evenhand.endpoints.openai.http_body import LARGEST, TooLarge

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;note=x\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"
EARLY = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + PLAIN
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\n\r\nhello"


def read(*pieces: bytes) -> AnswerReader:
    """A reader that was fed these."""
    reader = AnswerReader()
    for piece in pieces:
        reader.feed(piece)
    return reader


@pytest.mark.parametrize("answer", [PLAIN, CHUNKED, EARLY], ids=["plain", "chunked", "after early heads"])
@given(data=st.data())
def test_an_answer_is_read_in_whatever_pieces_it_comes(answer: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=8)))
    pieces = [answer[start:end] for start, end in zip([0, *cuts], [*cuts, len(answer)], strict=True)]
    reader = read(*pieces)
    assert reader.whole and reader.reusable
    assert (reader.answer().status, reader.answer().body) == (200, b"hello")


@given(body=st.binary(max_size=300), sizes=st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_a_body_in_any_chunks_is_the_same_body(body: bytes, sizes: list[int]) -> None:
    chunks, at = b"", 0
    for size in sizes:
        part = body[at : at + size]
        chunks += b"%x\r\n%b\r\n" % (len(part), part) if part else b""
        at += size
    chunks += b"%x\r\n%b\r\n" % (len(body[at:]), body[at:]) if body[at:] else b""
    reader = read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    assert reader.whole and reader.answer().body == body


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fail_in_a_way_that_is_not_foreseen(data: bytes) -> None:
    for start in (b"", b"HTTP/1.1 200 OK\r\n", CHUNKED[:46]):
        reader = AnswerReader()
        try:
            reader.feed(start + data)
            reader.closed()
        except (aiohttp.ClientPayloadError, TooLarge):
            continue
        assert not reader.whole or reader.answer().status >= 200


def test_a_body_without_a_length_ends_with_the_connection_which_is_not_asked_again() -> None:
    reader = read(UNTIL_CLOSED)
    assert not reader.whole
    assert reader.closed()
    assert reader.answer().body == b"hello" and not reader.reusable


@pytest.mark.parametrize("answer", [PLAIN[:-1], CHUNKED[:-2], CHUNKED[:60], PLAIN[:30], b""])
def test_a_connection_that_closes_early_leaves_no_answer(answer: bytes) -> None:
    reader = read(answer)
    assert not reader.closed()


@pytest.mark.parametrize(
    ("head", "again"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0", True),
        (b"HTTP/1.1 204 No Content", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0", True),
    ],
)
def test_whether_a_connection_may_be_asked_again(head: bytes, again: bool) -> None:
    reader = read(head + b"\r\n\r\n")
    assert reader.whole and reader.reusable is again


def test_bytes_after_an_answer_make_its_connection_unfit() -> None:
    reader = read(PLAIN + b"HTTP/1.1 200 OK\r\n")
    assert reader.whole and not reader.reusable


def test_a_length_beside_chunks_does_not_count_and_the_connection_is_not_asked_again() -> None:
    """Both at once is how a request is smuggled (RFC 9112, 6.3)."""
    reader = read(CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n", 1))
    assert reader.answer().body == b"hello" and not reader.reusable


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: ５\r\n\r\nhello".encode(),
        b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    ],
)
def test_what_is_no_sound_answer_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(aiohttp.ClientPayloadError, match="no HTTP answer"):
        read(data)


def test_an_answer_that_says_it_is_too_large_is_not_read() -> None:
    with pytest.raises(TooLarge):
        read(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (LARGEST + 1))


def test_one_that_does_not_say_so_is_read_up_to_what_one_may_have() -> None:
    reader = read(b"HTTP/1.1 200 OK\r\n\r\n")
    with pytest.raises(TooLarge):
        for _ in range(LARGEST // 2**20 + 1):
            reader.feed(b"x" * 2**20)


def test_a_header_may_come_twice_and_in_any_case() -> None:
    answer = read(
        b"HTTP/1.1 429 \r\nRETRY-after: 7\r\nSet-Cookie: a\r\nset-cookie: b\r\nContent-Length: 0\r\n\r\n"
    ).answer()
    assert answer.status == 429
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["Set-Cookie"] == "a"
