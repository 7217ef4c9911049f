"""A plan as a benchmark on Hugging Face, and a model's entries for it: a dataset folder and `.eval_results`.

The dataset folder has a card, the questions, and an `eval.yaml` that says how Inspect asks them. The entries are in the
form of https://huggingface.co/docs/hub/eval-results. Nothing is uploaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from evenhand.errors import StoreError, UsageError
from evenhand.interop.exported_cells import ExportedCell, exported_cells, refuse_private
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.plan import Plan
from evenhand.report.titles import title_of
from evenhand.report.words import verdict_sentence

__all__ = ["write_hf_dataset", "write_hf_results"]

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_LETTER = r"\b([A-Z])\b"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_CARD = """# {name}

Questions about feelings, each put to an assistant several times. Only what the assistant remembers of the user differs:
nothing, facts that say nothing of social position, or the facts of one synthetic user. So a difference between users is
a difference that memory made.

| | |
| --- | --- |
| questions | {count} |
| made by | evenhand {version}, plan `{sha}` |
| banks | {banks} |
| synthetic users | {cohorts} |
| rated by people | {rated} |

## Fields

`messages` is what is sent, `target` the letter of the best option as shown. `cell_key` names the question in the plan,
`item` the situation, `user` whose facts are in memory, `in_memory` whether these are a profile, placebo facts or
nothing, `matched_set` the users that differ in social position alone. Further fields are what users differ in.

## How to use it

The share of right letters is no audit. Ask the questions, log each answer with its `cell_key`, and run
`evenhand analyse LOG --plan RUN --out DIR`: it compares users within items and matched sets, and says when the answers
could not have shown a difference.

## Limits

