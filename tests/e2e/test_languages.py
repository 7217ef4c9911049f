"""Banks in German and Chinese from their files to a report, against an assistant that answers in the language."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.support.chat_server import chat_body, chat_server

EVENHAND = (sys.executable, "-m", "evenhand.cli.main")
SMALL = ("--pairs", "1", "--profiles", "0", "--placebo", "0.2", "--none-repeats", "2", "--items", "8")
DATA = Path(__file__).parents[3] / "shared" / "data"
ENGLISH = re.compile(r"\b(?:Answer with|You are a helpful|How likely|best option|Rate every|Saved memories)\b")
LINE = re.compile(r"^(?:- |[A-Z]\. )(.+)$", re.MULTILINE)

DIALOGUES = (
    ("Jule: Der Zug ist weg.\nNils: Ich habe dir gesagt, dass wir früher losmüssen.", "Jule", "Reue Stolz Ekel Freude"),
    ("Ada: Der Befund ist da. Es war nichts.\nTom: Gott sei Dank.", "Tom", "Erleichterung Wut Scham Neid"),
    ("Kai: Du hast mein Heft gelesen?\nMia: Nur eine Seite.", "Kai", "Ärger Freude Hoffnung Stolz"),
)
SCENES = (
    ("小林等了一整天的信终于到了。", "小林", ["宽慰", "内疚", "嫉妒"], "宽慰"),
    ("小周把同事的伞弄丢了，还没有告诉他。", "小周", ["内疚", "自豪", "希望"], "内疚"),
    ("小何练习了三个月，今天第一次完整地弹完了曲子。", "小何", ["自豪", "恐惧", "厌恶"], "自豪"),
)


def emobench(path: Path) -> Path:
    """A few rows of our own in the layout of EmoBench."""
    rows = [
        {
            "qid": str(number),
            "language": "zh",
            "coarse_category": "made_up",
            "finegrained_category": "test_row",
            "scenario": scenario,
            "subject": subject,
            "emotion_choices": choices,
            "emotion_label": label,
            "cause_choices": ["事情本身", "天气"],
            "cause_label": "事情本身",
        }
        for number, (scenario, subject, choices, label) in enumerate(SCENES)
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def eqbench(path: Path) -> Path:
    """A few dialogues of our own in the layout of EQ-Bench."""
    questions: dict[str, Any] = {}
    for number, (dialogue, who, words) in enumerate(DIALOGUES, start=1):
        emotions = words.split()
        prompt = (
            "Ihre Aufgabe ist es, die Gefühle einer Figur in diesem Dialog vorherzusagen:\n\n"
            f"{dialogue}\n[Ende des Dialogs]\n\nAm Ende dieses Dialogs fühlt {who}:\n"
            + "\n".join(emotions)
            + "\n\nRest"
        )
        reference: dict[str, Any] = {f"emotion{n}": word for n, word in enumerate(emotions, start=1)}
        reference |= {f"emotion{n}_score": score for n, score in enumerate(("8", "1", "2", "0"), start=1)}
        questions[str(number)] = {"prompt": prompt, "reference_answer_fullscale": reference}
    path.write_text(json.dumps(questions, ensure_ascii=False), encoding="utf-8")
    return path


def in_chinese(question: str) -> str:
    """A letter in a sentence, or full-width percentages, as the question asks."""
    letters = re.findall(r"^([A-Z])\. ", question, re.MULTILINE)
    if "百分比" in question:
        rest = 40 // (len(letters) - 1)
        shares = [100 - rest * (len(letters) - 1), *[rest] * (len(letters) - 1)]
        return "\n".join(f"{letter}：{share}％" for letter, share in zip(letters, shares, strict=True))
    return f"正确答案是{letters[0]}。"


def in_german(question: str) -> str:
    """A rating with a decimal comma for every emotion."""
    return "\n".join(f"{word}: {number},5" for number, word in enumerate(LINE.findall(question)))


def run_command(*arguments: object) -> None:
    ended = subprocess.run(
        [*EVENHAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={key: value for key, value in os.environ.items() if not key.endswith("_API_KEY")},
    )
    assert ended.returncode == 0, ended.stderr


class Audited:
    """An imported bank, audited; with all that the assistant was sent."""

    def __init__(self, folder: Path, source: Path, *, kind: str, options: tuple[str, ...], reply: Callable[[str], str]):
        bank, run = folder / "bank.yaml", folder / "run"
        chosen = [part for option in options[:1] for part in ("--option", option)]
        run_command("items", "import", source, "--format", kind, *chosen, "--out", bank)
        self.sent: list[list[dict[str, str]]] = []

        def answering(asked: dict[str, Any], _: object) -> tuple[int, bytes]:
            self.sent.append(asked["messages"])
            return 200, chat_body(reply(asked["messages"][-1]["content"]))

        with chat_server(answering) as url:
            design = ("--bank", bank, *options[1:], *SMALL, "--yes", "--out", run)
            run_command("audit", "openai/m", "--base-url", url, *design)
        self.scores = pl.read_parquet(run / "scores.parquet")
        self.findings = json.loads((run / "findings.json").read_text(encoding="utf-8"))
        self.page = (run / "report.html").read_text(encoding="utf-8")


def sources(kind: str, folder: Path) -> Iterator[Path]:
    if kind == "emobench":
        yield emobench(folder / "own.jsonl")
        yield DATA / "emobench" / "EU.jsonl"
        yield DATA / "emobench" / "EA.jsonl"
    else:
        yield eqbench(folder / "own.json")
        yield DATA / "eqbench" / "eq_bench_v2_questions_171_de.json"


@pytest.mark.parametrize("number", [0, 1, 2], ids=["own", "EU", "EA"])
def test_emobench_in_chinese_runs_in_chinese(tmp_path: Path, number: int) -> None:
    source = list(sources("emobench", tmp_path))[number]
    if not source.exists():
        pytest.skip("EmoBench files are not beside the checkout (../shared/data/emobench)")
    formats = ("--answer", "letter", "--answer", "distribution", "--kind", "understanding", "--kind", "management")
    audited = Audited(tmp_path, source, kind="emobench", options=("language=zh", *formats), reply=in_chinese)
    check(audited, base="你是一个乐于助人的助手。", heading="# 已保存的记忆", language="Chinese")
    assert set(audited.scores["answer"]) == {"letter", "distribution"}


@pytest.mark.parametrize("number", [0, 1], ids=["own", "whole"])
def test_eqbench_in_german_runs_in_german(tmp_path: Path, number: int) -> None:
    source = list(sources("eqbench", tmp_path))[number]
    if not source.exists():
        pytest.skip("EQ-Bench files are not beside the checkout (../shared/data/eqbench)")
    options = ("language=de", "--kind", "intensity")
    audited = Audited(tmp_path, source, kind="eqbench", options=options, reply=in_german)
    check(audited, base="Du bist ein hilfreicher Assistent.", heading="# Gespeicherte Erinnerungen", language="German")
    assert set(audited.scores["answer"]) == {"rating"}


def check(audited: Audited, *, base: str, heading: str, language: str) -> None:
    """All that was sent is in the language but the facts; all that came back was read; the page says the rest."""
    assert len(audited.sent) > 10
    for messages in audited.sent:
        assert messages[0]["content"].startswith(base)
        assert not ENGLISH.search("\n".join(message["content"] for message in messages))
    assert any(heading in messages[0]["content"] for messages in audited.sent)
    model = audited.findings["run"]["models"][0]
    assert {name: count for name, count in model["outcomes"].items() if count} == {"answered": model["planned"]}
    assert f"are in {language}; what is in memory is in English" in audited.page
