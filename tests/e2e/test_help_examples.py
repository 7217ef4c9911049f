"""Every example that a `--help` shows runs as written, with the names of this test's own files and servers."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.load import load_bank
from evenhand.bank.pilot import read_sheets
from evenhand.bank.write import write_bank, write_cohort
from evenhand.cli.main import app
from evenhand.endpoints.specimen.names import specimen_folder
from evenhand.seeds import stream
from specimens.materials import materials
from specimens.practice import practice_profiles, practice_questions
from tests.support.batch_server import batch_server
from tests.support.protocol_files import steu_items, write_pdf
from tests.support.running_server import await_answer, free_port
from tests.support.tool_logs import LOGS

EVENHAND = (sys.executable, "-m", "evenhand.cli.main")
SMALL = "--bank {small} --pairs 1 --profiles 0 --placebo 0.2 --none-repeats 1"

# What an example says -> what is run instead. Only names of models, servers, files and sizes; never an option's name.
SUBSTITUTES = (
    ("audit openai/gpt-5.1 --batch", "audit openai/m --base-url {batches} --yes --batch"),
    ("run runs/2026-11-23-gpt --batch", "run runs/batched --batch"),
    ("audit openai/gpt-5.1", "audit openai/tilted --base-url {url} --yes"),
    ("plan openai/gpt-5.1", "plan openai/tilted --base-url {url}"),
    ("doctor openai/gpt-5.1", "doctor openai/tilted --base-url {url}"),
    ("--config evenhand.toml", "--config mine/evenhand.toml"),
    ("vllm/Qwen3-4B --base-url http://localhost:8000/v1", "vllm/tilted --base-url {url}"),
    ("openai/specimen-tilted --base-url http://127.0.0.1:8123/v1 --bank situations", "openai/tilted --base-url {url}"),
    ("openai/a openai/b --preset standard", "openai/tilted openai/specimen/tilted --base-url {url}"),
    (" --preset standard", " --preset quick"),
    ("--port 8123", "--port {port}"),
    ("gateway --policy gate", "gateway --port {port} --policy gate"),
    ("evenhand view", "evenhand view --port {port}"),
    ("--simulate 2000", "--simulate 20"),
    ("understanding ITEM", "understanding {item}"),
    ("explicit PROFILE", "explicit {profile}"),
    ("build/seed-2", "{specimens}"),
    ("--policy policy.toml", "--policy mine/policy.toml"),
)
APP = """
class Assistant:
    def __init__(self): self.held = {}
    def remember(self, user, facts): self.held.setdefault(user, []).extend(facts)
    def reply(self, user, messages): return "A"
    def forget(self, user): self.held.pop(user, None)
    def recall(self, user, query): return self.held.get(user, [])
