"""Damaged files and files made to fill a machine end in one sentence, within seconds and 200 MB."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import docx
import msgspec
import polars as pl
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from msgspec import Struct

from tests.support.protocol_files import steu_items, write_docx, write_pdf

MEASURED = Path(__file__).parents[1] / "support" / "measured.py"
CPU_S = 2.0
LIGHT_STARTS = 24
"""On a slower or shared machine the 2 s are counted in starts of the command line that load nothing else. One takes
0.10 s of CPU where nothing else runs; what is counted here took 1.6 s there at most."""
MEMORY_MB = 200
BANK = "schema: evenhand.bank/1\nname: b\nversion: '1'\nsource: s\nlicence: l\nredistribute: true\nvalidated: false\n"
CELL = '<w:p><w:r><w:t xml:space="preserve">{}</w:t></w:r></w:p>'


class Used(Struct, frozen=True):
    """What a command said and what it cost, with the processes it started."""

    code: int
    said: str
    cpu_s: float
    peak_mb: float


def used(*arguments: object, folder: Path) -> Used:
    """Measured once; a second time, and the quicker counts, where other work may have disturbed the first."""
    command = [sys.executable, str(MEASURED), sys.executable, "-m", "evenhand.cli.main", *map(str, arguments)]

    def once() -> Used:
        return msgspec.json.decode(
            subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout, type=Used
        )

    first = once()
    return first if first.cpu_s < CPU_S else min(first, once(), key=lambda result: result.cpu_s)


def in_time(result: Used, folder: Path) -> bool:
    """Within 2 s, or within 24 light starts as they cost here and now."""
    if result.cpu_s < CPU_S:
        return True
    starts = sorted(used("--version", folder=folder).cpu_s for _ in range(3))
    return result.cpu_s < LIGHT_STARTS * starts[1]


def faults_of(result: Used, folder: Path) -> list[str]:
    """What is wrong with how a command refused a file: nothing, where it ended in one sentence and in time."""
    lines = [line for line in result.said.splitlines() if line.strip()]
    holds = {
        "exit code": result.code in (3, 4),
        "one line": len(lines) == 1,
        "short": all(len(line) < 700 for line in lines),
        "next step": any(re.search(r"[;:] .*\w", line) for line in lines),
        "processor time": in_time(result, folder),
        "memory": result.peak_mb < MEMORY_MB,
    }
    return [f"{name}: {str(result)[:3000]}" for name, held in holds.items() if not held]


def aliases(levels: int, width: int) -> str:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


TEXTS = {
    "aliases of aliases": aliases(9, 9),
    "aliases of a long text": "a: &a " + "x" * 1_000_000 + "\nb: [" + ", ".join(["*a"] * 100_000) + "]\n",
    "an alias within itself": "a: &a [*a]\n",
    "merged aliases": "".join(
        f"m{n}: &m{n} {{" + ", ".join(f"k{n}_{i}: " + (f"*m{n - 1}" if n else "1") for i in range(9)) + "}\n"
        for n in range(9)
    ),
    "brackets without end": "[" * 200_000,
    "brackets after a page": BANK + "items: " + "{a: [" * 50_000,
    "dashes without end": "- " * 200_000,
    "keys of keys": "? " * 100_000,
    "a million lists": "- []\n" * 1_000_000,
    "a number of a million digits": "a: " + "1" * 1_000_000,
    "a number in base 60": "a: 1" + ":01" * 300_000,
    "a float in base 60": "a: 1" + ":01" * 300_000 + ".5",
    "a long key twice": ("k" * 2_000_000 + ": 1\n") * 2,
    "an anchor of a megabyte": "a: &" + "x" * 1_000_000 + " 1\nb: *y\n",
    "a tag of a megabyte": "a: !" + "x" * 1_000_000 + " 1\n",
    "a file of 30 MB": "x" * 30_000_000,
    "JSON brackets": '{"a":' + "[" * 1_000_000,
    "JSON braces": '{"a":' * 1_000_000,
    "JSON of a million lists": '{"a":[' + "[]," * 1_500_000 + "[]]}",
    "JSON of many names": "{" + ",".join(f'"k{n}":{n}' for n in range(900_000)) + "}",
    "JSON number of a million digits": '{"a":' + "1" * 1_000_000 + "}",
    "JSON number beyond a float": '{"name": 1e999}',
    "JSON half of a pair": '{"name": "\\ud800"}',
    "JSON that breaks off": '{"name": "x", "items": [',
    "binary": "\x00\x01\x02",
}


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("command", ["items", "profiles"])
def test_a_bank_or_cohort_made_to_fill_a_machine_is_one_sentence(kind: str, command: str, tmp_path: Path) -> None:
    path = tmp_path / "stranger.yaml"
    path.write_text(TEXTS[kind], encoding="utf-8")
    assert faults_of(used(command, "check", path, folder=tmp_path), tmp_path) == []


def rewritten(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """The Word file with one part changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def word(folder: Path) -> Path:
    return write_docx(folder / "stranger.docx", steu_items(), layout="steu")