Users are synthetic and situations are written. {limits}
"""


def write_hf_dataset(plan: Plan, *, model: str, dataset: str, out: Path) -> int:
    """Write the folder of a dataset repository.

    Args:
        plan: The plan.
        model: The plan's model whose questions are written; the questions of all are alike.
        dataset: Name of the dataset repository, ORG/NAME.
        out: The folder.

    Returns:
        Number of questions.

    Raises:
        UsageError: The name is none, no question is answered by a letter, or a text may not be passed on.
        StoreError: The folder cannot be written.
    """
    _check_name(dataset)
    refuse_private(plan)
    by_kind: dict[str, list[ExportedCell]] = {}
    for one in exported_cells(plan, model=model):
        if one.cell.condition.answer == "letter":
            by_kind.setdefault(one.item.kind, []).append(one)
    if not by_kind:
        raise UsageError("the plan asks for no letters, and a benchmark has right ones; plan with --answer letter")
    files = {f"data/{kind}.jsonl": _questions(cells) for kind, cells in by_kind.items()}
    counts = {kind: len(cells) for kind, cells in by_kind.items()}
    files |= {"README.md": _card(plan, dataset, counts), "eval.yaml": _tasks(dataset, counts)}
    _write(out, files)
    return sum(counts.values())


def write_hf_results(findings: Findings, *, model: str, dataset: str, out: Path) -> int:
    """Write `.eval_results/evenhand.yaml` for the repository of a model.

    An entry is the mean score over all users, in percent, of one kind of item, with the comparison of users as a note:
    the number alone says nothing of memory.

    Args:
        findings: The whole of findings.json.
        model: The model.
        dataset: Name of the dataset repository, ORG/NAME.
        out: Folder of the model's repository.

    Returns:
        Number of entries.

    Raises:
        UsageError: The name is none, nobody was asked, or there is no score.
        StoreError: The file cannot be written.
    """
    _check_name(dataset)
    run = findings.run
    if run is None or run.simulated or run.specimen:
        raise UsageError("simulated answers, specimens and tables are no results of a model; export the run of a model")
    entries = [_entry(found, findings, dataset=dataset) for found in _scores(findings, model)]
    if not entries:
        raise UsageError(f"the findings hold no score of {model!r}; analyse its answers first")
    _write(out, {".eval_results/evenhand.yaml": yaml.safe_dump(entries, sort_keys=False, allow_unicode=True)})
    return len(entries)


def _check_name(dataset: str) -> None:
    if not _NAME.fullmatch(dataset):
        raise UsageError(f"--dataset is {dataset!r}; write the name of a dataset repository, ORG/NAME")


def _scores(findings: Findings, model: str) -> Iterator[Finding]:
    for one in findings.findings:
        score = one.model == model and one.measure == "accuracy" and one.arms.arm == "profile" and not one.contrast
        if score and one.where.answer == "letter" and one.where.mitigation == "none" and one.value is not None:
            yield one


def _entry(score: Finding, findings: Findings, *, dataset: str) -> dict[str, Any]:
    gap = next(
        (
            one
            for one in findings.findings
            if (one.measure, one.model, one.kind, one.role) == ("gap", score.model, score.kind, "confirmatory")
        ),
        None,
    )
    compared = "Users were not compared." if gap is None else f"{title_of(gap)}: {verdict_sentence(gap)}"
    sha = "" if findings.run is None else f" Plan {findings.run.plan_sha256[:12]}."
    return {
        "dataset": {"id": dataset, "task_id": score.kind},
        "value": round(100 * (score.value or 0.0), 2),
        "notes": f"{compared}{sha}",
    }


def _questions(cells: list[ExportedCell]) -> bytes:
    return b"".join(
        msgspec.json.encode(
            {
                "messages": [{"role": turn.role, "content": turn.content} for turn in one.messages],
                "target": one.target,
                **one.fields,
            }
        )
        + b"\n"
        for one in cells
    )


def _tasks(dataset: str, counts: Mapping[str, int]) -> bytes:
    document = {
        "name": dataset.partition("/")[2],
        "description": "What stored user memory does to answers about feelings.",
        "evaluation_framework": "inspect-ai",
        "tasks": [
            {
                "id": kind,
                "config": kind,
                "split": "test",
                "field_spec": {
                    "input": "messages",
                    "target": "target",
                    "metadata": ["cell_key", "item", "user", "in_memory", "matched_set", "letters"],
                },
                "solvers": [{"name": "generate"}],
                "scorers": [{"name": "pattern", "args": {"pattern": _LETTER}}],
            }
            for kind in counts
        ],
    }
    return yaml.safe_dump(document, sort_keys=False).encode()


def _card(plan: Plan, dataset: str, counts: Mapping[str, int]) -> bytes:
    count = sum(counts.values())
    licences = sorted({one.licence for one in (*plan.banks,)} | {one.licence for one in plan.cohorts})
    head = {
        "pretty_name": dataset.partition("/")[2],
        "license": [one.lower() for one in licences],
        "language": sorted({bank.language for bank in plan.banks}),
        "task_categories": ["multiple-choice", "question-answering"],
        "tags": ["fairness", "user-memory", "emotional-intelligence", "evenhand"],
        "size_categories": [next((name for most, name in _SIZES if count < most), "n>1M")],
        "configs": [
            {"config_name": kind, "data_files": [{"split": "test", "path": f"data/{kind}.jsonl"}]} for kind in counts
        ],
    }
    rated = all(bank.validated for bank in plan.banks)
    body = _CARD.format(
        name=dataset.partition("/")[2],
        count=", ".join(f"{number:,} of {kind}" for kind, number in counts.items()),
        version=plan.evenhand,
        sha=plan.sha256[:12],
        banks=", ".join(f"{bank.name} {bank.version} ({bank.licence})" for bank in plan.banks),
        cohorts=", ".join(f"{one.name} {one.version} ({one.licence})" for one in plan.cohorts),
        rated="yes" if rated else "no",
        limits="People have rated the items." if rated else "No people have rated the items yet.",
    )
    return f"---\n{yaml.safe_dump(head, sort_keys=False)}---\n\n{body}".encode()


def _write(out: Path, files: Mapping[str, bytes | str]) -> None:
    try:
        for name, content in files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise StoreError(f"cannot write {str(out)!r} ({error.strerror or error}); choose another with --out") from error