"""
ASKS = ("audit", "plan")
SERVES = ("evenhand serve", "evenhand gateway", "evenhand view")
LONG = {
    "evenhand selftest": "40 audits and the gallery's 18; tests/unit/test_selftest.py runs a smaller one",
    "evenhand selftest --no-gallery": "40 audits",
    "evenhand selftest --full": "the gallery and 200 null audits",
    "evenhand selftest --folder build/seed-2": "the gallery, on another folder of specimens",
    "evenhand selftest --json": "the gallery",
}
SERVER = "http://localhost:8000/v1"
PAIRWISE = "tests/unit/test_pairwise.py"
OTHER_TOOLS = "tests/extras/test_other_tools_cli.py"
ELSEWHERE = {
    "evenhand gate runs/2026-11-23-gpt --policy policy.toml --baseline runs/2026-11-01-gpt": (
        "tests/unit/cli/test_gate_command.py"
    ),
    "evenhand run runs/2026-11-23-gpt --engine ray --store shared/gpt": "tests/extras/test_ray_cluster.py",
    "evenhand analyse samples_evenhand.jsonl --plan runs/gpt --out out/": OTHER_TOOLS,
    "evenhand export runs/2026-11-23-gpt --to inspect --out run.eval": OTHER_TOOLS,
    "evenhand judge runs/2026-11-23-gpt --judge openai/gpt-5.1-mini": PAIRWISE,
    "evenhand judge runs/2026-11-23-gpt --judge openai/gpt-5.1-mini --rubric rubric.yaml": PAIRWISE,
    f"evenhand judge runs/2026-11-23-gpt --judge vllm/my-judge --judge-url {SERVER} --pairs 100": PAIRWISE,
    "evenhand preferences build hf/./my-checkpoint --out pairs": "tests/extras/test_train_dpo.py",
    "evenhand preferences build hf/./my-checkpoint --set device=cpu --out pairs": (
        "tests/extras/test_small_model_training.py"
    ),
    "evenhand preferences build vllm/my-model --judge openai/gpt-5.1 --out pairs": "tests/unit/train/test_asking.py",
    "evenhand train dpo --model ./my-checkpoint --pairs pairs --out trained": "tests/extras/test_train_dpo.py",
    "evenhand train steer --model ./my-checkpoint --out steer.pt": "tests/extras/test_steering.py",
    "evenhand train steer --model specimen/tilted --layer 2 --pairs 16 --out steer.pt": "tests/extras/test_steering.py",
    "evenhand train dpo --model specimen/tilted --pairs pairs --layer 1 --learning-rate 1e-2 --out trained": (
        "tests/extras/test_train_dpo.py"
    ),
}
"""Examples that need torch, another tool, a model that writes, or a second run: the test that holds each."""
MAY_END = {"evenhand gate": (0, 7, 8, 13)}
"""Commands whose exit code is their answer: any of these is a normal end."""
TYPED = {"evenhand items annotate understanding --rater ana --out ana.csv": "q\n"}


def examples() -> Iterator[str]:
    """The example lines of every command's help, without the words that explain them."""

    def helps(group: Any) -> Iterator[str]:
        for command in group.commands.values():
            if hasattr(command, "commands"):
                yield from helps(command)
            else:
                yield command.help or ""

    for text in helps(typer.main.get_command(app)):
        for line in text.split("Examples:")[-1].splitlines():
            if line.strip():
                yield re.split(r"\s{2,}", line.strip())[0]


EXAMPLES = list(dict.fromkeys(examples()))


def test_every_line_under_examples_is_a_command() -> None:
    assert len(EXAMPLES) >= 35
    assert all(line.startswith("evenhand ") for line in EXAMPLES), EXAMPLES


def test_every_substitute_and_every_exception_is_of_an_example() -> None:
    text = "\n".join(EXAMPLES)
    assert all(shown in text for shown, _ in SUBSTITUTES)
    assert set(LONG) | set(TYPED) | set(ELSEWHERE) <= set(EXAMPLES)
    assert all(Path(test).is_file() for test in ELSEWHERE.values())


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A specimen on loopback that speaks the interface of a hosted model."""
    port, log = free_port(), tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as out:
        command = [*EVENHAND, "serve", "specimen/tilted", "--port", str(port)]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            await_answer(f"http://127.0.0.1:{port}/health", process, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait(timeout=20)


def environment() -> dict[str, str]:
    return {**os.environ, "OPENAI_API_KEY": "sk-of-a-test", "COLUMNS": "200"}


def ended(line: str, folder: Path, *, typed: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [*EVENHAND, *shlex.split(line)[1:]]
    return subprocess.run(
        command, cwd=folder, env=environment(), input=typed or "", capture_output=True, text=True, timeout=280
    )


@pytest.fixture(scope="module")
def batches() -> Iterator[str]:
    """A server with batches, each of which is done when it is first looked at."""
    with batch_server() as server:
        server.looks = 0
        yield server.base_url


@pytest.fixture(scope="module")
def workplace(batches: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that the examples name."""
    folder = tmp_path_factory.mktemp("work")
    small = SMALL.format(small=small_bank(folder))
    done = ended(f"evenhand audit simulated/null {small} --out runs/2026-11-23-gpt", folder)
    assert done.returncode == 0, done.stderr
    for name in ("before", "after"):
        shutil.copytree(folder / "runs" / "2026-11-23-gpt", folder / "runs" / name)
        shutil.copy(folder / "runs" / name / "scores.parquet", folder / f"{name}.parquet")
    planned = ended(f"evenhand plan simulated/null {small} --out runs/gpt", folder)
    assert planned.returncode == 0, planned.stderr
    batched = ended(f"evenhand plan openai/m --base-url {batches} {small} --out runs/batched", folder)
    assert batched.returncode == 0, batched.stderr
    (folder / "myapp").mkdir()
    (folder / "myapp" / "assistant.py").write_text("def reply(messages):\n    return 'A'\n", encoding="utf-8")
    (folder / "app.py").write_text(APP, encoding="utf-8")
    write_tables(folder)
    (folder / "promptfoo.json").write_bytes(gzip.decompress((LOGS / "promptfoo.json.gz").read_bytes()))
    shutil.copytree(LOGS / "lm-eval", folder / "lm-eval")
    write_imports(folder)
    write_ratings(folder)
    write_letters(folder)
    write_answers(folder)
    form = '[[marked]]\nname = "profile"\nstart = "<memory>"\nend = "</memory>"\n'
    (folder / "memory.toml").write_text(form, encoding="utf-8")
    write_practice(folder)
    policy = ended("evenhand gate --init --policy mine/policy.toml", folder)
    assert policy.returncode == 0, policy.stderr
    settings = 'models = ["simulated/null"]\nmax-seconds = 600\n\n[profile.nightly]\nseed = 3\n'
    (folder / "mine" / "evenhand.toml").write_text(settings, encoding="utf-8")
    return folder


