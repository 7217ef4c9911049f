"""Training by direct preference optimisation, in a process of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec

from evenhand.errors import EvenhandError, InputError, MissingExtraError, StoreError
from evenhand.records.preference import PreferencePair, UnmovedAnswer, ValidationCase
from evenhand.records.training import DpoSettings, TrainingCard
from evenhand.store.json_file import write_json
from evenhand.train.checkpoint import checkpoint_of
from evenhand.train.leakage import audit_banks, refuse_leaks
from evenhand.train.pair_files import PAIRS, UNMOVED, VALIDATION, read_lines
from evenhand.train.worker import TrainingJob

__all__ = ["require_extra", "train_dpo"]

_NEEDED = ("torch", "transformers", "trl", "peft")
_STANDARD_ERROR = 2
"""Its file descriptor."""


def require_extra() -> None:
    """Raise where the libraries of training are not installed; none of them is loaded.

    Raises:
        MissingExtraError: Naming the first that is missing.
    """
    for name in _NEEDED:
        if find_spec(name) is None:
            raise MissingExtraError(
                f"training needs {name!r}, of the extra 'train'; install it with: pip install 'evenhand[train]'."
            )


def train_dpo(model: str, pairs: Path, out: Path, *, settings: DpoSettings) -> TrainingCard:
    """Train a model on pairs; a second call with the same settings goes on where the first was stopped.

    Args:
        model: `specimen/NAME`, `hf/PATH` or PATH.
        pairs: Folder of `evenhand preferences build`, or a file of pairs (then no guard reads along).
        out: Folder; afterwards `out/model` is the trained model.
        settings: What decides the weights.

    Raises:
        MissingExtraError: The extra `train` is not installed.
        InputError: The pairs are unreadable or near an audit's items, the model has no chat template, or no step was
            better than the beginning.
        StoreError: `out` cannot be written, or holds another training.
        EvenhandError: The training process ended without a result.
    """
    file, validation = _files(pairs, guarded=settings.guarded)
    unmoved = file.with_name(UNMOVED) if pairs.is_dir() and file.with_name(UNMOVED).exists() else None
    read = read_lines(file, PreferencePair)
    stays = read_lines(unmoved, UnmovedAnswer) if unmoved else ()
    _check_pairs((*read, *stays), validation, model=model, source=repr(str(file)))
    require_extra()
    job = TrainingJob(
        base=model,
        checkpoint=str(checkpoint_of(model, folder=out / "base").absolute()),
        pairs=str(file.absolute()),
        validation=str(validation.absolute()) if validation else None,
        unmoved=str(unmoved.absolute()) if unmoved else None,
        unmoved_sha256=hashlib.sha256(unmoved.read_bytes()).hexdigest() if unmoved else None,
        out=str(out.absolute()),
        pairs_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        settings=settings,
    )
    card = out / "training.json"
    if not (_same_job(job, out) and card.exists()):
        write_json(job, out / "job.json")
        _run(out)
    done = msgspec.json.decode(card.read_bytes(), type=TrainingCard)
    if not done.kept_step:
        raise InputError(
            f"no step of the training is sound and better than the beginning (it ended after {done.steps} steps: "
            f"{done.ended}), so no model was written; {str(card)!r} holds what the guard read"
        )
    return done


def _files(pairs: Path, *, guarded: bool) -> tuple[Path, Path | None]:
    """The file of pairs, and that of the validation split."""
    if not pairs.is_dir():
        if guarded:
            raise InputError(
                f"{str(pairs)!r} is a file of pairs without a validation split, so no guard can read along; name the "
                "folder of `evenhand preferences build`, or say --no-guard"
            )
        return pairs, None
    validation = pairs / VALIDATION
    return pairs / PAIRS, validation if guarded or validation.exists() else None


def _check_pairs(
    pairs: Sequence[PreferencePair | UnmovedAnswer], validation: Path | None, *, model: str, source: str
) -> None:
    cases = read_lines(validation, ValidationCase) if validation else ()
    asked = {pair.question for pair in pairs}
    both = sorted(asked & {case.question for case in cases})
    if both:
        raise InputError(
            f"{source}: question {both[0]!r} is trained on and in the validation split ({len(both) - 1} more are); "
            "make both anew with `evenhand preferences build`"
        )
    refuse_leaks(
        {pair.question: pair.text for pair in pairs},
        {fact for pair in pairs for fact in pair.facts},
        banks=audit_banks(model),
        source=source,
    )


def _same_job(job: TrainingJob, out: Path) -> bool:
    """Whether the folder holds this training already; nothing there counts as no.

    Raises:
        StoreError: It holds another one.
    """
    path = out / "job.json"
    if not path.exists():
        return False
    try:
        before = msgspec.json.decode(path.read_bytes(), type=TrainingJob)
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(f"{str(path)!r} cannot be read ({error}); choose another --out") from error
    if before != job:
        raise StoreError(f"{str(out)!r} holds another training (other pairs, model or settings); choose another --out")
    return True


def _run(out: Path) -> None:
    """The training process; what the guard reads goes to standard error, for standard output is for results."""
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_DATASETS_CACHE": str((out / "cache").absolute()),
        "TOKENIZERS_PARALLELISM": "false",
        "TRANSFORMERS_VERBOSITY": "error",
        "TRL_EXPERIMENTAL_SILENCE": "1",
        "TQDM_DISABLE": "1",
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "evenhand.train.worker", str(out / "job.json")]
    log = out / "training.log"
    with log.open("ab") as errors:
        ended = subprocess.run(command, env=environment, stdout=_STANDARD_ERROR, stderr=errors)
    if ended.returncode:
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        last = said[-1] if said else "no word"
        kind = InputError if ended.returncode == InputError.exit_code else EvenhandError
        raise kind(f"{last.removeprefix('evenhand: ')} (the training process; its log is {str(log)!r})")
