"""Make the small log files of tests/unit/interop/logs with the tools themselves, against a server on loopback.

    python -m scripts.tool_logs.make TOOL OUT    TOOL: inspect, lm-eval, promptfoo, deepeval, openai-evals

Each tool is run from an environment that has it; nothing is sent anywhere but to loopback.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.tool_logs.questions import QUESTIONS, answer, served


def packed(data: bytes, path: Path) -> None:
    """Write a file with gzip, the same bytes for the same data."""
    path.write_bytes(gzip.compress(data, 9, mtime=0))


def by_inspect(out: Path, url: str) -> None:
    """`inspect eval` on a task with metadata, as `.eval` without transcripts and as the data frame of its samples."""
    from inspect_ai import Task, eval
    from inspect_ai.analysis import samples_df
    from inspect_ai.dataset import Sample
    from inspect_ai.log import read_eval_log, write_eval_log
    from inspect_ai.model import ChatMessageSystem, ChatMessageUser, get_model
    from inspect_ai.scorer import match
    from inspect_ai.solver import generate

    samples = [
        Sample(
            id=one["id"],
            input=[
                *([ChatMessageSystem(content=one["memory"])] if one["memory"] else []),
                ChatMessageUser(content=one["question"]),
            ],
            target=one["gold"],
            metadata={name: one[name] for name in ("item", "user", "gender", "age")},
        )
        for one in QUESTIONS
    ]
    task = Task(dataset=samples, solver=generate(), scorer=match(), name="feelings")
    model = get_model("openai-api/local/letters", base_url=url, api_key="none")
    (log,) = eval(task, model=model, log_dir="logs", display="none", score_display=False)
    small = read_eval_log(log.location, exclude_fields={"events", "timelines"})
    write_eval_log(small, str(out / "inspect.eval"))
    samples_df(log.location).to_parquet(out / "inspect-samples.parquet")


def by_lm_eval(out: Path, url: str) -> None:
    """`lm-eval run --log_samples` on a task with a system text for each question."""
    tasks = Path("feelings")
    tasks.mkdir()
    rows = "".join(json.dumps(one) + "\n" for one in QUESTIONS)
    (tasks / "questions.jsonl").write_text(rows, encoding="utf-8")
    (tasks / "questions.py").write_text(
        "from pathlib import Path\nimport datasets\n\n\ndef load(**_):\n"
        "    path = Path(__file__).with_name('questions.jsonl')\n"
        "    return {'test': datasets.Dataset.from_json(str(path))}\n",
        encoding="utf-8",
    )
    (tasks / "feelings.yaml").write_text(
        "task: feelings\ncustom_dataset: !function questions.load\ntest_split: test\noutput_type: generate_until\n"
        'description: "{{memory}}"\ndoc_to_text: "{{question}}"\ndoc_to_target: "{{gold}}"\n'
        "generation_kwargs: {until: [], max_gen_toks: 16, temperature: 0.0}\n"
        "metric_list:\n  - metric: exact_match\n    aggregation: mean\n    higher_is_better: true\n",
        encoding="utf-8",
    )
    command = [
        str(Path(sys.executable).with_name("lm-eval")),
        *("run", "--model", "local-chat-completions", "--tasks", "feelings", "--include_path", str(tasks)),
        *("--model_args", f"model=letters,base_url={url}/chat/completions,tokenizer_backend=none"),
        *("--apply_chat_template", "--log_samples", "--output_path", "out"),
    ]
    subprocess.run(command, check=True, env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": "hf"})
    target = out / "lm-eval"
    target.mkdir(exist_ok=True)
    for path in Path("out").rglob("*.json*"):
        shutil.copy(path, target / path.name)


def by_promptfoo(out: Path, url: str) -> None:
    """`promptfoo eval` with one test for each question; PROMPTFOO names the program."""
    tests = [
        {
            "vars": {name: one[name] or "" for name in ("memory", "question", "item", "user")},
            "metadata": {name: one[name] for name in ("gender", "age")},
            "assert": [{"type": "equals", "value": one["gold"]}],
        }
        for one in QUESTIONS
    ]
    prompt = json.dumps([{"role": "system", "content": "{{memory}}"}, {"role": "user", "content": "{{question}}"}])
    provider = {"id": "openai:chat:letters", "config": {"apiBaseUrl": url, "apiKey": "none", "max_tokens": 16}}
    config = Path("promptfooconfig.json")
    written = {"prompts": [prompt], "providers": [provider], "tests": tests}
    config.write_text(json.dumps(written), encoding="utf-8")
    for form in ("json", "jsonl"):
        path = Path(f"promptfoo.{form}")
        path.unlink(missing_ok=True)
        command = [*os.environ["PROMPTFOO"].split(), "eval", "-c", str(config), "-o", str(path)]
        ended = subprocess.run([*command, "--no-cache", "--no-table"], check=False)
        if ended.returncode not in (0, 100):  # 100: some tests failed, which they are to
            raise SystemExit(ended.returncode)
        packed(path.read_bytes(), out / f"{path.name}.gz")


def by_deepeval(out: Path, _: str) -> None:
    """DeepEval's `evaluate` with its exact match metric, as its result and as its own file of a test run."""
    from deepeval import evaluate
    from deepeval.evaluate.configs import AsyncConfig, CacheConfig, DisplayConfig
    from deepeval.metrics import ExactMatchMetric
    from deepeval.test_case import LLMTestCase

    cases = [
        LLMTestCase(
            name=one["id"],
            input=one["question"],
            actual_output=answer(f"{one['memory']}\n\n{one['question']}"),
            expected_output=one["gold"],
            metadata={name: one[name] for name in ("item", "user", "gender", "age")},
        )
        for one in QUESTIONS
    ]
    done = evaluate(
        cases,
        [ExactMatchMetric()],
        async_config=AsyncConfig(run_async=False),
        cache_config=CacheConfig(write_cache=True),
        display_config=DisplayConfig(show_indicator=False, print_results=False, results_folder="results"),
    )
    packed(done.model_dump_json().encode(), out / "deepeval-result.json.gz")
    (run,) = Path("results").glob("test_run_*.json")
    packed(run.read_bytes(), out / "deepeval-run.json.gz")