def small_bank(folder: Path) -> str:
    """The first items of a shipped bank, as a file."""
    bank = load_bank("situations")
    write_bank(msgspec.structs.replace(bank, items=bank.items[:16]), folder / "small.yaml")
    return "small.yaml"


def write_tables(folder: Path) -> None:
    """`predictions.csv` with columns of its own names, `rows.csv` in the reference row format."""
    people = [(f"u{n}", ("woman", "man")[n % 2], ("young", "old")[n // 2 % 2]) for n in range(24)]
    answers = [(f"q{q}", *person, (q * 7 + n * 3) % 4 > 0) for q in range(12) for n, person in enumerate(people)]
    with (folder / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "user", "gender", "age", "right"])
        writer.writerows([*row[:4], int(row[4])] for row in answers)
    with (folder / "log.jsonl").open("w", encoding="utf-8") as file:
        for item, user, gender, _, right in answers:
            who = "nobody" if user == "u0" else user
            role = "NA" if user in ("u0", "u1") else gender
            file.write(json.dumps({"item": item, "user": who, "role": role, "ok": right}) + "\n")
    with (folder / "pairs.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item", "who", "status", "pair", "ok"])
        for item, user, _, _, right in answers:
            number = int(user[1:])
            writer.writerow([item, user, ("high", "low")[number % 2], f"p{number // 2}", int(right)])
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question_id", "profile_id", "gender", "age", "gold_label", "predicted_label"])
        writer.writerows([*row[:4], "A", "A" if row[4] else "B"] for row in answers)


def write_imports(folder: Path) -> None:
    """Files of other formats, a bank and a cohort of the user's own."""
    row = {
        "qid": "7",
        "language": "en",
        "coarse_category": "made_up",
        "finegrained_category": "test_row",
        "scenario": "Pat waited all day for a letter that came at last.",
        "subject": "Pat",
        "emotion_choices": ["Relief", "Guilt", "Envy"],
        "emotion_label": "Relief",
        "cause_choices": ["The letter came", "It rained"],
        "cause_label": "The letter came",
    }
    (folder / "EU.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    questions = "text,A,B,C,gold\nPat lost a ring. What does Pat feel?,Joy,Sadness,Pride,B\n"
    (folder / "q.csv").write_text(questions, encoding="utf-8")
    write_pdf(folder / "protocol.pdf", steu_items(), layout="steu")
    personas = [json.dumps({"persona": f"A gardener who grows {n} kinds of beans"}) for n in range(60)]
    (folder / "persona.jsonl").write_text("\n".join(personas), encoding="utf-8")
    people = [
        {"user_id": f"u{n}", "gender": ("Female", "Male")[n % 2], "age": ("25-34 years old", "65+ years old")[n // 2]}
        for n in range(4)
    ]
    (folder / "survey.jsonl").write_text("\n".join(map(json.dumps, people)), encoding="utf-8")
    source = Path(str(load_bank.__globals__["__file__"])).parent / "data"
    bank = (source / "understanding.yaml").read_text(encoding="utf-8")
    first = load_bank("understanding").items[0].id
    (folder / "my-bank.yaml").write_text(bank.replace(f"id: {first}\n", "id: q7\n", 1), encoding="utf-8")
    shutil.copy(source / "cohorts" / "intersectional.yaml", folder / "my-factors.yaml")


def write_ratings(folder: Path) -> None:
    """Tables of three raters, and one table of all of them."""
    made = ended("evenhand items annotate understanding --out form.csv", folder)
    assert made.returncode == 0, made.stderr
    with (folder / "form.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    everyone: list[dict[str, str]] = []
    for place, rater in enumerate(("ana", "bo", "cy")):
        rated = [{**row, "rater": rater, "sensitive": "ny"[(n + place) % 9 == 0]} for n, row in enumerate(rows)]
        everyone += rated
        write_rows(folder / f"{rater}.csv", rated)
    write_rows(folder / "ratings.csv", everyone)


def write_letters(folder: Path) -> None:
    """Blind sheets of `my-bank.yaml`, and a reader who answers every question of each with its first option."""
    made = ended("evenhand items blind my-bank.yaml --out sheets", folder)
    assert made.returncode == 0, made.stderr
    (folder / "answers").mkdir()
    for path in (folder / "sheets").glob("*.json"):
        (sheet,) = read_sheets([path]).values()
        given = {
            "schema": "evenhand.letters/1",
            "sheet": sheet.name,
            "readers": "person",
            "answers": {item.id: "A" for item in sheet.items},
        }
        (folder / "answers" / path.name).write_text(json.dumps(given), encoding="utf-8")


def write_answers(folder: Path) -> None:
    """Filled forms of `my-bank.yaml`: everybody answers every item with its first option."""
    everyone: list[dict[str, str]] = []
    made = ended("evenhand items form my-bank.yaml --format csv --ask answer --raters 3 --out asked", folder)
    assert made.returncode == 0, made.stderr
    for rater, path in zip(("ana", "bo", "cy"), sorted((folder / "asked").glob("*.csv")), strict=True):
        with path.open(encoding="utf-8", newline="") as file:
            rows = [{**row, "rater": rater, "answer": "A"} for row in csv.DictReader(file)]
        everyone += rows
        write_rows(folder / f"answers-{rater}.csv", rows)
    write_rows(folder / "answers.csv", everyone)
    (folder / "criteria.yaml").write_text("schema: evenhand.criteria/1\nraters: 3\n", encoding="utf-8")


def write_practice(folder: Path) -> None:
    """Questions and profiles in the language of the specimens."""
    language, memories = materials()
    questions = practice_questions(language, per_emotion=3, rng=stream(1, "examples"))
    profiles = practice_profiles(memories, positions=12, crossed=12, neutral=4, seed=1)
    (folder / "practice").mkdir()
    (folder / "practice" / "questions.json").write_bytes(msgspec.json.encode(questions))
    write_cohort(profiles, folder / "practice" / "profiles.yaml")


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def substituted(line: str, url: str, batches: str) -> str:
    for shown, run in SUBSTITUTES:
        line = line.replace(shown, run)
    words = line.split()
    if words[1] in ASKS and "simulated" not in line:
        line += f" {SMALL}"
    return line.format(
        url=url,
        batches=batches,
        small="small.yaml",
        port=free_port(),
        item=load_bank("understanding").items[0].id,
        profile=load_cohort("explicit").profiles[0].id,
        specimens=specimen_folder(),
    )


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, marks=pytest.mark.slow if line in LONG else (), id=line[9:])
        for line in EXAMPLES
        if line not in ELSEWHERE
    ],
)
def test_an_example_of_the_help_runs(line: str, workplace: Path, url: str, batches: str, tmp_path: Path) -> None:
    shutil.copytree(workplace, tmp_path, dirs_exist_ok=True)
    command = substituted(line, url, batches)
    if line.startswith(SERVES):
        expect_a_server(command, tmp_path)
        return
    done = ended(command, tmp_path, typed=TYPED.get(line))
    normal = next((codes for name, codes in MAY_END.items() if line.startswith(name)), (0,))
    assert done.returncode in normal, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def expect_a_server(command: str, folder: Path) -> None:
    """It answers at the address that it prints, and ends when it is told to."""
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*EVENHAND, *shlex.split(command)[1:]], cwd=folder, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            await_answer(printed_address(process, log) + "/health", process, log)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=20)


def printed_address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where the server says that it serves, as soon as it says so."""
    deadline = time.monotonic() + 180.0
    while process.poll() is None and time.monotonic() < deadline:
        said = re.search(r"Serving at (http://127\.0\.0\.1:[1-9]\d*)/(?:v1)?\s", log.read_text(encoding="utf-8"))
        if said:
            return said[1]
        time.sleep(0.2)
    raise RuntimeError(f"the server printed no address:\n{log.read_text(encoding='utf-8')[-2000:]}")
