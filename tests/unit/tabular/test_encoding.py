"""How a text is encoded, told from its bytes."""

from __future__ import annotations

import codecs
import io

import pytest

from evenhand.errors import TableError
from evenhand.tabular.encoding import encoding_of

TEXT = "name,mood\nZoë,gelassen – fast\n"


@pytest.mark.parametrize(
    ("data", "codec"),
    [
        (TEXT.encode("utf-8"), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-32"), "utf-32"),
        (codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"), "utf-32"),
        (TEXT.encode("cp1252"), "cp1252"),
        (b"a,b\n", "utf-8"),
    ],
)
def test_the_codec_is_told_and_reads_the_text(data: bytes, codec: str) -> None:
    found = encoding_of(io.BytesIO(data), name="t.csv", error=TableError)
    assert found == codec
    assert data.decode(found) in {TEXT, "a,b\n"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("é".encode() + b"\n\xe9\n", "not UTF-8 near byte 3; two encodings were mixed"),
        (b"\xe9\x81\n", r"neither UTF-8 \(near byte 0\) nor Windows-1252 \(byte 1 is 0x81\)"),
        ("ü".encode()[:1], "a character is cut off"),
        (b"a,b\n1,\x002\n", r"holds zero bytes \(byte 6\)"),
        (b"\x00\x00\x00\x00ab\x00\x00", r"holds zero bytes \(byte 0\)"),
        (b"\xff\xfea", "begins as utf-16 but is not"),
        (b"a\0,\0b\0\n", "begins as utf-16-le but is not"),
        (b"\x81a\n", r"neither UTF-8 \(near byte 0\) nor Windows-1252 \(byte 0 is 0x81\)"),
    ],
)
def test_what_cannot_be_told_is_named(data: bytes, says: str) -> None:
    with pytest.raises(TableError, match=says):
        encoding_of(io.BytesIO(data), name="t.csv", error=TableError)


def test_a_character_may_lie_across_two_blocks() -> None:
    data = b"a" * ((1 << 20) - 1) + "é".encode() + b"\n"
    assert encoding_of(io.BytesIO(data), name="t.csv", error=TableError) == "utf-8"
    with pytest.raises(TableError, match=rf"near byte {(1 << 20) + 2}"):
        encoding_of(io.BytesIO(data + b"\xe9\n"), name="t.csv", error=TableError)


@pytest.mark.parametrize("byte", range(0x80, 0x100))
def test_bytes_that_windows_1252_does_not_define_are_refused_and_no_others(byte: int) -> None:
    data = b"\xe9 " + bytes([byte]) + b"\n"
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        with pytest.raises(TableError, match=rf"nor Windows-1252 \(byte 2 is {byte:#04x}\)"):
            encoding_of(io.BytesIO(data), name="t.csv", error=TableError)
    else:
        assert encoding_of(io.BytesIO(data), name="t.csv", error=TableError) == "cp1252"


@pytest.mark.parametrize(
    ("text", "is_wide"),
    [
        ("aaa" + "λ" * 7, False),
        ("aaaa" + "λ" * 6, True),
        ("a" * 19 + "\u0100", False),
        ("a" * 39 + "\u0100", True),
        ("a" * 2048 + "\u0100" * 500, True),
    ],
)
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_zeros_in_every_other_byte_are_utf_16_and_zeros_anywhere_are_no_text(
    text: str, codec: str, is_wide: bool
) -> None:
    data = io.BytesIO(text.encode(codec))
    if is_wide:
        assert encoding_of(data, name="t.csv", error=TableError) == codec
    else:
        with pytest.raises(TableError, match="holds zero bytes"):
            encoding_of(data, name="t.csv", error=TableError)