def by_openai_evals(out: Path, _: str) -> None:
    """The recorder of OpenAI's evals, with its own `record_and_check_match`."""
    from evals.api import record_and_check_match
    from evals.base import RunSpec
    from evals.record import LocalRecorder

    spec = RunSpec(
        completion_fns=["letters"],
        eval_name="feelings.dev.v0",
        base_eval="feelings",
        split="dev",
        run_config={},
        created_by="",
    )
    path = Path("openai-evals.jsonl")
    recorder = LocalRecorder(str(path), run_spec=spec)
    for number, one in enumerate(QUESTIONS):
        with recorder.as_default_recorder(f"feelings.dev.{number}"):
            recorder.record_raw({name: one[name] for name in ("item", "user", "gender", "age")})
            said = answer(f"{one['memory']}\n\n{one['question']}")
            recorder.record_sampling(prompt=one["question"], sampled=[said], model="letters")
            record_and_check_match(prompt=one["question"], sampled=said, expected=one["gold"], options=["A", "B", "C"])
    right = [event.data["correct"] for event in recorder.get_events("match")]
    recorder.flush_events()
    recorder.record_final_report({"accuracy": sum(right) / len(right)})
    packed(path.read_bytes(), out / "openai-evals.jsonl.gz")


MADE = {
    "inspect": by_inspect,
    "lm-eval": by_lm_eval,
    "promptfoo": by_promptfoo,
    "deepeval": by_deepeval,
    "openai-evals": by_openai_evals,
}

if __name__ == "__main__":
    destination = Path(sys.argv[2]).resolve()
    destination.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("DEEPEVAL_TELEMETRY_OPT_OUT", "YES")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # no path of the machine's own gets into a log
        MADE[sys.argv[1]](destination, next(served()))