def body(text: bytes) -> Callable[[bytes], bytes]:
    return lambda xml: xml.replace(b"<w:body>", b"<w:body>" + text, 1)


def zip_bomb(folder: Path) -> Path:
    return rewritten(word(folder), "word/document.xml", body(CELL.format("a" * 2_000).encode() * 200_000))


def bomb_of_small_paragraphs(folder: Path) -> Path:
    return rewritten(word(folder), "word/document.xml", body(b"<w:p/>" * 2_500_000))


def lying_zip(folder: Path) -> Path:
    path = zip_bomb(folder)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"word/document.xml"))
    data[at + 24 : at + 28] = (1_000).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    return path


def entity_bomb(folder: Path) -> Path:
    entities = b'<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)
    )

    def change(xml: bytes) -> bytes:
        head, rest = xml.split(b"?>", 1)
        rest = body(CELL.format("&a11;").encode())(rest)
        return head + b"?><!DOCTYPE w:document [" + entities + b"]>" + rest

    return rewritten(word(folder), "word/document.xml", change)


def list_from_a_trillion(folder: Path) -> Path:
    document = docx.Document()
    numbering = document.part.numbering_part.element
    level = '<w:lvl w:ilvl="0"><w:start w:val="99999999999"/><w:numFmt w:val="{}"/><w:lvlText w:val="%1."/></w:lvl>'
    definition = f'<w:abstractNum {nsdecls("w")} w:abstractNumId="900">{level.format("upperRoman")}</w:abstractNum>'
    numbering.insert(0, parse_xml(definition))
    use = f'<w:num {nsdecls("w")} w:numId="901"><w:abstractNumId w:val="900"/></w:num>'
    numbering.append(parse_xml(use))
    paragraph = document.add_paragraph("x")
    mark = f'<w:numPr {nsdecls("w")}><w:ilvl w:val="0"/><w:numId w:val="901"/></w:numPr>'
    paragraph._p.get_or_add_pPr().append(parse_xml(mark))
    path = folder / "stranger.docx"
    document.save(str(path))
    return path


def style_of_its_own(folder: Path) -> Path:
    document = docx.Document()
    document.styles["Normal"].base_style = document.styles["Heading 1"]
    document.styles["Heading 1"].base_style = document.styles["Normal"]
    document.add_paragraph("1. x")
    path = folder / "stranger.docx"
    document.save(str(path))
    return path


def plain_zip(folder: Path) -> Path:
    path = folder / "stranger.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    return path


def cut(make: Callable[[Path], Path], share: float) -> Callable[[Path], Path]:
    def shorter(folder: Path) -> Path:
        path = make(folder)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])
        return path

    return shorter


def garbage(suffix: str) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        path = folder / f"stranger{suffix}"
        path.write_bytes(bytes(range(256)) * 400)
        return path

    return made


