"""A plan as a task of the lm-evaluation-harness: a folder that `lm-eval run --include_path` takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from evenhand.errors import StoreError, UsageError
from evenhand.interop.exported_cells import ExportedCell, exported_cells
from evenhand.records.message import ModelSettings
from evenhand.records.plan import Plan

__all__ = ["LM_EVAL_TASK", "write_lm_eval_task"]

LM_EVAL_TASK = "evenhand"
"""Name of the task, and of its files."""
_LOADER = '''"""Loads the questions beside this file. lm-eval runs it; it reads one file and nothing else."""

from pathlib import Path

import datasets


def load(**_):
    path = Path(__file__).with_name("questions.jsonl")
    return {"test": datasets.Dataset.from_json(str(path))}
'''
_README = """# evenhand {sha}

{count} questions of a frozen plan, each behind what one user has in memory. Ask them as chats:

    lm-eval run --model local-chat-completions --model_args model=NAME,base_url=URL/chat/completions \\
        --tasks evenhand --include_path . --apply_chat_template --log_samples --output_path answers

lm-eval's own figure is the share of right letters over all users. What memory does is said by:

    evenhand analyse answers --plan RUN --out DIR

where RUN is the run directory that these questions were exported from.
"""


def write_lm_eval_task(plan: Plan, *, model: str, out: Path) -> tuple[int, int]:
    """Write the folder of a task: a YAML file, the questions, and what loads them.

    Args:
        plan: The plan.
        model: The plan's model whose questions are asked.
        out: The folder, made where it is missing.

    Returns:
        (questions written, questions left out because they are not answered by a letter).

    Raises:
        UsageError: Memory is in earlier turns or in a tool, which a task of lm-eval cannot show.
        StoreError: The folder cannot be written.
    """
    cells = tuple(exported_cells(plan, model=model))
    lettered = [one for one in cells if one.cell.condition.answer == "letter"]
    if not lettered:
        raise UsageError(
            "the plan asks for no letters, and a task of lm-eval is answered by letters; plan with --answer letter"
        )
    lines = list(_lines(lettered))
    settings = next(one.settings for one in plan.models if one.name == model)
    texts = {
        f"{LM_EVAL_TASK}.yaml": _yaml(settings),
        "questions.jsonl": b"".join(msgspec.json.encode(line) + b"\n" for line in lines).decode(),
        f"{LM_EVAL_TASK}_questions.py": _LOADER,
        "README.md": _README.format(sha=plan.sha256[:12], count=f"{len(lines):,}"),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"cannot write {str(out)!r} ({error.strerror or error}); choose another with --out") from error
    return len(lines), len(cells) - len(lines)


def _lines(cells: list[ExportedCell]) -> Iterator[dict[str, Any]]:
    for one in cells:
        roles = [message.role for message in one.messages]
        if roles not in (["system", "user"], ["user"]):
            raise UsageError(
                f"a question of lm-eval is one system text and one user text, and the plan has {', '.join(roles)} "
                f"(placement {one.cell.condition.placement!r}); export a plan with --placement system"
            )
        system = one.messages[0].content if len(roles) == 2 else ""
        yield {"system": system, "question": one.messages[-1].content, "target": one.target, **one.fields}


def _yaml(settings: ModelSettings) -> str:
    sampled: dict[str, Any] = {"until": [], "max_gen_toks": settings.max_tokens, "do_sample": False}
    sampled |= {} if settings.temperature is None else {"temperature": settings.temperature}
    sampled |= {} if settings.top_p is None else {"top_p": settings.top_p}
    document = {
        "task": LM_EVAL_TASK,
        "test_split": "test",
        "output_type": "generate_until",
        "description": "{{system}}",
        "doc_to_text": "{{question}}",
        "doc_to_target": "{{target}}",
        "generation_kwargs": sampled,
        "filter_list": [
            {
                "name": "letter",
                "filter": [
                    {"function": "regex", "regex_pattern": "\\b([A-Z])\\b", "fallback": "[none]"},
                    {"function": "take_first"},
                ],
            }
        ],
        "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": 1.0},
    }
    loader = f"custom_dataset: !function {LM_EVAL_TASK}_questions.load\n"
    return loader + yaml.safe_dump(document, sort_keys=False)