def broken_xml(folder: Path) -> Path:
    return rewritten(word(folder), "word/document.xml", lambda xml: xml[: len(xml) // 2])


def no_text_part(folder: Path) -> Path:
    return rewritten(word(folder), "[Content_Types].xml", lambda xml: xml.replace(b"document.main", b"other"))


def pdf_of(folder: Path, objects: list[bytes]) -> Path:
    """A PDF file of these objects, numbered from 1; the first is its catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    path = folder / "stranger.pdf"
    path.write_bytes(bytes(out))
    return path


CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def stream(data: bytes, *, times: int = 1) -> bytes:
    filters = b"/FlateDecode" * times
    for _ in range(times):
        data = zlib.compress(data, 9)
    return b"<</Length %d/Filter[%s]>>stream\n" % (len(data), filters) + data + b"\nendstream"


def pdf_bomb(folder: Path) -> Path:
    return pdf_of(folder, [CATALOGUE, PAGES, PAGE, stream(b" " * 400_000_000), FONT])


def pdf_bomb_of_bombs(folder: Path) -> Path:
    return pdf_of(folder, [CATALOGUE, PAGES, PAGE, stream(b"\0" * 400_000_000, times=3), FONT])


def pdf_of_much_text(folder: Path) -> Path:
    return pdf_of(folder, [CATALOGUE, PAGES, PAGE, stream(b"BT /F 9 Tf " + b"(a) Tj " * 3_000_000 + b"ET"), FONT])


def pages_in_a_ring(folder: Path) -> Path:
    return pdf_of(folder, [CATALOGUE, b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"])


def one_page_a_million_times(folder: Path) -> Path:
    pages = b"<</Type/Pages/Kids[" + b"3 0 R " * 500_000 + b"]/Count 500000>>"
    return pdf_of(folder, [CATALOGUE, pages, PAGE, stream(b"BT /F 9 Tf (a) Tj ET"), FONT])


def brackets(folder: Path) -> Path:
    return pdf_of(folder, [CATALOGUE, b"<</Type/Pages/Kids" + b"[" * 100_000 + b"]" * 100_000 + b"/Count 1>>"])


def table_in_a_ring(folder: Path) -> Path:
    path = pdf_of(folder, [CATALOGUE, PAGES, PAGE, stream(b"BT ET"), FONT])
    data = path.read_bytes()
    start = data.rindex(b"xref\n0")
    path.write_bytes(data.replace(b"/Root 1 0 R>>", b"/Root 9 0 R/Prev %d>>" % start))
    return path


def written_pdf(folder: Path) -> Path:
    return write_pdf(folder / "stranger.pdf", steu_items(), layout="steu")


PROTOCOLS: dict[str, Callable[[Path], Path]] = {
    "a Word file that unpacks to 400 MB": zip_bomb,
    "a Word file that lies about its size": lying_zip,
    "millions of empty paragraphs": bomb_of_small_paragraphs,
    "entities of entities": entity_bomb,
    "a list that starts at a trillion": list_from_a_trillion,
    "styles in a ring": style_of_its_own,
    "an archive of another kind": plain_zip,
    "half a Word file": cut(word, 0.5),
    "a Word file with broken XML": broken_xml,
    "a Word file without its text": no_text_part,
    "no Word file": garbage(".docx"),
    "a PDF that unpacks to 400 MB": pdf_bomb,
    "a PDF packed three times": pdf_bomb_of_bombs,
    "a PDF of three million words": pdf_of_much_text,
    "pages in a ring": pages_in_a_ring,
    "one page half a million times": one_page_a_million_times,
    "brackets without end": brackets,
    "cross-references in a ring": table_in_a_ring,
    "half a PDF": cut(written_pdf, 0.5),
    "no PDF": garbage(".pdf"),
}


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_a_protocol_made_to_fill_a_machine_is_one_sentence(kind: str, tmp_path: Path) -> None:
    path = PROTOCOLS[kind](tmp_path)
    result = used("items", "import", path, "--format", "steu", "--out", "out.yaml", folder=tmp_path)
    assert faults_of(result, tmp_path) == []
    assert not (tmp_path / "out.yaml").exists()


def many_rows(folder: Path) -> Path:
    path = folder / "stranger.parquet"
    pl.select(pl.repeat("x" * 20, 30_000_000).alias("item")).write_parquet(path)
    return path


def one_long_value(folder: Path) -> Path:
    path = folder / "stranger.parquet"
    pl.DataFrame({"item": ["x" * 100_000_000]}).write_parquet(path)
    return path


def small_parquet(folder: Path) -> Path:
    path = folder / "stranger.parquet"
    pl.DataFrame({"item": [str(n) for n in range(5_000)]}).write_parquet(path)
    return path


def changed(at: int) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        path = small_parquet(folder)
        data = bytearray(path.read_bytes())
        data[at:][:16] = b""
        data[at : at + 16] = b"\xff" * 16
        path.write_bytes(bytes(data))
        return path

    return made


def text_table(name: str, text: str) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        path = folder / name
        path.write_text(text, encoding="utf-8")
        return path

    return made


TABLES: dict[str, Callable[[Path], Path]] = {
    "thirty million rows in a few kilobytes": many_rows,
    "one value of 100 MB": one_long_value,
    "a broken first page": changed(4),
    "a broken footer": changed(-40),
    "half a table": cut(small_parquet, 0.5),
    "no Parquet": garbage(".parquet"),
    "a million columns": text_table("t.csv", ",".join(f"c{n}" for n in range(1_000_000)) + "\n1\n"),
    "a new column in every row": text_table("t.jsonl", "".join(f'{{"c{n}": 1}}\n' for n in range(8_000))),
    "rows nested without end": text_table("t.jsonl", '{"a":' * 200_000 + "1" + "}" * 200_000 + "\n"),
    "lists nested without end": text_table("t.jsonl", '{"a":' + "[" * 200_000 + "]" * 200_000 + "}\n"),
    "a number of a million digits": text_table("t.jsonl", '{"a":' + "1" * 1_000_000 + "}\n"),
    "a quote that never ends": text_table("t.csv", 'item,gold\n"' + "x,\n" * 100_000),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_made_to_fill_a_machine_is_one_sentence(kind: str, tmp_path: Path) -> None:
    path = TABLES[kind](tmp_path)
    result = used(
        "analyse", path, "--item", "item", "--correct", "item", "--profile", "item", "--out", "o", folder=tmp_path
    )
    assert faults_of(result, tmp_path) == []


ROWS = {
    "nested.jsonl": '{"stem":' * 200_000 + "\n",
    "digits.jsonl": '{"stem":' + "1" * 1_000_000 + "}\n",
    "field.csv": "stem,a,b,key\n" + "x" * 20_000_000 + ",1,2,a\n",
    "columns.csv": ",".join(f"c{n}" for n in range(100_000)) + "\n",
    "quote.csv": 'stem,a,b,key\n"' + "x,\n" * 500_000,
    "nul.csv": "stem,a,b,key\n\x00,1,2,a\n",
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_to_import_made_to_fill_a_machine_are_one_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(ROWS[name], encoding="utf-8")
    options = ("--option", "stem=stem", "--option", "options=a,b", "--option", "key=key")
    result = used("items", "import", name, "--format", "columns", *options, "--out", "o.yaml", folder=tmp_path)
    assert faults_of(result, tmp_path) == []


@pytest.mark.parametrize("text", ['{"a":' * 500_000, "[" * 500_000, "{", "", '{"version": 1e999}', "\x00"])
@pytest.mark.parametrize(
    ("command", "name"),
    [("report", "findings.json"), ("gate", "findings.json"), ("run", "plan.json"), ("analyse", "plan.json")],
)
def test_a_damaged_run_directory_is_one_sentence(command: str, name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).write_text(text, encoding="utf-8")
    assert faults_of(used(command, "run", folder=tmp_path), tmp_path) == []


@pytest.mark.parametrize("kind", ["half a table", "no Parquet", "thirty million rows in a few kilobytes"])
def test_a_table_to_compare_is_one_sentence(kind: str, tmp_path: Path) -> None:
    path = TABLES[kind](tmp_path)
    assert faults_of(used("compare", path, path, folder=tmp_path), tmp_path) == []


def test_a_bank_to_plan_with_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "stranger.yaml"
    path.write_text(TEXTS["aliases of aliases"], encoding="utf-8")
    assert faults_of(used("plan", "--bank", path, "--out", "run", folder=tmp_path), tmp_path) == []


def test_a_command_that_takes_as_long_as_an_analysis_is_found_out(tmp_path: Path) -> None:
    slow = used("--version", folder=tmp_path)
    assert not in_time(msgspec.structs.replace(slow, cpu_s=max(CPU_S, 40 * slow.cpu_s)), tmp_path)
